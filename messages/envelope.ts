/**
 * The envelope: how a message travels, and what its two signatures cover.
 *
 * Twelve fields as the Go implementation writes them (reference section 1), and behind them a field of ours,
 * `envelope_signature`, which Go ignores. Received bytes are what is verified: whatever would be written
 * differently again is refused, not guessed.
 * @module
 */
import { Buffer } from "node:buffer";
import { decodeBase64, encodeBase64 } from "../utilities/base64.ts";
import { canonicalJson, canonicalString } from "../utilities/canonical_json.ts";
import {
  type JsonLimits,
  JsonScanError,
  scanJsonObject,
  type ScannedMember,
  type ScannedObject,
} from "../utilities/json_scan.ts";
import { isId } from "../utilities/names.ts";
import { canonicalTimestampMs } from "../utilities/timestamp.ts";
import type { Keypair } from "../utilities/keypair.ts";
import { MessageError, schemaComplaint } from "./message_error.ts";
import { Message } from "./message.ts";
import type { PayloadSchema } from "./payload_schema.ts";

/** What stands in front of the bytes that an envelope signature covers, so that it is valid for nothing else. */
const ENVELOPE_DOMAIN = "nara:envelope:v1\n";
/** Longer than the scan's default: how long a field may be is for its schema to say, and for whoever answers. */
const ENVELOPE_LIMITS: Partial<JsonLimits> = { stringBytesMax: 1024 * 1024 };
const SIGNATURES = new Set(["signature", "envelope_signature"]);
const encoder = new TextEncoder();
// Called on a plain Uint8Array: wrapping each frame in a Buffer would cost more than reading it.
const latin1Slice =
  (Buffer.prototype as unknown as { latin1Slice(start: number, end: number): string }).latin1Slice;
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const domainBytes = encoder.encode(ENVELOPE_DOMAIN);

/** The text that Go's `signature` covers: id, kind, sender, target, time and payload; nothing else. */
export function signableContent(message: Message): string {
  const to = message.toId ? `,"to_id":${canonicalString(message.toId)}` : "";
  return `{"id":${canonicalString(message.id)},"kind":${canonicalString(message.kind)},"from_id":` +
    `${
      canonicalString(message.fromId)
    }${to},"timestamp":"${message.timestamp}","payload":${message.payloadJson}}`;
}

/** The bytes that `envelope_signature` covers: every field but the two signatures, as they stand on the wire. */
export function envelopeContent(message: Message): Uint8Array {
  return message.signedEnvelope?.() ?? encoder.encode(`${ENVELOPE_DOMAIN}${head(message)}${tail(message)}}`);
}

/** The message as bytes for the wire. */
export function encodeEnvelope(message: Message): Uint8Array {
  const { signature, envelopeSignature, signedEnvelope } = message;
  if (envelopeSignature && signedEnvelope && !signature) {
    return withSignature(signedEnvelope(), envelopeSignature);
  }
  const middle = signature ? `,"signature":"${encodeBase64(signature)}"` : "";
  const last = envelopeSignature ? `,"envelope_signature":"${encodeBase64(envelopeSignature)}"` : "";
  return encoder.encode(`${head(message)}${middle}${tail(message)}${last}}`);
}

/** The bytes of a message: those that came, where they were kept, or those that are sent. */
export function frameOf(message: Message): Uint8Array {
  return message.frame ?? encodeEnvelope(message);
}

/** The bytes that were signed already are all of the frame but its last field. */
function withSignature(content: Uint8Array, envelopeSignature: Uint8Array): Uint8Array {
  const last = `,"envelope_signature":"${encodeBase64(envelopeSignature)}"}`;
  const fields = content.subarray(domainBytes.length, -1);
  const frame = new Uint8Array(fields.length + last.length);
  frame.set(fields);
  encoder.encodeInto(last, frame.subarray(fields.length));
  return frame;
}

