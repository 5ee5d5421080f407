import { assert, assertEquals, assertRejects } from "@std/assert";
import { decodeEnvelope, encodeEnvelope } from "../../../messages/envelope.ts";
import type { Message } from "../../../messages/message.ts";
import { PeerDirectory } from "../../../runtime/primitives/peer_directory.ts";
import { continueWith, type StageContext, type StageResult } from "../../../runtime/stage.ts";
import { meshOnly, noTransport, plaza } from "../../../runtime/stages/transport.ts";
import { SeededRandom } from "../../../runtime/testing/seeded_random.ts";
import { VirtualClock } from "../../../runtime/testing/virtual_clock.ts";
import { type Answer, MeshError, type MeshTransport } from "../../../runtime/transport/mesh.ts";
import { alice, mallory, me, messageOf, stageContext } from "../../helpers/stage_context.ts";

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

function contextOf(mesh: MeshTransport | undefined, parts: Partial<StageContext> = {}) {
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

Deno.test("noTransport() is none", () => {
  assertEquals([noTransport().isNone, noTransport().process(mine, stageContext())], [
    true,
    continueWith(mine),
  ]);
});
