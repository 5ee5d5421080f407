/**
 * What the emitter tries again, what it does not, and how both are counted.
 * @module
 */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { MessageError } from "../../messages/message_error.ts";
import type { Message } from "../../messages/message.ts";
import { CallError } from "../../runtime/call_error.ts";
import { continueWith, type PeerStage } from "../../runtime/stage.ts";
import { meshRequest } from "../../runtime/templates.ts";
import { settled } from "../../runtime/testing/virtual_clock.ts";
import { MeshError, type Receipt } from "../../runtime/transport/mesh.ts";
import { totalsOf } from "../helpers/books.ts";
import { TestService, type Text, type TextBehavior, textSchema } from "../helpers/kinds.ts";
import { Bench } from "../helpers/mock.ts";

const HANDLED: Receipt = { outcome: "handled" };
const away = new MeshError("unreachable", "nobody answers");
const MINUTE_MS = 60_000;
/** A try every now and then, so that a test need not wait for the deadline. */
const RETRIES = { baseMs: 1_000, capMs: 1_000 };

/** A nara whose tasks leave over a wire that a test answers for, and what went over it. */
async function benchOf(answer: (text: string) => Receipt | Error = () => HANDLED, isOurs = true) {
  const tries: string[] = [];
  const wire: PeerStage = {
    order: "peer",
    name: "wire",
    describe: () => "a wire",
    process: async (message) => {
      await Promise.resolve();
      const { text } = message.payload as Text;
      tries.push(text);
      const said = answer(text);
      if (said instanceof Error) throw said;
      return continueWith(message, said);
    },
  };
  const reply: TextBehavior = meshRequest("test:reply", "").withVersion(1, textSchema)
    .with({ emit: { transport: wire } });
  const task: TextBehavior = meshRequest("test:task", "").withVersion(1, textSchema)
    .with({ emit: { transport: wire } }).withReplies(reply);
  const service = new TestService((rt) => {
    rt.register(task);
    rt.register(reply);
  });
  const bench = await Bench.create([], { services: [service], retries: RETRIES });
  if (isOurs) bench.mock.runtime.keyring.markOurs(bench.alice.id);
  const emit = (text: string, to = bench.alice.id) => service.rt.emit(task.draft({ text }, { to }));
  const kept = () => bench.mock.runtime.limits.all().find(({ name }) => name === "outbox.messages")!.inUse();
  const totals = () => totalsOf(bench.mock.runtime, "emit", task.kind);
  return { bench, service, task, reply, tries, emit, kept, totals };
}

Deno.test("Emitter says retrying of what could not leave, and sends it as soon as it can", async () => {
  let isUp = false;
  const { bench, emit, tries, kept, totals } = await benchOf(() => isUp ? HANDLED : away);
  await using _bench = bench;
  const { outcome, reason, id } = await emit("a");
  assertEquals([outcome, reason], ["retrying", "nobody answers"]);
  assertEquals([kept(), totals().retrying, totals().done], [1, 1, 0]);
  await bench.mock.clock.advance(10_000);
  isUp = true;
  await bench.mock.clock.advance(10_000);
  assertEquals([kept(), totals().retrying, totals().done], [0, 0, 1]);
  assertEquals(new Set(tries), new Set(["a"]));
  assertEquals(bench.mock.emitted.map((message) => message.id), [id], "the same message");
});

Deno.test("Emitter does not let a message overtake those that wait for its target", async () => {
  let isUp = false;
  const { bench, emit, tries, totals } = await benchOf(() => isUp ? HANDLED : away);
  await using _bench = bench;
  await emit("1");
  const tried = tries.length;
  const [two, three] = [await emit("2"), await emit("3")];
  assertEquals([two.outcome, three.outcome, tries.length], ["retrying", "retrying", tried]);
  assertStringIncludes(two.reason!, "it queues behind");
  isUp = true;
  const { id: other } = await bench.mock.peer("bob");
  assertEquals((await emit("for bob", other)).outcome, "sent", "another target waits for nobody");
  tries.length = 0;
  await bench.mock.clock.advance(10_000);
  assertEquals([tries, totals().done], [["1", "2", "3"], 4]);
  assertEquals((await emit("4")).outcome, "sent");
});

const NOT_YET: readonly Receipt[] = [
  { outcome: "unknown" },
  { outcome: "drop", reason: "in_progress" },
  { outcome: "drop", reason: "peer_busy" },
  { outcome: "drop", reason: "stopping" },
  { outcome: "drop", reason: "unknown_sender" },
  { outcome: "error", reason: "store_failed" },
  { outcome: "error", reason: "record_failed" },
];
const DONE: readonly Receipt[] = [
  HANDLED,
  { outcome: "quarantined" },
  { outcome: "drop", reason: "duplicate_id" },
  { outcome: "drop", reason: "stale" },
  { outcome: "drop", reason: "handler_timeout" },
  { outcome: "error", reason: "handler_failed" },
  { outcome: "error", reason: "unknown_kind", detail: "what is that" },
];
const nameOf = (receipt: Receipt) => "reason" in receipt ? receipt.reason : receipt.outcome;