function head(message: Message): string {
  const { contentKey, from, to, toId } = message;
  return `{"id":${canonicalString(message.id)}` +
    (contentKey ? `,"content_key":${canonicalString(contentKey)}` : "") +
    `,"kind":${canonicalString(message.kind)},"version":${message.version}` +
    (from ? `,"from":${canonicalString(from)}` : "") +
    `,"from_id":${canonicalString(message.fromId)}` +
    (to ? `,"to":${canonicalString(to)}` : "") +
    (toId ? `,"to_id":${canonicalString(toId)}` : "") +
    `,"timestamp":"${message.timestamp}","payload":${message.payloadJson}`;
}

function tail({ inReplyTo }: Message): string {
  return inReplyTo ? `,"in_reply_to":${canonicalString(inReplyTo)}` : "";
}

/**
 * Whether the message was signed by the owner of `key`: by its envelope signature where it has one, else by
 * Go's. It never throws.
 *
 * @param verify Checks one Ed25519 signature, as {@linkcode Keypair.verify} does.
 */
export function verifySignature(
  message: Message,
  key: Uint8Array,
  verify: Keypair["verify"],
): boolean | Promise<boolean> {
  const signature = message.envelopeSignature ?? message.signature;
  const content = signature && signedContent(message);
  return content ? verify(key, signature, content) : false;
}

/** What the signature that counts has to cover; `undefined` where it cannot be written, so that nobody signed it. */
function signedContent(message: Message): Uint8Array | undefined {
  try {
    return message.envelopeSignature ? envelopeContent(message) : encoder.encode(signableContent(message));
  } catch {
    return undefined;
  }
}

/** An envelope whose payload has not been read: what the bytes say, checked for form only. */
export interface Envelope {
  /** As on the wire. */
  readonly id: string;
  /** As on the wire; `undefined` when left out or empty. */
  readonly contentKey?: string;
  /** As on the wire. */
  readonly kind: string;
  /** As on the wire; 1 when missing or 0. */
  readonly version: number;
  /** As on the wire. */
  readonly from?: string;
  /** As on the wire; empty when left out. */
  readonly fromId: string;
  /** As on the wire. */
  readonly to?: string;
  /** As on the wire. */
  readonly toId?: string;
  /** RFC 3339 text as received. */
  readonly timestamp: string;
  /** The same in whole milliseconds since 1970, rounded down. */
  readonly madeMs: number;
  /** The payload as parsed JSON. */
  readonly payload: unknown;
  /** The payload's text as received. */
  readonly payloadJson: string;
  /** Decoded; not necessarily 64 bytes. */
  readonly signature?: Uint8Array;
  /** As on the wire. */
  readonly inReplyTo?: string;
  /** Decoded; not necessarily 64 bytes. */
  readonly envelopeSignature?: Uint8Array;
  /** The bytes that the envelope signature covers. */
  readonly signedEnvelope: () => Uint8Array;
}

/**
 * Reads an envelope, without knowing what its payload should be.
 *
 * @throws {MessageError} `undecodable`, naming the field and what was expected.
 */
export function decodeEnvelope(frame: Uint8Array, limits: Partial<JsonLimits> = ENVELOPE_LIMITS): Envelope {
  const scanned = scan(frame, limits);
  const text = scanned.ascii ? asciiText(frame) : decoder.decode(frame);
  const wire = JSON.parse(text) as Record<string, unknown>;
  const payloadMember = scanned.members.find(({ name }) => name === "payload");
  if (!payloadMember || wire.payload === null) throw undecodable("payload", "a value", wire.payload);
  const { valueStart, valueEnd } = payloadMember;
  return {
    id: idField(wire, "id") ?? "",
    contentKey: textField(wire, "content_key", 1024),
    kind: textField(wire, "kind", 64) ?? refuse("kind", "the kind of the message", wire.kind),
    version: versionField(frame, scanned, wire),
    from: textField(wire, "from", 256),
    fromId: idField(wire, "from_id") ?? "",
    to: textField(wire, "to", 256),
    toId: idField(wire, "to_id"),
    timestamp: wire.timestamp as string, // As the next line makes sure.
    madeMs: madeMsField(wire),
    payload: wire.payload,
    payloadJson: scanned.ascii
      ? text.slice(valueStart, valueEnd)
      : decoder.decode(frame.subarray(valueStart, valueEnd)),
    signature: signatureField(wire, "signature"),
    inReplyTo: idField(wire, "in_reply_to"),
    envelopeSignature: signatureField(wire, "envelope_signature"),
    signedEnvelope: () => contentAsSent(frame, scanned),
  };
}

