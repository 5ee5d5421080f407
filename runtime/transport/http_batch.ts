/**
 * Batches: frames to one peer of ours that wait anyway leave in one request, a line each, and their receipts come back a line
 * each, in the order in which the frames come to their outcomes. Every frame keeps its own signature and its own outcome.
 *
 * A frame never contains a line feed: what this implementation writes has none outside of strings, and in them it is escaped.
 * @module
 */
import type { WrittenReceipt } from "./http_receipt.ts";

/** What a request says that carries several frames, and a response that carries their receipts. */
export const BATCH_TYPE = "application/x-ndjson";
/** Headers of both. */
export const BATCH_HEADERS: Readonly<Record<string, string>> = { "content-type": BATCH_TYPE };
/** Frames in one request at most. */
export const BATCH_FRAMES_MAX = 64;
const LINE_FEED = 0x0a, SPACE = 0x20, ZERO = 0x30;
const NOTHING = new Uint8Array(0);
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

/** The frames of a request; `undefined` when there are none, an empty one or too many. Copies: one that is kept keeps no other. */
export function splitFrames(body: Uint8Array): Uint8Array[] | undefined {
  const lines = splitLines(body);
  if (lines.length > BATCH_FRAMES_MAX || lines.some(({ length }) => length === 0)) return undefined;
  return lines.map((line) => line.slice());
}

/** A receipt as a line of a response: the number of its frame, a space, and what it says. */
export function receiptLine(index: number, { body }: WrittenReceipt): Uint8Array<ArrayBuffer> {
  const head = encoder.encode(`${index} `);
  const receipt = typeof body === "string" ? encoder.encode(body) : body;
  const line = new Uint8Array(head.length + receipt.length + 1);
  line.set(head);
  line.set(receipt, head.length);
  line[line.length - 1] = LINE_FEED;
  return line;
}

/** Reads the lines of a response as they come, in parts of any length. */
export class ReceiptLines {
  readonly #onReceipt: (index: number, receipt: Uint8Array) => void;
  #rest: Uint8Array = NOTHING;

  /** @param onReceipt Told of each receipt, and of which frame it is. What is no such line is passed over. */
  constructor(onReceipt: (index: number, receipt: Uint8Array) => void) {
    this.#onReceipt = onReceipt;
  }

  /** Takes the next part. */
  take(part: Uint8Array): void {
    const bytes = this.#rest.length > 0 ? concat(this.#rest, part) : part;
    let start = 0;
    for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, start)) {
      this.#line(bytes, start, end);
      start = end + 1;
    }
    this.#rest = bytes.slice(start);
  }

  #line(bytes: Uint8Array, start: number, end: number): void {
    let index = 0;
    let at = start;
    for (; at < end && bytes[at] !== SPACE; at++) {
      const digit = bytes[at] - ZERO;
      if (!(digit >= 0 && digit <= 9)) return;
      index = index * 10 + digit;
    }
    if (at > start && at < end && index < BATCH_FRAMES_MAX) this.#onReceipt(index, bytes.slice(at + 1, end));
  }
}

function concat(one: Uint8Array, other: Uint8Array): Uint8Array {
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}

function splitLines(body: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  let start = 0;
  for (let end = body.indexOf(LINE_FEED); end >= 0; end = body.indexOf(LINE_FEED, start)) {
    lines.push(body.subarray(start, end));
    start = end + 1;
  }
  lines.push(body.subarray(start));
  return lines;
}
