import { assertEquals, assertRejects } from "@std/assert";
import { settled, VIRTUAL_START, VirtualClock } from "../../../runtime/testing/virtual_clock.ts";
import { parseTimestamp } from "../../../utilities/timestamp.ts";

Deno.test("VirtualClock stands still until it is moved", async () => {
  const clock = new VirtualClock();
  const startNs = parseTimestamp(VIRTUAL_START);
  assertEquals([clock.nowNs(), clock.monotonicMs()], [startNs, 0]);
  await settled();
  assertEquals([clock.nowNs(), clock.monotonicMs()], [startNs, 0]);
  await clock.advance(1_500);
  assertEquals([clock.nowNs() - startNs, clock.monotonicMs()], [1_500_000_000n, 1_500]);
});

Deno.test("VirtualClock starts where it is told", () => {
  assertEquals(new VirtualClock("2000-01-01T00:00:00Z").nowNs(), 946_684_800_000_000_000n);
});

Deno.test("VirtualClock.advance() stops at every timer on its way, in the order of their times", async () => {
  const clock = new VirtualClock();
  const woken: string[] = [];
  for (const ms of [300, 100, 200, 100]) {
    clock.sleep(ms).then(() => woken.push(`${ms} at ${clock.monotonicMs()}`));
  }
  assertEquals(clock.pending, 4);
  await clock.advance(99);
  assertEquals(woken, []);
  await clock.advance(150);
  assertEquals([woken, clock.monotonicMs()], [["100 at 100", "100 at 100", "200 at 200"], 249]);
  await clock.advance(51);
  assertEquals([woken.at(-1), clock.pending], ["300 at 300", 0]);
});

Deno.test("VirtualClock.advance() wakes timers that were set on the way, at their own times", async () => {
  const clock = new VirtualClock();
  const beats: number[] = [];
  const beat = async () => {
    for (;;) {
      await clock.sleep(100);
      beats.push(clock.monotonicMs());
      if (beats.length === 5) return;
    }
  };
  const done = beat();
  await clock.advance(450);
  assertEquals(beats, [100, 200, 300, 400]);
  await clock.advance(50);
  await done;
  assertEquals(beats.length, 5);
});

Deno.test("VirtualClock.advance() lets all work come to rest before it moves on", async () => {
  const clock = new VirtualClock();
  const seen: number[] = [];
  clock.sleep(100).then(async () => {
    for (let turns = 0; turns < 100; turns++) await Promise.resolve();
    seen.push(clock.monotonicMs());
  });
  clock.sleep(101).then(() => seen.push(clock.monotonicMs()));
  await clock.advance(1_000);
  assertEquals(seen, [100, 101]);
});

Deno.test("VirtualClock.sleep() of nothing, or less, waits for the next move", async () => {
  const clock = new VirtualClock();
  let woken = 0;
  for (const ms of [0, -5]) clock.sleep(ms).then(() => woken++);
  await settled();
  assertEquals(woken, 0);
  await clock.advance(0);
  assertEquals([woken, clock.monotonicMs()], [2, 0]);
});

Deno.test("VirtualClock.sleep() rejects with the signal's reason, and leaves no timer behind", async () => {
  const clock = new VirtualClock();
  const controller = new AbortController();
  const slept = assertRejects(() => clock.sleep(100, controller), Error, "enough");
  assertEquals(clock.pending, 1);
  controller.abort(new Error("enough"));
  await slept;
  await assertRejects(() => clock.sleep(100, controller), Error, "enough");
  assertEquals(clock.pending, 0);
});

Deno.test("VirtualClock.sleep() is not undone by a signal that aborts later", async () => {
  const clock = new VirtualClock();
  const controller = new AbortController();
  const slept = clock.sleep(100, controller);
  await clock.advance(100);
  controller.abort();
  await slept;
});

Deno.test("VirtualClock.advanceUntil() moves no further than it has to, and says whether the condition holds", async () => {
  const clock = new VirtualClock();
  let woken = 0;
  for (const ms of [100, 200, 300]) clock.sleep(ms).then(() => woken++);
  assertEquals(await clock.advanceUntil(() => woken === 2, 1_000), true);
  assertEquals(clock.monotonicMs(), 200);
  assertEquals(await clock.advanceUntil(() => true, 1_000), true);
  assertEquals([clock.monotonicMs(), await clock.advanceUntil(() => woken === 3, 99)], [200, false]);
  assertEquals(await clock.advanceUntil(() => woken === 3, 100), true);
  assertEquals(await clock.advanceUntil(() => woken === 4, 1e9), false);
});

Deno.test("VirtualClock.cancel() makes a timer fire never, however many were set before and after", async () => {
  const clock = new VirtualClock();
  const fired: number[] = [];
  const timers = Array.from({ length: 500 }, (_, n) => clock.set((n * 37) % 100, () => fired.push(n)));
  for (const [n, timer] of timers.entries()) if (n % 3 !== 0) clock.cancel(timer);
  assertEquals(clock.pending, 167);
  await clock.advance(99);
  const left = Array.from({ length: 167 }, (_, n) => 3 * n);
  const byTime = left.toSorted((a, b) => (a * 37) % 100 - (b * 37) % 100 || a - b);
  assertEquals([fired, clock.pending], [byTime, 0]);
});

Deno.test("VirtualClock.cancel() reaches a timer that is due at the same instant", async () => {
  const clock = new VirtualClock();
  const fired: string[] = [];
  clock.set(10, () => {
    fired.push("first");
    clock.cancel(second);
  });
  const second = clock.set(10, () => fired.push("second"));
  await clock.advance(20);
  assertEquals([fired, clock.pending], [["first"], 0]);
});
