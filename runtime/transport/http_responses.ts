/**
 * Responses of the HTTP mesh that are made in more than one place.
 * @module
 */
import { STATUS_CODE, STATUS_TEXT } from "@std/http";

export { STATUS_CODE, STATUS_TEXT };

/** Content types, spelled as Go's servers do. */
const JSON_TYPE = "application/json; charset=utf-8";
const TEXT_TYPE = "text/plain; charset=utf-8";
const JSON_HEADERS: Readonly<Record<string, string>> = { "content-type": JSON_TYPE };
/** When to come back after a 503, in seconds. */
const RETRY_AFTER = "1";
/** The same where more is short than a moment's time. */
const RETRY_LATER = "5";

/** A response with a body of JSON. */
export function jsonResponse(
  status: number,
  body: string | Uint8Array<ArrayBuffer>,
  headers?: Readonly<Record<string, string>>,
): Response {
  return new Response(body, { status, headers: headers ? { ...JSON_HEADERS, ...headers } : JSON_HEADERS });
}

/** A response with one line of text, as Go's servers write their errors. */
export function textResponse(
  status: number,
  line: string,
  headers?: Readonly<Record<string, string>>,
): Response {
  return new Response(`${line}\n`, { status, headers: { "content-type": TEXT_TYPE, ...headers } });
}

/** What goes with a 503: when to try again. */
export const RETRY_HEADERS: Readonly<Record<string, string>> = { "retry-after": RETRY_AFTER };

/**
 * Too busy: nothing was taken, and it is worth trying again soon.
 *
 * @param reason Why, as a word.
 * @param more Further headers.
 */
export function busyResponse(reason: string, more?: Readonly<Record<string, string>>): Response {
  const headers = reason === "memory_short" ? { "retry-after": RETRY_LATER } : RETRY_HEADERS;
  return textResponse(STATUS_CODE.ServiceUnavailable, `Too busy: ${reason}`, { ...headers, ...more });
}

/** The path exists, for another method. */
export function methodResponse(allowed: string): Response {
  return textResponse(STATUS_CODE.MethodNotAllowed, "Method not allowed", { "allow": allowed });
}
