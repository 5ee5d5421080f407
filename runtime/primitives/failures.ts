/**
 * Failures: what the error strategies do when a stage or a handler fails.
 * @module
 */
import type { Message } from "../../messages/message.ts";
import { messageOf } from "../../utilities/errors.ts";
import type { ErrorStrategy } from "../error_strategy.ts";
import type { Direction } from "./books.ts";
import type { Logger } from "./logger.ts";

/** A message that failed, and where. */
export interface Failure {
  /** The message. */
  readonly message: Message;
  /** Which way it went. */
  readonly direction: Direction;
  /** The stage, or `handler`. */
  readonly stage: string;
  /** What was thrown or returned. */
  readonly error: Error;
}

/** Keeps failed messages. Returns whether it took this one. */
export type FailureKeeper = (failure: Failure) => boolean;

/** What failures can do. */
export interface FailuresOptions {
  /** Where warnings go. */
  readonly log: Logger;
  /** Takes what should be tried again. */
  readonly retry?: FailureKeeper;
  /** Takes what a person should look at. */
  readonly deadLetters?: FailureKeeper;
  /** Stops the nara. */
  readonly panic: (reason: string) => void;
}

/** Applies error strategies. */
export class Failures {
  readonly #options: FailuresOptions;

  /**
   * The strategies over these means.
   *
   * @param options What can be done.
   */
  constructor(options: FailuresOptions) {
    this.#options = options;
  }

  /** Deals with a failure. Where nobody keeps what should be kept, it is logged. */
  handle(failure: Failure, strategy: ErrorStrategy): "dropped" | "retrying" | "queued" {
    const { retry, deadLetters, log, panic } = this.#options;
    if (strategy === "retry" && this.#keeps(retry, failure)) return "retrying";
    if ((strategy === "retry" || strategy === "queue") && this.#keeps(deadLetters, failure)) return "queued";
    const { message, direction, stage, error } = failure;
    if (strategy === "panic") {
      panic(`${direction} of ${message.kind} failed at ${stage}: ${error.message}`);
    } else if (strategy !== "drop") {
      log.warn(`${direction} failed`, { kind: message.kind, stage, error: error.message });
    }
    return "dropped";
  }

  /** A keeper that throws has kept nothing; a chain of streams would end for every later message. */
  #keeps(keeper: FailureKeeper | undefined, failure: Failure): boolean {
    try {
      return keeper?.(failure) ?? false;
    } catch (thrown) {
      const { kind } = failure.message;
      this.#options.log.error("a failed message could not be kept", { kind, error: messageOf(thrown) });
      return false;
    }
  }
}
