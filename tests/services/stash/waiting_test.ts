import { assert, assertEquals, assertRejects } from "@std/assert";
import { SeededRandom } from "../../../runtime/testing/seeded_random.ts";
import { VirtualClock } from "../../../runtime/testing/virtual_clock.ts";
import { abortable, retrying, sleepUnless } from "../../../services/stash/waiting.ts";

function setUp() {
  const controller = new AbortController();
  const clock = new VirtualClock();
  return { clock, random: new SeededRandom(1), signal: controller.signal, controller };
}

Deno.test("abortable() rejects with the signal's reason as soon as it aborts", async () => {
  const { controller, signal } = setUp();
  const waiting = abortable(new Promise(() => {}), signal);
  controller.abort(new RangeError("enough"));
  await assertRejects(() => waiting, RangeError, "enough");
  await assertRejects(() => abortable(Promise.resolve(1), signal), RangeError, "enough");
  assertEquals(await abortable(Promise.resolve(1), new AbortController().signal), 1);
});

Deno.test("sleepUnless() wakes early for the event, and leaves no timer", async () => {
  const { clock, signal } = setUp();
  const { promise, resolve } = Promise.withResolvers<void>();
  const sleeping = sleepUnless(clock, 1_000, { event: promise, signal });
  assertEquals(clock.pending, 1);
  resolve();
  await sleeping;
  assertEquals([clock.monotonicMs(), clock.pending], [0, 0]);
});

Deno.test("sleepUnless() wakes when its time is over, and rejects when its signal aborts", async () => {
  const { clock, signal, controller } = setUp();
  const forever = new Promise<void>(() => {});
  const sleeping = sleepUnless(clock, 1_000, { event: forever, signal });
  await clock.advance(1_000);
  await sleeping;
  const aborted = sleepUnless(clock, 1_000, { event: forever, signal });
  controller.abort(new RangeError("enough"));
  await assertRejects(() => aborted, RangeError, "enough");
  assertEquals(clock.pending, 0);
});

Deno.test("retrying() tries again after longer and longer pauses, and then throws what came last", async () => {
  const { clock, random, signal } = setUp();
  const triesMs: number[] = [];
  const work = () => {
    triesMs.push(clock.monotonicMs());
    return Promise.reject(new RangeError(`try ${triesMs.length}`));
  };
  const trying = assertRejects(
    () => retrying({ clock, random, signal }, { retries: 2 }, work),
    RangeError,
    "try 3",
  );
  await clock.advance(60_000);
  await trying;
  const [first, second, third] = triesMs;
  assertEquals(first, 0);
  assert(second >= 1_000 && second <= 2_000, `${second}`);
  assert(third - second >= 2_000 && third - second <= 4_000, `${third}`);
});

Deno.test("retrying() with no retries tries once", async () => {
  const { clock, random, signal } = setUp();
  let tries = 0;
  const work = () => Promise.reject(new RangeError(`try ${++tries}`));
  await assertRejects(() => retrying({ clock, random, signal }, { retries: 0 }, work), RangeError, "try 1");
  assertEquals(clock.pending, 0);
});

Deno.test("retrying() gives up at once on what will not change, and when its signal aborts", async () => {
  const { clock, random, signal, controller } = setUp();
  const rt = { clock, random, signal };
  const isWorthwhile = (thrown: unknown) => !(thrown instanceof TypeError);
  await assertRejects(
    () => retrying(rt, { retries: 5, isWorthwhile }, () => Promise.reject(new TypeError("hopeless"))),
    TypeError,
  );
  const trying = retrying(rt, { retries: 5 }, () => Promise.reject(new TypeError("hopeless")));
  await Promise.resolve();
  controller.abort(new RangeError("enough"));
  await assertRejects(() => trying);
  assertEquals(clock.pending, 0);
});
