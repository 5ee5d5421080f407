/**
 * Receipts as HTTP responses: the table that says which outcome is which status, both ways.
 *
 * A receipt is a flat JSON object, `{"outcome","reason"?,"detail"?}`. A reply that is ready stands in it as its last
 * member, `reply`, byte for byte as it was given. It is found by its place, not by parsing: within a flat object
 * `,"reply":` cannot occur earlier, for a quotation mark inside a text is escaped.
 * @module
 */
import { Buffer } from "node:buffer";
import { STATUS_CODE } from "./http_responses.ts";
import { type Answer, AnswerError, HANDLED, MeshError, type Receipt } from "./mesh.ts";

/** A response, as far as it matters here. */
export interface HttpAnswer {
  /** The status code. */
  readonly status: number;
  /** The whole body. */
  readonly body: Uint8Array;
  /** When it asks to be tried again, in milliseconds. */
  readonly retryAfterMs?: number;
}

/** A receipt as it is sent. */
export interface WrittenReceipt {
  /** The status code. */
  readonly status: number;
  /** The whole body. */
  readonly body: string | Uint8Array<ArrayBuffer>;
}

const QUARANTINED: Receipt = { outcome: "quarantined" };
const UNKNOWN: Receipt = { outcome: "unknown" };
/** The body that says no more than that a frame was handled. */
export const HANDLED_JSON: string = JSON.stringify(HANDLED);
const REPLY = ',"reply":';
/** How most responses with a reply begin. */
const HANDLED_REPLY = HANDLED_JSON.slice(0, -1) + REPLY;
/** Characters of a reason or a detail that are kept of what somebody else wrote. */
const REASON_CHARS_MAX = 64, DETAIL_CHARS_MAX = 512;

/** Errors that Go's peers, too, should see in the status. */
const STATUS_OF_REASON: ReadonlyMap<string, number> = new Map<string, number>([
  ["undecodable", STATUS_CODE.BadRequest],
  ["too_large", STATUS_CODE.ContentTooLarge],
  ["unknown_kind", STATUS_CODE.UnprocessableEntity],
  ["unsupported_version", STATUS_CODE.UnprocessableEntity],
]);
/** What says "not now", whether as a drop or as an error. */
const BUSY = new Set(["peer_busy", "overload"]);

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** The status and the body that say `receipt`. */
export function writeReceipt(receipt: Receipt, reply?: Uint8Array): WrittenReceipt {
  const status = statusOf(receipt);
  const json = receipt.outcome === "handled" ? HANDLED_JSON : JSON.stringify(receipt);
  return { status, body: reply ? withReply(json, reply) : json };
}

function statusOf(receipt: Receipt): number {
  if (receipt.outcome === "quarantined") return STATUS_CODE.Accepted;
  if (receipt.outcome !== "drop" && receipt.outcome !== "error") return STATUS_CODE.OK;
  if (BUSY.has(receipt.reason)) return STATUS_CODE.ServiceUnavailable;
  // Go's peers expect 200 for whatever was read and understood.
  return receipt.outcome === "error"
    ? STATUS_OF_REASON.get(receipt.reason) ?? STATUS_CODE.OK
    : STATUS_CODE.OK;
}

function withReply(json: string, reply: Uint8Array): Uint8Array<ArrayBuffer> {
  const head = encoder.encode(json.slice(0, -1) + REPLY);
  const body = new Uint8Array(head.length + reply.length + 1);
  body.set(head);
  body.set(reply, head.length);
  body[body.length - 1] = "}".charCodeAt(0);
  return body;
}

/**
 * What a response of `peer` says became of a frame.
 *
 * @throws {MeshError} `peer_busy`, `frame_too_large`, or `unreachable` where the response is none of a nara.
 */
