/**
 * The head of a request, read strictly: what two programs could understand in two ways is refused, not guessed.
 *
 * The rules are those of RFC 9112, without what it tolerates for the sake of old clients: bare line feeds, folded fields, two
 * lengths of one body, a length beside chunks, white space before a colon.
 * @module
 */
import { Buffer } from "node:buffer";
import { STATUS_CODE } from "./http_responses.ts";

/** Fields of one head; the requests of a nara have five to ten. */
const FIELDS_MAX = 64;
const METHOD = /^[A-Z]{1,20}$/;
const VERSION = /^HTTP\/\d\.\d$/;
/** Visible ASCII. */
const TARGET = /^\/[\x21-\x7e]*$/;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** A host name, or an address with an IPv6 number in brackets, and a port. Nothing that would shift where a path starts. */
const HOST = /^(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z._-]+)(:\d{1,5})?$/;
const LENGTH = /^\d{1,15}$/;

/** Why a request is not forwarded. */
export interface Refusal {
  /** The HTTP status of the answer. */
  readonly status: number;
  /** A line for a person. */
  readonly why: string;
}

/** A part of the head that is not handed on: where it starts and ends, from the start of the head. */
export interface Cut {
  /** Its first byte. */
  readonly start: number;
  /** The byte after it. */
  readonly end: number;
}

/** A head that was understood. */
export interface RequestHead {
  /** What is done. */
  readonly method: string;
  /** To what, as it is spelled, without the query. */
  readonly path: string;
  /** Bytes of the whole head. */
  readonly bytes: number;
  /** Bytes of the first line, with its end. */
  readonly lineBytes: number;
  /** Bytes of the body, or that they come in chunks. */
  readonly body: number | "chunked";
  /** Whether the client wants no further request on this connection. */
  readonly closes: boolean;
  /** Whether the client waits for a word before it sends the body. */
  readonly expects: boolean;
  /** Fields that stay here. */
  readonly cuts: readonly Cut[];
}

/**
 * Reads a head whose lines a `HeadScan` has found sound.
 *
 * @param bytes The head with the empty line at its end.
 * @param secretField The field that only the guard may write: it is cut from what comes from outside.
 */
export function readHead(bytes: Uint8Array, secretField: string): RequestHead | Refusal {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1"); // A character a byte.
  const lineEnd = text.indexOf("\r\n");
  const [method, target, version, ...more] = text.slice(0, lineEnd).split(" ");
  if (more.length > 0 || !METHOD.test(method) || !VERSION.test(version ?? "")) return bad("no request line");
  if (version !== "HTTP/1.1") {
    return { status: STATUS_CODE.HTTPVersionNotSupported, why: "HTTP/1.1 only" };
  }
  if (!TARGET.test(target)) return bad("a target must be a path");
  const fields = new Fields(secretField);
  for (let start = lineEnd + 2; start < text.length - 2;) {
    const end = text.indexOf("\r\n", start);
    const refusal = fields.read(text, start, end);
    if (refusal) return refusal;
    start = end + 2;
  }
  const framing = fields.framing();
  if (typeof framing === "object") return framing;
  const { closes, expects, cuts } = fields;
  const query = target.indexOf("?");
  const path = query < 0 ? target : target.slice(0, query);
  return { method, path, bytes: text.length, lineBytes: lineEnd + 2, body: framing, closes, expects, cuts };
}

/** What the fields of one head say together. */
class Fields {
  closes = false;
  expects = false;
  readonly cuts: Cut[] = [];
  readonly #secretField: string;
  #count = 0;
  #hosts = 0;
  #length: string | undefined;
  #coding: string | undefined;

  constructor(secretField: string) {
    this.#secretField = secretField;
  }

  /** Reads the field in `text` between these places. */
  read(text: string, start: number, end: number): Refusal | undefined {
    if (++this.#count > FIELDS_MAX) {
      return {
        status: STATUS_CODE.RequestHeaderFieldsTooLarge,
        why: `a head has at most ${FIELDS_MAX} fields`,
      };
    }
    const colon = text.indexOf(":", start);
    const name = text.slice(start, colon).toLowerCase();
    if (colon < 0 || colon >= end || !TOKEN.test(name)) return bad("a field is no name and value");
    switch (name) {
      case "host":
        return ++this.#hosts === 1 && HOST.test(text.slice(colon + 1, end).trim())
          ? undefined
          : bad("one host");
      case "content-length":
        if (this.#length !== undefined) return bad("one length");
        this.#length = text.slice(colon + 1, end).trim();
        return LENGTH.test(this.#length) ? undefined : bad("a length is a number");
      case "transfer-encoding":
        if (this.#coding !== undefined) return bad("one transfer coding");
        this.#coding = text.slice(colon + 1, end).trim().toLowerCase();
        return undefined;
      case "connection":
        this.closes ||= /(^|,)\s*close\s*(,|$)/i.test(text.slice(colon + 1, end));
        return undefined;
      case "expect":
        this.expects = true;
        this.cuts.push({ start, end: end + 2 });
        return /^\s*100-continue\s*$/i.test(text.slice(colon + 1, end)) ? undefined : {
          status: STATUS_CODE.ExpectationFailed,
          why: "the only expectation is 100-continue",
        };
      case this.#secretField:
        this.cuts.push({ start, end: end + 2 });
    }
  }

  /** The length of the body, that it comes in chunks, or why that is not clear. */
  framing(): RequestHead["body"] | Refusal {
    if (this.#hosts === 0) return bad("one host");
    if (this.#coding === undefined) return Number(this.#length ?? 0);
    if (this.#length !== undefined) return bad("a length and chunks");
    if (this.#coding === "chunked") return "chunked";
    return { status: STATUS_CODE.NotImplemented, why: "the only transfer coding is chunked" };
  }
}

function bad(why: string): Refusal {
  return { status: STATUS_CODE.BadRequest, why };
}
