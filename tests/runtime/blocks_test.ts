import { assertEquals, assertRejects } from "@std/assert";
import { PeerBlocks } from "../../runtime/primitives/peer_blocks.ts";
import { MemoryStore } from "../../runtime/primitives/memory_store.ts";
import { createRuntime } from "../../runtime/runtime.ts";
import { MockRuntime } from "../../runtime/testing/mock_runtime.ts";
import { meshRequest, protocolUnverified } from "../../runtime/templates.ts";
import { verifyIfSigned } from "../../runtime/stages/verify.ts";
import { MeshError } from "../../runtime/transport/mesh.ts";
import { PresenceService } from "../../services/presence/service.ts";
import { Keyring } from "../../utilities/keyring.ts";
import { answer, note, question, TestService, textSchema } from "../helpers/kinds.ts";
import { Bench } from "../helpers/mock.ts";
import { alice, mallory, me, naraNamed } from "../helpers/stage_context.ts";

const hint = meshRequest("test:hint", "May be unsigned").withVersion(1, textSchema).with({
  receive: { verify: verifyIfSigned() },
});
const shout = protocolUnverified("test:shout", "Nobody signs it", "plaza/test").withVersion(1, textSchema);

Deno.test("Runtime drops what a blocked peer says as blocked, at once, and takes it again once it is unblocked", async () => {
  await using bench = await Bench.create([hint]);
  const { peers, me: { id: to } } = bench.mock.runtime;
  assertEquals((await bench.receive(await bench.note("one"))).outcome, "handled");
  peers.block(bench.alice.id);
  for (
    const frame of [await bench.note("two"), await bench.frame(hint.draft({ text: "?" }, { to }))]
  ) {
    assertEquals(await bench.receive(frame), { outcome: "drop", reason: "blocked" });
  }
  assertEquals([bench.service.texts, bench.received().dropped], [["one"], { blocked: 1 }]);
  peers.unblock(bench.alice.id);
  assertEquals((await bench.receive(await bench.note("three"))).outcome, "handled");
});

Deno.test("Runtime drops as blocked what nobody signed and claims to come from a blocked peer", async () => {
  await using bench = await Bench.create([hint]);
  const { peers, me: { id: to } } = bench.mock.runtime;
  const unsigned = () => bench.frame(hint.draft({ text: "?" }, { to }), { form: "unsigned" });
  assertEquals((await bench.receive(await unsigned())).outcome, "handled");
  peers.block(bench.alice.id);
  assertEquals(await bench.receive(await unsigned()), { outcome: "drop", reason: "blocked" });
});

Deno.test("Runtime drops as blocked what bears no signature at all, by its sender's own word", async () => {
  await using bench = await Bench.create([shout]);
  const { peers } = bench.mock.runtime;
  const shouted = () => bench.frame(shout.draft({ text: "!" }), { form: "unsigned" });
  assertEquals(await bench.receive(await shouted()), { outcome: "handled" });
  peers.block(bench.alice.id);
  assertEquals(await bench.receive(await shouted()), { outcome: "drop", reason: "blocked" });
});

Deno.test("Runtime sends a blocked peer nothing: not a message, not a question, not what it keeps trying", async () => {
  const stubborn = meshRequest("test:stubborn", "Is tried again").withVersion(1, textSchema);
  await using bench = await Bench.create([stubborn]);
  const { mock: { runtime, unreachable, clock }, service: { rt }, alice } = bench;
  unreachable.add(alice.id);
  const { outcome } = await rt.emit(stubborn.draft({ text: "later" }, { to: alice.id }));
  assertEquals(outcome, "retrying");
  unreachable.delete(alice.id);
  runtime.peers.block(alice.id);
  const refused = await assertRejects(() => rt.emit(note.draft({ text: "hi" }, { to: alice.id })), MeshError);
  assertEquals(refused.code, "refused");
  const asking = () =>
    rt.call(question.draft({ text: "?" }, { to: alice.id }), question as never, { deadlineMs: 9 });
  await assertRejects(asking);
  await clock.advance(300_000);
  assertEquals(bench.mock.emitted.filter(({ toId }) => toId === alice.id), []);
  assertEquals(runtime.deadLetters.size, 1, "what was kept for it waits for a person");
});

Deno.test("Runtime remembers whom its operator blocked, and does not dial where it was", async () => {
  const store = new MemoryStore();
  {
    await using bench = await Bench.create([], { store });
    bench.mock.runtime.peers.block(bench.alice.id);
    assertEquals(bench.mock.runtime.peers.mayDial(`mock:${bench.alice.id}`), false);
  }
  await using bench = await Bench.create([shout], { store });
  const { peers } = bench.mock.runtime;
  assertEquals([peers.isBlocked(bench.alice.id), peers.mayDial(`mock:${bench.alice.id}`)], [true, false]);
  assertEquals(await bench.receive(await bench.note()), { outcome: "drop", reason: "blocked" });
  const rows = bench.mock.runtime.limits.all().filter(({ name }) => name === "peers.blocked");
  assertEquals(rows.map(({ inUse }) => inUse()), [1]);
});

