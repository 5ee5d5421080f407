import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { Message } from "../../messages/message.ts";
import { BehaviorError } from "../../runtime/behavior_error.ts";
import { CallError } from "../../runtime/call_error.ts";
import { CALLS_MAX } from "../../runtime/calls.ts";
import { drop } from "../../runtime/stage.ts";
import { noSign } from "../../runtime/stages/sign.ts";
import { noVerify } from "../../runtime/stages/verify.ts";
import { settled } from "../../runtime/testing/virtual_clock.ts";
import { type Answer, MeshError, type MeshTransport } from "../../runtime/transport/mesh.ts";
import { createRuntime } from "../../runtime/runtime.ts";
import type { Identity } from "../../utilities/identity.ts";
import { signedFrame } from "../../runtime/testing/frames.ts";
import { decodeEnvelope } from "../../messages/envelope.ts";
import { VirtualClock } from "../../runtime/testing/virtual_clock.ts";
import { assertBalanced, totalsOf } from "../helpers/books.ts";
import { answer, note, question, Recorder, type Text } from "../helpers/kinds.ts";
import { altered, Bench } from "../helpers/mock.ts";
import { alice, mallory, me } from "../helpers/stage_context.ts";

const deadlineMs = 5_000;

/** Asks alice something, and gives the request as it was sent. */
async function asked(bench: Bench): Promise<{ request: Message<Text>; answered: Promise<Message<Text>> }> {
  const answered = bench.service.rt.call(question.draft({ text: "tea?" }, { to: bench.alice.id }), answer, {
    deadlineMs,
  });
  answered.catch(() => {}); // Some tests look at it late.
  const [request] = await bench.mock.waitFor(question);
  return { request, answered };
}

function yes(request: Message): ReturnType<typeof answer.reply> {
  return answer.reply(request, { text: "yes" });
}

Deno.test("RuntimeApi.call() resolves with the verified reply of the callee, and no handler sees it", async () => {
  await using bench = await Bench.create();
  const { request, answered } = await asked(bench);
  assertEquals((await bench.mock.answer(request, answer, { text: "yes" }, { from: bench.alice })).receipt, {
    outcome: "handled",
  });
  const reply = await answered;
  assertEquals([reply.payload.text, reply.fromId, reply.proof], ["yes", bench.alice.id, "envelope"]);
  assertEquals([bench.service.texts, bench.received("test:answer").done], [[], 1]);
});

Deno.test("RuntimeApi.call() takes the reply of a Go peer, whose link is only a claim, from the callee alone", async () => {
  await using bench = await Bench.create();
  const { request, answered } = await asked(bench);
  const bob = await bench.mock.peer("bob");
  assertEquals(
    (await bench.receive(await bench.frame(yes(request), { from: bob, form: "go" }))).outcome,
    "drop",
  );
  assertEquals((await bench.receive(await bench.frame(yes(request), { form: "go" }))).outcome, "handled");
  assertEquals((await answered).proof, "signature");
});

/** What claims to answer, and why it does not. Its frame is made from the request. */
const FORGERIES: Readonly<
  Record<string, [reason: string, make: (bench: Bench, request: Message) => Promise<Uint8Array>]>
> = {
  "from another than the callee": [
    "unexpected_reply",
    async (bench, request) => bench.frame(yes(request), { from: await bench.mock.peer("bob") }),
  ],
  "from a stranger": [
    "unknown_sender",
    async (bench, request) => bench.frame(yes(request), { from: await bench.mock.stranger("mallory") }),
  ],
  "forged in the callee's name": [
    "invalid_signature",
    async (bench, request) =>
      bench.frame(yes(request), { from: { ...await bench.mock.stranger("mallory"), id: bench.alice.id } }),
  ],
  "without a signature": [
    "invalid_signature",
    (bench, request) => bench.frame(yes(request), { form: "unsigned" }),
  ],
  "linked to it behind its sender's back": [
    "invalid_signature",
    async (bench, request) =>
      altered(await bench.frame({ ...yes(request), inReplyTo: undefined }), { in_reply_to: request.id }),
  ],
  "to another request": [
    "unexpected_reply",
    (bench, request) => bench.frame({ ...yes(request), inReplyTo: "0123456789abcdef" }),
  ],
  "for somebody else": ["not_for_me", (bench, request) => bench.frame({ ...yes(request), to: "bob" })],
  "five minutes old": ["stale", (bench, request) => bench.frame(yes(request), { ageMs: 300_001 })],
};

