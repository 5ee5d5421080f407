/**
 * A look at JSON bytes before `JSON.parse` sees them: one pass, no recursion, nothing built but a list of members.
 *
 * It bounds what a parser does not (depth, keys, string and number lengths) and refuses what a parser forgives and what
 * another implementation may read differently: duplicate keys, bytes that are not UTF-8, lone surrogates, anything
 * behind the value, and the three keys through which an object's prototype could be reached.
 * @module
 */
import { JsonScanner } from "./_json_scanner.ts";
import { type JsonProblem, JsonScanError } from "./_json_scan_error.ts";

export { type JsonProblem, JsonScanError };

/** What a text may hold at most. */
export interface JsonLimits {
  /** Bytes of the whole text. @default {1_048_576} */
  bytesMax: number;
  /** Objects and lists inside one another, the outermost included. @default {16} */
  depthMax: number;
  /** Keys in all objects together. @default {1_024} */
  keysMax: number;
  /** Bytes of one string between its quotes, as spelled. @default {65_536} */
  stringBytesMax: number;
  /** Characters of one number. @default {32} */
  numberCharsMax: number;
}

/** The limits where the caller names none. */
export const DEFAULT_JSON_LIMITS: Readonly<JsonLimits> = {
  bytesMax: 1024 * 1024,
  depthMax: 16,
  keysMax: 1024,
  stringBytesMax: 64 * 1024,
  numberCharsMax: 32,
};

/** A member of the outermost object, as byte offsets into the text. */
export interface ScannedMember {
  /** The key, escapes resolved. */
  readonly name: string;
  /** Where the key's opening quote stands. */
  readonly nameStart: number;
  /** One behind the key's closing quote. */
  readonly nameEnd: number;
  /** Where the value starts. */
  readonly valueStart: number;
  /** One behind the value's last byte. */
  readonly valueEnd: number;
}

/** What {@linkcode scanJsonObject} saw. */
export interface ScannedObject {
  /** Whether every byte is below 0x80, so that the text can be read as Latin-1. */
  readonly ascii: boolean;
  /** Whether there was white space outside strings. */
  readonly spaced: boolean;
  /** The members of the outermost object, in their order. */
  readonly members: readonly ScannedMember[];
}

/**
 * Checks that `bytes` are one strict JSON object within `limits`, and says where its members stand.
 *
 * What passes is read by `JSON.parse` without surprise, but for numbers beyond what a double holds.
 *
 * @throws {JsonScanError} `undecodable`, at the first byte that breaks a rule.
 */
export function scanJsonObject(bytes: Uint8Array, limits?: Partial<JsonLimits>): ScannedObject {
  return new JsonScanner(bytes, limits ? { ...DEFAULT_JSON_LIMITS, ...limits } : DEFAULT_JSON_LIMITS).scan();
}
