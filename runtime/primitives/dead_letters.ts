/**
 * Dead letters: messages that failed for good, kept with all that a person needs to decide what becomes of them.
 * @module
 */
import { Buffer } from "node:buffer";
import { decodeEnvelope } from "../../messages/envelope.ts";
import type { Draft } from "../../messages/draft.ts";
import type { Message } from "../../messages/message.ts";
import type { Clock } from "../../utilities/clock.ts";
import { messageOf, toError } from "../../utilities/errors.ts";
import type { Direction } from "./books.ts";
import type { Failure } from "./failures.ts";
import { decodeKept, keyOf, type ReadKept, sequenceAfter } from "./kept_message.ts";
import {
  damagedLetter,
  DeadLetterError,
  type Letter,
  type NewLetter,
  type OpenedLetter,
  readLetter,
  shownLetter,
  type StoredLetter,
  UNREADABLE_LETTER,
  writeLetter,
} from "./letter.ts";
import type { Limit } from "./limits.ts";
import type { Logger } from "./logger.ts";
import type { Change, KeyValueFile } from "./store.ts";

/** Where letters lie in the data folder. */
export const DEAD_LETTERS_SPACE = "runtime:dead-letters";

/** What a letter is to be tried again with. */
export interface LetterRetry {
  /** The letter. */
  readonly letter: Letter;
  /** Its message as it was, for one that was received: to be handed to its handler. */
  readonly message: Message;
  /** The same as a new message, for one of our own: kind, version, payload and target. */
  readonly draft: Draft;
  /** What removes the letter: for whoever writes that its message was handled, at once with that. */
  readonly removal: Change;
}

/** Which letters are listed. */
export interface LetterQuery {
  /** Where the page before ended. */
  readonly cursor?: string;
  /** Letters per page. @default {50} */
  readonly limit?: number;
}

/** A part of the list. */
export interface LetterPage {
  /** Letters, the newest first. */
  readonly letters: readonly Letter[];
  /** Where the next page begins; left out behind the last one. */
  readonly cursor?: string;
  /** Letters in all. */
  readonly total: number;
}

/** Options of {@linkcode DeadLetters}. */
export interface DeadLettersOptions {
  /** The runtime's time. */
  readonly clock: Pick<Clock, "nowNs">;
  /** Where they are kept. */
  readonly file: KeyValueFile;
  /** Where it is said what was lost. */
  readonly log: Logger;
  /** Reads a kept frame. */
  readonly read: ReadKept;
  /** Letters kept; past it the oldest makes room. @default {1_000} */
  readonly lettersMax?: number;
  /** Bytes of letters kept; past it the oldest makes room. @default {8 MiB} */
  readonly bytesMax?: number;
}

/** The key of the number that the next letter gets, beside those of the letters. */
const NEXT = "next";
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A letter that makes room, and for which bound. */
interface Leaving {
  readonly letter: StoredLetter;
  readonly bound: "letters" | "bytes";
}

/** The dead letters of one nara. */
export class DeadLetters {
  readonly #options: Required<DeadLettersOptions>;
  /** In the order in which they came. */
  readonly #letters = new Map<string, StoredLetter>();
  readonly #retrying = new Set<string>();
  #next = 1;
  #bytes = 0;
  readonly #overflows = { letters: 0, bytes: 0 };

  /**
   * Those that earlier runs left, and room for more.
   *
   * @param options Where they are kept, and how many.
   */
  constructor({ lettersMax = 1_000, bytesMax = 8 * 1024 * 1024, ...options }: DeadLettersOptions) {
    this.#options = { lettersMax, bytesMax, ...options };
    const entries = options.file.list(DEAD_LETTERS_SPACE, "");
    for (const [key, value] of entries) if (key !== NEXT) this.#recall(key, value);
    const kept = Number(decoder.decode(options.file.get(DEAD_LETTERS_SPACE, NEXT)));
    this.#next = Math.max(sequenceAfter(entries), Number.isSafeInteger(kept) ? kept : 0);
  }

  /** How many there are. */
  get size(): number {
    return this.#letters.size;
  }

  /** A `FailureKeeper`: keeps a failed message. */
  keep({ message, alongside, ...failure }: Failure): Promise<boolean> {
    return this.add({ about: message, ...failure }, alongside);
  }

