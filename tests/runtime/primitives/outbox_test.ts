import { assert, assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import type { Message } from "../../../messages/message.ts";
import { fullJitterMs } from "../../../runtime/primitives/backoff.ts";
import { OUTBOX_SPACE } from "../../../runtime/primitives/outbox.ts";
import type { OutboxOptions, OutboxOutcome } from "../../../runtime/primitives/outbox_options.ts";
import { SeededRandom } from "../../../runtime/testing/seeded_random.ts";
import { settled, VirtualClock } from "../../../runtime/testing/virtual_clock.ts";
import { MeshError } from "../../../runtime/transport/mesh.ts";
import { ownNote, textOf, TroubledFile } from "../../helpers/kept.ts";
import { away, DEADLINE_MS, FAILED, MINUTE_MS, outboxBench as bench, SENT } from "../../helpers/outbox.ts";
import { alice, mallory } from "../../helpers/stage_context.ts";

Deno.test("Outbox tries again until its target is back, and then forgets", async () => {
  const { outbox: made, clock, network, keep, texts, file } = bench();
  await using outbox = made;
  assert(await keep(ownNote("a")));
  assertEquals(file.list(OUTBOX_SPACE, "").length, 1);
  await clock.advance(MINUTE_MS);
  assertEquals(texts(), []);
  network.isUp = true;
  await clock.advance(MINUTE_MS);
  assertEquals([texts(), outbox.size, file.list(OUTBOX_SPACE, "")], [["a"], 0, []]);
});

Deno.test("Outbox.keep() resolves when the message is on disk, and nothing is sent before", async () => {
  const { outbox: made, keep, texts, file, network, clock } = bench({ random: { next: () => 0 } });
  await using outbox = made;
  network.isUp = true;
  const commits = (file as TroubledFile).commits;
  const kept = keep(ownNote("a"));
  assert(outbox.holds(ownNote("b")), "it has its place at once");
  assertEquals([texts(), commits.length], [[], 0]);
  assert(await kept);
  assertEquals([texts(), commits.length], [[], 1]);
  await clock.advance(0);
  assertEquals(texts(), ["a"]);
});

Deno.test("Outbox pauses by full jitter: drawn evenly below a bound that doubles up to the cap", async () => {
  const draws = 0.999;
  const { outbox: made, clock, keep, tries } = bench({ random: { next: () => draws } });
  await using _outbox = made;
  await keep(ownNote("a"));
  await clock.advance(2 * MINUTE_MS);
  const pauses = tries.map(({ atMs }, index) => atMs - (tries[index - 1]?.atMs ?? 0));
  const bounds = [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000];
  assertEquals(
    pauses,
    bounds.map((_, pause) => fullJitterMs(pause, { next: () => draws }, { baseMs: 500, capMs: 30_000 })),
  );
  assertEquals(pauses.map((ms) => Math.round(ms / draws)), bounds);
});

Deno.test("Outbox sends the messages of one target in the order in which they were kept, one at a time", async () => {
  let underWay = 0;
  const gates: PromiseWithResolvers<OutboxOutcome>[] = [];
  const order: string[] = [];
  const { outbox: made, clock, keep } = bench({
    send: async (message) => {
      assertEquals(++underWay, 1, "one at a time");
      order.push(textOf(message));
      const gate = Promise.withResolvers<OutboxOutcome>();
      gates.push(gate);
      const outcome = await gate.promise;
      underWay--;
      return outcome;
    },
  });
  await using outbox = made;
  await Promise.all(["a", "b", "c"].map((text) => keep(ownNote(text))));
  await clock.advance(500);
  assertEquals(order, ["a"]);
  gates[0].resolve(FAILED);
  await settled();
  assertEquals(order, ["a"]);
  await clock.advance(1_000);
  for (let count = 1; count < 4; count++) {
    gates[count].resolve(SENT);
    await settled();
  }
  assertEquals([order, outbox.size], [["a", "a", "b", "c"], 0]);
});

Deno.test("Outbox drains a target that is back at once, and does not let one target wait for another", async () => {
  const { outbox: made, clock, keep, network, tries, texts } = bench();
  await using outbox = made;
  network.answer = ({ toId }) => toId === mallory.id ? FAILED : SENT;
  await keep(ownNote("m", { toId: mallory.id }));
  for (const text of ["a", "b", "c"]) await keep(ownNote(text));
  await clock.advance(500);
  assertEquals(texts(), ["a", "b", "c"]);
  const times = tries.filter(({ text }) => text !== "m").map(({ atMs }) => atMs);
  assertEquals(new Set(times).size, 1, "no pause after one that came through");
  assertEquals([outbox.size, outbox.holds(ownNote("x"))], [1, false]);
});

Deno.test("Outbox begins with short pauses again once something came through", async () => {
  const { outbox: made, clock, keep, network, tries } = bench({ random: { next: () => 0.999 } });
  await using _outbox = made;
  for (const text of ["a", "b"]) await keep(ownNote(text));
  await clock.advance(2 * MINUTE_MS);
  network.answer = (message) => textOf(message) === "a" ? SENT : FAILED;
  await clock.advanceUntil(() => tries.at(-1)!.text === "b", MINUTE_MS);
  await clock.advance(10_000);
  const times = tries.filter(({ text }) => text === "b").map(({ atMs }) => atMs);
  const pauses = times.slice(1).map((atMs, index) => Math.round((atMs - times[index]) / 0.999));
  assertEquals(pauses, [500, 1_000, 2_000, 4_000]);
});

Deno.test("Outbox.drain() ends the pause of a target that was heard, once per pause", async () => {
  const { outbox: made, clock, keep, network, tries, texts } = bench({ random: { next: () => 0.999 } });
  await using outbox = made;
  await keep(ownNote("a"));
  await clock.advance(20_000);
  const before = tries.length;
  for (let count = 0; count < 10; count++) {
    outbox.drain(alice.id);
    await settled();
  }
  assertEquals(tries.length, before + 1, "a peer that only talks must not cost all tries");
  await clock.advance(31_000);
  network.isUp = true;
  outbox.drain(mallory.id);
  outbox.drain(alice.id);
  await settled();
  assertEquals(texts(), ["a"]);
});

Deno.test("Outbox gives a message up a minute before its window ends, wherever it waits, and says why", async () => {
  const { outbox: made, clock, keep, letters, tries } = bench();
  await using outbox = made;
  await keep(ownNote("a"));
  await keep(ownNote("b"), outbox.behind(ownNote("b")));
  await clock.advance(DEADLINE_MS - 1);
  assertEquals([letters.length, outbox.size], [0, 2]);
  const before = tries.length;
  await clock.advance(1);
  assertEquals([letters.length, outbox.size], [2, 0]);
  const [a, b] = letters.map(({ about, direction, stage, error, attempts }) => ({
    text: textOf(about as Message),
    direction,
    stage,
    attempts,
    error: error as MeshError,
  }));
  assertEquals([a.text, a.direction, a.stage, a.attempts], ["a", "emit", "mesh", before + 1]);
  assertEquals([b.text, b.attempts, a.error.code], ["b", 0, "deadline"]);
  assertStringIncludes(a.error.message, "its deadline has passed; the last said: nobody answers");
  await clock.advance(10 * MINUTE_MS);
  assertEquals([tries.length, clock.pending], [before, 0], "never later, and no timer is left");
});

Deno.test("Outbox lets what is being sent at its deadline come through, and gives it up when it fails", async () => {
  const gates: PromiseWithResolvers<OutboxOutcome>[] = [];
  const { outbox: made, clock, keep, letters } = bench({
    random: { next: () => 0 },
    send: () => {
      gates.push(Promise.withResolvers());
      return gates.at(-1)!.promise;
    },
  });
  await using outbox = made;
  await keep(ownNote("a"));
  await keep(ownNote("b", { toId: mallory.id }));
  await clock.advance(DEADLINE_MS);
  assertEquals([outbox.size, letters.length, gates.length], [2, 0, 2]);
  gates[0].resolve(SENT);
  gates[1].resolve(FAILED);
  await settled();
  assertEquals([outbox.size, letters.map(({ about }) => textOf(about as Message))], [0, ["b"]]);
});

Deno.test("Outbox gives a message up after its last try", async () => {
  const { outbox: made, clock, keep, letters, tries } = bench({ attemptsMax: 3 });
  await using _outbox = made;
  await keep(ownNote("a"));
  await clock.advance(MINUTE_MS);
  assertEquals([tries.length, letters.map(({ attempts }) => attempts)], [2, [3]]);
  assertStringIncludes((letters[0].error as Error).message, "after 3 tries: that is often enough");
});

Deno.test("Outbox removes a message and makes it a dead letter in one commit", async () => {
  const commits: string[][] = [];
  const file = new TroubledFile();
  const { outbox: made, clock, keep } = bench({
    file,
    giveUp: async (letter, alongside) => {
      const value = new Uint8Array();
      await file.write([{ space: "letters", key: textOf(letter.about as Message), value }, ...alongside]);
      return true;
    },
  });
  await using _outbox = made;
  await keep(ownNote("a"));
  await clock.advance(DEADLINE_MS);
  for (const changes of file.commits) {
    commits.push(changes.map(({ space, value }) => `${value ? "+" : "-"}${space}`));
  }
  assertEquals(commits.at(-1), ["+letters", `-${OUTBOX_SPACE}`]);
});

Deno.test("Outbox removes what the dead letters do not take, and says that it is lost", async () => {
  const { outbox: made, clock, keep, lines, file } = bench({ giveUp: () => Promise.resolve(false) });
  await using outbox = made;
  await keep(ownNote("a"));
  await clock.advance(DEADLINE_MS);
  assertEquals([outbox.size, file.list(OUTBOX_SPACE, "")], [0, []]);
  assertEquals(lines, ["error: a message is lost, for the dead letters do not take it"]);
});

Deno.test("Outbox goes on trying when somebody sets the clock back", async () => {
  const clock = new VirtualClock();
  const monotonic = { nowNs: clock.nowNs.bind(clock) };
  const wall = {
    nowNs: () => monotonic.nowNs(),
    monotonicMs: () => clock.monotonicMs(),
    sleep: clock.sleep.bind(clock),
  };
  const { outbox: made, keep, letters, network, texts } = bench({ clock: wall });
  await using _outbox = made;
  await keep(ownNote("a"));
  await clock.advance(MINUTE_MS);
  monotonic.nowNs = () => clock.nowNs() - BigInt(2 * MINUTE_MS) * 1_000_000n;
  await clock.advance(DEADLINE_MS - MINUTE_MS + 1);
  assertEquals(letters.length, 0);
  network.isUp = true;
  await clock.advance(MINUTE_MS);
  assertEquals([texts(), letters.length], [["a"], 0]);
});

Deno.test("Outbox.keep() takes nothing without hope, without time, or on its way in", async () => {
  const { outbox: made, clock, keep, file } = bench();
  await using outbox = made;
  for (const code of ["frame_too_large", "no_target", "refused"] as const) {
    assertFalse(await keep(ownNote("a"), new MeshError(code, "no")));
  }
  const failure = { message: ownNote("a"), stage: "handler", error: away };
  assertFalse(await outbox.keep({ ...failure, direction: "receive" }));
  await clock.advance(DEADLINE_MS);
  assertFalse(await keep(ownNote("late")));
  assertEquals([outbox.size, file.list(OUTBOX_SPACE, "")], [0, []]);
});

Deno.test("Outbox gives a message up at once when a try shows that there is no hope, and goes on", async () => {
  const { outbox: made, clock, keep, network, letters, texts } = bench();
  await using _outbox = made;
  const tooLarge = new MeshError("frame_too_large", "split it");
  network.answer = (message) => textOf(message) === "a" ? { outcome: "failed", error: tooLarge } : SENT;
  await keep(ownNote("a"));
  await keep(ownNote("b"));
  await clock.advance(500);
  assertEquals([texts(), letters.map(({ error }) => error)], [["b"], [tooLarge]]);
});

Deno.test("Outbox takes a send that throws for one that failed, and a drop for an end", async () => {
  let count = 0;
  const { outbox: made, clock, keep, letters } = bench({
    send: () => {
      if (++count === 1) throw new Error("thrown");
      return Promise.resolve({ outcome: "dropped", reason: "stale" });
    },
  });
  await using outbox = made;
  await keep(ownNote("a"));
  await clock.advance(MINUTE_MS);
  assertEquals([count, outbox.size, letters], [2, 0, []]);
});

/** Which bound is met by which messages. */
const BOUNDS: [bound: string, options: Partial<OutboxOptions>, third: Message][] = [
  ["outbox.messages", { messagesMax: 2 }, ownNote("c", { toId: mallory.id })],
  ["outbox.bytes", { bytesMax: 1_000 }, ownNote("c".repeat(1_000))],
  ["outbox.messages_of_target", { perTargetMax: 2 }, ownNote("c")],
];

for (const [bound, options, third] of BOUNDS) {
  Deno.test(`Outbox refuses a message past the limit ${bound}, counts it, and keeps the others`, async () => {
    const { outbox: made, keep, clock, network, texts } = bench(options);
    await using outbox = made;
    assert(await keep(ownNote("a")));
    assert(await keep(ownNote("b")));
    assertFalse(await keep(third));
    const limits = outbox.limits();
    assertEquals(
      limits.map(({ name, overflows }) => `${name} ${overflows()}`),
      BOUNDS.map(([name]) => `${name} ${name === bound ? 1 : 0}`),
    );
    for (const limit of limits) assert(limit.inUse() > 0 && limit.inUse() <= limit.max, limit.name);
    network.isUp = true;
    await clock.advance(MINUTE_MS);
    assertEquals([texts(), limits.map((limit) => limit.inUse())], [["a", "b"], [0, 0, 0]]);
    assert(await keep(ownNote("room again")));
  });
}

Deno.test("Outbox does the same from the same seed", async () => {
  const run = async () => {
    const { outbox: made, clock, keep, tries } = bench({ random: new SeededRandom(42) });
    await using _outbox = made;
    await keep(ownNote("a"));
    await keep(ownNote("b", { toId: mallory.id }));
    await clock.advance(DEADLINE_MS);
    return tries;
  };
  assertEquals(await run(), await run());
});
