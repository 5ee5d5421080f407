/**
 * Batches: frames to one peer of ours that wait anyway leave in one request, a line each, and their receipts come back a line
 * each. Every frame keeps its own signature and its own outcome.
 *
 * A frame never contains a line feed: what this implementation writes has none outside of strings, and in them it is escaped.
 * @module
 */
import type { WrittenReceipt } from "./http_receipt.ts";

/** Frames in one request at most. */
export const BATCH_FRAMES_MAX = 64;
const LINE_FEED = 0x0a;
const encoder = new TextEncoder();

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

/** The frames of a request; `undefined` when there are none, an empty one or too many. Views of `body`, not copies. */
export function splitFrames(body: Uint8Array): Uint8Array[] | undefined {
  const lines = splitLines(body);
  return lines.length > BATCH_FRAMES_MAX || lines.some(({ length }) => length === 0) ? undefined : lines;
}

/** The receipts of a batch as the body of its response, in the order of its frames. */
export function joinReceipts(receipts: readonly WrittenReceipt[]): Uint8Array<ArrayBuffer> {
  return joinFrames(receipts.map(({ body }) => typeof body === "string" ? encoder.encode(body) : body));
}

/** The receipts of a response: as many as there were frames, or it is none. */
export function splitReceipts(body: Uint8Array, count: number): Uint8Array[] | undefined {
  const lines = splitLines(body);
  return lines.length === count ? lines : undefined;
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