export function readReceipt({ status, body, retryAfterMs }: HttpAnswer, peer: string): Answer {
  switch (status) {
    case STATUS_CODE.OK:
      if (body.length === 0) return { receipt: UNKNOWN }; // Go's answer, whatever became of the frame.
      return readBody(body, peer) ?? noNara(peer, `200 with a body that is no receipt`);
    case STATUS_CODE.Accepted:
      return { receipt: QUARANTINED };
    case STATUS_CODE.BadRequest:
      return readBody(body, peer) ?? { receipt: refusal("error", "undecodable", body) };
    case STATUS_CODE.UnprocessableEntity:
      return readBody(body, peer) ?? { receipt: refusal("error", "unknown_kind", body) };
    case STATUS_CODE.Unauthorized:
      return { receipt: unauthorized(body) };
    case STATUS_CODE.ContentTooLarge:
      return readBody(body, peer) ?? tooLarge(peer);
    case STATUS_CODE.ServiceUnavailable:
      throw tooBusy(peer, retryAfterMs);
    default:
      return noNara(peer, String(status));
  }
}

/**
 * What one line of a batch's response says became of its frame.
 *
 * @throws {MeshError} `peer_busy`, or `unreachable` where the line is no receipt.
 */
export function readReceiptLine(line: Uint8Array, peer: string): Answer {
  const answer = readBody(line, peer) ?? noNara(peer, "a line that is no receipt");
  const { receipt } = answer;
  if ("reason" in receipt && BUSY.has(receipt.reason)) throw tooBusy(peer, undefined);
  return answer;
}

function readBody(body: Uint8Array, peer: string): Answer | undefined {
  const buffer = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (buffer.length === HANDLED_JSON.length && buffer.toString("latin1") === HANDLED_JSON) {
    return { receipt: HANDLED };
  }
  if (buffer.toString("latin1", 0, HANDLED_REPLY.length) === HANDLED_REPLY) {
    return { receipt: HANDLED, reply: body.subarray(HANDLED_REPLY.length, -1), peer };
  }
  const replyAt = buffer.indexOf(REPLY, 0, "latin1");
  const receipt = parseReceipt(replyAt < 0 ? body : body.subarray(0, replyAt), replyAt < 0 ? "" : "}");
  if (!receipt || replyAt < 0) return receipt && { receipt };
  return { receipt, reply: body.slice(replyAt + REPLY.length, -1), peer };
}

function parseReceipt(bytes: Uint8Array, end: string): Receipt | undefined {
  let wire: unknown;
  try {
    wire = JSON.parse(decoder.decode(bytes) + end);
  } catch {
    return undefined;
  }
  if (typeof wire !== "object" || wire === null) return undefined;
  const { outcome, reason, detail } = wire as Record<string, unknown>;
  if (outcome === "handled" || outcome === "quarantined" || outcome === "unknown") return { outcome };
  if (outcome !== "drop" && outcome !== "error" || typeof reason !== "string") return undefined;
  if (reason.length > REASON_CHARS_MAX) return undefined;
  return typeof detail === "string"
    ? { outcome, reason, detail: detail.slice(0, DETAIL_CHARS_MAX) }
    : { outcome, reason };
}

/** What another implementation says in plain text. */
function refusal(outcome: "drop" | "error", reason: string, body: Uint8Array): Receipt {
  const detail = lenient.decode(body.subarray(0, DETAIL_CHARS_MAX)).trim();
  return detail ? { outcome, reason, detail } : { outcome, reason };
}

const lenient = new TextDecoder();

/** A 401. To be unknown is something that a greeting mends. */
function unauthorized(body: Uint8Array): Receipt {
  const receipt = refusal("drop", "unauthorized", body);
  const isStranger = "detail" in receipt && receipt.detail?.includes("unknown sender");
  return isStranger ? { ...receipt, reason: "unknown_sender" } : receipt;
}

function tooBusy(peer: string, retryAfterMs: number | undefined): MeshError {
  const when = retryAfterMs === undefined ? "later" : `in ${retryAfterMs / 1_000} s`;
  const why = `Cannot send to ${peer} now as it is too busy: try again ${when}`;
  return new MeshError("peer_busy", why, { retryAfterMs });
}

function tooLarge(peer: string): never {
  throw new MeshError(
    "frame_too_large",
    `Cannot send this frame to ${peer} as it takes smaller ones only: split the payload`,
  );
}

function noNara(peer: string, what: string): never {
  const cause = new AnswerError(
    "no_receipt",
    `Cannot read what ${peer} answered: expected a receipt, got ${what}`,
  );
  throw new MeshError("unreachable", `Cannot reach a nara at ${peer}: it answered ${what}`, { cause });
}
