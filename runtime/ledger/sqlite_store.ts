/**
 * Stores in a SQLite file: what a nara keeps for its services, its pinned keys and its proven addresses.
 *
 * A write that resolved survives `kill -9` and a power cut. Loaded on use, by `sqlite_file.ts`: a nara that keeps
 * everything in memory never loads a database.
 * @module
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { type Change, type KeyValueFile, StoreError } from "../primitives/store.ts";
import type { GroupCommit } from "./group_commit.ts";
import { storeError } from "./sqlite_error.ts";

/** What a {@linkcode SqliteStore} stands on. */
export interface SqliteStoreParts {
  /** The open file. */
  readonly database: DatabaseSync;
  /** Writes to it. */
  readonly commits: GroupCommit;
  /** Where it is, for messages to people. */
  readonly path: string;
  /** Lets go of the file. */
  readonly close: () => void;
}

/** Keeps keys and values in the table `entries`. */
export class SqliteStore implements KeyValueFile {
  readonly #parts: SqliteStoreParts;
  readonly #get: StatementSync;
  readonly #set: StatementSync;
  readonly #delete: StatementSync;
  readonly #list: StatementSync;
  #isClosed = false;

  /** Use `openSqliteFile()`. */
  constructor(parts: SqliteStoreParts) {
    this.#parts = parts;
    const { database } = parts;
    this.#get = database.prepare("SELECT value FROM entries WHERE space = ? AND key = ?");
    this.#set = database.prepare(
      "INSERT INTO entries VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
    );
    this.#delete = database.prepare("DELETE FROM entries WHERE space = ? AND key = ?");
    this.#list = database.prepare("SELECT key, value FROM entries WHERE space = ? AND key >= ? ORDER BY key");
  }

  /** The value of `key` in `space`. */
  get(space: string, key: string): Uint8Array | undefined {
    return this.#read(() => {
      const row = this.#get.get(space, keyBytes(key));
      return row && (row.value as Uint8Array);
    });
  }

  /** Makes changes, all or none. Resolves when they are on disk, with all others of this turn. */
  write(changes: readonly Change[]): Promise<void> {
    if (this.#isClosed) return Promise.reject(this.#closed());
    return this.#parts.commits.run(() => this.#change(changes), {
      isSingle: changes.length <= 1,
      toError: this.#toWriteError,
    });
  }

  /** Sets values in `space`: all or none, and on disk when it returns. */
  setAll(space: string, entries: readonly (readonly [key: string, value: Uint8Array])[]): void {
    this.#changeNow(entries.map(([key, value]) => ({ space, key, value })));
  }

  /** Removes `key` from `space`. */
  delete(space: string, key: string): void {
    this.#changeNow([{ space, key }]);
  }

  /** Keys and values in `space` whose key starts with `prefix`, sorted by key; the first `limit` of them. */
  list(space: string, prefix: string, limit: number = Infinity): [key: string, value: Uint8Array][] {
    return this.#read(() => {
      const found: [string, Uint8Array][] = [];
      for (const row of this.#list.iterate(space, keyBytes(prefix))) {
        const key = decoder.decode(row.key as Uint8Array);
        if (!key.startsWith(prefix)) break; // Keys with one prefix stand together.
        found.push([key, row.value as Uint8Array]);
        if (found.length >= limit) break;
      }
      return found.sort(([a], [b]) => a < b ? -1 : 1); // SQLite sorts by code point, JavaScript by UTF-16 unit.
    });
  }

  /** Writes what waits, and lets go of the file. */
  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#parts.commits.flush();
    this.#isClosed = true;
    this.#parts.close();
  }

  #changeNow(changes: readonly Change[]): void {
    if (this.#isClosed) throw this.#closed();
    this.#parts.commits.runNow(() => this.#change(changes), { toError: this.#toWriteError });
  }

  #change(changes: readonly Change[]): void {
    for (const { space, key, value } of changes) {
      if (value) this.#set.run(space, keyBytes(key), value);
      else this.#delete.run(space, keyBytes(key));
      this.#parts.commits.step(value ? "after SET" : "after DELETE of a key");
    }
  }

  #read<T>(work: () => T): T {
    if (this.#isClosed) throw this.#closed();
    try {
      return work();
    } catch (thrown) {
      throw storeError(thrown, `Cannot read from the store ${this.#parts.path}`);
    }
  }

  readonly #toWriteError = (thrown: unknown) =>
    storeError(thrown, `Cannot write to the store ${this.#parts.path}`);

  #closed(): StoreError {
    return new StoreError("closed", `Cannot use the store ${this.#parts.path}: it has been closed`);
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Keys are kept as bytes, for SQLite's texts end at a NUL. */
function keyBytes(key: string): Uint8Array {
  if (key.isWellFormed()) return encoder.encode(key);
  throw new StoreError("bad_key", "Cannot use a key with half a surrogate pair: expected well-formed text");
}
