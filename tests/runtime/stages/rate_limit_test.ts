import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Message } from "../../../messages/message.ts";
import { Limits } from "../../../runtime/primitives/limits.ts";
import { continueWith, drop, type StageContext, type StreamStage } from "../../../runtime/stage.ts";
import { noRateLimit, rateLimit } from "../../../runtime/stages/rate_limit.ts";
import { VirtualClock } from "../../../runtime/testing/virtual_clock.ts";
import type { Text } from "../../helpers/kinds.ts";
import { alice, mallory, messageOf, stageContext } from "../../helpers/stage_context.ts";

const fromAlice = messageOf({ fromId: alice.id, proof: "envelope" });
const fromMallory = messageOf({ fromId: mallory.id, proof: "envelope" });

function passed(stage: StreamStage, context: StageContext, messages: readonly Message[]): boolean[] {
  return messages.map((message) => stage.process(message, context).outcome === "continue");
}

Deno.test("rateLimit() lets so many messages of a sender through in any window, and drops the rest", () => {
  const context = stageContext();
  const stage = rateLimit({ max: 2, windowMs: 1_000 });
  assertEquals(stage.process(fromAlice, context), continueWith(fromAlice));
  assertEquals(stage.process(fromAlice, context), continueWith(fromAlice));
  assertEquals(stage.process(fromAlice, context), drop("rate_limited"));
  assertEquals(stage.process(fromMallory, context), continueWith(fromMallory));
});

Deno.test("rateLimit() hears a sender again exactly windowMs later, and counts no message that it dropped", async () => {
  const clock = new VirtualClock();
  const context = stageContext({ clock });
  const stage = rateLimit({ max: 1, windowMs: 1_000 });
  assertEquals(stage.process(fromAlice, context), continueWith(fromAlice));
  await clock.advance(999);
  assertEquals(stage.process(fromAlice, context), drop("rate_limited"));
  await clock.advance(1);
  assertEquals(stage.process(fromAlice, context), continueWith(fromAlice));
});

Deno.test("rateLimit() does not care what a message says of its time, or its sender of its name", () => {
  const context = stageContext();
  const stage = rateLimit({ max: 3, windowMs: 60_000 });
  const lies = Array.from({ length: 10 }, (_, hour) =>
    messageOf({
      timestamp: `2026-01-15T${String(10 + hour)}:00:00Z`,
      from: `alice ${hour}`,
      fromId: alice.id,
      proof: "envelope",
    }));
  assertEquals(passed(stage, context, lies).filter(Boolean).length, 3);
});

Deno.test("rateLimit() counts together what its key says", () => {
  const context = stageContext();
  const stage = rateLimit({ max: 1, windowMs: 1_000, key: () => "everybody" });
  assertEquals(stage.process(fromAlice, context), continueWith(fromAlice));
  assertEquals(stage.process(fromMallory, context), drop("rate_limited"));
});

Deno.test("rateLimit() by sender and subject: a liar aiming at a victim uses up nothing but what is its own", () => {
  const context = stageContext();
  const senderAndSubject = ({ fromId, payload }: Message<Text>) => `${fromId} ${payload.text}`;
  const stage = rateLimit({ max: 2, windowMs: 1_000, key: senderAndSubject });
  const about = (fromId: string, text: string) => messageOf({ fromId, payload: { text }, proof: "envelope" });
  const lies = Array.from({ length: 20 }, () => about(mallory.id, "victim"));
  assertEquals(passed(stage, context, lies).filter(Boolean).length, 2);
  const truths = [about(alice.id, "victim"), about("victim", "somebody"), about(mallory.id, "another")];
  assertEquals(passed(stage, context, truths), [true, true, true]);
});

Deno.test("rateLimit() counts what nobody proved apart: who claims to be another takes nothing from that other", () => {
  const context = stageContext();
  for (
    const stage of [
      rateLimit({ max: 1, windowMs: 1_000 }),
      rateLimit({
        max: 1,
        windowMs: 1_000,
        key: () => "k",
      }),
    ]
  ) {
    const claimed = fromAlice.with({ proof: "none" });
    assertEquals(passed(stage, context, [claimed, claimed, fromAlice, fromAlice]), [
      true,
      false,
      true,
      false,
    ]);
  }
});

