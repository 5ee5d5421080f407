/**
 * What has to be true beside an outcome: that a signature covers what it should, whichever check refused the message first;
 * that the reason which we give is a fact; and that Go would say what the vectors say.
 * @module
 */
import type { CaseReader } from "../case_reader.ts";
import {
  computeId,
  decodeEnvelope,
  decodeMessage,
  idWithEmptySender,
  type Message,
  MessageError,
  timestampMs,
  verifySignature,
} from "../nara.ts";
import type { Outcome } from "../topic.ts";
import { keypairsOf } from "./bytes.ts";
import { type GoReading, goReading } from "./go_reading.ts";
import type { KnownNara } from "./known_naras.ts";
import { UNSIGNED_IN_GO, VECTOR_KINDS } from "./vector_kinds.ts";

const PAST_MS = 300_000;
const FUTURE_MS = 60_000;
/** Whoever verifies needs no key of its own. */
const NOBODY = new Uint8Array(32);

/** A wire text, and whom it reaches when. */
export interface Arrival {
  /** The text, as bytes. */
  readonly frame: Uint8Array;
  /** Who receives it. */
  readonly receiver: KnownNara;
  /** Whose keys the receiver has. */
  readonly knows: readonly KnownNara[];
  /** Ids that the receiver has seen an envelope signature of. */
  readonly ours?: readonly string[];
  /** The receiver's time. */
  readonly atNs: bigint;
}

/** What Go made of it. */
export interface GoVerdict {
  /** The payload that its handler got; `null` where none ran. */
  readonly handled: string | null;
  /** Why it was dropped. */
  readonly dropReason: string | null;
  /** What went wrong. */
  readonly error: string | null;
}

/** Notes whatever does not fit the outcomes. */
export async function checkWitnesses(
  vector: CaseReader,
  arrival: Arrival,
  go: GoVerdict,
  outcome: Outcome,
): Promise<void> {
  const message = tryDecode(arrival.frame);
  if (!message) return await checkDropped(vector, arrival, go);
  const key = keyOf(arrival, message.fromId);
  if (go.dropReason === "unknown_sender" && key) vector.differ("whether the sender is unknown", true, false);
  const isSigned = go.handled !== null || go.dropReason?.startsWith("no handler for ") === true;
  if ((isSigned && !UNSIGNED_IN_GO.has(message.kind)) || go.dropReason === "invalid_signature") {
    for (const [which, { verify }] of await keypairsOf(NOBODY)) {
      const isValid = key ? await verifySignature(message, key, verify) : null;
      if (isValid !== isSigned) {
        vector.differ(`what the ${which} keypair says of the signature`, isSigned, isValid);
      }
    }
  }
  if (!isFact(outcome, message, arrival)) vector.differ("whether our reason is true", true, outcome);
}

/** Go checks for a handler last, and has none for a version of 0. */
export function noHandler({ kind, version }: GoReading): string | null {
  return version === 0 ? `no handler for ${kind} v0` : null;
}

/** Whether the sender's signature covers what Go read; no keypair may say otherwise. */
export async function isSignedForGo(reading: GoReading, arrival: Arrival): Promise<boolean> {
  const { kind, fromId, signable, signature } = reading;
  if (UNSIGNED_IN_GO.has(kind)) return true;
  const key = keyOf(arrival, fromId);
  if (!key) return false;
  const bytes = new TextEncoder().encode(signable);
  for (const { verify } of (await keypairsOf(NOBODY)).values()) {
    if (!await verify(key, signature, bytes)) return false;
  }
  return true;
}

/** What we cannot read and Go dropped has to be readable for Go, and to be dropped by it for just that reason. */
async function checkDropped(vector: CaseReader, arrival: Arrival, { dropReason }: GoVerdict): Promise<void> {
  if (dropReason === null) return;
  let reading: GoReading;
  try {
    reading = goReading(arrival.frame);
  } catch (error) {
    return vector.differ("drop_reason", dropReason, `a text that Go cannot read: ${error}`);
  }
  const reason = !keyOf(arrival, reading.fromId)
    ? "unknown_sender"
    : await isSignedForGo(reading, arrival)
    ? noHandler(reading)
    : "invalid_signature";
  vector.expect("drop_reason", reason);
}

function keyOf({ knows }: Arrival, id: string): Uint8Array | undefined {
  return knows.find((nara) => nara.id === id)?.publicKey;
}

function tryDecode(frame: Uint8Array): Message | undefined {
  try {
    const envelope = decodeEnvelope(frame);
    const schema = VECTOR_KINDS.get(envelope.kind)?.spec.schemas.get(envelope.version);
    return schema && decodeMessage(envelope, schema);
  } catch (error) {
    if (error instanceof MessageError) return undefined;
    throw error;
  }
}

function isFact(outcome: Outcome, message: Message, { receiver, atNs, knows }: Arrival): boolean {
  const aheadMs = timestampMs(message.timestamp) - Number(atNs) / 1e6;
  switch (outcome) {
    case "refused: not_for_me":
      return message.toId !== undefined && message.toId !== receiver.id;
    case "refused: stale":
      return aheadMs < -PAST_MS;
    case "refused: from_future":
      return aheadMs > FUTURE_MS;
    case "refused: wrong_id":
      return message.id !== computeId(message) && message.id !== idWithEmptySender(message);
    case "refused: unknown_sender":
      return knows.every(({ id }) => id !== message.fromId);
    default:
      return outcome !== "refused: undecodable";
  }
}
