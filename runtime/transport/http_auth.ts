/**
 * Who may hand in a frame over HTTP: Go's signed headers, or an envelope signature that the pipeline will check.
 *
 * - Signed headers are checked: the text must verify under a key that is pinned for the name they claim.
 * - At first contact there is no such key. A frame that bears an `envelope_signature` then goes to the pipeline, which
 *   judges it by the key that is pinned or shown.
 * - Without headers a frame needs an `envelope_signature`.
 * - What is no envelope at all, or larger than any that is read here, goes to the pipeline too, which says what is wrong with it
 *   and counts it.
 * @module
 */
import { decodeEnvelope, type Envelope } from "../../messages/envelope.ts";
import {
  checkRequest,
  type MeshAuthProblem,
  NAME_HEADER,
  SIGNATURE_HEADER,
  signRequest,
  signResponse,
  TIMESTAMP_HEADER,
} from "../../utilities/mesh_signature.ts";
import type { MeshHost } from "./mesh.ts";

/** Where messages are posted to: what Go's headers of a request sign. */
export const MESSAGE_REQUEST = { method: "POST", path: "/mesh/message" } as const;

/** Whether a frame may go to the pipeline. */
export type Admission =
  /** `signed`: its headers hold, so its sender expects a signed response. */
  | { readonly admitted: true; readonly signed: boolean }
  /** In Go's words. */
  | { readonly admitted: false; readonly reason: string };

const ADMITTED: Admission = { admitted: true, signed: false };
const SIGNED: Admission = { admitted: true, signed: true };
/** A signature of 64 bytes as base64. */
const SIGNATURE = /^[A-Za-z0-9+/]{86}==$/;
/** The last member of every envelope of ours, and how far from its end it starts: 88 digits of base64, `"}`. */
const LAST_MEMBER = [...new TextEncoder().encode(',"envelope_signature":"')];
const LAST_MEMBER_BYTES = LAST_MEMBER.length + 90;
const QUOTE = 0x22, CLOSE = 0x7d;

/** Judges a request by its headers and its frame. It never rejects. */
export function admit(headers: Headers, frame: Uint8Array, host: MeshHost): Admission | Promise<Admission> {
  if (headers.has(NAME_HEADER) || headers.has(SIGNATURE_HEADER) || headers.has(TIMESTAMP_HEADER)) {
    return admitSigned(headers, frame, host);
  }
  return admitBare(frame, host);
}

/** Judges a frame that comes without headers of its own, as each in a batch. */
export function admitBare(frame: Uint8Array, host: MeshHost): Admission {
  return provesItself(frame, host) ? ADMITTED : { admitted: false, reason: "missing auth headers" };
}

async function admitSigned(headers: Headers, frame: Uint8Array, host: MeshHost): Promise<Admission> {
  const { keypair, keyring } = host;
  const verdict = await checkRequest(headers, { ...MESSAGE_REQUEST, nowNs: host.clock.nowNs() }, {
    keysOf: (name) => keyring.keysNamed(name),
    verify: (key, signature, bytes) => keypair.verify(key, signature, bytes),
  });
  if (verdict.ok) return SIGNED;
  const isWhole = SIGNATURE.test(headers.get(SIGNATURE_HEADER) ?? "");
  if (isWhole && mayBeFirstContact(verdict.problem, frame, host)) return ADMITTED;
  return { admitted: false, reason: verdict.reason };
}

function mayBeFirstContact(problem: MeshAuthProblem, frame: Uint8Array, host: MeshHost): boolean {
  if (problem === "unknown_sender") return provesItself(frame, host);
  if (problem !== "bad_signature") return false;
  // Names are not unique: the keys that were tried may all be of others.
  const envelope = envelopeOf(frame, host);
  return envelope?.envelopeSignature !== undefined && host.keyring.get(envelope.fromId) === undefined;
}

/** Whether the pipeline will find a signature of ours to check, or nothing that it could read. */
function provesItself(frame: Uint8Array, host: MeshHost): boolean {
  if (endsInSignature(frame)) return true;
  const envelope = envelopeOf(frame, host);
  return envelope === undefined || envelope.envelopeSignature !== undefined;
}

/** The cheap look: in valid JSON these bytes at the end are a member of the outermost object. */
function endsInSignature(frame: Uint8Array): boolean {
  const at = frame.length - LAST_MEMBER_BYTES;
  if (at < 0 || frame[frame.length - 2] !== QUOTE || frame[frame.length - 1] !== CLOSE) return false;
  if (!LAST_MEMBER.every((byte, index) => frame[at + index] === byte)) return false;
  // Without another quotation mark in between it is one text, and the bracket behind it the last of all.
  return frame.indexOf(QUOTE, at + LAST_MEMBER.length) === frame.length - 2;
}

/** What a frame says; nothing where it cannot be read, or is too large for anybody here to read it. */
function envelopeOf(frame: Uint8Array, { bytesMax }: MeshHost): Envelope | undefined {
  if (frame.length > (bytesMax?.() ?? Infinity)) return undefined;
  try {
    return decodeEnvelope(frame);
  } catch {
    return undefined;
  }
}

/** Go's headers for a request. */
export function requestHeaders({ me: { name }, keypair, clock }: MeshHost): Promise<Record<string, string>> {
  return signRequest({ name, keypair }, { ...MESSAGE_REQUEST, timestampMs: unixMs(clock) });
}

/** Go's headers for a response with `body`. */
export function responseHeaders(
  { me: { name }, keypair, clock }: MeshHost,
  body: Uint8Array,
): Promise<Record<string, string>> {
  return signResponse({ name, keypair }, { body, timestampMs: unixMs(clock) });
}

function unixMs(clock: MeshHost["clock"]): number {
  return Number(clock.nowNs() / 1_000_000n);
}
