/**
 * nara's SQLite file: the ledger's messages and the services' stores in one place, behind one group commit.
 *
 * What resolved survives `kill -9` and a power cut (write-ahead log, full synchronisation). Loaded on use: a nara that
 * keeps everything in memory never loads a database.
 * @module
 */
import { DatabaseSync } from "node:sqlite";
import { dirname } from "node:path";
import { messageOf } from "../../utilities/errors.ts";
import { type KeyValueFile, StoreError } from "../primitives/store.ts";
import { GroupCommit, type StepHook } from "./group_commit.ts";
import { checkCapacity, LEDGER_CAPACITY, type LedgerCapacity } from "./ledger_capacity.ts";
import { storeError } from "./sqlite_error.ts";
import { SqliteLedger } from "./sqlite_ledger.ts";
import { assertOurs, migrate, probe, unreadable } from "./sqlite_schema.ts";
import { SqliteStore } from "./sqlite_store.ts";

/** A moment's patience with other programs. */
const PATIENCE = "PRAGMA busy_timeout = 250";
/** Pages of the log that are moved to the file at once: 16 MiB, as a page that changes often is then moved once. */
const LOG_PAGES = 4_000;
/**
 * Damage noticed when a page is read; a log beside the file; every commit synchronised; a log that is no larger than it
 * has to be; 8 MiB of pages in memory.
 */
const SETTINGS = [
  "PRAGMA cell_size_check = ON",
  "PRAGMA journal_mode = WAL",
  "PRAGMA synchronous = FULL",
  `PRAGMA wal_autocheckpoint = ${LOG_PAGES}`,
  "PRAGMA journal_size_limit = 16777216",
  "PRAGMA cache_size = -8192",
];

/** Options of {@linkcode openSqliteFile}. */
export interface SqliteFileOptions extends Partial<LedgerCapacity> {
  /**
   * Told of every step that writes, by name. For tests: it may end the process there, or throw before a commit as a
   * disk that failed would.
   */
  readonly onStep?: StepHook;
}

/** An open file. Dispose of it, or of both its parts in any order, to close it. */
export interface SqliteFile extends Disposable {
  /** Keys and values. */
  readonly store: KeyValueFile;
  /** Messages. */
  readonly ledger: SqliteLedger;
}

/**
 * Opens the file `path`, or makes it.
 *
 * @param path Where it is; its folder must be there.
 * @param options How much the ledger keeps: {@linkcode LEDGER_CAPACITY} of `short`, unless told otherwise.
 * @throws {StoreError} `unreadable`, when the file is damaged, not ours, of a newer nara, or no file; `read_only`, when
 * it or its folder may not be written; `disk_full`; `disk_failed`; `locked`, when another program writes to it. It is left as it is.
 * @throws {RangeError} If a bound is not a positive integer.
 */
export function openSqliteFile(path: string, options: SqliteFileOptions = {}): SqliteFile {
  const { messagesMax, bytesMax } = { ...LEDGER_CAPACITY.short, ...options };
  checkCapacity({ messagesMax, bytesMax });
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path);
    prepare(database, path, options.onStep);
    const commits = new GroupCommit(database, options.onStep);
    const open = new Set(["store", "ledger"]);
    const close = (part: string) => () => {
      open.delete(part);
      if (open.size === 0 && database!.isOpen) database!.close();
    };
    const shared = { database, commits, path };
    const ledger = new SqliteLedger({ ...shared, messagesMax, bytesMax, close: close("ledger") });
    const store = new SqliteStore({ ...shared, close: close("store") });
    const end = () => {
      ledger.close();
      store[Symbol.dispose]();
    };
    return { store, ledger, [Symbol.dispose]: end };
  } catch (thrown) {
    database?.close();
    throw openError(thrown, path);
  }
}

/** Opens the file `path` for its store alone: closing that closes it. */
export function openSqliteStore(path: string): KeyValueFile {
  const { store, ledger } = openSqliteFile(path);
  ledger.close();
  return store;
}

function prepare(database: DatabaseSync, path: string, onStep?: StepHook): void {
  const run = (sql: string) => database.prepare(sql).run(); // Unlike `exec`, it says with which code it failed.
  run(PATIENCE);
  assertOurs(database, path);
  for (const setting of SETTINGS) run(setting);
  migrate(database, onStep);
  probe(database);
}

/** SQLite only says that it cannot open a file: says why, where that can be seen. */
function openError(thrown: unknown, path: string): StoreError {
  if (!/unable to open database file/.test(messageOf(thrown))) {
    return storeError(thrown, `Cannot open the store ${path}`);
  }
  const folder = dirname(path);
  const file = statOf(path);
  if (file?.isDirectory) {
    return unreadable(path, "it is a folder", "remove it, or choose another data folder");
  }
  const above = statOf(folder);
  if (above && !above.isDirectory) {
    return unreadable(path, `${folder} is no folder`, "choose another data folder");
  }
  if (!above) {
    return unreadable(path, `there is no folder ${folder}`, "make it, or choose another data folder");
  }
  const [what, advice] = file ? [path, "its folder"] : [folder, "all above it"];
  const message =
    `Cannot open the store ${path} (${what} may not be written): make it and ${advice} writable for this user`;
  return new StoreError("read_only", message, { cause: thrown });
}

function statOf(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch {
    return undefined;
  }
}
