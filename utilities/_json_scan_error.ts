/**
 * What the scan of `json_scan.ts` can find wrong.
 * @module
 */
import { NaraError } from "./errors.ts";

/** What was wrong with a text, for programs. The last five name the limit that was passed. */
export type JsonProblem =
  /** Not JSON at all (RFC 8259), or text behind the value. */
  | "syntax"
  /** JSON, but no object. */
  | "not_an_object"
  /** Bytes that are not UTF-8. */
  | "invalid_utf8"
  /** An escape that is half of a surrogate pair. */
  | "lone_surrogate"
  /** A key twice in one object. */
  | "duplicate_key"
  /** A key that could reach an object's prototype. */
  | "forbidden_key"
  | "too_large"
  | "too_deep"
  | "too_many_keys"
  | "string_too_long"
  | "number_too_long";

/** Bytes that `scanJsonObject` does not let through; the text names the place and what was expected there. */
export class JsonScanError extends NaraError<"undecodable"> {
  /** Which rule was broken. */
  readonly problem: JsonProblem;
  /** Where, in bytes from the start. */
  readonly offset: number;

  /**
   * Says what was expected and what came.
   *
   * @param problem Which rule was broken.
   * @param offset Where, in bytes from the start.
   * @param expected What should have stood there.
   * @param came What stood there.
   */
  constructor(problem: JsonProblem, offset: number, expected: string, came: string) {
    super("undecodable", `Cannot read JSON: expected ${expected} at byte ${offset}, got ${came}`);
    this.problem = problem;
    this.offset = offset;
  }
}
