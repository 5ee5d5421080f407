/**
 * The head of an answer, as another nara's server wrote it, or whoever stands at its address: read as strictly as a request's.
 *
 * What says in two ways where its body ends is refused (RFC 9112, section 6.3).
 * @module
 */
import { Buffer } from "node:buffer";
import { type BodyFrame, ChunkedFrame, LengthFrame } from "./http_framing.ts";
import { STATUS_CODE } from "./http_responses.ts";

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: |$)/;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const LENGTH = /^\d{1,15}$/;

/** A head that was understood. */
export interface AnswerHead {
  /** The status. */
  readonly status: number;
  /** The field `retry-after`, as it is spelled. */
  readonly retryAfter: string | undefined;
  /** Where the body ends; where the connection does, if there is none. */
  readonly frame: BodyFrame | undefined;
  /** Whether the connection can bear no other request. */
  readonly closes: boolean;
}

/**
 * Reads a head whose lines were found sound.
 *
 * @param bytes The head with the empty line at its end.
 * @returns What is wrong with it, as a part of a sentence, if it cannot be understood.
 */
export function readAnswerHead(bytes: Uint8Array): AnswerHead | string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1"); // A character a byte.
  const lineEnd = text.indexOf("\r\n");
  const line = STATUS_LINE.exec(text.slice(0, lineEnd));
  if (!line) return "it does not speak HTTP/1.1";
  const fields: Fields = {};
  for (let start = lineEnd + 2; start < text.length - 2;) {
    const end = text.indexOf("\r\n", start);
    const problem = readField(text, start, end, fields);
    if (problem) return problem;
    start = end + 2;
  }
  const status = Number(line[2]);
  const isOld = line[1] === "0";
  const { retryAfter } = fields;
  const frame = frameOf(status, fields);
  if (typeof frame === "string") return frame;
  return { status, retryAfter, frame, closes: isOld || fields.closes === true || frame === undefined };
}

/** What is of interest in a head. */
interface Fields {
  length?: string;
  coding?: string;
  closes?: boolean;
  retryAfter?: string;
}

/** Reads the field between these places. Returns what is wrong with it. */
function readField(text: string, start: number, end: number, fields: Fields): string | undefined {
  const colon = text.indexOf(":", start);
  const name = text.slice(start, colon).toLowerCase();
  if (colon < 0 || colon >= end || !TOKEN.test(name)) return "a field of its answer is no name and value";
  switch (name) {
    case "content-length":
      if (fields.length !== undefined) return "its answer has two lengths";
      fields.length = text.slice(colon + 1, end).trim();
      return LENGTH.test(fields.length) ? undefined : "the length of its answer is no number";
    case "transfer-encoding":
      if (fields.coding !== undefined) return "its answer has two transfer codings";
      fields.coding = text.slice(colon + 1, end).trim().toLowerCase();
      return undefined;
    case "connection":
      fields.closes ||= /(^|,)\s*close\s*(,|$)/i.test(text.slice(colon + 1, end));
      return undefined;
    case "retry-after":
      fields.retryAfter = text.slice(colon + 1, end).trim();
  }
}

/** Where the body ends; what is wrong with what the fields say about it. */
function frameOf(status: number, { length, coding }: Fields): BodyFrame | string | undefined {
  if (coding !== undefined && length !== undefined) return "its answer has a length and a transfer coding";
  if (status === STATUS_CODE.NoContent || status === STATUS_CODE.NotModified) return new LengthFrame(0, 0);
  if (length !== undefined) return new LengthFrame(Number(length), Infinity);
  if (coding === undefined) return undefined;
  return coding === "chunked" ? new ChunkedFrame(Infinity) : "the transfer coding of its answer is unknown";
}
