import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Deadlines } from "../../../runtime/primitives/deadlines.ts";
import { settled, VirtualClock } from "../../../runtime/testing/virtual_clock.ts";

const RUNS = { seed: 20261121, numRuns: 100 };

Deno.test("Deadlines expire each at its time, once, whatever the order in which they were added", async () => {
  const clock = new VirtualClock();
  using deadlines = new Deadlines(clock);
  const expired: string[] = [];
  for (const ms of [500, 100, 300, 100]) {
    deadlines.add(ms, () => expired.push(`${ms} at ${clock.monotonicMs()}`));
  }
  assertEquals(deadlines.size, 4);
  await clock.advance(99);
  assertEquals(expired, []);
  await clock.advance(10_000);
  assertEquals(expired, ["100 at 100", "100 at 100", "300 at 300", "500 at 500"]);
  assertEquals([deadlines.size, clock.pending], [0, 0]);
});

Deno.test("Deadlines that wait are not held up by a later one that an expired one adds", async () => {
  const clock = new VirtualClock();
  using deadlines = new Deadlines(clock);
  const expired: string[] = [];
  deadlines.add(100, () => void deadlines.add(10_000, () => expired.push(`late at ${clock.monotonicMs()}`)));
  deadlines.add(200, () => expired.push(`soon at ${clock.monotonicMs()}`));
  await clock.advance(20_000);
  assertEquals(expired, ["soon at 200", "late at 10100"]);
});

Deno.test("Deadlines that were removed never expire", async () => {
  const clock = new VirtualClock();
  using deadlines = new Deadlines(clock);
  let expired = 0;
  const one = deadlines.add(100, () => expired++);
  deadlines.add(200, () => expired++);
  deadlines.remove(one);
  deadlines.remove(one);
  await clock.advance(1_000);
  assertEquals(expired, 1);
});

Deno.test("Deadlines use one timer, however many there are", async () => {
  const clock = new VirtualClock();
  using deadlines = new Deadlines(clock);
  for (let ms = 1_000; ms > 0; ms -= 10) deadlines.add(ms, () => {});
  await settled();
  assertEquals([deadlines.size, clock.pending], [100, 1]);
});

Deno.test("Deadlines can be added and removed by one that expires", async () => {
  const clock = new VirtualClock();
  using deadlines = new Deadlines(clock);
  const expired: string[] = [];
  const other = deadlines.add(200, () => expired.push("other"));
  deadlines.add(100, () => {
    deadlines.remove(other);
    deadlines.add(50, () => expired.push(`added at ${clock.monotonicMs()}`));
    deadlines.add(0, () => expired.push("at once"));
  });
  await clock.advance(1_000);
  assertEquals(expired, ["at once", "added at 150"]);
});

Deno.test("Deadlines leave no timer behind when they are disposed of, not even by one that expires or comes later", async () => {
  const clock = new VirtualClock();
  const deadlines = new Deadlines(clock);
  let expired = 0;
  deadlines.add(900, () => expired++);
  deadlines.add(100, () => {
    deadlines.add(800, () => expired++);
    deadlines[Symbol.dispose]();
  });
  await clock.advance(100);
  deadlines.add(10, () => expired++);
  await settled();
  assertEquals([deadlines.size, clock.pending], [0, 0]);
  await clock.advance(10_000);
  assertEquals(expired, 0);
  deadlines[Symbol.dispose]();
});

Deno.test("Deadlines expire exactly as a timer each would", async () => {
  const step = fc.record({
    does: fc.constantFrom("add", "remove", "wait"),
    ms: fc.integer({ min: 0, max: 1_000 }),
    pick: fc.nat(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const clock = new VirtualClock();
      using deadlines = new Deadlines(clock);
      const expired: string[] = [];
      const model = new Map<string, { atMs: number; remove: () => void }>();
      const expected: string[] = [];
      for (const [name, { does, ms, pick }] of steps.entries()) {
        if (does === "add") {
          const atMs = clock.monotonicMs() + ms;
          const deadline = deadlines.add(ms, () => expired.push(`${name} at ${clock.monotonicMs()}`));
          model.set(`${name}`, { atMs, remove: () => deadlines.remove(deadline) });
        } else if (does === "wait") {
          await clock.advance(ms);
          const due = [...model].filter(([, { atMs }]) => atMs <= clock.monotonicMs());
          for (const [name, { atMs }] of due.sort(([, a], [, b]) => a.atMs - b.atMs)) {
            expected.push(`${name} at ${atMs}`);
            model.delete(name);
          }
        } else if (model.size > 0) {
          const [name, { remove }] = [...model][pick % model.size];
          remove();
          model.delete(name);
        }
      }
      assertEquals(expired, expected);
      assertEquals(deadlines.size, model.size);
    }),
    RUNS,
  );
});
