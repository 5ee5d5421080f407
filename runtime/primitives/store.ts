/**
 * The store: a key–value space per service that outlives the process, so that no service opens a file.
 * @module
 */
import { NaraError } from "../../utilities/errors.ts";
import type { Limit } from "./limits.ts";

/** What can be wrong with a stored value. */
export class StoreError extends NaraError<
  "store_full" | "bad_key" | "disk_full" | "disk_failed" | "read_only" | "locked" | "unreadable" | "closed"
> {}

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
  /** Keys and values in `space` whose key starts with `prefix`, sorted by key; the first `limit` of them. */
  list(space: string, prefix: string, limit?: number): [key: string, value: Uint8Array][];
}

/** Bytes that a service may keep unless it declares more. */
export const STORE_BYTES_MAX = 1024 * 1024;

/** The space of one service, with its bound. */
export class ServiceStore implements Store {
  readonly #file: KeyValueFile;
  readonly #space: string;
  readonly #bytesMax: number;
  #bytes = 0;
  #overflows = 0;

  /**
   * What is in the space, and room for more.
   *
   * @param file Where all spaces are kept.
   * @param space The service's name.
   * @param bytesMax Keys and values together.
   */
  constructor(file: KeyValueFile, space: string, bytesMax: number = STORE_BYTES_MAX) {
    this.#file = file;
    this.#space = space;
    this.#bytesMax = bytesMax;
    this.recount();
  }

  /** Its bound, for `nara limits`. */
  limits(): Limit[] {
    return [{
      name: `store.${this.#space}`,
      unit: "bytes",
      max: this.#bytesMax,
      rule: "the write is refused with store_full",
      inUse: () => this.#bytes,
      overflows: () => this.#overflows,
    }];
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
    return this.#write(new Map(entries));
  }

  /** Removes `key`. */
  delete(key: string): Promise<void> {
    return this.#write(new Map([[key, undefined]]));
  }

  /**
   * Changes for {@linkcode KeyValueFile.write}, to be made at once together with those of others; they count as made. When the
   * write is refused, call {@linkcode ServiceStore.recount}.
   *
   * @throws {StoreError} `store_full` or `bad_key`; then nothing counts.
   */
  changesFor(entries: ReadonlyMap<string, Uint8Array | undefined>): Change[] {
    let bytes = this.#bytes;
    for (const [key, value] of entries) bytes += (value ? sizeOf([key, value]) : 0) - this.#sizeAt(key);
    if (bytes > this.#bytesMax && bytes > this.#bytes) {
      this.#overflows++;
      throw new StoreError(
        "store_full",
        `Cannot keep ${bytes} bytes for "${this.#space}" as its store holds at most ${this.#bytesMax}: ` +
          "delete something, or declare a larger storeBytesMax",
      );
    }
    this.#bytes = bytes;
    return [...entries].map(([key, value]) => ({ space: this.#space, key, value }));
  }

  /** Counts again what is there. */
  recount(): void {
    this.#bytes = this.#file.list(this.#space, "").reduce((sum, entry) => sum + sizeOf(entry), 0);
  }

  async #write(entries: ReadonlyMap<string, Uint8Array | undefined>): Promise<void> {
    const changes = this.changesFor(entries);
    try {
      await this.#file.write(changes);
    } catch (thrown) {
      this.recount();
      throw thrown;
    }
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