  /**
   * Keeps a letter; the oldest make room for it. Received ones and our own share the space: room is made by those that have
   * more of it, so that nobody out there can push out what this nara failed to say.
   *
   * @param alongside Changes to make in the same commit: all of them, or none and no letter.
   * @returns Whether it was taken, on disk; `false` for one that is larger than all the space.
   * @throws {StoreError} When the disk refused; then nothing has changed.
   */
  async add(letter: NewLetter, alongside: readonly Change[] = []): Promise<boolean> {
    const nowMs = Number(this.#options.clock.nowNs() / 1_000_000n);
    const [stored, value] = writeLetter(letter, this.#next++, nowMs);
    if (value.length > this.#options.bytesMax) {
      this.#overflows.bytes++;
      return false;
    }
    const leaving = this.#makeRoomFor(stored);
    this.#put(stored);
    try {
      await this.#options.file.write([
        { space: DEAD_LETTERS_SPACE, key: keyOf(stored.sequence), value },
        ...leaving.map(({ letter }) => removal(letter)),
        ...alongside,
      ]);
    } catch (thrown) {
      this.#take(stored);
      this.#putBack(leaving.map(({ letter }) => letter));
      throw thrown;
    }
    for (const { bound } of leaving) this.#overflows[bound]++;
    return true;
  }

  /** A page of letters, the newest first. */
  list({ cursor, limit = 50 }: LetterQuery = {}): LetterPage {
    const before = cursor === undefined ? Infinity : Number(cursor);
    const older = [...this.#letters.values()].reverse().filter(({ sequence }) => sequence < before);
    const letters = older.slice(0, Math.max(1, limit));
    const total = this.size;
    return {
      letters: letters.map(shownLetter),
      total,
      ...older.length > letters.length && { cursor: letters.at(-1)!.id },
    };
  }

  /**
   * A letter with what its message says.
   *
   * @throws {DeadLetterError} `unknown_letter`.
   */
  inspect(id: string): OpenedLetter {
    const stored = this.#find(id);
    const frame = this.#frame(stored);
    const opened = { ...shownLetter(stored), frame: Buffer.from(frame).toString("base64") };
    try {
      const { timestamp, payload } = decodeEnvelope(frame);
      return { ...opened, timestamp, payload };
    } catch {
      return opened; // The bytes alone are better than nothing.
    }
  }

  /**
   * Tries a letter again: hands it to `again`, and removes it once that has resolved. One of our own is to be emitted anew, for
   * its id and its time are past; a received one is to be handed to its handler.
   *
   * @returns What `again` returned.
   * @throws {DeadLetterError} `unknown_letter`, `unreadable`, `not_retriable` or `busy`.
   * @throws What `again` throws; then the letter stays.
   */
  async retry<T>(id: string, again: (retry: LetterRetry) => Promise<T>): Promise<T> {
    const stored = this.#find(id);
    if (this.#retrying.has(id)) {
      throw new DeadLetterError("busy", `Cannot retry dead letter ${id}: that is under way already`);
    }
    const message = this.#read(stored);
    const { kind, version, payload, toId: to, to: toName, inReplyTo, toAddress } = message;
    const draft = { kind, version, payload, to, toName, inReplyTo, toAddress };
    this.#retrying.add(id);
    try {
      const result = await again({ letter: shownLetter(stored), message, draft, removal: removal(stored) });
      await this.#remove([stored]);
      return result;
    } finally {
      this.#retrying.delete(id);
    }
  }

  /**
   * Removes a letter for good.
   *
   * @throws {DeadLetterError} `unknown_letter`.
   * @throws {StoreError} When the disk refused; then it stays.
   */
  async discard(id: string): Promise<void> {
    await this.#remove([this.#find(id)]);
  }

  /**
   * Removes all letters for good.
   *
   * @returns How many there were.
   * @throws {StoreError} When the disk refused; then all stay.
   */
  async clear(): Promise<number> {
    const letters = [...this.#letters.values()];
    await this.#remove(letters);
    return letters.length;
  }

  /** Its bounds. */
  limits(): Limit[] {
    const { lettersMax, bytesMax } = this.#options;
    const rule = "the oldest makes room, of received or own ones, whichever are more";
    const overflows = this.#overflows;
    return [
      {
        name: "dead_letters.letters",
        unit: "letters",
        max: lettersMax,
        rule,
        inUse: () => this.size,
        overflows: () => overflows.letters,
      },
      {
        name: "dead_letters.bytes",
        unit: "bytes",
        max: bytesMax,
        rule,
        inUse: () => this.#bytes,
        overflows: () => overflows.bytes,
      },
    ];
  }

  #recall(key: string, value: Uint8Array): void {
    const sequence = Number(key);
    if (!Number.isSafeInteger(sequence)) return;
    try {
      this.#put(readLetter(sequence, value));
    } catch (thrown) {
      this.#options.log.error("a dead letter is damaged", { id: String(sequence), error: messageOf(thrown) });
      this.#put(damagedLetter(sequence, value, toError(thrown)));
    }
  }

  #find(id: string): StoredLetter {
    const letter = this.#letters.get(id);
    if (letter) return letter;
    throw new DeadLetterError(
      "unknown_letter",
      `Cannot find dead letter ${id}: list them to see which there are`,
    );
  }

