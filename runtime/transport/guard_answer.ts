/**
 * What the guard says by itself, and what it needs to know of the answers that it hands on: where they end.
 * @module
 */
import { Buffer } from "node:buffer";
import { type BodyFrame, ChunkedFrame, LengthFrame } from "./http_framing.ts";
import type { Refusal } from "./guard_head.ts";
import { RETRY_HEADERS, STATUS_CODE, STATUS_TEXT } from "./http_responses.ts";

const encoder = new TextEncoder();

/** What tells a client that waits for it to send its body. */
export const CONTINUE: Uint8Array = encoder.encode("HTTP/1.1 100 Continue\r\n\r\n");

/** A refusal as it goes over the wire; the connection ends with it. */
export function refusalBytes({ status, why }: Refusal): Uint8Array {
  const body = `${why}\n`;
  const fields = {
    "content-type": "text/plain; charset=utf-8",
    "content-length": `${encoder.encode(body).length}`,
    "connection": "close",
    ...status === STATUS_CODE.ServiceUnavailable ? RETRY_HEADERS : {},
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const phrase = (STATUS_TEXT as Readonly<Record<number, string>>)[status];
  return encoder.encode(`HTTP/1.1 ${status} ${phrase}\r\n${lines}\r\n${body}`);
}

/** The head of an answer of our own server. */
export interface AnswerHead {
  /** Bytes of the head. */
  readonly bytes: number;
  /** Where the body ends. */
  readonly frame: BodyFrame;
  /** Whether the connection ends with it. */
  readonly closes: boolean;
}

/** Reads the head of an answer to `method`; `undefined` until all of it is there. Its maker is trusted to spell it well. */
export function readAnswer(bytes: Uint8Array, method: string): AnswerHead | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1"); // A character a byte.
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const head = text.slice(0, end + 2).toLowerCase();
  const status = Number(head.slice(9, 12));
  const isBare = method === "HEAD" || status === STATUS_CODE.NoContent;
  const closes = head.includes("\r\nconnection: close\r\n");
  return { bytes: end + 4, frame: isBare ? new LengthFrame(0, 0) : frameOf(head), closes };
}

function frameOf(head: string): BodyFrame {
  const field = "\r\ncontent-length: ";
  const at = head.indexOf(field);
  if (at < 0) return new ChunkedFrame(Infinity);
  const start = at + field.length;
  return new LengthFrame(Number(head.slice(start, head.indexOf("\r\n", start))), Infinity);
}