for (const [says, [reason, make]] of Object.entries(FORGERIES)) {
  Deno.test(`RuntimeApi.call() is not answered by a reply ${says}, which is counted`, async () => {
    await using bench = await Bench.create();
    const { request, answered } = await asked(bench);
    assertEquals(await bench.receive(await make(bench, request)), { outcome: "drop", reason });
    assertEquals(bench.received("test:answer").dropped, { [reason]: 1 });
    assertEquals([bench.service.texts, bench.mock.runtime.calls.size], [[], 1]);
    await bench.receive(await bench.frame(yes(request)));
    assertEquals((await answered).payload.text, "yes");
  });
}

Deno.test("RuntimeApi.call() is not answered by a message of another kind, which goes to its own handler", async () => {
  await using bench = await Bench.create();
  const { request, answered } = await asked(bench);
  const other = await bench.frame({ ...note.reply(request, { text: "by the way" }) });
  assertEquals(await bench.receive(other), { outcome: "handled" });
  assertEquals([bench.service.texts, bench.mock.runtime.calls.unexpected], [["by the way"], 1]);
  await bench.receive(await bench.frame(yes(request)));
  await answered;
});

Deno.test("RuntimeApi.call() is not answered by what nobody proved, even of a kind that is never verified", async () => {
  const unproven = answer.with({ emit: { sign: noSign() }, receive: { verify: noVerify() } });
  await using bench = await Bench.create([unproven]);
  const { request, answered } = await asked(bench);
  const forged = await bench.frame(yes(request), { form: "unsigned" });
  assertEquals(await bench.receive(forged), { outcome: "drop", reason: "unexpected_reply" });
  const failed = assertRejects(() => answered, CallError);
  await bench.mock.clock.advance(deadlineMs);
  assertEquals((await failed).code, "timeout");
});

Deno.test("RuntimeApi.call() is answered once: a second reply is unexpected, the same again a duplicate", async () => {
  await using bench = await Bench.create();
  const { request, answered } = await asked(bench);
  const first = await bench.frame(yes(request));
  assertEquals(await bench.receive(first), { outcome: "handled" });
  assertEquals(await bench.receive(first), { outcome: "drop", reason: "duplicate_id" });
  const second = await bench.frame(answer.reply(request, { text: "no, wait" }));
  assertEquals(await bench.receive(second), { outcome: "drop", reason: "unexpected_reply" });
  assertEquals((await answered).payload.text, "yes");
  assertEquals(bench.service.texts, []);
});

Deno.test("RuntimeApi.call() fails at its deadline, and a late reply is counted", async () => {
  await using bench = await Bench.create();
  const { request, answered } = await asked(bench);
  const failed = assertRejects(() => answered, CallError, "no test:answer came within 5000 ms");
  await bench.mock.clock.advance(deadlineMs);
  assertEquals((await failed).code, "timeout");
  assertEquals(await bench.receive(await bench.frame(yes(request))), {
    outcome: "drop",
    reason: "unexpected_reply",
  });
  assertEquals([bench.mock.runtime.calls.unexpected, bench.service.texts], [1, []]);
});

Deno.test("RuntimeApi.call() fails with the signal's reason, and sends nothing when it had aborted before", async () => {
  await using bench = await Bench.create();
  const controller = new AbortController();
  const { signal } = controller;
  const call = () =>
    bench.service.rt.call(question.draft({ text: "tea?" }, { to: bench.alice.id }), answer, {
      deadlineMs,
      signal,
    });
  const failed = assertRejects(call, Error, "changed my mind");
  await bench.mock.waitFor(question);
  controller.abort(new Error("changed my mind"));
  await failed;
  await assertRejects(call, Error, "changed my mind");
  await settled();
  assertEquals([bench.mock.ofKind(question).length, bench.mock.runtime.calls.size], [1, 0]);
});

