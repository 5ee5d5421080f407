/**
 * Transport: how a message leaves.
 *
 * - Place: emit pipeline, behind everything that could refuse it.
 * @module
 */
import { encodeEnvelope } from "../../messages/envelope.ts";
import type { Message } from "../../messages/message.ts";
import {
  continueWith,
  fail,
  none,
  type PeerStage,
  type StageContext,
  type StageResult,
  type StreamStage,
} from "../stage.ts";
import { type Answer, MeshError } from "../transport/mesh.ts";

/**
 * Sends to the target over the mesh. A reply to a request that is still open travels in its response.
 *
 * - Errors: `no_target`, and the mesh's own (`unreachable`, `peer_busy`, `frame_too_large`, `closed`).
 */
export function meshOnly(): PeerStage {
  return {
    order: "peer",
    name: "mesh",
    release: "finish",
    describe: () => "straight to the target, over the mesh",
    process: function meshOnly(message, context) {
      const { toId, toAddress } = message;
      if (toAddress) {
        return deliver(
          message,
          context,
          (frame) => meshOf(context).sendToAddress(frame, toAddress),
        );
      }
      if (!toId) return fail(noTarget(message));
      const frame = encodeEnvelope(message);
      if (context.openRequests.answer(message, frame)) return continueWith(message, { outcome: "unknown" });
      return deliver(message, context, () => sendTo(toId, frame, context), frame);
    },
  };
}

/**
 * Tells everybody. Where there is no plaza, every peer whose address is proven is told over the mesh.
 *
 * - Errors: `no_plaza`, when there is neither.
 * @param topic The plaza topic, under the root.
 */
export function plaza(topic: string): PeerStage {
  return {
    order: "peer",
    name: "plaza",
    release: "finish",
    describe: () => `to everybody, on ${topic}; without a plaza over the mesh`,
    process: function plaza(message, context) {
      const { toAddress } = message;
      if (!context.mesh) {
        return fail(new MeshError("no_plaza", `Cannot tell everybody ${message.kind}: no plaza and no mesh`));
      }
      if (!toAddress) return broadcast(message, context);
      return deliver(
        message,
        context,
        (frame) => meshOf(context).sendToAddress(frame, toAddress),
      );
    },
  };
}

/** Goes nowhere: for what stays in this process, or travels by gossip only. */
export function noTransport(): StreamStage {
  return none("transport", "none");
}

async function deliver(
  message: Message,
  context: StageContext,
  send: (frame: Uint8Array) => Promise<Answer>,
  frame: Uint8Array = encodeEnvelope(message),
): Promise<StageResult> {
  const { receipt, reply, peer } = await send(frame);
  if (reply) context.takeReply(reply, peer ?? "", message);
  if (receipt.outcome === "drop" && receipt.reason === "unknown_sender" && message.toId) {
    context.peers.reportStranger(message.toId);
  }
  return continueWith(message, receipt);
}

async function sendTo(to: string, frame: Uint8Array, context: StageContext): Promise<Answer> {
  const mesh = meshOf(context);
  context.peers.assertReachable(to);
  try {
    const answer = await mesh.send(frame, to);
    context.peers.reportReached(to);
    return answer;
  } catch (thrown) {
    if (thrown instanceof MeshError && thrown.code === "unreachable") context.peers.reportUnreachable(to);
    throw thrown;
  }
}

async function broadcast(message: Message, context: StageContext): Promise<StageResult> {
  const frame = encodeEnvelope(message);
  const sends = context.peers.proven().map(({ id }) => sendTo(id, frame, context));
  await Promise.allSettled(sends); // A peer that is away misses a broadcast; that is what broadcasting means.
  return continueWith(message);
}

function meshOf({ mesh, me }: StageContext): NonNullable<StageContext["mesh"]> {
  if (mesh) return mesh;
  throw new MeshError("unreachable", `Cannot send: ${me.name} was started without a mesh`);
}

function noTarget({ kind }: Message): MeshError {
  return new MeshError(
    "no_target",
    `Cannot send ${kind} as it goes to one nara only: give the draft a target (\`to\`)`,
  );
}
