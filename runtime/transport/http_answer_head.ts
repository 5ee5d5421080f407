/**
 * The head of an answer, as another nara's server wrote it, or whoever stands at its address: read as strictly as a request's.
 *
 * What says in two ways where its body ends is refused (RFC 9112, section 6.3).
 * @module
 */
import { Buffer } from "node:buffer";
import { type BodyFrame, ChunkedFrame, LengthFrame } from "./http_framing.ts";
import { STATUS_CODE } from "./http_responses.ts";

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: |\r)/;
/** Lines of a name and a value each. */
const FIELDS = /^(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[^\r]*\r\n)*\r\n$/;
/** Values with the white space that may be around them, and no other. */
const LENGTH = /^[\t ]*\d{1,15}[\t ]*$/, CHUNKED = /^[\t ]*chunked[\t ]*$/;
const CLOSE = /(^|,)\s*close\s*(,|$)/;

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
  const line = STATUS_LINE.exec(text);
  if (!line) return "it does not speak HTTP/1.1";
  const linesAt = text.indexOf("\r\n");
  if (!FIELDS.test(text.slice(linesAt + 2))) return "a field of its answer is no name and value";
  const fields = text.slice(linesAt).toLowerCase();
  const status = Number(line[2]);
  const frame = frameOf(status, fields);
  if (typeof frame === "string") return frame;
  const [retryAfter] = valuesOf(fields, "retry-after");
  const isOld = line[1] === "0";
  const closes = isOld || frame === undefined ||
    valuesOf(fields, "connection").some((value) => CLOSE.test(value));
  return { status, retryAfter: retryAfter?.trim(), frame, closes };
}

/** Where the body ends; what is wrong with what the fields say about it. */
function frameOf(status: number, fields: string): BodyFrame | string | undefined {
  const lengths = valuesOf(fields, "content-length");
  const codings = valuesOf(fields, "transfer-encoding");
  if (lengths.length + codings.length > 1) return "its answer says twice where it ends";
  if (status === STATUS_CODE.NoContent || status === STATUS_CODE.NotModified) return new LengthFrame(0, 0);
  const [length] = lengths;
  const [coding] = codings;
  if (coding !== undefined) {
    return CHUNKED.test(coding) ? new ChunkedFrame(Infinity) : "the transfer coding of its answer is unknown";
  }
  if (length === undefined) return undefined;
  return LENGTH.test(length)
    ? new LengthFrame(Number(length), Infinity)
    : "the length of its answer is no number";
}

/** The values of all fields of this name, with the white space around them, in lines that are lower-case and have each a line end before them. */
function valuesOf(fields: string, name: string): string[] {
  const start = `\r\n${name}:`;
  const values: string[] = [];
  for (let at = fields.indexOf(start); at >= 0; at = fields.indexOf(start, at + 1)) {
    values.push(fields.slice(at + start.length, fields.indexOf("\r\n", at + 2)));
  }
  return values;
}
