/**
 * Error strategies: what happens when a stage fails, declared per kind.
 * @module
 */

/**
 * What to do when a stage fails.
 *
 * - `drop`: count it, say nothing.
 * - `log`: a warning, then drop.
 * - `retry`: try again later, with backoff.
 * - `queue`: put it with the dead letters, for a person to look at.
 * - `panic`: stop the nara. Only for what the machine itself broke.
 */
export type ErrorStrategy = "drop" | "log" | "retry" | "queue" | "panic";

/** Strategies by where the error arose. */
export interface ErrorStrategies {
  /** The transport stage: a peer, a broker. */
  readonly transport: ErrorStrategy;
  /** The store stage: a full disk. */
  readonly store: ErrorStrategy;
  /** The verify stage. */
  readonly verify: ErrorStrategy;
  /** Any other stage. */
  readonly other: ErrorStrategy;
  /** The handler. */
  readonly handler: ErrorStrategy;
}

/** What templates start from: nothing is silent. */
export const DEFAULT_STRATEGIES: ErrorStrategies = {
  transport: "log",
  store: "log",
  verify: "log",
  other: "log",
  handler: "log",
};
