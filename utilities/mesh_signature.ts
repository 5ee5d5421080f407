/**
 * The headers with which the Go implementation signs mesh requests and responses (reference sections 4.2 and 4.3).
 *
 * Pure of HTTP: texts and bytes in, headers or a verdict out. What these signatures leave out (query and body of a
 * request, the status of a response, any separator between their parts) is why nothing is done on their strength alone.
 * @module
 */
import { hash } from "node:crypto";
import { decodeBase64, encodeBase64 } from "./base64.ts";
import type { Keypair } from "./keypair.ts";

/** Carries the signer's name, as raw UTF-8 bytes: see {@linkcode toHeaderText}. */
export const NAME_HEADER = "X-Nara-Name";
/** Carries the time of signing, in decimal milliseconds since 1970. */
export const TIMESTAMP_HEADER = "X-Nara-Timestamp";
/** Carries the Ed25519 signature, as base64. */
export const SIGNATURE_HEADER = "X-Nara-Signature";
/** How far the time of a request may be from now, in milliseconds, in either direction. */
export const AUTH_AGE_MAX_MS = 30_000;

const AUTH_AGE_MAX_NS = BigInt(AUTH_AGE_MAX_MS) * 1_000_000n;
const INT64_MIN = -(2n ** 63n), INT64_MAX = 2n ** 63n - 1n;

/** What cannot be right with signed headers. */
export type MeshAuthProblem =
  | "missing_headers"
  | "bad_timestamp"
  | "bad_age"
  | "unknown_sender"
  | "bad_encoding"
  | "bad_signature";

/** Whether signed headers hold. `reason` is the Go implementation's own text, which its peers expect. */
export type MeshVerdict =
  | { readonly ok: true; readonly name: string; readonly key: Uint8Array }
  | { readonly ok: false; readonly problem: MeshAuthProblem; readonly reason: string };

/** Who signs. */
export interface MeshSigner {
  /** The signer's name, as peers know it. */
  readonly name: string;
  /** The signer's key. */
  readonly keypair: Pick<Keypair, "sign">;
}

/** How a signature is checked. */
export interface MeshVerifier {
  /** Every key that is pinned for a nara of that name: names need not be unique, and each key is tried. */
  keysOf(name: string): readonly Uint8Array[];
  /** As {@linkcode Keypair.verify}. */
  readonly verify: Keypair["verify"];
}

/** Where headers are read; a `Headers` object fits. */
export interface HeaderSource {
  /** The value of a header, one character per byte; `null` if it is missing. */
  get(name: string): string | null;
}

/** The part of a request that its signature covers. */
export interface SignedRequest {
  /** The method, in upper case. */
  readonly method: string;
  /** The path, percent-decoded, without the query: see {@linkcode signedPath}. */
  readonly path: string;
}

/** The text that is signed for a request. The time is the number as it is printed again, not as it was received. */
export function requestText(
  name: string,
  timestampMs: number | bigint | string,
  method: string,
  path: string,
): string {
  return `${name}${timestampMs}${method}${path}`;
}

/** The text that is signed for a response with `body`. */
export function responseText(name: string, timestampMs: number | bigint | string, body: Uint8Array): string {
  return `${name}${timestampMs}${encodeBase64(hash("sha256", body, "buffer"))}`;
}

/**
 * The path that is signed: what stands behind the host, without the query, percent-decoded. Dots and slashes stay.
 *
 * @throws {URIError} If the escapes are no UTF-8.
 */
export function signedPath(pathAndQuery: string): string {
  return decodeURIComponent(pathAndQuery.split("?", 1)[0]);
}

/** `text` for a header: its UTF-8 bytes as one character each, which is how they travel. */
export function toHeaderText(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text));
}

/** The text of a header that holds UTF-8 bytes, one character each; `undefined` if it holds others. */
export function fromHeaderText(header: string): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
      .decode(Uint8Array.from(header, (character) => character.charCodeAt(0)));
  } catch {
    return undefined;
  }
}

/** The headers of a request, by name. */
export function signRequest(
  signer: MeshSigner,
  { method, path, timestampMs }: SignedRequest & { timestampMs: number },
): Promise<Record<string, string>> {
  return sign(signer, timestampMs, requestText(signer.name, timestampMs, method, path));
}

/** The headers of a response, by name. */
export function signResponse(
  signer: MeshSigner,
  { body, timestampMs }: { body: Uint8Array; timestampMs: number },
): Promise<Record<string, string>> {
  return sign(signer, timestampMs, responseText(signer.name, timestampMs, body));
}

async function sign(
  { name, keypair }: MeshSigner,
  timestampMs: number,
  text: string,
): Promise<Record<string, string>> {
  const signature = await keypair.sign(new TextEncoder().encode(text));
  return {
    [NAME_HEADER]: toHeaderText(name),
    [TIMESTAMP_HEADER]: String(timestampMs),
    [SIGNATURE_HEADER]: encodeBase64(signature),
  };
}