  #frame({ sequence }: StoredLetter): Uint8Array {
    const value = this.#options.file.get(DEAD_LETTERS_SPACE, keyOf(sequence)) ?? new Uint8Array();
    try {
      return decodeKept(value).frame;
    } catch {
      return value; // What is damaged is shown as it lies there.
    }
  }

  #read(stored: StoredLetter): Message {
    const { id, kind, direction, proof, toAddress, fromId } = stored;
    if (direction === "receive" && proof === "none" && kind !== UNREADABLE_LETTER) {
      throw new DeadLetterError(
        "not_retriable",
        `Cannot retry dead letter ${id} as nothing proves that ${fromId} sent it: discard it`,
      );
    }
    try {
      const beside = { toAddress, proof: direction === "emit" ? "envelope" : proof, direction } as const;
      return this.#options.read(this.#frame(stored), beside);
    } catch (cause) {
      throw new DeadLetterError(
        "unreadable",
        `Cannot retry dead letter ${id}: ${
          messageOf(cause)
        }; start the service that speaks ${kind}, or discard it`,
        { cause },
      );
    }
  }

  async #remove(letters: readonly StoredLetter[]): Promise<void> {
    const next = { space: DEAD_LETTERS_SPACE, key: NEXT, value: encoder.encode(String(this.#next)) };
    await this.#options.file.write([...letters.map(removal), next]);
    for (const letter of letters) this.#take(letter);
  }

  /** Takes out what makes room for `fresh`, in the order in which it came. */
  #makeRoomFor(fresh: StoredLetter): Leaving[] {
    const { lettersMax, bytesMax } = this.#options;
    const leaving: Leaving[] = [];
    while (this.size > 0) {
      const isTooLarge = this.#bytes + fresh.bytes > bytesMax;
      if (!isTooLarge && this.size < lettersMax) break;
      const direction = this.#heavier(fresh, isTooLarge ? ({ bytes }) => bytes : () => 1);
      const letters = [...this.#letters.values()];
      const letter = letters.find((each) => each.direction === direction) ?? letters[0];
      this.#take(letter);
      leaving.push({ letter, bound: isTooLarge ? "bytes" : "letters" });
    }
    return leaving;
  }

  #heavier(fresh: StoredLetter, weigh: (letter: StoredLetter) => number): Direction {
    let balance = 0;
    for (const letter of [fresh, ...this.#letters.values()]) {
      balance += letter.direction === "receive" ? weigh(letter) : -weigh(letter);
    }
    return balance > 0 ? "receive" : "emit";
  }

  #put(letter: StoredLetter): void {
    this.#letters.set(letter.id, letter);
    this.#bytes += letter.bytes;
  }

  #take(letter: StoredLetter): void {
    if (this.#letters.delete(letter.id)) this.#bytes -= letter.bytes;
  }

  #putBack(leaving: readonly StoredLetter[]): void {
    const letters = [...this.#letters.values(), ...leaving].sort((a, b) => a.sequence - b.sequence);
    this.#letters.clear();
    this.#bytes = 0;
    for (const letter of letters) this.#put(letter);
  }
}

function removal({ sequence }: StoredLetter): Change {
  return { space: DEAD_LETTERS_SPACE, key: keyOf(sequence) };
}
