/**
 * A wire text that reaches a receiver: what our receive pipeline makes of it, against what Go made of it.
 * @module
 */
import type { CaseReader } from "../case_reader.ts";
import { type CaseContext, isStricter, type Outcome } from "../topic.ts";
import { saysTheSame } from "./agreement.ts";
import { goReading } from "./go_reading.ts";
import { VECTOR_KINDS } from "./vector_kinds.ts";
import { VectorRuntime } from "./vector_runtime.ts";
import { type Arrival, checkWitnesses, type GoVerdict, isSignedForGo, noHandler } from "./witnesses.ts";

/** What became of a frame. */
export interface Reception {
  /** In the words of the table. */
  readonly outcome: Outcome;
  /** What the handler got: the payload written again, and as it came. */
  readonly heard: readonly string[];
}

/** Receives a frame in a runtime of its own, and compares what became of it with the fields of `vector`. */
export async function checkReception(
  vector: CaseReader,
  context: CaseContext,
  arrival: Arrival,
): Promise<void> {
  const ours = await receive(arrival);
  const go = readVerdict(vector);
  if (isStricter(vector, context, ours.outcome)) await expectGo(vector, arrival, ours);
  else if (go.handled !== null) expectAccepted(vector, go, ours);
  else expectRefused(vector, go, ours.outcome, arrival.frame);
  await checkWitnesses(vector, arrival, go, ours.outcome);
}

/** Receives a frame in a runtime of its own. */
export async function receive({ frame, receiver, knows, ours = [], atNs }: Arrival): Promise<Reception> {
  await using runtime = await VectorRuntime.start({ nara: receiver, knows, atNs });
  for (const id of ours) runtime.runtime.keyring.markOurs(id);
  const outcome = outcomeOf(await runtime.receive(frame));
  const heard = runtime.heard.flatMap(({ payloadJson, receivedJson }) => [payloadJson, receivedJson]);
  return { outcome, heard };
}

/** The outcome of a receipt, in the words of the table. */
export function outcomeOf(receipt: { outcome: string; reason?: string }): Outcome {
  return receipt.outcome === "handled" ? "accepted" : `refused: ${receipt.reason ?? receipt.outcome}`;
}

/** The handler ran once, with that payload, and it had come as just that text. */
export function expectHeard(
  vector: CaseReader,
  heard: readonly string[],
  payloadJson: string | null,
): void {
  const [written = null, received = null, ...more] = heard;
  if (written !== payloadJson || received !== payloadJson || more.length > 0) {
    vector.differ("what the handler got", payloadJson, heard.length === 0 ? "nothing" : heard);
  }
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

function expectRefused(vector: CaseReader, go: GoVerdict, outcome: Outcome, frame: Uint8Array): void {
  const isRefused = outcome.startsWith("refused: ");
  if (!isRefused || !saysTheSame(go, outcome.slice("refused: ".length))) return differ(vector, go, outcome);
  if (go.error !== null) vector.expect("error", wordsFor(outcome, frame) ?? go.error);
}

/** Go's words for a kind or a version that it does not know say which; for all others they are only a hint. */
function wordsFor(outcome: Outcome, frame: Uint8Array): string | undefined {
  if (outcome !== "refused: unknown_kind" && outcome !== "refused: unsupported_version") return undefined;
  return wordsForKind(frame);
}

function wordsForKind(frame: Uint8Array): string {
  const { kind, version } = JSON.parse(new TextDecoder().decode(frame)) as { kind: string; version?: number };
  const spec = VECTOR_KINDS.get(kind)?.spec;
  if (!spec) return `deserialize: unknown kind: ${kind}`;
  return `deserialize: unsupported version ${
    version || 1
  } for ${kind} (min=${spec.min}, max=${spec.current})`;
}

/** In a case of the table Go's own answer is what follows from how Go reads. */
async function expectGo(vector: CaseReader, arrival: Arrival, { heard, outcome }: Reception): Promise<void> {
  if (outcome === "refused: quarantined") {
    vector.expect("handled_payload_json", null);
    vector.expect("drop_reason", null);
    return vector.expect("error", wordsForKind(arrival.frame));
  }
  const reading = goReading(arrival.frame);
  const dropReason = noHandler(reading);
  vector.expect("handled_payload_json", dropReason ? null : reading.payloadJson);
  vector.expect("drop_reason", dropReason);
  vector.expect("error", null);
  if (dropReason) expectHeard(vector, heard, reading.payloadJson);
  const isSound = await isSignedForGo(reading, arrival);
  if (!isSound) vector.differ("whether Go takes the signature", true, isSound);
}
