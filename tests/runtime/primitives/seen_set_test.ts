import { assert, assertEquals, assertLessOrEqual, assertNotEquals } from "@std/assert";
import fc from "fast-check";
import type { Message } from "../../../messages/message.ts";
import { DEFAULT_FRESHNESS } from "../../../runtime/behavior.ts";
import { SeenSet, type SeenSetOptions, type SeenVerdict } from "../../../runtime/primitives/seen_set.ts";
import { VirtualClock } from "../../../runtime/testing/virtual_clock.ts";
import { alice, mallory, messageOf } from "../../helpers/stage_context.ts";

const RUNS = { seed: 20261121, numRuns: 300 };
const { pastMs, futureMs } = DEFAULT_FRESHNESS;

/** A seen-set whose messages come to their outcome at once. */
class Finishing extends SeenSet {
  override add(message: Message): SeenVerdict {
    const verdict = super.add(message);
    if (verdict === "new") this.finish(message);
    return verdict;
  }
}

/** A seen-set, its clock, and messages made relative to it. */
class Bench {
  readonly clock = new VirtualClock();
  readonly seen: SeenSet;

  constructor(options: Partial<SeenSetOptions> = {}) {
    this.seen = new Finishing({ clock: this.clock, ...options });
  }

  /** A proven message of `fromId`, `aheadMs` ahead of the clock. */
  message(name: string, { aheadMs = 0, fromId = alice.id } = {}): Message {
    const timestamp = this.clock.nowNs() + BigInt(aheadMs) * 1_000_000n;
    return messageOf({ payload: { text: name }, timestamp, fromId, proof: "envelope" });
  }

  /** Whether freshness would let the message through now. */
  isFresh({ timestamp }: Message): boolean {
    const aheadMs = Date.parse(timestamp) - Number(this.clock.nowNs() / 1_000_000n);
    return aheadMs >= -pastMs && aheadMs <= futureMs;
  }
}

Deno.test("SeenSet takes a message once, and knows it however it is wrapped", () => {
  const { seen, message } = bench();
  const first = message("a");
  assertEquals(seen.add(first), "new");
  assertEquals(seen.add(first), "duplicate_id");
  assertEquals(seen.add(first.with({ from: "another label", contentKey: "c" })), "duplicate_id");
  assertEquals(seen.add(message("b")), "new");
  assertEquals(seen.size, 2);
});

Deno.test("SeenSet says of what has come to no outcome yet that it is in progress", () => {
  const { clock, message } = bench();
  const seen = new SeenSet({ clock });
  const first = message("a");
  assertEquals(seen.add(first), "new");
  assertEquals(seen.add(first), "in_progress");
  seen.finish(first);
  assertEquals(seen.add(first), "duplicate_id");
});

Deno.test("SeenSet.forget() lets come again what came to nothing", () => {
  const { clock, message } = bench();
  const seen = new SeenSet({ clock });
  const [first, second] = [message("a"), message("b")];
  seen.add(first);
  seen.add(second);
  seen.forget(first);
  assertEquals([seen.size, seen.add(first), seen.add(second)], [1, "new", "in_progress"]);
  seen.forget(message("never seen", { fromId: mallory.id }));
  assertEquals(seen.size, 2);
});

Deno.test("SeenSet.restore() knows what an earlier run saw, and raiseFloor() refuses what it cannot know", () => {
  const { seen, clock, message } = bench();
  const known = message("a");
  seen.restore(alice.id, known.id, Number(clock.nowNs() / 1_000_000n));
  assertEquals([seen.size, seen.add(known), seen.add(message("b"))], [1, "duplicate_id", "new"]);
  seen.raiseFloor(alice.id, Number(clock.nowNs() / 1_000_000n) - 1_000);
  assertEquals(seen.add(message("c", { aheadMs: -1_000 })), "below_horizon");
  assertEquals(seen.add(message("c", { aheadMs: -999 })), "new");
  assertEquals(seen.add(message("d", { aheadMs: -1_000, fromId: mallory.id })), "new");
});

Deno.test("SeenSet keeps senders apart: nobody takes the id of somebody else's message", () => {
  const { seen, message } = bench();
  assertEquals(seen.add(message("a")), "new");
  assertEquals(seen.add(message("a", { fromId: mallory.id })), "new");
});

