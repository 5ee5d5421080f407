/**
 * Transport: how a message leaves.
 *
 * - Place: emit pipeline, behind everything that could refuse it.
 * @module
 */
import type { Message } from "../../messages/message.ts";
import type { BehaviorSpec } from "../behavior.ts";
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
import type { Plaza } from "../transport/plaza.ts";
import { checkedFrame } from "./frame.ts";
import { checkTopic, checkTopicPattern, topicOf } from "../transport/plaza_topic.ts";

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
          (frame) => sendThere(toAddress, frame, context),
        );
      }
      if (!toId) return fail(noTarget(message));
      if (context.peers.isBlocked(toId)) context.peers.assertReachable(toId); // It throws: not even an answer goes there.
      const frame = checkedFrame(message, context.behavior);
      if (context.openRequests.answer(message, frame)) {
        context.peers.noteSent(toId, frame.length);
        return continueWith(message, { outcome: "unknown" });
      }
      return deliver(message, context, () => sendTo(toId, frame, context), frame);
    },
  };
}

/** A stage that sends to everybody on a topic. */
export interface PlazaStage extends PeerStage {
  /** The topic under the root; where `%s` stands in it, the sender's name. */
  readonly topic: string;
}

/**
 * Tells everybody who listens to a plaza topic, whatever broker the plaza is. Where there is no plaza, every peer whose address is
 * proven is told over the mesh. What bears an address goes there and nowhere else.
 *
 * - Errors: the plaza's own (`unreachable`, `closed`, `frame_too_large`); `no_plaza`, when there is neither plaza nor mesh.
 * @param topic The topic under the root: lower-case words joined by `/`.
 * @throws {PlazaError} `bad_topic`.
 */
export function plaza(topic: string): PlazaStage {
  checkTopic(topic);
  return plazaStage("plaza", topic, () => topic);
}

/**
 * As {@linkcode plaza}, on a topic of one's own: the sender's name stands in it.
 *
 * - Errors: those of {@linkcode plaza}, and `bad_topic` for a nara whose name is none.
 * @param pattern The topic under the root, with `%s` in the place of one word, e.g. `newspaper/%s`.
 * @throws {PlazaError} `bad_topic`.
 */
export function plazaPerNara(pattern: string): PlazaStage {
  checkTopicPattern(pattern);
  return plazaStage("plaza_per_nara", pattern, ({ me }) => topicOf(pattern, me.name));
}

/** The topic on which messages of a kind are said to everybody, or the pattern of such topics: what a receiver subscribes to. */
export function plazaTopicOf({ emit: { transport } }: Pick<BehaviorSpec, "emit">): string | undefined {
  return (transport as Partial<PlazaStage>).topic;
}

function plazaStage(name: string, topic: string, topicFor: (context: StageContext) => string): PlazaStage {
  return {
    order: "peer",
    name,
    topic,
    release: "finish",
    describe: () => `to everybody, on ${topic}; without a plaza over the mesh`,
    process: function plaza(message, context: StageContext & { readonly plaza?: Plaza }) {
      const { toAddress } = message;
      if (toAddress) {
        return deliver(message, context, (frame) => sendThere(toAddress, frame, context));
      }
      if (context.plaza) return publish(message, context, context.plaza, topicFor(context));
      if (context.mesh) return broadcast(message, context);
      return fail(new MeshError("no_plaza", `Cannot tell everybody ${message.kind}: no plaza and no mesh`));
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
  frame: Uint8Array = checkedFrame(message, context.behavior),
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
    context.peers.reportReached(to, { receipt: answer.receipt, bytes: frame.length });
    return answer;
  } catch (thrown) {
    context.peers.reportUnreachable(to, thrown);
    throw thrown;
  }
}

async function sendThere(address: string, frame: Uint8Array, context: StageContext): Promise<Answer> {
  const answer = await meshOf(context).sendToAddress(frame, address);
  context.peers.noteSent(context.peers.ownerOf(address), frame.length);
  return answer;
}

async function broadcast(message: Message, context: StageContext): Promise<StageResult> {
  const frame = checkedFrame(message, context.behavior);
  const sends = context.peers.proven().map(({ id }) => sendTo(id, frame, context));
  await Promise.allSettled(sends); // A peer that is away misses a broadcast; that is what broadcasting means.
  return continueWith(message);
}

async function publish(
  message: Message,
  { signal, behavior }: StageContext,
  plaza: Plaza,
  topic: string,
): Promise<StageResult> {
  await plaza.publish(topic, checkedFrame(message, behavior), { signal });
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
