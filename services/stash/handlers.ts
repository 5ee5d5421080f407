/**
 * How a stash answers.
 *
 * Only `fromId` is proven; an owner id in a payload is a claim until it equals that.
 * @module
 */
import type { Message } from "../../messages/message.ts";
import type {
  StashAckV1,
  StashRefreshV1,
  StashRequestV1,
  StashResponseV1,
  StashStoreV1,
} from "../../messages/stash.ts";
import type { RuntimeApi } from "../../runtime/service.ts";
import { unixSeconds } from "../../utilities/clock.ts";
import { messageOf } from "../../utilities/errors.ts";
import { timestampMs } from "../../utilities/timestamp.ts";
import { stashAck, stashResponse } from "./behaviors.ts";
import type { Owner } from "./owner.ts";
import type { Pusher } from "./pusher.ts";
import { NONCE_BYTES } from "./record.ts";
import { CIPHERTEXT_BYTES_MAX } from "./sealed_stash.ts";
import type { Shelf } from "./shelf.ts";

/** What a confidant's handlers may touch, and so all that their tests have to supply. */
export interface ConfidantContext {
  /** The part of the runtime that they use. */
  readonly rt: Pick<RuntimeApi, "clock" | "emit" | "log">;
  /** What is kept for others. */
  readonly shelf: Pick<Shelf, "get" | "hasNewer" | "put">;
  /** Hands back what nobody requested. */
  readonly pusher: Pick<Pusher, "answer" | "answerDoubtful">;
}

/** What an owner's handler may touch. */
export interface OwnerContext {
  /** The part of the runtime that it uses. */
  readonly rt: Pick<RuntimeApi, "me">;
  /** Judges copies of its own stash. */
  readonly owner: Pick<Owner, "offer">;
}

/** Somebody asks this nara to keep a stash. It is acknowledged only once it is on disk. */
export async function handleStoreV1(
  context: ConfidantContext,
  message: Message<StashStoreV1>,
): Promise<void> {
  const { rt } = context;
  const storedAt = unixSeconds(rt.clock);
  const reason = complaint(message) ?? await refusal(context, message, storedAt);
  const ack: StashAckV1 = {
    owner_id: message.payload.owner_id,
    stored_at: storedAt,
    success: reason === undefined,
    reason,
  };
  await rt.emit(stashAck.reply(message, ack));
}

/** An owner asks for its stash. Whoever asks for another's is told that there is none. */
export async function handleRequestV1(
  { rt, shelf }: ConfidantContext,
  message: Message<StashRequestV1>,
): Promise<void> {
  const { fromId, payload: { owner_id, request_id } } = message;
  const record = owner_id === fromId ? shelf.get(fromId) : undefined;
  const found: Partial<StashResponseV1> = record
    ? { nonce: record.nonce, ciphertext: record.ciphertext, stored_at: record.storedAt }
    : {};
  await rt.emit(
    stashResponse.reply(message, { owner_id, request_id, found: record !== undefined, ...found }),
  );
}

/**
 * An owner asks everybody; or somebody in its name, which costs the owner one copy a minute and nothing else.
 */
export function handleRefreshV1({ pusher }: ConfidantContext, message: Message<StashRefreshV1>): void {
  const { fromId, proof, payload: { owner_id } } = message;
  if (owner_id !== fromId) return;
  if (proof === "none") pusher.answerDoubtful(fromId);
  else pusher.answer(fromId);
}

/** Somebody hands this nara a stash that it did not request from them. */
export async function handleResponseV1(
  { rt, owner }: OwnerContext,
  { fromId, payload }: Message<StashResponseV1>,
): Promise<void> {
  const { owner_id, found, nonce, ciphertext, stored_at } = payload;
  if (owner_id !== rt.me.id || !found || !nonce || !ciphertext) return;
  await owner.offer(fromId, { nonce, ciphertext, storedAt: stored_at ?? 0 });
}

/** What is wrong with a store in itself; the first three in the words of the Go implementation. */
function complaint(
  { fromId, payload: { owner_id, nonce, ciphertext } }: Message<StashStoreV1>,
): string | undefined {
  if (owner_id === "") return "owner_id required";
  if (nonce?.length !== NONCE_BYTES) return `nonce must be ${NONCE_BYTES} bytes for XChaCha20-Poly1305`;
  if (!ciphertext || ciphertext.length === 0) return "ciphertext required";
  if (owner_id !== fromId) return "owner_id is not the sender";
  if (ciphertext.length > CIPHERTEXT_BYTES_MAX) {
    return `ciphertext must be at most ${CIPHERTEXT_BYTES_MAX} bytes`;
  }
}

/** Why a sound store cannot be kept, if it cannot. */
async function refusal(
  { rt, shelf }: ConfidantContext,
  { fromId, payload, timestamp }: Message<StashStoreV1>,
  storedAt: number,
): Promise<string | undefined> {
  const madeMs = timestampMs(timestamp);
  if (shelf.hasNewer(fromId, madeMs)) return "older than what is kept";
  const record = { nonce: payload.nonce!, ciphertext: payload.ciphertext!, storedAt };
  try {
    if (!await shelf.put(fromId, record, madeMs)) return "storage limit reached";
    rt.log.debug("keeping a stash", { owner: fromId, bytes: record.ciphertext.length });
  } catch (thrown) {
    rt.log.error("a stash could not be written", { owner: fromId, error: messageOf(thrown) });
    return "storage failed";
  }
}
