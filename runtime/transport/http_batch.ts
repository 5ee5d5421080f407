/**
 * Batches: frames to one peer of ours that wait anyway leave in one request, a line each, and their receipts come back a line
 * each, in the order in which the frames come to their outcomes. Every frame keeps its own signature and its own outcome.
 *
 * A frame never contains a line feed: what this implementation writes has none outside of strings, and in them it is escaped.
 * @module
 */
import { concatBytes } from "../../utilities/bytes.ts";
import { GrowingBytes } from "../../utilities/growing_bytes.ts";
import { HANDLED_JSON, type WrittenReceipt } from "./http_receipt.ts";
import { AnswerError } from "./mesh.ts";

/** What a request says that carries several frames, and a response that carries their receipts. */
const BATCH_TYPE = "application/x-ndjson";
/** Headers of both. */
export const BATCH_HEADERS: Readonly<Record<string, string>> = { "content-type": BATCH_TYPE };
/** Frames in one request at most. */
export const BATCH_FRAMES_MAX = 64;
const LINE_FEED = 0x0a, SPACE = 0x20, ZERO = 0x30;
const END_OF_LINE = Uint8Array.of(LINE_FEED);
const encoder = new TextEncoder();

/** Whether a request with these headers carries several frames. */
export function isBatch(headers: Headers): boolean {
  return headers.get("content-type") === BATCH_TYPE;
}

/** Frames, one behind the other. */
export function joinFrames(frames: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let length = Math.max(0, frames.length - 1);
  for (const frame of frames) length += frame.length;
  const joined = new Uint8Array(length);
  let at = 0;
  for (const frame of frames) {
    if (at > 0) joined[at++] = LINE_FEED;
    joined.set(frame, at);
    at += frame.length;
  }
  return joined;
}

/** Whether a frame can stand in a line. */
export function fitsALine(frame: Uint8Array): boolean {
  return frame.length > 0 && !frame.includes(LINE_FEED);
}

/** The frames of a request, as parts of it; `undefined` when there are none, an empty one or too many. */
export function splitFrames(body: Uint8Array): Uint8Array[] | undefined {
  const lines = splitLines(body);
  if (lines.length > BATCH_FRAMES_MAX || lines.some(({ length }) => length === 0)) return undefined;
  return lines;
}

/** A receipt as a line of a response: the number of its frame, a space, and what it says. */
export function receiptLine(index: number, written: WrittenReceipt): Uint8Array<ArrayBuffer> {
  if (written.body !== HANDLED_JSON) return lineOf(index, written);
  return handledLines[index] ??= lineOf(index, written); // Nearly all say just this.
}

const handledLines: Uint8Array<ArrayBuffer>[] = [];

function lineOf(index: number, { body }: WrittenReceipt): Uint8Array<ArrayBuffer> {
  const receipt = typeof body === "string" ? encoder.encode(body) : body;
  return concatBytes([encoder.encode(`${index} `), receipt, END_OF_LINE]);
}

/** Reads the lines of a response as they come, in parts of any length. */
export class ReceiptLines {
  readonly #lineBytesMax: number;
  readonly #onReceipt: (index: number, receipt: Uint8Array) => void;
  /** The beginning of a line, as far as it came. */
  #rest: GrowingBytes;
  #lines = 0;

  /**
   * @param lineBytesMax Bytes that one line may hold.
   * @param onReceipt Told of each receipt, a part of what came, and of which frame it is. What is no such line is passed over.
   */
  constructor(lineBytesMax: number, onReceipt: (index: number, receipt: Uint8Array) => void) {
    this.#lineBytesMax = lineBytesMax;
    this.#onReceipt = onReceipt;
    this.#rest = new GrowingBytes(lineBytesMax);
  }

  /**
   * Takes the next part.
   *
   * @throws {AnswerError} `too_long`, when a line is longer than it may be, or there are more lines than any batch has frames.
   */
  take(part: Uint8Array): void {
    let start = 0;
    for (let end = part.indexOf(LINE_FEED); end >= 0; end = part.indexOf(LINE_FEED, start)) {
      const line = part.subarray(start, end);
      this.#check(line);
      if (++this.#lines > BATCH_FRAMES_MAX) throw tooLong(`more than ${BATCH_FRAMES_MAX} lines`);
      this.#line(this.#rest.length === 0 ? line : this.#whole(line));
      start = end + 1;
    }
    if (start === part.length) return;
    const beginning = part.subarray(start);
    this.#check(beginning);
    this.#rest.add(beginning);
  }

  #check({ length }: Uint8Array): void {
    if (this.#rest.length + length <= this.#lineBytesMax) return;
    throw tooLong(`a line of more than ${this.#lineBytesMax} bytes`);
  }

  /** The line that ends with `part`. What was kept of it is let go: whoever reads it may keep the line. */
  #whole(part: Uint8Array): Uint8Array {
    this.#rest.add(part);
    const { whole } = this.#rest;
    this.#rest = new GrowingBytes(this.#lineBytesMax);
    return whole;
  }

  #line(bytes: Uint8Array): void {
    let index = 0;
    let at = 0;
    for (; at < bytes.length && bytes[at] !== SPACE; at++) {
      const digit = bytes[at] - ZERO;
      if (!(digit >= 0 && digit <= 9)) return;
      index = index * 10 + digit;
    }
    if (at > 0 && at < bytes.length && index < BATCH_FRAMES_MAX) {
      this.#onReceipt(index, bytes.subarray(at + 1));
    }
  }
}

function tooLong(what: string): AnswerError {
  return new AnswerError("too_long", `Cannot read the answer to a batch: it has ${what}`);
}

function splitLines(body: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  let start = 0;
  for (let end = body.indexOf(LINE_FEED); end >= 0; end = body.indexOf(LINE_FEED, start)) {
    lines.push(body.subarray(start, end));
    if (lines.length > BATCH_FRAMES_MAX) return lines; // Too many, however many there are.
    start = end + 1;
  }
  lines.push(body.subarray(start));
  return lines;
}
