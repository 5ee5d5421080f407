/**
 * The journal: which way each recent message took, for `nara why ID`.
 * @module
 */
import type { Message } from "../../messages/message.ts";
import type { Direction } from "./books.ts";

/** One message's way through one pipeline, up to its outcome. Made once, where the outcome is counted. */
export interface Passage {
  /** Which way it went. */
  readonly direction: Direction;
  /** The message. Its id may not have been computed yet: that of a local message only is when somebody asks. */
  readonly message: Message;
  /** The address that it came from, for a received one. */
  readonly peer?: string;
  /** When it entered, in nanoseconds since 1970. */
  readonly atNs: bigint;
  /** The stages of its chain, in order; the same array for every message of a kind. */
  readonly stages: readonly string[];
  /** Milliseconds that each stage took that it passed, in order; the last is where it ended, if it did not pass all. */
  readonly durationsMs: readonly number[];
  /** Milliseconds in the handler, if it came that far. */
  readonly handlerMs?: number;
  /** How it ended. */
  readonly outcome: "done" | "drop" | "error" | "quarantined" | "retrying" | "queued";
  /** The stage where it ended, unless it is done. */
  readonly stage?: string;
  /** Why it was dropped, or what the error said. */
  readonly reason?: string;
}