Deno.test("SeenSet keeps what nobody proved apart from what somebody did", () => {
  const { seen, message } = bench({ perSenderMax: 4 });
  const proven = message("a");
  assertEquals(seen.add(proven.with({ proof: "none" })), "new");
  assertEquals(seen.add(proven.with({ proof: "none" })), "duplicate_id");
  assertEquals(seen.add(proven), "new");
  for (let at = 0; at < 20; at++) {
    seen.add(message(`forged ${at}`, { aheadMs: 50_000 }).with({ proof: "none" }));
  }
  assertEquals(seen.add(message("b")), "new", "a forger in alice's name raised her horizon");
  assertEquals(seen.add(message("b").with({ proof: "signature" })), "duplicate_id");
});

Deno.test("SeenSet remembers a message for the whole window, its edges included", async () => {
  const { seen, message, clock } = bench();
  const [old, now, early] = [
    message("old", { aheadMs: -pastMs }),
    message("now"),
    message("early", { aheadMs: futureMs }),
  ];
  for (const each of [old, now, early]) assertEquals(seen.add(each), "new");
  assertEquals(seen.add(old), "duplicate_id");
  await clock.advance(pastMs);
  assertEquals(seen.add(now), "duplicate_id");
  await clock.advance(futureMs);
  assertEquals(seen.add(early), "duplicate_id");
});

Deno.test("SeenSet that has to forget a sender's messages takes none any more that are as old", () => {
  const { seen, message } = bench({ perSenderMax: 4 });
  const messages = Array.from({ length: 6 }, (_, at) => message(`${at}`, { aheadMs: at }));
  for (const each of messages) assertEquals(seen.add(each), "new");
  assertEquals(seen.overflows, 4);
  assertEquals(messages.map((each) => seen.add(each)), [
    ...Array(4).fill("below_horizon"),
    ...Array(2).fill("duplicate_id"),
  ]);
  assertEquals(seen.add(message("late", { aheadMs: 3 })), "below_horizon");
  assertEquals(seen.add(message("next", { aheadMs: 4 })), "new");
});

Deno.test("SeenSet makes room at the cost of the sender with most, and spares the others", () => {
  const { seen, message } = bench({ entriesMax: 20 });
  const quiet = message("quiet", { fromId: mallory.id });
  assertEquals(seen.add(quiet), "new");
  for (let at = 0; at < 200; at++) assertEquals(seen.add(message(`${at}`, { aheadMs: at })), "new");
  assertLessOrEqual(seen.size, 20);
  assertEquals(seen.add(quiet), "duplicate_id");
  assertEquals(seen.add(message("before", { aheadMs: -1, fromId: mallory.id })), "new");
});

Deno.test("SeenSet forgets what is too old to be replayed before it takes from anybody", async () => {
  const { seen, message, clock } = bench({ entriesMax: 10 });
  for (let at = 0; at < 10; at++) seen.add(message(`${at}`));
  await clock.advance(2 * pastMs);
  for (let at = 0; at < 10; at++) assertEquals(seen.add(message(`new ${at}`)), "new");
  assertEquals(seen.overflows, 0);
  assertLessOrEqual(seen.size, 10);
});

Deno.test("SeenSet holds its bound whoever sends what, one message of each included", () => {
  const { seen, message } = bench({ entriesMax: 50 });
  for (let at = 0; at < 500; at++) {
    assertEquals(seen.add(message("a", { fromId: `sender ${at}`, aheadMs: at % 7 })), "new");
    assertLessOrEqual(seen.size, 50);
  }
});

Deno.test("SeenSet takes late messages of a sender again when its horizon lies behind the window", async () => {
  const { seen, message, clock } = bench({ perSenderMax: 2 });
  for (let at = 0; at < 4; at++) seen.add(message(`${at}`, { aheadMs: futureMs }));
  assertEquals(seen.add(message("now")), "below_horizon");
  await clock.advance(futureMs + 1);
  assertEquals(seen.add(message("later")), "new");
});

