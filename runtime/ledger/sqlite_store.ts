/**
 * Stores in a SQLite file: what a nara keeps for its services, its pinned keys and its proven addresses.
 *
 * A write that returned survives `kill -9` and a power cut (write-ahead log, full synchronisation). Loaded on use:
 * a nara that keeps everything in memory never loads a database.
 * @module
 */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { messageOf } from "../../utilities/errors.ts";
import { type Change, type KeyValueFile, StoreError } from "../primitives/store.ts";

/** Marks the file as ours: "nara" in ASCII, where SQLite keeps the id of the application. */
const APPLICATION_ID = 0x6e617261;
/** What has to be done to come from version n to n + 1; the file's `user_version` says where it stands. */
const MIGRATIONS: readonly string[] = [
  "CREATE TABLE entries (space TEXT NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (space, key)) STRICT",
];
/** A log beside the file, every write synchronised, and a moment's patience with other programs. */
const SETTINGS = ["PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "PRAGMA busy_timeout = 250"];
/** SQLite's codes for a full disk and for a file that another process has locked. */
const FULL = 13;
const BUSY = [5, 6];

/**
 * Opens the store in the file `path`, or makes it.
 *
 * @throws {StoreError} `unreadable`, when the file is damaged, no store, of a newer nara, or may not be opened: it is
 * left as it is; `locked`, when another program writes to it.
 */
export function openSqliteStore(path: string): KeyValueFile {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path);
    assertOurs(database, path);
    for (const setting of SETTINGS) run(database, setting);
    migrate(database);
    return new SqliteStore(database, path);
  } catch (thrown) {
    database?.close();
    throw storeError(thrown, `Cannot open the store ${path}`);
  }
}

class SqliteStore implements KeyValueFile {
  readonly #database: DatabaseSync;
  readonly #path: string;
  readonly #get: StatementSync;
  readonly #set: StatementSync;
  readonly #delete: StatementSync;
  readonly #list: StatementSync;

  constructor(database: DatabaseSync, path: string) {
    this.#database = database;
    this.#path = path;
    this.#get = database.prepare("SELECT value FROM entries WHERE space = ? AND key = ?");
    this.#set = database.prepare(
      "INSERT INTO entries VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
    );
    this.#delete = database.prepare("DELETE FROM entries WHERE space = ? AND key = ?");
    this.#list = database.prepare("SELECT key, value FROM entries WHERE space = ? AND key >= ? ORDER BY key");
  }

  get(space: string, key: string): Uint8Array | undefined {
    return this.#attempt("read from", () => {
      const row = this.#get.get(space, keyBytes(key));
      return row && (row.value as Uint8Array);
    });
  }

  setAll(space: string, entries: readonly (readonly [key: string, value: Uint8Array])[]): void {
    this.#attempt("write to", () =>
      transaction(this.#database, () => {
        for (const [key, value] of entries) this.#set.run(space, keyBytes(key), value);
      }));
  }

  write(changes: readonly Change[]): Promise<void> {
    return new Promise((resolve) => {
      this.#attempt("write to", () =>
        transaction(this.#database, () => {
          for (const { space, key, value } of changes) {
            if (value) this.#set.run(space, keyBytes(key), value);
            else this.#delete.run(space, keyBytes(key));
          }
        }));
      resolve();
    });
  }

  delete(space: string, key: string): void {
    this.#attempt("write to", () => void this.#delete.run(space, keyBytes(key)));
  }

  list(space: string, prefix: string): [key: string, value: Uint8Array][] {
    return this.#attempt("read from", () => {
      const found: [string, Uint8Array][] = [];
      for (const row of this.#list.iterate(space, keyBytes(prefix))) {
        const key = decoder.decode(row.key as Uint8Array);
        if (!key.startsWith(prefix)) break; // Keys with one prefix stand together.
        found.push([key, row.value as Uint8Array]);
      }
      return found.sort(([a], [b]) => a < b ? -1 : 1); // SQLite sorts by code point, JavaScript by UTF-16 unit.
    });
  }

  [Symbol.dispose](): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #attempt<T>(verb: string, work: () => T): T {
    try {
      return work();
    } catch (thrown) {
      throw storeError(thrown, `Cannot ${verb} the store ${this.#path}`);
    }
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Keys are kept as bytes, for SQLite's texts end at a NUL. */
function keyBytes(key: string): Uint8Array {
  if (key.isWellFormed()) return encoder.encode(key);
  throw new StoreError("bad_key", "Cannot use a key with half a surrogate pair: expected well-formed text");
}

/** Refuses what is not a whole store of this version or an older one, before anything is written. */
function assertOurs(database: DatabaseSync, path: string): void {
  const isEmpty = pragma(database, "schema_version") === 0;
  const application = pragma(database, "application_id");
  if (!isEmpty && application !== APPLICATION_ID) {
    throw unreadable(path, "it is a database of another program", "choose another data folder");
  }
  const version = pragma(database, "user_version");
  if (version > MIGRATIONS.length) {
    const found = `a newer nara wrote it (version ${version}, this one reads up to ${MIGRATIONS.length})`;
    throw unreadable(path, found, "start that one, or choose another data folder");
  }
  const { quick_check: verdict } = database.prepare("PRAGMA quick_check(1)").get()!;
  if (verdict !== "ok") {
    throw unreadable(path, "it is damaged", "restore it, or remove it to begin anew");
  }
}

function migrate(database: DatabaseSync): void {
  const version = pragma(database, "user_version");
  if (version === MIGRATIONS.length) return;
  transaction(database, () => {
    for (const migration of MIGRATIONS.slice(version)) run(database, migration);
    run(database, `PRAGMA application_id = ${APPLICATION_ID}`);
    run(database, `PRAGMA user_version = ${MIGRATIONS.length}`);
  });
}

function pragma(database: DatabaseSync, name: string): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()![name]);
}

/** All of `work`, or none of it. */
function transaction(database: DatabaseSync, work: () => void): void {
  run(database, "BEGIN IMMEDIATE");
  try {
    work();
    run(database, "COMMIT");
  } catch (thrown) {
    if (database.isTransaction) run(database, "ROLLBACK");
    throw thrown;
  }
}

/** Unlike `exec`, a statement says with which code it failed. */
function run(database: DatabaseSync, sql: string): void {
  database.prepare(sql).run();
}

function unreadable(path: string, found: string, advice: string): StoreError {
  return new StoreError("unreadable", `Cannot open the store ${path} (${found}): ${advice}`);
}

function storeError(thrown: unknown, what: string): StoreError {
  if (thrown instanceof StoreError) return thrown;
  const code = sqliteCode(thrown);
  const options = { cause: thrown };
  if (code === FULL) {
    return new StoreError("store_full", `${what}: the disk is full, free some space`, options);
  }
  if (code !== undefined && BUSY.includes(code & 0xff)) {
    return new StoreError("locked", `${what}: another program is writing to it, stop that one`, options);
  }
  const advice = "see that it is whole and may be written, or choose another data folder";
  return new StoreError("unreadable", `${what} (${messageOf(thrown)}): ${advice}`, options);
}

function sqliteCode(thrown: unknown): number | undefined {
  return thrown instanceof Error && "errcode" in thrown ? Number(thrown.errcode) : undefined;
}
