/**
 * A request as bytes: what `POST` says, with its body.
 * @module
 */

/** A request that is a POST. */
export interface HttpPost {
  /** Where it goes. */
  readonly path: string;
  /** What it carries. */
  readonly body: Uint8Array;
  /** Its headers, beside those that every request has. A character is a byte. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Told each part of an answer with status 200 as it comes; the answer's body is empty then. */
  readonly onPart?: (part: Uint8Array) => void;
  /** How many answers the response holds, each within its bound. @default {1} */
  readonly answers?: number;
}

/** Nothing that would end a field. */
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const encoder = new TextEncoder();

/**
 * The bytes of a request to `host`.
 *
 * @throws {TypeError} If a header holds what none may.
 */
export function requestBytes(host: string, { path, body, headers }: HttpPost): Uint8Array {
  let head = `POST ${path} HTTP/1.1\r\nhost: ${host}\r\n`;
  for (const name in headers) {
    const value = headers[name];
    if (!FIELD_VALUE.test(value)) throw new TypeError(`the header ${name} holds what no header may`);
    head += `${name}: ${value}\r\n`;
  }
  head += `content-length: ${body.length}\r\n\r\n`;
  const bytes = new Uint8Array(head.length + body.length);
  if (headers) { for (let at = 0; at < head.length; at++) bytes[at] = head.charCodeAt(at); }
  else encoder.encodeInto(head, bytes); // All of it is ASCII.
  bytes.set(body, head.length);
  return bytes;
}