Deno.test("Runtime greets nobody where a blocked peer was, though an earlier run remembers the place", async () => {
  const store = new MemoryStore();
  let blocked = "";
  {
    await using bench = await Bench.create([], { store });
    blocked = bench.alice.id;
    bench.mock.runtime.peers.block(blocked);
  }
  const dialled: string[] = [];
  const runtime = await createRuntime({
    identity: me,
    store,
    services: [new PresenceService({ isPersistent: false })],
    mesh: ({ mayDial }) => {
      const { promise: left, resolve: leave } = Promise.withResolvers<void>();
      return {
        name: "spy",
        features: { frameBytesMax: 1_000_000 },
        address: "mock:me",
        inbound: new ReadableStream({ start: (inbox) => void left.then(() => inbox.close()) }),
        send: () => Promise.reject(new MeshError("unreachable", "away")),
        sendToAddress: (_, address) => {
          if (mayDial(address)) dialled.push(address);
          return Promise.reject(new MeshError("refused", "not dialled"));
        },
        [Symbol.asyncDispose]: () => Promise.resolve(leave()),
      };
    },
  });
  await runtime.start();
  assertEquals([runtime.peers.addresses, dialled], [[`mock:${blocked}`], []]);
  await runtime.stop();
});

Deno.test("Runtime holds each verified peer to its quota, of which copies of its messages use up half at most", async () => {
  await using bench = await Bench.create([], { peerQuotas: { messagesPerMinute: 8 } });
  const first = await bench.note("1");
  assertEquals((await bench.receive(first)).outcome, "handled");
  for (let copies = 0; copies < 10; copies++) {
    assertEquals(await bench.receive(first), { outcome: "drop", reason: "duplicate_id" });
  }
  for (const text of ["2", "3", "4", "5"]) {
    assertEquals((await bench.receive(await bench.note(text))).outcome, "handled");
  }
  const sixth = await bench.note("6");
  assertEquals(await bench.receive(sixth), { outcome: "drop", reason: "quota_exceeded" });
  await bench.mock.clock.advance(7_500);
  assertEquals((await bench.receive(sixth)).outcome, "handled", "it was not taken for seen");
  assertEquals(bench.received().dropped, { duplicate_id: 10, quota_exceeded: 1 });
});

Deno.test("Runtime gives a peer no answer that was blocked while its question was under way", async () => {
  const service = new TestService((rt) => {
    rt.register(answer);
    rt.register(question, {
      1: async (message) => {
        mock.runtime.peers.block(message.fromId);
        await assertRejects(
          () => rt.emit(answer.reply(message, { text: "42" })),
          MeshError,
          "is blocked here",
        );
      },
    });
  });
  await using mock = await MockRuntime.create({ services: [service] });
  const from = await mock.peer("alice");
  const draft = question.draft({ text: "?" }, { to: mock.runtime.me.id });
  assertEquals(await mock.deliver(draft, { from }), { receipt: { outcome: "handled" } });
});

Deno.test("PeerBlocks.has() goes along with whoever hands its place on, and PeerBlocks.remove() with it", async () => {
  const keyring = new Keyring({ pinsMax: 3, onForget: () => {} });
  const heir = await naraNamed("heir");
  const ids = [alice, mallory, heir];
  const blocks = new PeerBlocks(undefined, keyring);
  for (const { id, keypair } of ids) keyring.pin(id, keypair.publicKey);
  for (const [old, next] of [[alice, mallory], [mallory, heir]]) {
    const [oldKey, newKey] = [old.keypair.publicKey, next.keypair.publicKey];
    keyring.succeed({ oldId: old.id, oldKey, newId: next.id, newKey, rotatedAt: 0 }, 0);
  }
  const state = () => ids.map(({ id }) => blocks.has(id));
  blocks.add({ id: mallory.id });
  assertEquals([state(), blocks.size], [[false, true, true], 1]);
  keyring.pin(me.id, me.keypair.publicKey);
  keyring.pin("another", (await naraNamed("another")).keypair.publicKey);
  assertEquals(
    [keyring.get(mallory.id) !== undefined, state()],
    [true, [false, true, true]],
    "its pin stays",
  );
  assertEquals([blocks.remove(heir.id), state(), blocks.size], [true, [false, false, false], 0]);
});
