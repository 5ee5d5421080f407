/**
 * A wire text that reaches a receiver: what our receive pipeline makes of it, against what Go made of it.
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
import { type CaseContext, isStricter, type Outcome } from "../topic.ts";
import { saysTheSame } from "./agreement.ts";
import { keypairsOf } from "./bytes.ts";
import { goReading } from "./go_reading.ts";
import type { KnownNara } from "./known_naras.ts";
import { UNSIGNED_IN_GO, VECTOR_KINDS } from "./vector_kinds.ts";
import { VectorRuntime } from "./vector_runtime.ts";

const PAST_MS = 300_000;
const FUTURE_MS = 60_000;

/** A wire text, and whom it reaches when. */
export interface Arrival {
  /** The text, as bytes. */
  readonly frame: Uint8Array;
  /** Who receives it. */
  readonly receiver: KnownNara;
  /** Whose keys the receiver has. */
  readonly knows: readonly KnownNara[];
  /** The receiver's time. */
  readonly atNs: bigint;
}

/** What Go made of it. */
interface GoVerdict {
  /** The payload that its handler got; `null` where none ran. */
  readonly handled: string | null;
  readonly dropReason: string | null;
  readonly error: string | null;
}

/** Receives a frame in a runtime of its own, and compares what became of it with the fields of `vector`. */
export async function checkReception(
  vector: CaseReader,
  context: CaseContext,
  arrival: Arrival,
): Promise<void> {
  const ours = await receive(arrival);
  const go = readVerdict(vector);
  if (isStricter(vector, context, ours.outcome)) await expectGo(vector, arrival, ours.heard);
  else if (go.handled !== null) expectAccepted(vector, go, ours);
  else if (!ours.outcome.startsWith("refused: ")) differ(vector, go, ours.outcome);
  else if (!saysTheSame(go, ours.outcome.slice("refused: ".length))) differ(vector, go, ours.outcome);
  await checkWitnesses(vector, arrival, go, ours.outcome);
}

/** The outcome of a receipt, in the words of the table. */
export function outcomeOf(receipt: { outcome: string; reason?: string }): Outcome {
  return receipt.outcome === "handled" ? "accepted" : `refused: ${receipt.reason ?? receipt.outcome}`;
}

interface Reception {
  readonly outcome: Outcome;
  readonly heard: readonly string[];
}

async function receive({ frame, receiver, knows, atNs }: Arrival): Promise<Reception> {
  await using runtime = await VectorRuntime.start({ nara: receiver, knows, atNs });
  const outcome = outcomeOf(await runtime.receive(frame));
  return {
    outcome,
    heard: runtime.heard.flatMap(({ payloadJson, receivedJson }) => [payloadJson, receivedJson]),
  };
}

function readVerdict(vector: CaseReader): GoVerdict {
  vector.need("handled_payload_json", "drop_reason", "error");
  const handled = vector.optionalText("handled_payload_json");
  if (vector.has("accepted")) vector.expect("accepted", handled !== null);
  return { handled, dropReason: vector.optionalText("drop_reason"), error: vector.optionalText("error") };
}

function differ(vector: CaseReader, { dropReason, error }: GoVerdict, ours: Outcome): void {
  vector.differ("what the receiver says", dropReason ?? error ?? "accepted", ours);
}

function expectAccepted(vector: CaseReader, go: GoVerdict, { outcome, heard }: Reception): void {
  vector.expect("drop_reason", null);
  vector.expect("error", null);
  if (outcome !== "accepted") return differ(vector, go, outcome);
  expectHeard(vector, heard, go.handled);
}

/** The handler ran once, with that payload, and it had come as just that text. */
function expectHeard(vector: CaseReader, heard: readonly string[], payloadJson: string | null): void {
  const [written, received, ...more] = heard;
  if (written !== payloadJson || received !== payloadJson || more.length > 0) {
    vector.differ("what the handler got", payloadJson, heard.length === 0 ? "nothing" : written);
  }
}

/** In a case of the table Go's own answer is what follows from how Go reads. */
async function expectGo(vector: CaseReader, arrival: Arrival, heard: readonly string[]): Promise<void> {
  const { kind, version, payloadJson, signable, signature, fromId } = goReading(arrival.frame);
  const isVersion0 = version === 0;
  vector.expect("handled_payload_json", isVersion0 ? null : payloadJson);
  vector.expect("drop_reason", isVersion0 ? `no handler for ${kind} v0` : null);
  vector.expect("error", null);
  if (isVersion0) expectHeard(vector, heard, payloadJson);
  if (UNSIGNED_IN_GO.has(kind)) return;
  const key = keyOf(arrival, fromId);
  const bytes = new TextEncoder().encode(signable);
  for (const [which, { verify }] of await keypairsOf(new Uint8Array(32))) {
    if (!key || !await verify(key, signature, bytes)) {
      vector.differ(`what the ${which} keypair says of the signature over what Go read`, true, false);
    }
  }
}

/** What a signature covers, and whether the reason that we give is true: whichever check refused it first. */
async function checkWitnesses(
  vector: CaseReader,
  arrival: Arrival,
  go: GoVerdict,
  outcome: Outcome,
): Promise<void> {
  const message = tryDecode(arrival.frame);
  if (!message) return;
  const key = keyOf(arrival, message.fromId);
  if (go.dropReason === "unknown_sender" && key) vector.differ("whether the sender is unknown", true, false);
  const isSigned = go.handled !== null || go.dropReason?.startsWith("no handler for ");
  if ((isSigned && !UNSIGNED_IN_GO.has(message.kind)) || go.dropReason === "invalid_signature") {
    for (const [which, { verify }] of await keypairsOf(new Uint8Array(32))) {
      const isValid = key ? await verifySignature(message, key, verify) : null;
      if (isValid !== Boolean(isSigned)) {
        vector.differ(`what the ${which} keypair says of the signature`, Boolean(isSigned), isValid);
      }
    }
  }
  if (!isTrue(outcome, message, arrival)) vector.differ("whether our reason is true", true, outcome);
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

function isTrue(outcome: Outcome, message: Message, { receiver, atNs, knows }: Arrival): boolean {
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