Deno.test("rateLimit() gives a sender that invents keys a 16th of them, and locks nobody else out", () => {
  const context = stageContext();
  const stage = rateLimit({ max: 1, windowMs: 60_000, keysMax: 160, key: ({ id }) => id });
  const flood = Array.from(
    { length: 500 },
    (_, count) => messageOf({ fromId: mallory.id, payload: { text: `${count}` }, proof: "envelope" }),
  );
  assertEquals(passed(stage, context, flood).filter(Boolean).length, 10);
  assertEquals(passed(stage, context, [fromAlice]), [true]);
});

Deno.test("rateLimit() hears everybody else while more senders than it can remember shout", () => {
  const context = stageContext();
  const stage = rateLimit({ max: 2, windowMs: 60_000, keysMax: 32 });
  const shouts = Array.from(
    { length: 400 },
    (_, count) => messageOf({ fromId: `m${count}`, proof: "envelope" }),
  );
  for (const shout of shouts) passed(stage, context, [shout, shout, shout]);
  assertEquals(passed(stage, context, [fromAlice, fromAlice, fromAlice]), [true, true, false]);
});

Deno.test("rateLimit() shares a behavior constant between runtimes, and no memory", () => {
  const stage = rateLimit({ max: 1, windowMs: 1_000 });
  assertEquals(stage.process(fromAlice, stageContext()), continueWith(fromAlice));
  assertEquals(stage.process(fromAlice, stageContext()), continueWith(fromAlice));
});

Deno.test("rateLimit() counts the messages of a kind together in all chains of a runtime, and those of each kind apart", () => {
  const stage = rateLimit({ max: 2, windowMs: 1_000 });
  const limits = new Limits();
  const context = stageContext({ limits });
  assertEquals(passed(stage, context, [fromAlice]), [true]);
  assertEquals(passed(stage, { ...context }, [fromAlice, fromAlice]), [true, false]);
  const other = messageOf({ kind: "test:other", fromId: alice.id, proof: "envelope" });
  const itsContext = { ...context, behavior: { ...context.behavior, kind: "test:other" } };
  assertEquals(passed(stage, itsContext, [other, other, other]), [true, true, false]);
});

Deno.test("rateLimit() lists its bounds under the name of its kind", () => {
  const limits = new Limits();
  const stage = rateLimit({ max: 1, windowMs: 1_000, keysMax: 7 });
  const context = stageContext({ limits });
  passed(stage, context, [fromAlice, fromMallory]);
  const [keys, occasions] = limits.all();
  assertEquals([keys.name, keys.max, keys.inUse()], ["rate_limit.test:note.keys", 7, 2]);
  assertEquals([occasions.name, occasions.inUse()], ["rate_limit.test:note.occasions", 2]);
});

Deno.test("rateLimit().describe() names its key", () => {
  const said = (key?: (message: Message) => string) =>
    rateLimit({ max: 10, windowMs: 300_000, key }).describe();
  const senderAndSubject = () => "";
  assertEquals([said(), said(senderAndSubject), said((() => () => "")())], [
    "at most 10 per sender in any 300 s",
    "at most 10 per senderAndSubject in any 300 s",
    "at most 10 per key in any 300 s",
  ]);
  assert(rateLimit({ max: 1, windowMs: 1 }).remembers);
});

for (
  const [name, value] of [["max", 0], ["max", 1.5], ["windowMs", -1], ["windowMs", NaN], ["keysMax", 0], [
    "max",
    Infinity,
  ]]
) {
  Deno.test(`rateLimit() refuses ${name} ${value}`, () => {
    const options = { max: 1, windowMs: 1, [name]: value };
    assertThrows(
      () => rateLimit(options),
      RangeError,
      `${name} must be a positive whole number: current value is ${value}`,
    );
  });
}

Deno.test("rateLimit() refuses more than 10 000 in a window, and a key that is no function", () => {
  rateLimit({ max: 10_000, windowMs: 1 });
  assertThrows(
    () => rateLimit({ max: 10_001, windowMs: 1 }),
    RangeError,
    "max must be at most 10000: current value is 10001; take a shorter window",
  );
  assertThrows(
    () => rateLimit({ max: 1, windowMs: 1, key: "sender" as never }),
    TypeError,
    "key must be a function of a message: current value is sender",
  );
});

Deno.test("noRateLimit() is none", () => {
  assertEquals([noRateLimit().isNone, noRateLimit().process(fromAlice, stageContext())], [
    true,
    continueWith(fromAlice),
  ]);
});
