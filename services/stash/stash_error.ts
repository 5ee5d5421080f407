/**
 * What can be wrong with a stash.
 * @module
 */
import { NaraError } from "../../utilities/errors.ts";

/** What went wrong, for programs. */
export type StashErrorCode =
  /** The data is larger than a stash may be. */
  | "too_large"
  /** There is no stash yet: set one first. */
  | "no_stash"
  /** The confidant answered that it does not keep it; `reason` has its words. */
  | "refused"
  /** The confidant did not answer. */
  | "unreachable"
  /** What the confidant gave back was not sealed by this nara, or was altered. */
  | "unopenable"
  /** While it was distributed, a stash with a higher sequence number came to light; that one counts. */
  | "superseded"
  /** Too many changes wait for their turn. */
  | "busy"
  /** A marshalled state is damaged, or does not fit this nara. */
  | "bad_state"
  /** The nara is stopping. */
  | "stopped";

/** Options of a {@linkcode StashError}. */
export interface StashErrorOptions extends ErrorOptions {
  /** The other side's own words. */
  readonly reason?: string;
}

/** Something that could not be done with a stash. */
export class StashError extends NaraError<StashErrorCode> {
  /** The other side's own words, when it refused. */
  readonly reason: string | undefined;

  /**
   * An error of the stash.
   *
   * @param code The stable name of what went wrong.
   * @param message One clear sentence for a person.
   * @param options Cause and reason, where there are any.
   */
  constructor(code: StashErrorCode, message: string, { reason, ...options }: StashErrorOptions = {}) {
    super(code, message, options);
    this.reason = reason;
  }
}