/**
 * Reads the payload of an envelope by its schema.
 *
 * @param frame The bytes that came, for a message that is stored or passed on as it is.
 * @throws {MessageError} `undecodable`, when the schema refuses it or would write it differently.
 */
export function decodeMessage<P>(
  envelope: Envelope,
  schema: PayloadSchema<P>,
  frame?: Uint8Array,
): Message<P> {
  const { payload: wire, payloadJson } = envelope;
  let payload: P;
  let again: string;
  try {
    payload = schema.decode(wire as never);
    again = canonicalJson(schema.encode(payload));
  } catch (thrown) {
    throw new MessageError(
      "undecodable",
      `Cannot read the payload of ${envelope.kind} v${envelope.version}: ${schemaComplaint(thrown)}`,
      { cause: thrown },
    );
  }
  if (again !== payloadJson) {
    throw new MessageError(
      "undecodable",
      `Cannot take the payload of ${envelope.kind} v${envelope.version} as it is not canonical: expected the text ` +
        `that Go's encoding/json writes, ${difference(again, payloadJson)}`,
    );
  }
  // The text that was written, not the one that was read: that one is a part of the whole frame, and would keep it in memory.
  // Field by field: to copy an envelope with a spread takes longer than all the rest of this function.
  return new Message<P>({
    id: envelope.id,
    contentKey: envelope.contentKey,
    kind: envelope.kind,
    version: envelope.version,
    from: envelope.from,
    fromId: envelope.fromId,
    to: envelope.to,
    toId: envelope.toId,
    timestamp: envelope.timestamp,
    madeMs: envelope.madeMs,
    payload,
    payloadJson: again,
    signature: envelope.signature,
    inReplyTo: envelope.inReplyTo,
    envelopeSignature: envelope.envelopeSignature,
    signedEnvelope: envelope.signedEnvelope,
    frame,
  });
}

function scan(frame: Uint8Array, limits: Partial<JsonLimits>): ScannedObject {
  try {
    return scanJsonObject(frame, limits);
  } catch (thrown) {
    if (!(thrown instanceof JsonScanError)) throw thrown;
    const code = thrown.problem === "too_large" ? "too_large" : "undecodable";
    throw new MessageError(code, `Cannot read a message: ${thrown.message}`, { cause: thrown });
  }
}

/** Ten times faster than a `TextDecoder`, and the same where every byte is below 0x80. */
function asciiText(bytes: Uint8Array, start: number = 0, end: number = bytes.length): string {
  return latin1Slice.call(bytes, start, end);
}

/** Every member but the signatures, in the order and the spelling in which it was sent. */
function contentAsSent(frame: Uint8Array, { members, spaced }: ScannedObject): Uint8Array {
  const runs = spaced ? spacedRuns(members) : compactRuns(members);
  let length = domainBytes.length + 2;
  for (const [start, end] of runs) length += end - start;
  // Exactly as long as needed: `node:crypto` takes a part of a larger buffer more slowly.
  const content = new Uint8Array(length + Math.max(0, runs.length - 1));
  content.set(domainBytes);
  let at = domainBytes.length;
  content[at++] = OPEN;
  for (let index = 0; index < runs.length; index++) {
    const [start, end] = runs[index];
    if (index > 0) content[at++] = spaced && index % 2 === 1 ? COLON : COMMA;
    content.set(frame.subarray(start, end), at);
    at += end - start;
  }
  content[at] = CLOSE;
  return content;
}

