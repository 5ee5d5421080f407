import { assert, assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import { BehaviorError } from "../../../runtime/behavior_error.ts";
import { MockRuntime } from "../../../runtime/testing/mock_runtime.ts";
import { VirtualClock } from "../../../runtime/testing/virtual_clock.ts";
import { MeshError } from "../../../runtime/transport/mesh.ts";
import { assertBalanced, totalsOf } from "../../helpers/books.ts";
import { answer, note, question, Recorder, TestService, whisper } from "../../helpers/kinds.ts";

async function bench() {
  const service = new Recorder(note, question, answer, whisper);
  const mock = await MockRuntime.create({ services: [service] });
  const alice = await mock.peer("alice");
  const toMe = { to: mock.runtime.me.id };
  return {
    mock,
    service,
    alice,
    toMe,
    [Symbol.asyncDispose]: () => mock[Symbol.asyncDispose]().then(() => assertBalanced(mock.runtime)),
  };
}

Deno.test("MockRuntime captures what a service emits, by kind and in order, until it is cleared", async () => {
  await using made = await bench();
  const { mock, service: { rt }, alice } = made;
  assertThrows(() => mock.last(note), Error, "Expected a message of kind test:note: emitted were none");
  await rt.emit(note.draft({ text: "one" }, { to: alice.id }));
  await rt.emit(whisper.draft({ text: "two" }));
  await rt.emit(note.draft({ text: "three" }, { to: alice.id }));
  assertEquals(mock.emitted.map(({ kind }) => kind), ["test:note", "test:whisper", "test:note"]);
  assertEquals(mock.ofKind(note).map(({ payload }) => payload.text), ["one", "three"]);
  assertEquals(mock.last(note).payload.text, "three");
  mock.clear();
  assertEquals([mock.emitted, mock.ofKind(note)], [[], []]);
  assertThrows(() => mock.last(answer), Error, "Expected a message of kind test:answer");
});

Deno.test("MockRuntime captures nothing that was only received", async () => {
  await using made = await bench();
  await made.mock.deliver(note.draft({ text: "hello" }, made.toMe), { from: made.alice });
  assertEquals([made.service.texts, made.mock.emitted], [["hello"], []]);
});

Deno.test("MockRuntime.waitFor() waits for what is under way, and fails when everything has come to rest", async () => {
  await using made = await bench();
  const { mock, service: { rt }, alice } = made;
  const later = Promise.resolve().then(() => rt.emit(note.draft({ text: "later" }, { to: alice.id })));
  assertEquals((await mock.waitFor(note)).map(({ payload }) => payload.text), ["later"]);
  await later;
  await assertRejects(
    () => mock.waitFor(note, 2),
    Error,
    "Expected 2 of kind test:note: emitted were test:note",
  );
});

Deno.test("MockRuntime.deliver() signs as the stated sender and goes through every stage", async () => {
  await using made = await bench();
  const answered = await made.mock.deliver(note.draft({ text: "hello" }, made.toMe), { from: made.alice });
  assertEquals(answered, { receipt: { outcome: "handled" } });
  assertEquals(made.service.heard.map(({ fromId, proof }) => [fromId, proof]), [[made.alice.id, "envelope"]]);
  assertEquals(totalsOf(made.mock.runtime, "receive", "test:note").done, 1);
});

Deno.test("MockRuntime.deliver() skips no stage: what a real nara would drop is dropped", async () => {
  await using made = await bench();
  const { mock, alice, toMe } = made;
  const stranger = await mock.stranger("mallory");
  const forger = { ...stranger, id: alice.id };
  const hello = note.draft({ text: "hello" }, toMe);
  const reasonOf = async (...args: Parameters<typeof mock.deliver>) => {
    const { receipt } = await mock.deliver(...args);
    return receipt.outcome === "drop" ? receipt.reason : receipt.outcome;
  };
  assertEquals(await reasonOf(hello, { from: stranger }), "unknown_sender");
  assertEquals(await reasonOf(hello, { from: forger }), "invalid_signature");
  assertEquals(await reasonOf(hello, { from: forger, form: "go" }), "invalid_signature");
  assertEquals(await reasonOf(hello, { from: alice, form: "unsigned" }), "invalid_signature");
  assertEquals(await reasonOf(note.draft({ text: "hello" }, { to: "bob" }), { from: alice }), "not_for_me");
  assertEquals(await reasonOf(hello, { from: alice, ageMs: 300_001 }), "stale");
  assertEquals(await reasonOf(hello, { from: alice, ageMs: -60_001 }), "from_future");
  assertEquals(
    await reasonOf({ ...answer.draft({ text: "yes" }, toMe), inReplyTo: "x" }, { from: alice }),
    "unexpected_reply",
  );
  assertEquals(await reasonOf(hello, { from: alice }), "handled");
  assertEquals(await reasonOf(hello, { from: alice, form: "go" }), "downgraded");
  assertEquals(await reasonOf(whisper.draft({ text: "psst" }, toMe), { from: alice }), "error");
  assertEquals(made.service.texts, ["hello"]);
});

Deno.test("MockRuntime.deliver() makes a new message each time: the same words are no duplicate", async () => {
  await using made = await bench();
  for (let count = 0; count < 3; count++) {
    await made.mock.deliver(note.draft({ text: "again" }, made.toMe), { from: made.alice });
  }
  assertEquals(made.service.texts, ["again", "again", "again"]);
});

Deno.test("MockRuntime.deliver() refuses what cannot be made: an unregistered kind, a bad payload", async () => {
  await using mock = await MockRuntime.create({ services: [new TestService((rt) => rt.register(note))] });
  const from = await mock.peer("alice");
  await assertRejects(
    () => mock.deliver(question.draft({ text: "?" }), { from }),
    BehaviorError,
    "test:question",
  );
  await assertRejects(() => mock.deliver(note.draft({ text: 5 } as never), { from }), Error, "text");
});

Deno.test("MockRuntime.answer() answers a pending call as the nara that it went to, and as another in vain", async () => {
  await using made = await bench();
  const { mock, service: { rt }, alice } = made;
  const bob = await mock.peer("bob");
  const called = rt.call(question.draft({ text: "tea?" }, { to: alice.id }), answer, { deadlineMs: 1_000 });
  const [request] = await mock.waitFor(question);
  assertEquals((await mock.answer(request, answer, { text: "no" }, { from: bob })).receipt.outcome, "drop");
  assertEquals(
    (await mock.answer(request, answer, { text: "yes" }, { from: alice })).receipt.outcome,
    "handled",
  );
  assertEquals((await called).payload.text, "yes");
});

Deno.test("MockRuntime.unreachable says who is away", async () => {
  await using made = await bench();
  const { mock, service: { rt }, alice } = made;
  mock.unreachable.add(alice.id);
  await assertRejects(() => rt.emit(note.draft({ text: "a" }, { to: alice.id })), MeshError, "away");
  const toAddress = note.draft({ text: "a" }, { toAddress: `mock:${alice.id}` });
  await assertRejects(() => rt.emit(toAddress), MeshError, "away");
  assertEquals(mock.emitted, []);
});

Deno.test("MockRuntime.peer() is known, with its key pinned and its address proven; stranger() is not", async () => {
  await using made = await bench();
  const { mock } = made;
  const [bob, mallory] = [await mock.peer("bob"), await mock.stranger("mallory")];
  assertEquals(mock.runtime.keyring.get(bob.id), bob.keypair.publicKey);
  assertEquals(mock.runtime.peers.addressOf(bob.id), `mock:${bob.id}`);
  assertEquals([mock.runtime.keyring.get(mallory.id), mock.runtime.peers.addressOf(mallory.id)], [
    undefined,
    undefined,
  ]);
  assertEquals((await mock.stranger("mallory")).id, mallory.id);
  assertNotEquals(bob.id, mallory.id);
});

Deno.test("MockRuntime keeps its log lines, its identity by seed, and the clock that it was given", async () => {
  const clock = new VirtualClock("2000-01-01T00:00:00Z");
  const service = new Recorder(note);
  await using mock = await MockRuntime.create({ services: [service], clock, name: "zoë", seed: 7 });
  service.rt.log.warn("look", { at: 1 });
  assertEquals(mock.logs, [{ level: "warn", service: "test", message: "look", fields: { at: 1 } }]);
  assert(mock.clock === clock && mock.service(Recorder) === service);
  await using same = await MockRuntime.create({ name: "zoë", seed: 7 });
  await using other = await MockRuntime.create({ name: "zoë", seed: 8 });
  assertEquals([mock.runtime.me.name, same.runtime.me.id], ["zoë", mock.runtime.me.id]);
  assertNotEquals(other.runtime.me.id, mock.runtime.me.id);
});

Deno.test("MockRuntime disposes of itself: services stopped, no timer left, and nothing more goes out", async () => {
  let stopped = 0;
  const service = new TestService((rt) => rt.register(note));
  const mock = await MockRuntime.create({
    services: [Object.assign(service, { stop: () => Promise.resolve(void stopped++) })],
  });
  await mock[Symbol.asyncDispose]();
  await mock[Symbol.asyncDispose]();
  assertEquals([stopped, mock.clock.pending, await mock.runtime.stopped], [1, 0, "asked to"]);
  await assertRejects(
    () => service.rt.emit(note.draft({ text: "a" }, { to: "b" })),
    MeshError,
    "has stopped",
  );
});

Deno.test("MockRuntime.create() fails where a service fails to start, and leaves nothing behind", async () => {
  const service = Object.assign(new TestService(), { start: () => Promise.reject(new Error("no luck")) });
  await assertRejects(() => MockRuntime.create({ services: [service] }), Error, "no luck");
  assert(service.rt.signal.aborted);
});