Deno.test("RuntimeApi.call() refuses a reply kind that the request does not allow, before anything is sent", async () => {
  await using bench = await Bench.create();
  const draft = question.draft({ text: "tea?" }, { to: bench.alice.id });
  const error = await assertRejects(() => bench.service.rt.call(draft, note, { deadlineMs }), BehaviorError);
  assertStringIncludes(
    error.message,
    "Cannot call test:question and wait for test:note: it may be answered by test:answer",
  );
  assertEquals(totalsOf(bench.mock.runtime, "emit", "test:question").entered, 0);
});

Deno.test("RuntimeApi.call() fails as emit does, and does not wait for its deadline", async () => {
  await using bench = await Bench.create();
  const { rt } = bench.service;
  await assertRejects(
    () => rt.call(question.draft({ text: "a" }), answer, { deadlineMs }),
    MeshError,
    "test:question",
  );
  bench.mock.unreachable.add(bench.alice.id);
  await assertRejects(
    () => rt.call(question.draft({ text: "a" }, { to: bench.alice.id }), answer, { deadlineMs }),
    MeshError,
  );
  assertEquals(bench.mock.runtime.calls.size, 0);
});

Deno.test("RuntimeApi.call() fails at once where the request was dropped on its way out", async () => {
  const moody = question.with({
    emit: { gossip: { order: "stream", name: "mood", describe: () => "no", process: () => drop("x:mood") } },
  });
  await using bench = await Bench.create([moody]);
  const draft = question.draft({ text: "a" }, { to: bench.alice.id });
  const error = await assertRejects(
    () => bench.service.rt.call(draft, answer, { deadlineMs }),
    CallError,
    "x:mood",
  );
  assertEquals(error.code, "refused");
});

Deno.test(`RuntimeApi.call() fails with too_many when ${CALLS_MAX} wait, and sends nothing`, async () => {
  await using bench = await Bench.create();
  const peers = await Promise.all(Array.from({ length: 8 }, (_, at) => bench.mock.peer(`peer${at}`)));
  const calls: Promise<unknown>[] = [];
  for (let at = 0; at < CALLS_MAX; at++) {
    const draft = question.draft({ text: `${at}` }, { to: peers[at % 8].id });
    calls.push(bench.service.rt.call(draft, answer, { deadlineMs }).catch((thrown) => thrown.code));
    if (at % 64 === 63) await settled();
  }
  const draft = question.draft({ text: "one too many" }, { to: bench.alice.id });
  const error = await assertRejects(() => bench.service.rt.call(draft, answer, { deadlineMs }), CallError);
  assertEquals(error.code, "too_many");
  await settled();
  assertEquals(bench.mock.ofKind(question).length, CALLS_MAX);
  await bench.mock.clock.advance(deadlineMs);
  assertEquals(new Set(await Promise.all(calls)), new Set(["timeout"]));
});

Deno.test("RuntimeApi.call() fails when the runtime stops, and later ones at once, leaving no timer behind", async () => {
  const bench = await Bench.create();
  const { answered } = await asked(bench);
  await bench[Symbol.asyncDispose]();
  assertEquals((await assertRejects(() => answered, CallError)).code, "stopped");
  const draft = question.draft({ text: "a" }, { to: bench.alice.id });
  await assertRejects(() => bench.service.rt.call(draft, answer, { deadlineMs }), MeshError, "has stopped");
  await settled();
  assertEquals(bench.mock.clock.pending, 0);
});

