/**
 * Failures: what the error strategies do when a stage or a handler fails.
 * @module
 */
import type { Message } from "../../messages/message.ts";
import { messageOf } from "../../utilities/errors.ts";
import { IdentityError } from "../../utilities/identity_error.ts";
import type { ErrorStrategy } from "../error_strategy.ts";
import { LedgerError } from "../ledger/ledger.ts";
import type { Direction } from "./books.ts";
import type { Logger } from "./logger.ts";
import { type Change, StoreError } from "./store.ts";

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
  /** What the dead letters write in the same commit, if they take it. */
  readonly alongside?: readonly Change[];
}

/** Keeps failed messages. Returns whether it took this one; a promise of it where that takes a commit. */
export type FailureKeeper = (failure: Failure) => boolean | Promise<boolean>;

/** What became of a failed message: given up, to be tried again, or with the dead letters. */
export type Kept = "dropped" | "retrying" | "queued";

/** Calls `end` with what became of a failed message: at once where that is known. */
export function whenKept(kept: Kept | Promise<Kept>, end: (kept: Kept) => void): void {
  if (kept instanceof Promise) kept.then(end);
  else end(kept);
}

/** What failures can do. */
export interface FailuresOptions {
  /** Where warnings go. */
  readonly log: Logger;
  /** Takes what should be tried again: messages on their way out only. */
  readonly retry?: FailureKeeper;
  /** Takes what a person should look at. */
  readonly deadLetters?: FailureKeeper;
  /** Stops the nara. */
  readonly panic: (reason: string) => void;
}

/** Alarms that are kept; past it the oldest is forgotten. */
const ALARMS_MAX = 64;
/** Causes of an error that are looked at. */
const CAUSES_MAX = 8;

/**
 * Whether the machine itself broke: its ledger or its store is damaged, or its own key does not sign. Nothing that a peer, a
 * broker or a full disk can cause is among it, for only this may stop a nara.
 */
export function isOwnFault(error: unknown): boolean {
  let cause = error;
  for (let depth = 0; depth < CAUSES_MAX && cause instanceof Error; depth++, cause = cause.cause) {
    const isDamage = (cause instanceof LedgerError || cause instanceof StoreError) &&
      cause.code === "unreadable";
    if (isDamage || (cause instanceof IdentityError && cause.code === "cannot_sign")) return true;
  }
  return false;
}

/** Applies error strategies. */
export class Failures {
  readonly #options: FailuresOptions;
  /** By where they arose, the last of each. */
  readonly #alarms = new Map<string, string>();

  /**
   * The strategies over these means.
   *
   * @param options What can be done.
   */
  constructor(options: FailuresOptions) {
    this.#options = options;
  }

  /** What failed that must not, and could not stop this nara: for its operator to look at. */
  get alarms(): string[] {
    return [...this.#alarms.values()];
  }

  /**
   * Deals with a failure. Where nobody keeps what should be kept, it is logged. The keepers are asked in the same turn, so that
   * what is kept stands in its place before anything else happens; a promise comes only from keepers that need time, and
   * resolves when the message is on disk. It never throws or rejects.
   */
  handle(failure: Failure, strategy: ErrorStrategy): Kept | Promise<Kept> {
    const { retry, deadLetters } = this.#options;
    switch (strategy) {
      case "drop":
        return "dropped";
      case "log":
        return this.#giveUp(failure);
      case "retry":
        return failure.direction === "emit"
          ? this.#ask(failure, [[retry, "retrying"], [deadLetters, "queued"]])
          : this.#ask(failure, [[deadLetters, "queued"]]);
      case "queue":
        return this.#ask(failure, [[deadLetters, "queued"]]);
      case "panic":
        return this.#panic(failure);
    }
  }

  #panic(failure: Failure): Kept | Promise<Kept> {
    const { log, panic, deadLetters } = this.#options;
    const { message: { kind }, direction, stage, error } = failure;
    if (isOwnFault(error)) {
      panic(`${direction} of ${kind} failed at ${stage}: ${error.message}`);
      return "dropped";
    }
    log.error(`${direction} failed that must not`, { kind, stage, error: error.message });
    this.#alarms.set(
      `${direction} ${kind} ${stage}`,
      `${direction} of ${kind} failed at ${stage}: ${error.message}`,
    );
    if (this.#alarms.size > ALARMS_MAX) this.#alarms.delete(this.#alarms.keys().next().value!);
    return this.#ask(failure, [[deadLetters, "queued"]]);
  }

  /** Asks one keeper after the other; only the first that takes the message has it. */
  #ask(
    failure: Failure,
    [next, ...rest]: readonly (readonly [FailureKeeper | undefined, Kept])[],
  ): Kept | Promise<Kept> {
    if (!next) return this.#giveUp(failure);
    const [keeper, kept] = next;
    const taken = this.#keeps(keeper, failure);
    if (!(taken instanceof Promise)) return taken ? kept : this.#ask(failure, rest);
    return taken.then((isTaken) => isTaken ? kept : this.#ask(failure, rest));
  }

  #giveUp({ message: { kind }, direction, stage, error }: Failure): Kept {
    this.#options.log.warn(`${direction} failed`, { kind, stage, error: error.message });
    return "dropped";
  }

  /** A keeper that throws has kept nothing; a chain of streams would end for every later message. */
  #keeps(keeper: FailureKeeper | undefined, failure: Failure): boolean | Promise<boolean> {
    const keptNothing = (thrown: unknown) => {
      const { kind } = failure.message;
      this.#options.log.error("a failed message could not be kept", { kind, error: messageOf(thrown) });
      return false;
    };
    try {
      const taken = keeper?.(failure) ?? false;
      return taken instanceof Promise ? taken.catch(keptNothing) : taken;
    } catch (thrown) {
      return keptNothing(thrown);
    }
  }
}