for (const receipt of NOT_YET) {
  Deno.test(`Emitter tries again what a peer of ours says ${nameOf(receipt)} of, until it says more`, async () => {
    let said = receipt;
    const { bench, emit, kept, totals } = await benchOf(() => said);
    await using _bench = bench;
    const { outcome, reason } = await emit("a");
    assertEquals(outcome, "retrying");
    assertStringIncludes(reason!, nameOf(receipt));
    await bench.mock.clock.advance(5_000);
    assertEquals([kept(), totals().done], [1, 0]);
    said = HANDLED;
    await bench.mock.clock.advance(5_000);
    assertEquals([kept(), totals().done, totals().retrying], [0, 1, 0]);
  });

  Deno.test(`Emitter takes ${nameOf(receipt)} of a peer that is none of ours for what it is, a hint`, async () => {
    const { bench, emit, tries } = await benchOf(() => receipt, false);
    await using _bench = bench;
    assertEquals((await emit("a")).outcome, "sent");
    await bench.mock.clock.advance(MINUTE_MS);
    assertEquals(tries, ["a"]);
  });
}

for (const receipt of DONE) {
  Deno.test(`Emitter does not try again what a peer of ours says ${nameOf(receipt)} of`, async () => {
    const { bench, emit, tries, kept, totals } = await benchOf(() => receipt);
    await using _bench = bench;
    const emitted = await emit("a");
    assertEquals([emitted.outcome, emitted.receipt], ["sent", receipt]);
    await bench.mock.clock.advance(MINUTE_MS);
    assertEquals([tries, kept(), totals().done], [["a"], 0, 1]);
  });
}

Deno.test("Emitter never tries a call again: its caller is told at once, and calls again if it likes", async () => {
  let said: Receipt | Error = away;
  const { bench, service, task, reply, tries, kept } = await benchOf(() => said);
  await using _bench = bench;
  const call = (deadlineMs = 1_000) =>
    service.rt.call(task.draft({ text: "a" }, { to: bench.alice.id }), reply, { deadlineMs });
  assertEquals((await assertRejects(() => call(), MeshError)).code, "unreachable");
  for (const receipt of NOT_YET.filter(({ outcome }) => outcome !== "unknown")) {
    said = receipt;
    if (nameOf(receipt) === "in_progress") continue; // It has the request: the reply may be under way.
    assertEquals((await assertRejects(() => call(), CallError)).code, "refused");
  }
  said = { outcome: "unknown" };
  const waiting = assertRejects(() => call(), CallError);
  await bench.mock.clock.advance(1_000);
  assertEquals((await waiting).code, "timeout");
  await bench.mock.clock.advance(MINUTE_MS);
  assertEquals([tries.length, kept(), bench.mock.runtime.deadLetters.size], [7, 0, 0]);
});

Deno.test("Emitter does not try a reply again that its caller has not taken yet", async () => {
  const { bench, service, reply, tries, kept } = await benchOf(() => ({ outcome: "unknown" }));
  await using _bench = bench;
  const request = { id: "0123456789abcdef", fromId: bench.alice.id } as Message;
  assertEquals((await service.rt.emit(reply.reply(request, { text: "r" }))).outcome, "sent");
  await bench.mock.clock.advance(MINUTE_MS);
  assertEquals([tries, kept()], [["r"], 0]);
});

Deno.test("Emitter rejects what its caller did wrong, and keeps nothing of it", async () => {
  const wrong: Record<string, Error> = {
    frame_too_large: new MeshError("frame_too_large", "too much"),
    no_target: new MeshError("no_target", "to whom"),
    refused: new MeshError("refused", "no"),
    bad_payload: new MessageError("bad_payload", "what"),
  };
  const { bench, emit, tries, kept, totals } = await benchOf((text) => wrong[text]);
  await using _bench = bench;
  for (const [text, error] of Object.entries(wrong)) {
    assertEquals(await assertRejects(() => emit(text)), error);
  }
  await bench.mock.clock.advance(MINUTE_MS);
  assertEquals([tries, kept(), bench.mock.runtime.deadLetters.size], [Object.keys(wrong), 0, 0]);
  assertEquals([totals().errored, totals().retrying, totals().queued], [{ wire: 4 }, 0, 0]);
});

Deno.test("Emitter puts what did not come through by its deadline with the dead letters, and the books say so", async () => {
  const { bench, emit, kept, totals } = await benchOf(() => away);
  await using _bench = bench;
  await emit("a");
  await bench.mock.clock.advance(2 * MINUTE_MS);
  assertEquals([kept(), totals().retrying, totals().queued, bench.mock.runtime.deadLetters.size], [
    0,
    0,
    1,
    1,
  ]);
  const [letter] = bench.mock.runtime.deadLetters.list().letters;
  assertEquals([letter.direction, letter.stage, letter.attempts, letter.error.code], [
    "emit",
    "wire",
    64,
    "attempts",
  ]);
});

Deno.test("Emitter that hears of its target again tries at once what waits for it", async () => {
  let isUp = false;
  const { bench, emit, totals } = await benchOf(() => isUp ? HANDLED : away);
  await using _bench = bench;
  await emit("a");
  isUp = true;
  await settled();
  assertEquals(totals().done, 0);
  const frame = await bench.frame({
    kind: "test:reply",
    payload: { text: "hi" },
    to: bench.mock.runtime.me.id,
  });
  await bench.receive(frame); // Unexpected, but proven.
  await settled();
  assertEquals(totals().done, 1);
});
