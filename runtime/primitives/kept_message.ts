/**
 * Kept messages: the form in which a message lies in the data folder while it waits, for another try, for a person or for an
 * upgrade. A line of JSON about it, then its frame as it goes over the wire; the key says in which order they came.
 * @module
 */
import { decodeEnvelope, decodeMessage } from "../../messages/envelope.ts";
import { MessageError } from "../../messages/message_error.ts";
import type { Message, Proof } from "../../messages/message.ts";
import type { BehaviorSpec } from "../behavior.ts";
import type { Direction } from "./books.ts";

/** What is kept beside a frame. */
export type KeptMeta = Readonly<Record<string, unknown>>;

/** A kept message, before its frame is read. */
export interface Kept {
  /** What is known about it. */
  readonly meta: KeptMeta;
  /** The whole envelope. */
  readonly frame: Uint8Array;
}

/** An error in a form that outlives the process. */
export interface KeptError {
  /** Its stable code, where it has one. */
  readonly code?: string;
  /** What it said, at most 500 characters of it. */
  readonly message: string;
}

/** What of a message is not in its frame. */
export interface Beside {
  /** An address to send to, where the target's id is not known. */
  readonly toAddress?: string;
  /** What vouched for it. */
  readonly proof: Proof;
  /** Which way it went. */
  readonly direction: Direction;
}

/** Reads the frame of a kept message. It throws when the kind or its version is not spoken any more. */
export type ReadKept = (frame: Uint8Array, beside: Beside) => Message;

const LINE_FEED = 0x0a;
const ERROR_CHARACTERS_MAX = 500;
const KEY_DIGITS = 12;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** The value to keep. */
export function encodeKept(meta: KeptMeta, frame: Uint8Array): Uint8Array {
  const line = encoder.encode(`${JSON.stringify(meta)}\n`); // In JSON a line feed is always escaped.
  const value = new Uint8Array(line.length + frame.length);
  value.set(line);
  value.set(frame, line.length);
  return value;
}

/**
 * Reads a kept value.
 *
 * @throws {SyntaxError | TypeError} When it is damaged.
 */
export function decodeKept(value: Uint8Array): Kept {
  const end = value.indexOf(LINE_FEED);
  const meta: unknown = JSON.parse(decoder.decode(value.subarray(0, Math.max(0, end))));
  if (meta === null || typeof meta !== "object" || Array.isArray(meta)) {
    throw new SyntaxError("Cannot read a kept message: its first line must be a JSON object");
  }
  return { meta: meta as KeptMeta, frame: value.slice(end + 1) };
}

/** A reader for the kinds that `specOf` knows; that one throws for others. */
export function keptReader(specOf: (kind: string) => Pick<BehaviorSpec, "schemas">): ReadKept {
  return (frame, { toAddress, proof, direction }) => {
    const envelope = decodeEnvelope(frame);
    const { kind, version } = envelope;
    const schema = specOf(kind).schemas.get(version);
    if (!schema) {
      throw new MessageError(
        "unsupported_version",
        `Cannot read a kept ${kind} v${version}: it has no schema`,
      );
    }
    // On its way out it may be signed again, so what is covered is what it says then. What came in stays as it came.
    const form = direction === "emit" ? { signedEnvelope: undefined } : { frame };
    return decodeMessage(envelope, schema).with({ toAddress, proof, ...form });
  };
}

/** What of an error is kept. */
export function keptError(error: Error): KeptError {
  const code = "code" in error && typeof error.code === "string" ? error.code : undefined;
  return { ...code && { code }, message: error.message.slice(0, ERROR_CHARACTERS_MAX) };
}

/** The key of the message that came as number `sequence`; keys sort as they came. */
export function keyOf(sequence: number): string {
  return String(sequence).padStart(KEY_DIGITS, "0");
}

/** The number behind every key of `entries`. */
export function sequenceAfter(entries: Iterable<readonly [key: string, value: unknown]>): number {
  let last = 0;
  for (const [key] of entries) if (/^\d+$/.test(key)) last = Math.max(last, Number(key));
  return last + 1;
}

/**
 * A text of a kept message's meta.
 *
 * @throws {TypeError} When there is none.
 */
export function textIn(meta: KeptMeta, name: string): string {
  const value = meta[name];
  if (typeof value === "string") return value;
  throw new TypeError(`Cannot read a kept message: "${name}" must be text`);
}

/** The same, where it may be left out. */
export function optionalTextIn(meta: KeptMeta, name: string): string | undefined {
  return meta[name] === undefined ? undefined : textIn(meta, name);
}

/**
 * A number of a kept message's meta.
 *
 * @throws {TypeError} When there is none.
 */
export function numberIn(meta: KeptMeta, name: string): number {
  const value = meta[name];
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw new TypeError(`Cannot read a kept message: "${name}" must be a number`);
}

/**
 * The error in a kept message's meta.
 *
 * @throws {TypeError} When there is none.
 */
export function errorIn(meta: KeptMeta): KeptError {
  const error = meta.error as KeptError | undefined;
  if (typeof error?.message === "string") return error;
  throw new TypeError('Cannot read a kept message: "error" must say what went wrong');
}
