/**
 * What an outbox works with, and within which bounds.
 * @module
 */
import type { Message } from "../../messages/message.ts";
import type { Clock } from "../../utilities/clock.ts";
import type { Random } from "../../utilities/random.ts";
import type { ReadKept } from "./kept_message.ts";
import type { NewLetter } from "./letter.ts";
import type { Logger } from "./logger.ts";
import type { Change, KeyValueFile } from "./store.ts";

/** What one more try came to. */
export type OutboxOutcome =
  | { readonly outcome: "sent" }
  | { readonly outcome: "dropped"; readonly reason: string }
  | { readonly outcome: "failed"; readonly error: Error };

/** How a message is tried again. */
export interface OutboxAttempt {
  /** The stage that failed first. */
  readonly stage: string;
  /** How often it was tried before. */
  readonly attempts: number;
  /** Aborts when the outbox stops. */
  readonly signal: AbortSignal;
}

/** How much is kept, and how messages are tried again. */
export interface RetryOptions {
  /** Messages kept; past it a new one is refused. @default {1_024} */
  readonly messagesMax: number;
  /** Bytes kept; past it a new one is refused. @default {8 MiB} */
  readonly bytesMax: number;
  /** Messages kept for one target; past it a new one is refused. @default {256} */
  readonly perTargetMax: number;
  /** Below this lies the first pause, in milliseconds. @default {500} */
  readonly baseMs: number;
  /** Below this lies every pause, in milliseconds. Longer spares a dead peer, and keeps one waiting that is back. @default {30_000} */
  readonly capMs: number;
  /** Tries of one message, the first included. @default {64} */
  readonly attemptsMax: number;
}

/** Options of an {@linkcode Outbox}. */
export interface OutboxOptions extends Partial<RetryOptions> {
  /** The runtime's time. */
  readonly clock: Clock;
  /** The runtime's chance. */
  readonly random: Pick<Random, "next">;
  /** Where messages are kept. */
  readonly file: KeyValueFile;
  /** Where it is said what went wrong. */
  readonly log: Logger;
  /** Sends a message as it is: it keeps its id. A throw counts as `failed`. */
  readonly send: (message: Message, attempt: OutboxAttempt) => Promise<OutboxOutcome>;
  /** Reads a kept frame. */
  readonly read: ReadKept;
  /** How long after its time a message of this kind is taken, in milliseconds. */
  readonly pastMs: (kind: string) => number;
  /** Takes what is given up, together with the change that removes it here. As `DeadLetters.add`. */
  readonly giveUp: (letter: NewLetter, alongside: readonly Change[]) => Promise<boolean>;
}

/** A place in the outbox for a message that is kept by somebody else's commit. */
export interface OutboxPlace {
  /** What that commit has to write. */
  readonly changes: readonly Change[];
  /** It is on disk: send it. */
  confirm(): void;
  /** It is not on disk: forget it. */
  undo(): void;
}

/** What an outbox starts from. */
export const RETRY_DEFAULTS: RetryOptions = {
  messagesMax: 1_024,
  bytesMax: 8 * 1024 * 1024,
  perTargetMax: 256,
  baseMs: 500,
  capMs: 30_000,
  attemptsMax: 64,
};

/** What is given, and the defaults for the rest. */
export function retryOptions(given: Partial<RetryOptions>): RetryOptions {
  const { messagesMax, bytesMax, perTargetMax, baseMs, capMs, attemptsMax } = RETRY_DEFAULTS;
  return {
    messagesMax: given.messagesMax ?? messagesMax,
    bytesMax: given.bytesMax ?? bytesMax,
    perTargetMax: given.perTargetMax ?? perTargetMax,
    baseMs: given.baseMs ?? baseMs,
    capMs: given.capMs ?? capMs,
    attemptsMax: given.attemptsMax ?? attemptsMax,
  };
}
