/**
 * The store: a key–value space per service that outlives the process, so that no service opens a file.
 * @module
 */
import { NaraError } from "../../utilities/errors.ts";

/** What can be wrong with a stored value. */
export class StoreError extends NaraError<"store_full" | "bad_key" | "unreadable" | "locked"> {}

/** The keys and values of one service. Every call is atomic and, once resolved, survives `kill -9`. */
export interface Store {
  /** The value of `key`. */
  get(key: string): Promise<Uint8Array | undefined>;
  /**
   * Sets the value of `key`.
   *
   * @throws {StoreError} `store_full`, when the service's space is used up; `bad_key`, when `key` is not 1 to 256 characters.
   */
  set(key: string, value: Uint8Array): Promise<void>;
  /** Sets several values at once: all or none. */
  setAll(entries: Iterable<readonly [key: string, value: Uint8Array]>): Promise<void>;
  /** Removes `key`; it need not be there. */
  delete(key: string): Promise<void>;
  /** All keys that start with `prefix`, sorted, with their values. */
  list(prefix?: string): Promise<[key: string, value: Uint8Array][]>;
}

/** One change to a file: sets a value, or removes a key when `value` is left out. */
export interface Change {
  /** Whose. */
  readonly space: string;
  /** Which. */
  readonly key: string;
  /** The new value. */
  readonly value?: Uint8Array;
}

/** The spaces of all services of one nara, behind {@linkcode Store}: memory, or the data folder's SQLite file. */
export interface KeyValueFile extends Disposable {
  /**
   * Makes changes, all or none. They count at once for whoever reads; resolved means that they survive `kill -9`. Many
   * that wait at the same time share one commit, so this is the way to write often.
   *
   * @throws {StoreError} When the disk refused: then none of them was made.
   */
  write(changes: readonly Change[]): Promise<void>;
  /** The value of `key` in `space`. */
  get(space: string, key: string): Uint8Array | undefined;
  /** Sets values in `space`: all or none. */
  setAll(space: string, entries: readonly (readonly [key: string, value: Uint8Array])[]): void;
  /** Removes `key` from `space`. */
  delete(space: string, key: string): void;
  /** Keys and values in `space` whose key starts with `prefix`, sorted by key. */
  list(space: string, prefix: string): [key: string, value: Uint8Array][];
}

/** Bytes that a service may keep unless it declares more. */
export const STORE_BYTES_MAX = 1024 * 1024;

/** The space of one service, with its bound. */
export class ServiceStore implements Store {
  readonly #file: KeyValueFile;
  readonly #space: string;
  readonly #bytesMax: number;
  #bytes: number;

  /**
   * @param file Where all spaces are kept.
   * @param space The service's name.
   * @param bytesMax Keys and values together.
   */
  constructor(file: KeyValueFile, space: string, bytesMax: number = STORE_BYTES_MAX) {
    this.#file = file;
    this.#space = space;
    this.#bytesMax = bytesMax;
    this.#bytes = file.list(space, "").reduce((sum, entry) => sum + sizeOf(entry), 0);
  }

  /** The value of `key`. */
  get(key: string): Promise<Uint8Array | undefined> {
    return attempt(() => this.#file.get(this.#space, key));
  }

  /** Sets the value of `key`. */
  set(key: string, value: Uint8Array): Promise<void> {
    return this.setAll([[key, value]]);
  }

  /** Sets several values at once: all or none. */
  setAll(entries: Iterable<readonly [key: string, value: Uint8Array]>): Promise<void> {
    return attempt(() => {
      const list = [...new Map(entries)];
      let bytes = this.#bytes;
      for (const entry of list) bytes += sizeOf(entry) - this.#sizeAt(entry[0]);
      if (bytes > this.#bytesMax) {
        throw new StoreError(
          "store_full",
          `Cannot keep ${bytes} bytes for "${this.#space}" as its store holds at most ${this.#bytesMax}: ` +
            "delete something, or declare a larger storeBytesMax",
        );
      }
      this.#file.setAll(this.#space, list);
      this.#bytes = bytes;
    });
  }

  /** Removes `key`. */
  delete(key: string): Promise<void> {
    return attempt(() => {
      const bytes = this.#sizeAt(key);
      this.#file.delete(this.#space, key);
      this.#bytes -= bytes;
    });
  }

  /** All keys that start with `prefix`, sorted, with their values. */
  list(prefix: string = ""): Promise<[key: string, value: Uint8Array][]> {
    return attempt(() => this.#file.list(this.#space, prefix));
  }

  #sizeAt(key: string): number {
    if (key.length < 1 || key.length > 256 || !key.isWellFormed()) {
      throw new StoreError(
        "bad_key",
        `Cannot use a key of ${key.length} characters: expected 1 to 256 of well-formed text`,
      );
    }
    const value = this.#file.get(this.#space, key);
    return value ? sizeOf([key, value]) : 0;
  }
}

function sizeOf([key, value]: readonly [key: string, value: Uint8Array]): number {
  return key.length + value.length;
}

/** A promise of what `work` returns or throws: the port is asynchronous, for a contained service asks over a pipe. */
function attempt<T>(work: () => T): Promise<T> {
  return new Promise((resolve) => resolve(work()));
}