/** A runtime on a mesh that answers every frame as the test says. */
async function answeredBy(answerOf: (request: Message, clock: VirtualClock) => Promise<Answer> | Answer) {
  const clock = new VirtualClock();
  const service = new Recorder(question, answer);
  const { promise: left, resolve: leave } = Promise.withResolvers<void>();
  const send = async (frame: Uint8Array) => {
    const { id, fromId, from } = decodeEnvelope(frame);
    return await answerOf({ id, fromId, from } as Message, clock);
  };
  const mesh: MeshTransport = {
    name: "stub",
    features: { frameBytesMax: 1_000_000 },
    address: "stub:me",
    inbound: new ReadableStream({ start: (inbox) => void left.then(() => inbox.close()) }),
    send,
    sendToAddress: send,
    [Symbol.asyncDispose]: () => Promise.resolve(leave()),
  };
  const runtime = await createRuntime({ identity: me, services: [service], mesh: () => mesh, clock });
  for (const peer of [alice, mallory]) runtime.keyring.pin(peer.id, peer.keypair.publicKey, peer.name);
  await runtime.start();
  const call = (target: { to: string } | { toAddress: string }) =>
    service.rt.call(question.draft({ text: "tea?" }, target), answer, { deadlineMs });
  return {
    runtime,
    clock,
    service,
    call,
    [Symbol.asyncDispose]: () => runtime.stop().then(() => assertBalanced(runtime)),
  };
}

function replyFrame(from: Identity, request: Message, clock: VirtualClock): Promise<Uint8Array> {
  return signedFrame(yes(request), { from, spec: answer.spec, atNs: clock.nowNs() });
}

for (const reason of ["unknown_sender", "not_for_me", "handler_failed"]) {
  Deno.test(`RuntimeApi.call() fails at once where the other side says ${reason}`, async () => {
    const outcome = reason === "handler_failed" ? "error" : "drop";
    await using made = await answeredBy(() => ({ receipt: { outcome, reason } }));
    const error = await assertRejects(() => made.call({ to: alice.id }), CallError, reason);
    assertEquals(error.code, "refused");
  });
}

Deno.test("RuntimeApi.call() goes on waiting where the other side has the request already", async () => {
  await using made = await answeredBy(() => ({ receipt: { outcome: "drop", reason: "duplicate_id" } }));
  const failed = assertRejects(() => made.call({ to: alice.id }), CallError);
  await made.clock.advance(deadlineMs);
  assertEquals((await failed).code, "timeout");
});

Deno.test("RuntimeApi.call() is answered by what came in the response, if it is the callee's", async () => {
  await using made = await answeredBy(async (request, clock) => ({
    receipt: { outcome: "handled" },
    reply: await replyFrame(alice, request, clock),
  }));
  assertEquals((await made.call({ to: alice.id })).fromId, alice.id);
  await made.clock.advance(1);
  const failed = assertRejects(() => made.call({ to: mallory.id }), CallError);
  await made.clock.advance(deadlineMs);
  assertEquals((await failed).code, "timeout");
  assertEquals(totalsOf(made.runtime, "receive", "test:answer").dropped, { unexpected_reply: 1 });
});

Deno.test("RuntimeApi.call() by address is answered in the response to its own request only", async () => {
  const requests: Message[] = [];
  await using made = await answeredBy(async (request, clock) => {
    requests.push(request);
    // The second response bears a reply to the first request.
    if (requests.length === 1) return { receipt: { outcome: "handled" } };
    return { receipt: { outcome: "handled" }, reply: await replyFrame(mallory, requests[0], clock) };
  });
  const first = assertRejects(() => made.call({ toAddress: "stub:1" }), CallError);
  const second = assertRejects(() => made.call({ toAddress: "stub:2" }), CallError);
  await settled();
  assertEquals(requests.length, 2);
  const unasked = await made.runtime.receive(await replyFrame(alice, requests[0], made.clock), "stub:1");
  assertEquals(unasked.receipt, { outcome: "drop", reason: "unexpected_reply" });
  await made.clock.advance(deadlineMs);
  assertEquals([(await first).code, (await second).code], ["timeout", "timeout"]);
});

Deno.test("RuntimeApi.call() by address learns from the reply who lives there", async () => {
  await using made = await answeredBy(async (request, clock) => ({
    receipt: { outcome: "handled" },
    reply: await replyFrame(mallory, request, clock),
  }));
  assertEquals((await made.call({ toAddress: "stub:1" })).fromId, mallory.id);
});
