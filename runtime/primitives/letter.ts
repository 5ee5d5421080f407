/**
 * Letters: the form of one dead letter, in the data folder and in an operator's list.
 * @module
 */
import { decodeEnvelope, frameOf } from "../../messages/envelope.ts";
import { Message, type Proof } from "../../messages/message.ts";
import { NaraError } from "../../utilities/errors.ts";
import type { Direction } from "./books.ts";
import {
  decodeKept,
  encodeKept,
  errorIn,
  type KeptError,
  keptError,
  numberIn,
  optionalTextIn,
  textIn,
} from "./kept_message.ts";

/**
 * Why something cannot be done with a dead letter.
 *
 * - `unknown_letter`: there is none with this id.
 * - `unreadable`: its frame cannot be read any more, e.g. because no service speaks its kind.
 * - `not_retriable`: nothing vouches for it.
 * - `busy`: it is being retried already.
 */
export class DeadLetterError extends NaraError<"unknown_letter" | "unreadable" | "not_retriable" | "busy"> {}

/** One dead letter, as it is listed: plain data that goes over the local API as it is. */
export interface Letter {
  /** The letter's own id: a number as text, never used twice. */
  readonly id: string;
  /** When it came here, in milliseconds since 1970. */
  readonly atMs: number;
  /** Which way the message went. */
  readonly direction: Direction;
  /** The stage that failed, or `handler`. */
  readonly stage: string;
  /** What went wrong. */
  readonly error: KeptError;
  /** How often it was tried. */
  readonly attempts: number;
  /** The message's kind; `(unreadable)` where its frame is damaged. */
  readonly kind: string;
  /** Schema version of its payload. */
  readonly version: number;
  /** The message's id. */
  readonly messageId: string;
  /** Who said it. */
  readonly fromId: string;
  /** Whom it was said to, if to one nara. */
  readonly toId?: string;
  /** The address that it was sent to before its owner's id was known. */
  readonly toAddress?: string;
  /** Bytes that it takes. */
  readonly bytes: number;
}

/** A letter with what the message says. */
export interface OpenedLetter extends Letter {
  /** When the message was made: RFC 3339 text. Left out where its frame is damaged. */
  readonly timestamp?: string;
  /** The payload as on the wire. Left out where its frame is damaged. */
  readonly payload?: unknown;
  /** The whole envelope, as base64. */
  readonly frame: string;
}

/** What becomes a letter. */
export interface NewLetter {
  /** The message; its frame alone where that cannot be read. */
  readonly about: Message | Uint8Array;
  /** Which way it went. */
  readonly direction: Direction;
  /** The stage that failed, or `handler`. */
  readonly stage: string;
  /** What went wrong. */
  readonly error: Error | KeptError;
  /** How often it was tried. @default {1} */
  readonly attempts?: number;
}

/** A letter as {@linkcode DeadLetters} holds it. */
export interface StoredLetter extends Letter {
  /** Its place in the order in which they came. */
  readonly sequence: number;
  /** What vouched for its message. */
  readonly proof: Proof;
}

/** The kind of a letter whose frame is damaged. */
export const UNREADABLE_LETTER = "(unreadable)";

/** A new letter, and the value to keep. */
export function writeLetter(
  { about, direction, stage, error, attempts = 1 }: NewLetter,
  sequence: number,
  atMs: number,
): [StoredLetter, Uint8Array] {
  const isMessage = about instanceof Message;
  const head = {
    atMs,
    direction,
    stage,
    error: error instanceof Error ? keptError(error) : error,
    attempts,
    ...isMessage ? headOf(about) : headOfFrame(about),
    proof: isMessage ? about.proof : "none",
  } as const;
  const value = encodeKept(head, isMessage ? frameOf(about) : about);
  return [{ id: String(sequence), sequence, ...head, bytes: value.length }, value];
}

/**
 * Reads a kept letter.
 *
 * @throws {SyntaxError | TypeError} When it is damaged.
 */
export function readLetter(sequence: number, value: Uint8Array): StoredLetter {
  const { meta } = decodeKept(value);
  const toId = optionalTextIn(meta, "toId"), toAddress = optionalTextIn(meta, "toAddress");
  const proof = textIn(meta, "proof");
  return {
    id: String(sequence),
    sequence,
    atMs: numberIn(meta, "atMs"),
    direction: meta.direction === "emit" ? "emit" : "receive",
    stage: textIn(meta, "stage"),
    error: errorIn(meta),
    attempts: numberIn(meta, "attempts"),
    kind: textIn(meta, "kind"),
    version: numberIn(meta, "version"),
    messageId: textIn(meta, "messageId"),
    fromId: textIn(meta, "fromId"),
    ...toId && { toId },
    ...toAddress && { toAddress },
    bytes: value.length,
    proof: proof === "envelope" || proof === "signature" ? proof : "none",
  };
}

/** What is left of a letter that is damaged: it can be looked at and discarded. */
export function damagedLetter(sequence: number, value: Uint8Array, error: Error): StoredLetter {
  return {
    id: String(sequence),
    sequence,
    atMs: 0,
    direction: "receive",
    stage: "dead_letters",
    error: keptError(error),
    attempts: 0,
    ...NOTHING_KNOWN,
    proof: "none",
    bytes: value.length,
  };
}

/** The letter as it is listed. */
export function shownLetter({ sequence: _sequence, proof: _proof, ...letter }: StoredLetter): Letter {
  return letter;
}

const NOTHING_KNOWN = { kind: UNREADABLE_LETTER, version: 0, messageId: "", fromId: "" };

type Head = Pick<Letter, "kind" | "version" | "messageId" | "fromId" | "toId" | "toAddress">;

function headOf({ kind, version, id, fromId, toId, toAddress }: Message): Head {
  return { kind, version, messageId: id, fromId, ...toId && { toId }, ...toAddress && { toAddress } };
}

function headOfFrame(frame: Uint8Array): Head {
  try {
    const { kind, version, id, fromId, toId } = decodeEnvelope(frame);
    return { kind, version, messageId: id, fromId, ...toId && { toId } };
  } catch {
    return NOTHING_KNOWN;
  }
}
