/**
 * The list `unencodable` of `messages.json`: what has no JSON form gets no id, no signature and no wire text.
 *
 * A case says in Go's words what stood in the payload, or that the year was beyond 9999; the rest of the message is always the
 * same.
 * @module
 */
import { BadCase, type CaseReader } from "../case_reader.ts";
import {
  computeId,
  encodeEnvelope,
  formatTimestamp,
  Message,
  signableContent,
  verifySignature,
} from "../nara.ts";
import type { CaseContext } from "../topic.ts";
import { type KnownNara, naraNamed } from "./known_naras.ts";

/** Go's words for what JSON cannot say, and what comes nearest to it here. */
const UNWRITABLE: readonly (readonly [words: RegExp, value: unknown])[] = [
  [/: unsupported value: NaN$/, NaN],
  [/: unsupported value: \+Inf$/, Infinity],
  [/: unsupported value: -Inf$/, -Infinity],
  [/: unsupported type: func\(/, () => {}],
  [/: unsupported type: chan /, Symbol("channel")],
];
const YEAR_WORDS = /: year outside of range \[0,9999\]$/;
/** The first moment that RFC 3339 has no text for. */
const YEAR_10000 = { unixNs: 253_402_300_800_000_000_000n, text: "10000-01-01T00:00:00Z" };

/** Checks a case of `unencodable`. */
export async function checkUnencodable(vector: CaseReader, { file }: CaseContext): Promise<void> {
  const alice = await naraNamed(file, "alice");
  const words = vector.text("signable_error");
  const message = YEAR_WORDS.test(words)
    ? new Message({ ...basics(alice), timestamp: YEAR_10000.unixNs, payloadJson: "{}" })
    : new Message({ ...basics(alice), timestamp: 0n, payloadJson: () => ({ x: unwritable(words) }) });
  for (const field of ["id_error", "marshal_error"]) checkWords(vector, field, words);
  if (vector.optionalText("id_error") === null) checkIdAlone(vector, message, alice);
  else expectThrows(vector, "id_error", () => message.id);
  expectThrows(vector, "signable_error", () => signableContent(message));
  expectThrows(vector, "marshal_error", () => encodeEnvelope(message));
  const forged = message.with({ signature: new Uint8Array(64) });
  for (const { publicKey, verify } of alice.keypairs.values()) {
    vector.expect("verifies", await verifySignature(forged, publicKey, verify));
  }
}

function basics({ id }: KnownNara) {
  return { kind: "test:any", version: 1, fromId: id, payload: undefined };
}

function unwritable(words: string): unknown {
  const entry = UNWRITABLE.find(([go]) => go.test(words));
  if (entry) return entry[1];
  throw new BadCase(`cannot tell from ${JSON.stringify(words)} what stood in the payload`);
}

/** All three errors end in the same words. */
function checkWords(vector: CaseReader, field: string, words: string): void {
  vector.need(field);
  const reason = (text: string) => text.replace(/^.*?: /, "");
  const text = vector.optionalText(field);
  const isFree = field === "id_error" && YEAR_WORDS.test(words);
  if (isFree ? text !== null : text === null || reason(text) !== reason(words)) {
    vector.differ(field, isFree ? null : reason(words), text);
  }
}

function expectThrows(vector: CaseReader, field: string, write: () => unknown): void {
  try {
    write();
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) return;
    throw error;
  }
  vector.differ(field, "an error", "no error");
}

/** Go's hash takes any year; our own messages cannot come that far, so they have no id either. */
function checkIdAlone(vector: CaseReader, message: Message, { id: fromId }: KnownNara): void {
  const source = { kind: message.kind, fromId, timestamp: YEAR_10000.text, payloadJson: message.payloadJson };
  vector.expect("id", computeId(source));
  expectThrows(vector, "our own id", () => message.id);
  expectThrows(vector, "our own text of the time", () => formatTimestamp(YEAR_10000.unixNs, 0));
}