Deno.test("SeenSet.cover() makes it remember for as long as any kind's messages are fresh", async () => {
  const { seen, message, clock } = bench({ entriesMax: 4 });
  seen.cover(3_600_000);
  seen.cover(1_000);
  const first = message("first");
  assertEquals(seen.add(first), "new");
  await clock.advance(600_000);
  for (let at = 0; at < 50; at++) seen.add(message(`${at}`, { fromId: `sender ${at}` }));
  assertNotEquals(seen.add(first), "new");
});

Deno.test("SeenSet knows a replay that was fresh when it came in and was verified for half a minute", async () => {
  const { seen, message, clock, isFresh } = bench({ entriesMax: 4 });
  const first = message("first");
  assertEquals(seen.add(first), "new");
  await clock.advance(pastMs);
  assert(isFresh(first));
  await clock.advance(30_000);
  for (let at = 0; at < 50; at++) seen.add(message(`${at}`, { fromId: `sender ${at}` }));
  assertNotEquals(seen.add(first), "new");
});

Deno.test("SeenSet with room forgets nothing that may still come, however long it goes on", async () => {
  const { seen, message, clock } = bench();
  const early = message("early", { aheadMs: futureMs });
  assertEquals(seen.add(early), "new");
  for (let turn = 0; turn < 2; turn++) {
    await clock.advance(181_000);
    assertEquals(seen.add(message(`${turn}`)), "new");
  }
  assertEquals(seen.add(early), "duplicate_id");
  for (let turn = 0; turn < 20; turn++) {
    await clock.advance(181_000);
    assertEquals(seen.add(message(`later ${turn}`)), "new");
    assertLessOrEqual(seen.size, 8);
  }
});

/** A step of a run: somebody sends, somebody replays, or time passes. */
const step = fc.oneof(
  fc.record({
    does: fc.constant("send" as const),
    fromId: fc.constantFrom(alice.id, mallory.id, "carol"),
    aheadMs: fc.integer({ min: -pastMs, max: futureMs }),
  }),
  fc.record({
    does: fc.constant("replay" as const),
    pick: fc.nat(),
    delayMs: fc.integer({ min: 0, max: 20_000 }),
  }),
  fc.record({ does: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 100_000 }) }),
);

Deno.test("SeenSet that is full never lets a replay through, even one that waited behind freshness", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 20, maxLength: 120 }),
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 2, max: 16 }),
      async (steps, perSenderMax, entriesMax) => {
        const { seen, message, clock, isFresh } = bench({ perSenderMax, entriesMax });
        const taken: Message[] = []; // The naive model: it never forgets.
        for (const [at, each] of steps.entries()) {
          if (each.does === "wait") await clock.advance(each.ms);
          else if (each.does === "send") {
            const sent = message(`${at}`, each);
            if (seen.add(sent) === "new") taken.push(sent);
          } else if (taken.length > 0) {
            const replayed = taken[each.pick % taken.length];
            if (!isFresh(replayed)) continue;
            await clock.advance(each.delayMs);
            assertNotEquals(seen.add(replayed), "new", `replay of ${replayed.timestamp}`);
          }
          assertLessOrEqual(seen.size, entriesMax);
        }
      },
    ),
    RUNS,
  );
});

Deno.test("SeenSet with room says what a memory without end would say", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
      const { seen, message, clock, isFresh } = bench();
      const taken: Message[] = [];
      for (const [at, each] of steps.entries()) {
        if (each.does === "wait") await clock.advance(each.ms);
        else if (each.does === "send") {
          const sent = message(`${at}`, each);
          assertEquals(seen.add(sent), "new");
          taken.push(sent);
        } else if (taken.length > 0) {
          const replayed = taken[each.pick % taken.length];
          if (isFresh(replayed)) assertEquals(seen.add(replayed), "duplicate_id");
        }
      }
      assert(seen.size <= taken.length && seen.overflows === 0);
    }),
    { ...RUNS, numRuns: 100 },
  );
});

function bench(options?: Partial<SeenSetOptions>) {
  const made = new Bench(options);
  return {
    seen: made.seen,
    clock: made.clock,
    message: made.message.bind(made),
    isFresh: made.isFresh.bind(made),
  };
}
