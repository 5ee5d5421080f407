/**
 * SQLite files as other programs, and earlier naras, left them.
 * @module
 */
import { DatabaseSync } from "node:sqlite";

/** The statements that made a file of version 1, as they were released. */
const VERSION_ONE = `
  PRAGMA journal_mode = WAL;
  CREATE TABLE entries (space TEXT NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (space, key)) STRICT;
  PRAGMA application_id = 1851880033;
  PRAGMA user_version = 1;
  INSERT INTO entries VALUES ('old', CAST('first' AS BLOB), x'01'), ('old', CAST('second' AS BLOB), x'0203');`;

/** Writes a file of version 1 with two entries in the space `old`. */
export function writeVersionOne(path: string): void {
  tamper(path, VERSION_ONE);
}

/** Runs `sql` on the file as another program would. */
export function tamper(path: string, sql: string): void {
  const database = new DatabaseSync(path);
  try {
    database.exec(sql);
  } finally {
    database.close();
  }
}
