/**
 * The desk for dead letters: what an operator can do with messages that failed for good.
 * @module
 */
import type { Message } from "../messages/message.ts";
import type { NaraId } from "../utilities/names.ts";
import type { Emitter } from "./emitter.ts";
import type { DeadLetters, LetterPage, LetterQuery } from "./primitives/dead_letters.ts";
import type { OpenedLetter } from "./primitives/letter.ts";
import type { Change } from "./primitives/store.ts";
import type { Receiver } from "./receiver.ts";
import type { Emitted } from "./service.ts";

/** Dead letters, for whoever looks after a nara. */
export class LetterDesk {
  readonly #id: NaraId;
  readonly #letters: DeadLetters;
  readonly #emitter: Emitter;
  readonly #receiver: Receiver;

  /** Use {@linkcode Runtime.deadLetters}. */
  constructor(id: NaraId, letters: DeadLetters, emitter: Emitter, receiver: Receiver) {
    this.#id = id;
    this.#letters = letters;
    this.#emitter = emitter;
    this.#receiver = receiver;
  }

  /** How many there are. */
  get size(): number {
    return this.#letters.size;
  }

  /** A page of letters, the newest first. */
  list(query?: LetterQuery): LetterPage {
    return this.#letters.list(query);
  }

  /**
   * A letter with what its message says.
   *
   * @throws {DeadLetterError} `unknown_letter`.
   */
  inspect(id: string): OpenedLetter {
    return this.#letters.inspect(id);
  }

  /**
   * Tries a letter again: one of our own is emitted as a new message, for its time is past; a received one is handed to its
   * handler. When that goes well the letter is gone.
   *
   * @returns What became of it.
   * @throws {DeadLetterError} `unknown_letter`, `unreadable`, `not_retriable` or `busy`.
   * @throws What the new message failed for; then the letter stays.
   */
  retry(id: string): Promise<Emitted | { outcome: "handled" }> {
    return this.#letters.retry(
      id,
      ({ letter, draft, message, removal }): Promise<Emitted | { outcome: "handled" }> =>
        // A local message came from here too, and nobody takes one from outside.
        letter.direction === "emit" || message.fromId === this.#id
          ? this.#emitter.emit(draft)
          : this.#handleAgain(message, removal),
    );
  }

  /**
   * Removes a letter for good.
   *
   * @throws {DeadLetterError} `unknown_letter`.
   */
  discard(id: string): Promise<void> {
    return this.#letters.discard(id);
  }

  async #handleAgain(message: Message, removal: Change): Promise<{ outcome: "handled" }> {
    await this.#receiver.handleAgain(message, [removal]);
    return { outcome: "handled" };
  }
}
