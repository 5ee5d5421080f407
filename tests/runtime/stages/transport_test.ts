import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { decodeEnvelope, encodeEnvelope } from "../../../messages/envelope.ts";
import type { Message } from "../../../messages/message.ts";
import { PeerDirectory } from "../../../runtime/primitives/peer_directory.ts";
import { continueWith, type StageContext, type StageResult } from "../../../runtime/stage.ts";
import { sign } from "../../../runtime/stages/sign.ts";
import {
  meshOnly,
  noTransport,
  plaza,
  plazaPerNara,
  plazaTopicOf,
} from "../../../runtime/stages/transport.ts";
import { protocol } from "../../../runtime/templates.ts";
import { SeededRandom } from "../../../runtime/testing/seeded_random.ts";
import { VirtualClock } from "../../../runtime/testing/virtual_clock.ts";
import { type Answer, MeshError, type MeshTransport } from "../../../runtime/transport/mesh.ts";
import { MemoryPlaza } from "../../../runtime/transport/memory_plaza.ts";
import { type Plaza, PlazaError } from "../../../runtime/transport/plaza.ts";
import { note } from "../../helpers/kinds.ts";
import {
  alice,
  mallory,
  me,
  messageOf,
  stageContext,
  type StageContextParts,
} from "../../helpers/stage_context.ts";

const handled: Answer = { receipt: { outcome: "handled" } };
const mine = messageOf({ fromId: me.id, toId: alice.id });

/** A mesh that does as it is told, and what it was asked to send. */
class StubMesh implements MeshTransport {
  readonly name = "stub";
  readonly features = { frameBytesMax: 1_000 };
  readonly address = "stub:me";
  readonly inbound = new ReadableStream<never>();
  readonly sent: string[] = [];
  readonly frames: Uint8Array[] = [];

  constructor(readonly answer: (to: string) => Answer | Promise<Answer> = () => handled) {}

  async send(frame: Uint8Array, to: string): Promise<Answer> {
    this.sent.push(to);
    this.frames.push(frame);
    return await this.answer(to);
  }

