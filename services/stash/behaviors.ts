/**
 * What the stash speaks. Other services import these to subscribe or to call.
 * @module
 */
import {
  StashAckV1,
  StashRecoveredV1,
  StashRefreshV1,
  StashRequestV1,
  StashResponseV1,
  StashStoreV1,
} from "../../messages/stash.ts";
import type { Behavior } from "../../runtime/behavior.ts";
import type { PeerStage } from "../../runtime/stage.ts";
import { meshOnly, plaza } from "../../runtime/stages/transport.ts";
import { verifyIfSigned } from "../../runtime/stages/verify.ts";
import { local, meshRequest, protocol } from "../../runtime/templates.ts";

/** Bytes of a message that carries a stash: 48 KiB of ciphertext as base64, and its envelope. */
const STASH_BYTES_MAX = 96 * 1024;

/** Says whether a stash was kept. */
export const stashAck: Behavior<StashAckV1, { readonly 1: StashAckV1 }> = meshRequest(
  "stash:ack",
  "Says whether a stash was kept",
).withVersion(1, StashAckV1);

/** Asks a confidant to keep a sealed stash for its owner. */
export const stashStore: Behavior<StashStoreV1, { readonly 1: StashStoreV1 }> = meshRequest(
  "stash:store",
  "Asks a confidant to keep a sealed stash for its owner",
).withVersion(1, StashStoreV1).withReplies(stashAck).withBytesMax(STASH_BYTES_MAX);

/** Hands a stash back to its owner: as the reply to a request, or unasked. */
export const stashResponse: Behavior<StashResponseV1, { readonly 1: StashResponseV1 }> = meshRequest(
  "stash:response",
  "Hands a stash back to its owner",
).withVersion(1, StashResponseV1).withBytesMax(STASH_BYTES_MAX);

/**
 * Requests of one owner that are answered in any minute: more than a recovery makes, and few enough that nobody makes a hundred times
 * the bytes of its questions by asking for a stash that it stored once.
 */
const REQUESTS_PER_MINUTE = 8;

/** Asks a confidant for one's own stash. */
export const stashRequest: Behavior<StashRequestV1, { readonly 1: StashRequestV1 }> = meshRequest(
  "stash:request",
  "Asks a confidant for one's own stash",
).withVersion(1, StashRequestV1).withReplies(stashResponse)
  .withRateLimit({ max: REQUESTS_PER_MINUTE, windowMs: 60_000 });

const REFRESH_TOPIC = "plaza/stash_refresh";

/**
 * Asks whoever keeps a stash of the sender to hand it back. Ours is signed; Go's is not, so its handler is
 * careful with one that proves nothing.
 */
export const stashRefresh: Behavior<StashRefreshV1, { readonly 1: StashRefreshV1 }> = protocol(
  "stash-refresh",
  "Asks whoever keeps a stash of the sender to hand it back",
  REFRESH_TOPIC,
).withVersion(1, StashRefreshV1).with({
  emit: { transport: toOneOrAll(REFRESH_TOPIC) },
  receive: { verify: verifyIfSigned() },
});

/** Tells the other services of this nara that its stash came back. */
export const stashRecovered: Behavior<StashRecoveredV1, { readonly 1: StashRecoveredV1 }> = local(
  "stash:recovered",
  "Tells the other services of this nara that its stash came back",
).withVersion(1, StashRecoveredV1);

/** To the target over the mesh where there is one, else to everybody. */
function toOneOrAll(topic: string): PeerStage {
  const [one, all] = [meshOnly(), plaza(topic)];
  return {
    ...all,
    describe: () => `${one.describe()}; without a target ${all.describe()}`,
    process: (message, context) => (message.toId ? one : all).process(message, context),
  };
}
