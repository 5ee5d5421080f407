/**
 * The tables of nara's SQLite file, how an older file comes to have them, and which files are not ours to touch.
 * @module
 */
import type { DatabaseSync } from "node:sqlite";
import { StoreError } from "../primitives/store.ts";
import type { StepHook } from "./group_commit.ts";

/** Marks the file as ours: "nara" in ASCII, where SQLite keeps the id of the application. */
const APPLICATION_ID = 0x6e617261;

/**
 * Stored messages. Every index ends in what a page is sorted by, so that no question reads the table or sorts; what few
 * records have is indexed for those alone. Content keys are bytes, for a text that is read ends at its first NUL.
 */
const MESSAGES = [
  `CREATE TABLE messages (
    id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, version INTEGER NOT NULL, from_id TEXT NOT NULL, to_id TEXT,
    subject TEXT, content_key BLOB, keep_key TEXT, timestamp_ms INTEGER NOT NULL, priority INTEGER NOT NULL,
    bytes INTEGER NOT NULL, frame BLOB NOT NULL) STRICT`,
  "CREATE INDEX by_priority ON messages (priority, timestamp_ms, id, bytes)",
  "CREATE INDEX by_kind ON messages (kind, timestamp_ms, id)",
  "CREATE INDEX by_sender ON messages (from_id, timestamp_ms, id)",
  "CREATE INDEX by_subject ON messages (subject, timestamp_ms, id) WHERE subject IS NOT NULL",
  "CREATE INDEX by_content_key ON messages (content_key) WHERE content_key IS NOT NULL",
  "CREATE INDEX by_keep_key ON messages (keep_key, timestamp_ms, id) WHERE keep_key IS NOT NULL",
  "CREATE INDEX priority_zero ON messages (from_id, bytes) WHERE priority = 0",
  `CREATE TABLE observers (
    content_key BLOB NOT NULL, from_id TEXT NOT NULL, message_id TEXT NOT NULL, signature BLOB NOT NULL,
    UNIQUE (content_key, from_id)) STRICT`,
];

/**
 * What has to be done to come from version n to n + 1; the file's `user_version` says where it stands. What has been
 * released is never changed here, only added to.
 */
export const MIGRATIONS: readonly (readonly string[])[] = [
  [
    "CREATE TABLE entries (space TEXT NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (space, key)) STRICT",
  ],
  MESSAGES,
];

/** Says whose the file is, and how far it has come. */
const VERSION = [`PRAGMA application_id = ${APPLICATION_ID}`, `PRAGMA user_version = ${MIGRATIONS.length}`];

/** Bytes up to which a file is checked whole at the start: a tenth of a second (measured: 1 ms per MB). */
const CHECKED_WHOLE_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Refuses what is no whole file of this version or an older one, before anything is written.
 *
 * A small file is checked whole, of a larger one the header, the schema and the entries (keys and addresses are among
 * them). {@linkcode probe} does the rest.
 *
 * @throws {StoreError} `unreadable`.
 */
export function assertOurs(database: DatabaseSync, path: string): void {
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
  if (!isEmpty && !isWhole(database)) {
    throw unreadable(path, "it is damaged", "restore it, or remove it to begin anew");
  }
}

function isWhole(database: DatabaseSync): boolean {
  const bytes = pragma(database, "page_count") * pragma(database, "page_size");
  const check = bytes <= CHECKED_WHOLE_BYTES_MAX ? "quick_check(1)" : "quick_check(entries)";
  return database.prepare(`PRAGMA ${check}`).get()!.quick_check === "ok";
}

/** By what each tree of the ledger is sorted, and under which condition a record is in it. */
const TREES: readonly (readonly [tree: string, order: string, condition?: string])[] = [
  ["messages NOT INDEXED", "rowid"],
  ["messages INDEXED BY sqlite_autoindex_messages_1", "id"],
  ["messages INDEXED BY by_kind", "kind"],
  ["messages INDEXED BY by_sender", "from_id"],
  ["messages INDEXED BY by_subject", "subject", "subject IS NOT NULL"],
  ["messages INDEXED BY by_content_key", "content_key", "content_key IS NOT NULL"],
  ["messages INDEXED BY by_keep_key", "keep_key", "keep_key IS NOT NULL"],
  ["messages INDEXED BY priority_zero", "from_id", "priority = 0"],
  ["observers NOT INDEXED", "rowid"],
  ["observers INDEXED BY sqlite_autoindex_observers_1", "content_key"],
];

/**
 * Reads the first and the last row of every tree: the pages that lead to all others must be whole. What is damaged
 * further down shows when it is read; to look at all of it would take eight times as long as the whole start.
 *
 * @throws What SQLite throws, `SQLITE_CORRUPT`.
 */
export function probe(database: DatabaseSync): void {
  for (const [tree, order, condition = "TRUE"] of TREES) {
    for (const direction of ["ASC", "DESC"]) {
      database.prepare(`SELECT * FROM ${tree} WHERE ${condition} ORDER BY ${order} ${direction} LIMIT 1`)
        .get();
    }
  }
}

/**
 * Brings the file to this version: all steps, or none.
 *
 * @throws What SQLite throws, `SQLITE_READONLY` also where there is nothing to do: it opens a file that may not be
 * written, and even begins to write, and would only say so of the first message.
 */
export function migrate(database: DatabaseSync, onStep?: StepHook): void {
  const run = (sql: string) => void database.prepare(sql).run();
  onStep?.("migration: before BEGIN");
  run("BEGIN IMMEDIATE");
  try {
    const steps = MIGRATIONS.slice(pragma(database, "user_version")).flat();
    for (const step of [...steps, ...VERSION]) {
      run(step);
      onStep?.(`migration: after ${step.split("(")[0].trim()}`);
    }
    run(steps.length > 0 ? "COMMIT" : "ROLLBACK");
    onStep?.("migration: after COMMIT");
  } catch (thrown) {
    if (database.isTransaction) run("ROLLBACK");
    throw thrown;
  }
}

function pragma(database: DatabaseSync, name: string): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()![name]);
}

/** The refusal to open a file that is not, or no longer, one of ours. */
export function unreadable(path: string, found: string, advice: string): StoreError {
  return new StoreError("unreadable", `Cannot open the store ${path} (${found}): ${advice}`);
}