  sendToAddress(frame: Uint8Array, address: string): Promise<Answer> {
    return this.send(frame, `at ${address}`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

function contextOf(mesh: MeshTransport | undefined, parts: StageContextParts = {}) {
  const clock = new VirtualClock();
  const peers = new PeerDirectory({ clock, random: new SeededRandom(1) });
  return { ...stageContext({ mesh, clock, peers, ...parts }), clock };
}

async function codeOf(result: StageResult | Promise<StageResult>): Promise<string> {
  const settled = await result;
  assert(settled.outcome === "error" && settled.error instanceof MeshError);
  return settled.error.code;
}

Deno.test("meshOnly() sends the encoded message to its target, and brings the receipt back", async () => {
  const mesh = new StubMesh();
  const context = contextOf(mesh);
  assertEquals(await meshOnly().process(mine, context), continueWith(mine, handled.receipt));
  assertEquals([mesh.sent, mesh.frames], [[alice.id], [encodeEnvelope(mine)]]);
});

Deno.test("meshOnly() fails without a target", async () => {
  const mesh = new StubMesh();
  const result = await meshOnly().process(messageOf({ toId: undefined }), contextOf(mesh));
  assertEquals([await codeOf(result), mesh.sent], ["no_target", []]);
  assert(result.outcome === "error" && result.error.message.includes("test:note"));
});

Deno.test("meshOnly() fails without a mesh", async () => {
  const error = await assertRejects(
    async () => await meshOnly().process(mine, contextOf(undefined)),
    MeshError,
  );
  assertEquals(error.code, "unreachable");
});

Deno.test("meshOnly() sends to an address where the message bears one, whatever its target", async () => {
  const mesh = new StubMesh();
  await meshOnly().process(messageOf({ toAddress: "stub:there" }), contextOf(mesh));
  await meshOnly().process(messageOf({ toAddress: "stub:there", toId: undefined }), contextOf(mesh));
  assertEquals(mesh.sent, ["at stub:there", "at stub:there"]);
});

Deno.test("meshOnly() puts a reply into the response that is open for it, and sends nothing", async () => {
  const mesh = new StubMesh();
  const context = contextOf(mesh);
  const answers: Uint8Array[] = [];
  const request = messageOf({ kind: "test:question" });
  context.openRequests.open(request, (reply) => void answers.push(reply));
  const reply = messageOf({ fromId: me.id, toId: alice.id, inReplyTo: request.id });
  assertEquals(await meshOnly().process(reply, context), continueWith(reply, { outcome: "unknown" }));
  assertEquals([mesh.sent, answers], [[], [encodeEnvelope(reply)]]);
  await meshOnly().process(reply, context);
  assertEquals(mesh.sent, [alice.id]);
});

Deno.test("meshOnly() counts what went to a peer, whichever way it went", async () => {
  const context = contextOf(new StubMesh());
  const { peers, openRequests } = context;
  peers.prove(alice.id, "stub:alice");
  const bytesOut = () => peers.view().map((peer) => peer.bytesOut);
  const { length } = encodeEnvelope(mine);
  await meshOnly().process(mine, context);
  assertEquals(bytesOut(), [length]);
  const greeting = messageOf({ fromId: me.id, toAddress: "stub:alice", toId: undefined });
  await meshOnly().process(greeting, context);
  assertEquals(bytesOut(), [length + encodeEnvelope(greeting).length]);
  const request = messageOf({ kind: "test:question" });
  openRequests.open(request, () => {});
  const reply = messageOf({ fromId: me.id, toId: alice.id, inReplyTo: request.id });
  await meshOnly().process(reply, context);
  assertEquals(bytesOut(), [length + encodeEnvelope(greeting).length + encodeEnvelope(reply).length]);
});

Deno.test("meshOnly() hands a reply that came in the response to the runtime, with its request", async () => {
  const taken: [Uint8Array, string, Message][] = [];
  const reply = new Uint8Array([7]);
  const takeReply: StageContext["takeReply"] = (...args) => void taken.push(args);
  for (const toAddress of [undefined, "stub:there"]) {
    const message = messageOf({ fromId: me.id, toId: alice.id, toAddress });
    await meshOnly().process(
      message,
      contextOf(new StubMesh(() => ({ ...handled, reply, peer: "stub:alice" })), { takeReply }),
    );
    assertEquals(taken.splice(0), [[reply, "stub:alice", message]]);
  }
});

Deno.test("meshOnly() reports a peer that does not know this nara, and only that", async () => {
  for (const reason of ["unknown_sender", "stale"]) {
    const context = contextOf(new StubMesh(() => ({ receipt: { outcome: "drop", reason } })));
    const strangers: string[] = [];
    context.peers.onStranger((id) => void strangers.push(id));
    assertEquals(await meshOnly().process(mine, context), continueWith(mine, { outcome: "drop", reason }));
    assertEquals(strangers, reason === "unknown_sender" ? [alice.id] : []);
  }
});

Deno.test("meshOnly() leaves a peer alone that could not be reached, and sends again when the pause is over", async () => {
  let isAway = true;
  const mesh = new StubMesh(() => {
    if (isAway) throw new MeshError("unreachable", "away");
    return handled;
  });
  const context = contextOf(mesh);
  context.peers.prove(alice.id, "stub:alice");
  const send = async () => await meshOnly().process(mine, context);
  assertEquals((await assertRejects(send, MeshError)).message, "away");
  assertEquals((await assertRejects(send, MeshError)).code, "unreachable");
  assertEquals(mesh.sent.length, 1);
  isAway = false;
  await context.clock.advance(1_000);
  await send();
  await send();
  assertEquals(mesh.sent.length, 3);
});

Deno.test("meshOnly() does not hold it against a peer that it is busy or that a frame is too large", async () => {
  for (const code of ["peer_busy", "frame_too_large"] as const) {
    const mesh = new StubMesh(() => Promise.reject(new MeshError(code, code)));
    const context = contextOf(mesh);
    context.peers.prove(alice.id, "stub:alice");
    for (let count = 0; count < 3; count++) {
      assertEquals(
        (await assertRejects(async () => await meshOnly().process(mine, context), MeshError)).code,
        code,
      );
    }
    assertEquals(mesh.sent.length, 3);
  }
});

Deno.test("plaza() tells everybody whose address is proven, where there is no plaza, and nobody else", async () => {
  const mesh = new StubMesh();
  const context = contextOf(mesh);
  context.peers.prove(alice.id, "stub:alice");
  context.peers.prove(mallory.id, "stub:mallory");
  context.peers.heard("heard of");
  const message = messageOf({ fromId: me.id, toId: undefined });
  assertEquals(await plaza("topic").process(message, context), continueWith(message));
  assertEquals(mesh.sent.toSorted(), [alice.id, mallory.id].toSorted());
  assertEquals(decodeEnvelope(mesh.frames[0]).toId, undefined);
});

Deno.test("plaza() has told everybody even if some are away, and remembers who was", async () => {
  const mesh = new StubMesh((to) =>
    to === alice.id ? Promise.reject(new MeshError("unreachable", "away")) : handled
  );
  const context = contextOf(mesh);
  context.peers.prove(alice.id, "stub:alice");
  context.peers.prove(mallory.id, "stub:mallory");
  for (let count = 0; count < 2; count++) {
    assertEquals((await plaza("topic").process(messageOf({ toId: undefined }), context)).outcome, "continue");
  }
  assertEquals(mesh.sent.filter((to) => to === alice.id).length, 1);
  assertEquals(mesh.sent.filter((to) => to === mallory.id).length, 2);
});

Deno.test("plaza() sends to one address where the message bears one", async () => {
  const mesh = new StubMesh();
  const context = contextOf(mesh);
  context.peers.prove(alice.id, "stub:alice");
  const message = messageOf({ toId: undefined, toAddress: "stub:there" });
  assertEquals(await plaza("topic").process(message, context), continueWith(message, handled.receipt));
  assertEquals(mesh.sent, ["at stub:there"]);
});

Deno.test("plaza() fails where there is neither a plaza nor a mesh", async () => {
  assertEquals(
    await codeOf(plaza("topic").process(messageOf({ toId: undefined }), contextOf(undefined))),
    "no_plaza",
  );
});

/** A plaza that does as it is told, and what was said on it. */
class StubPlaza implements Plaza {
  readonly name = "stub";
  readonly features = { frameBytesMax: 1_000 };
  readonly inbound = new ReadableStream<never>();
  readonly limits = [];
  readonly said: [topic: string, frame: Uint8Array][] = [];
  readonly signals: (AbortSignal | undefined)[] = [];

  constructor(readonly answer: () => Promise<void> = () => Promise.resolve()) {}

  async publish(topic: string, frame: Uint8Array, options?: { signal?: AbortSignal }): Promise<void> {
    this.said.push([topic, frame]);
    this.signals.push(options?.signal);
    await this.answer();
  }

  subscribe(): Promise<void> {
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

const toAll = messageOf({ fromId: me.id, toId: undefined });

Deno.test("plaza() says the encoded message on its topic where there is a plaza, once, and sends nothing over the mesh", async () => {
  const [mesh, square] = [new StubMesh(), new StubPlaza()];
  const context = contextOf(mesh, { plaza: square });
  context.peers.prove(alice.id, "stub:alice");
  assertEquals(await plaza("plaza/x").process(toAll, context), continueWith(toAll));
  assertEquals([square.said, mesh.sent], [[["plaza/x", encodeEnvelope(toAll)]], []]);
  assertEquals(square.signals, [context.signal]);
});

Deno.test("plaza() needs no mesh where there is a plaza, and a target changes nothing", async () => {
  const square = new StubPlaza();
  assertEquals(
    await plaza("plaza/x").process(mine, contextOf(undefined, { plaza: square })),
    continueWith(mine),
  );
  assertEquals(square.said.map(([topic]) => topic), ["plaza/x"]);
});

Deno.test("plaza() sends to an address over the mesh where the message bears one, plaza or not", async () => {
  const [mesh, square] = [new StubMesh(), new StubPlaza()];
  const message = messageOf({ toId: undefined, toAddress: "stub:there" });
  const result = await plaza("plaza/x").process(message, contextOf(mesh, { plaza: square }));
  assertEquals(result, continueWith(message, handled.receipt));
  assertEquals([mesh.sent, square.said], [["at stub:there"], []]);
});

for (const code of ["unreachable", "closed", "frame_too_large"] as const) {
  Deno.test(`plaza() fails as the plaza does (${code}), and does not tell peers one by one instead`, async () => {
    const mesh = new StubMesh();
    const square = new StubPlaza(() => Promise.reject(new PlazaError(code, code)));
    const context = contextOf(mesh, { plaza: square });
    context.peers.prove(alice.id, "stub:alice");
    for (const stage of [plaza("plaza/x"), plazaPerNara("newspaper/%s")]) {
      const error = await assertRejects(async () => await stage.process(toAll, context), PlazaError);
      assertEquals(error.code, code);
    }
    assertEquals(mesh.sent, []);
  });
}

Deno.test("plazaPerNara() says the message on a topic with this nara's name", async () => {
  const square = new StubPlaza();
  const context = contextOf(undefined, { plaza: square });
  assertEquals(await plazaPerNara("newspaper/%s").process(toAll, context), continueWith(toAll));
  const odd = { ...context, me: { ...context.me, name: "zoë > *" } };
  await plazaPerNara("ledger/%s/request").process(toAll, odd);
  assertEquals(square.said.map(([topic]) => topic), ["newspaper/me", "ledger/zoë > */request"]);
});

Deno.test("plazaPerNara() reaches the others over the mesh where there is no plaza, and fails with neither", async () => {
  const mesh = new StubMesh();
  const context = contextOf(mesh);
  context.peers.prove(alice.id, "stub:alice");
  await plazaPerNara("newspaper/%s").process(toAll, context);
  assertEquals(mesh.sent, [alice.id]);
  assertEquals(await codeOf(plazaPerNara("newspaper/%s").process(toAll, contextOf(undefined))), "no_plaza");
});

Deno.test("plazaPerNara() lets no name out of its topic", async () => {
  const square = new StubPlaza();
  const context = contextOf(undefined, { plaza: square });
  for (const name of ["", "a/b", "+", "#", "../up", "a\0"]) {
    const process = async () =>
      await plazaPerNara("newspaper/%s").process(toAll, { ...context, me: { ...context.me, name } });
    assertEquals((await assertRejects(process, PlazaError)).code, "bad_topic");
  }
  assertEquals(square.said, []);
});

Deno.test("plaza() refuses a pattern and plazaPerNara() a plain topic, when they are declared", () => {
  for (const topic of ["newspaper/%s", "", "a b", "#", "plaza/+", "/plaza"]) {
    assertEquals(assertThrows(() => plaza(topic), PlazaError).code, "bad_topic");
  }
  for (const topic of ["newspaper", "%s/%s", "newspaper/+", "news%s"]) {
    assertEquals(assertThrows(() => plazaPerNara(topic), PlazaError).code, "bad_topic");
  }
});

Deno.test("plazaTopicOf() is what a receiver subscribes to, and nothing for what is not said on a plaza", () => {
  const topics = [
    protocol("test:a", "", "plaza/x"),
    note.with({ emit: { transport: plazaPerNara("newspaper/%s") } }),
    note,
  ].map(({ spec }) => plazaTopicOf(spec));
  assertEquals(topics, ["plaza/x", "newspaper/%s", undefined]);
});

Deno.test("plaza() and plazaPerNara() say where they send", () => {
  assertEquals(
    [plaza("plaza/x"), plazaPerNara("newspaper/%s")].map((stage) => `${stage.name}: ${stage.describe()}`),
    [
      "plaza: to everybody, on plaza/x; without a plaza over the mesh",
      "plaza_per_nara: to everybody, on newspaper/%s; without a plaza over the mesh",
    ],
  );
});

Deno.test("plaza() and MemoryPlaza: what one nara signs and says another reads from the topic, as it was said", async () => {
  const square = new MemoryPlaza();
  const clock = new VirtualClock();
  const random = new SeededRandom(1);
  const join = ({ id, name, keypair }: typeof me) =>
    square.join({ me: { id, name, publicKey: keypair.publicKey }, root: "nara", clock, random });
  await using mine = await join(me);
  await using theirs = await join(alice);
  await theirs.subscribe(["newspaper/%s"]);
  const stage = plazaPerNara("newspaper/%s");
  const kind = note.with({ emit: { transport: stage } });
  const context = stageContext({ kind, plaza: mine });
  const signed = await sign().process(toAll, context);
  assert(signed.outcome === "continue");
  await stage.process(signed.message, context);
  for await (const { topic, frame } of theirs.inbound.values({ preventCancel: true })) {
    assertEquals([topic, frame], ["newspaper/me", encodeEnvelope(signed.message)]);
    const { signature, envelopeSignature } = decodeEnvelope(frame);
    assertEquals([signature?.length, envelopeSignature?.length], [64, 64]); // Go's naras read it too.
    break;
  }
});

Deno.test("noTransport() is none", () => {
  assertEquals([noTransport().isNone, noTransport().process(mine, stageContext())], [
    true,
    continueWith(mine),
  ]);
});