/**
 * Whether the headers of a request hold. Checks, in this order: presence, time, age, name, encoding, signature.
 * It never throws.
 *
 * @param request What the signature must cover, and the time now, in nanoseconds since 1970.
 */
export async function checkRequest(
  headers: HeaderSource,
  request: SignedRequest & { nowNs: bigint },
  verifier: MeshVerifier,
): Promise<MeshVerdict> {
  const claim = readHeaders(headers);
  if (!claim) return refused("missing_headers", "missing auth headers");
  const { name, timestampMs, signature } = claim;
  if (timestampMs === undefined) return refused("bad_timestamp", "invalid timestamp");
  const ageNs = clampInt64(request.nowNs - timestampMs * 1_000_000n);
  if (ageNs > AUTH_AGE_MAX_NS || ageNs < -AUTH_AGE_MAX_NS) {
    return refused("bad_age", `timestamp too old or in future: ${goDuration(ageNs)}`);
  }
  const keys = verifier.keysOf(name);
  if (keys.length === 0) return refused("unknown_sender", `unknown sender: ${name}`);
  if (!signature) return refused("bad_encoding", "invalid signature encoding");
  const text = requestText(name, timestampMs, request.method, request.path);
  const key = await signerOf(text, signature, keys, verifier);
  return key ? { ok: true, name, key } : refused("bad_signature", "signature verification failed");
}

/** Whether the headers of a response with `body` hold, whatever their age. It never throws. */
export async function checkResponse(
  headers: HeaderSource,
  body: Uint8Array,
  verifier: MeshVerifier,
): Promise<MeshVerdict> {
  const claim = readHeaders(headers);
  if (!claim) return refused("missing_headers", "missing auth headers in response");
  const { name, timestampMs, signature } = claim;
  if (timestampMs === undefined) return refused("bad_timestamp", "invalid timestamp in response");
  const keys = verifier.keysOf(name);
  if (keys.length === 0) return refused("unknown_sender", `unknown responder: ${name}`);
  if (!signature) return refused("bad_encoding", "invalid signature encoding in response");
  const key = await signerOf(responseText(name, timestampMs, body), signature, keys, verifier);
  return key ? { ok: true, name, key } : refused("bad_signature", "response signature verification failed");
}

function refused(problem: MeshAuthProblem, reason: string): MeshVerdict {
  return { ok: false, problem, reason };
}

interface Claim {
  readonly name: string;
  readonly timestampMs: bigint | undefined;
  readonly signature: Uint8Array | undefined;
}

function readHeaders(headers: HeaderSource): Claim | undefined {
  const name = headers.get(NAME_HEADER), timestamp = headers.get(TIMESTAMP_HEADER);
  const signature = headers.get(SIGNATURE_HEADER);
  if (!name || !timestamp || !signature) return undefined;
  return {
    name: fromHeaderText(name) ?? name, // Other bytes are nobody's name: a pinned name is always text.
    timestampMs: parseInt64(timestamp),
    signature: decoded(signature),
  };
}

/** A decimal number as Go's `ParseInt` reads it: a sign and leading zeros pass, 64 bits must do. */
function parseInt64(text: string): bigint | undefined {
  if (!/^[+-]?\d{1,64}$/.test(text)) return undefined;
  const size = BigInt(text.replace(/^[+-]/, ""));
  const value = text.startsWith("-") ? -size : size;
  return value === clampInt64(value) ? value : undefined;
}

function decoded(text: string): Uint8Array | undefined {
  try {
    return decodeBase64(text);
  } catch {
    return undefined;
  }
}

async function signerOf(
  text: string,
  signature: Uint8Array,
  keys: readonly Uint8Array[],
  { verify }: MeshVerifier,
): Promise<Uint8Array | undefined> {
  const bytes = new TextEncoder().encode(text);
  for (const key of keys) {
    if (await verify(key, signature, bytes)) return key;
  }
  return undefined;
}

/** As Go's `time.Duration`, which stops at its ends. */
function clampInt64(value: bigint): bigint {
  return value < INT64_MIN ? INT64_MIN : value > INT64_MAX ? INT64_MAX : value;
}

/** A duration of a second or more, as Go prints it: `1h0m0s`, `30.000000001s`. */
function goDuration(ns: bigint): string {
  const size = ns < 0n ? -ns : ns;
  const fraction = String(size % 1_000_000_000n).padStart(9, "0").replace(/0+$/, "");
  const seconds = size / 1_000_000_000n;
  const hours = seconds / 3600n, minutes = seconds / 60n % 60n;
  const largest = hours > 0n ? `${hours}h${minutes}m` : minutes > 0n ? `${minutes}m` : "";
  return `${ns < 0n ? "-" : ""}${largest}${seconds % 60n}${fraction && `.${fraction}`}s`;
}