type Run = readonly [start: number, end: number];

/** Names and values in turn, without the white space around them. */
function spacedRuns(members: readonly ScannedMember[]): Run[] {
  return members.filter(({ name }) => !SIGNATURES.has(name))
    .flatMap((
      { nameStart, nameEnd, valueStart, valueEnd },
    ): Run[] => [[nameStart, nameEnd], [valueStart, valueEnd]]);
}

/** Members that stand side by side, as one. */
function compactRuns(members: readonly ScannedMember[]): Run[] {
  const runs: Run[] = [];
  let start = -1;
  let end = -1;
  for (const { name, nameStart, valueEnd } of members) {
    if (SIGNATURES.has(name)) {
      if (start >= 0) runs.push([start, end]);
      start = -1;
    } else {
      if (start < 0) start = nameStart;
      end = valueEnd;
    }
  }
  if (start >= 0) runs.push([start, end]);
  return runs;
}

const OPEN = 0x7b, CLOSE = 0x7d, COMMA = 0x2c, COLON = 0x3a;

function textField(wire: Record<string, unknown>, name: string, unitsMax: number): string | undefined {
  const value = wire[name];
  if (value === undefined) return undefined;
  if (typeof value !== "string") throw undecodable(name, "text", value);
  if (value.length > unitsMax) throw undecodable(name, `at most ${unitsMax} characters`, value);
  return value === "" ? undefined : value;
}

/** An id is a part of keys here and of topics and paths elsewhere: nothing that means something there may stand in it. */
function idField(wire: Record<string, unknown>, name: string): string | undefined {
  const text = textField(wire, name, 64);
  if (text === undefined || isId(text)) return text;
  throw undecodable(name, 'an id of letters, digits, "-" and "_"', text);
}

function versionField(frame: Uint8Array, { members }: ScannedObject, wire: Record<string, unknown>): number {
  const { version } = wire;
  if (version === undefined) return 1;
  const { valueStart, valueEnd } = members.find(({ name }) => name === "version")!;
  // The text must be the number's own: `1.0` and `1e2` would be written differently again.
  const isOwn = valueEnd - valueStart === 1 || asciiText(frame, valueStart, valueEnd) === String(version);
  if (!isOwn || !Number.isSafeInteger(version)) {
    throw undecodable("version", "a whole number", asciiText(frame, valueStart, valueEnd));
  }
  return version === 0 ? 1 : version as number;
}

function madeMsField({ timestamp }: Record<string, unknown>): number {
  const madeMs = typeof timestamp === "string" ? canonicalTimestampMs(timestamp) : NaN;
  if (Number.isNaN(madeMs)) throw undecodable("timestamp", "RFC 3339 text as Go writes it", timestamp);
  return madeMs;
}

function signatureField(wire: Record<string, unknown>, name: string): Uint8Array | undefined {
  const text = textField(wire, name, 128);
  if (text === undefined) return undefined;
  try {
    return decodeBase64(text);
  } catch {
    throw undecodable(name, "64 bytes as padded base64", text);
  }
}

function refuse(field: string, expected: string, came: unknown): never {
  throw undecodable(field, expected, came);
}

function undecodable(field: string, expected: string, came: unknown): MessageError {
  const shown = came === undefined ? "nothing" : JSON.stringify(came).slice(0, 60);
  return new MessageError(
    "undecodable",
    `Cannot read a message: field "${field}" must be ${expected}, got ${shown}`,
  );
}

function difference(expected: string, came: string): string {
  let at = 0;
  while (at < expected.length && expected[at] === came[at]) at++;
  const part = (text: string) => JSON.stringify(text.slice(at, at + 20));
  return `${part(expected)} at character ${at}, got ${part(came)}`;
}
