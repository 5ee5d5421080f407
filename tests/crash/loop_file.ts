/**
 * The file of a nara of the kill loop.
 * @module
 */
import { openSqliteFile, type SqliteFile } from "../../runtime/ledger/sqlite_file.ts";
import type { Role } from "./journal.ts";

/** Bytes that the counts of a loop take at most. */
export const COUNTS_BYTES_MAX = 64 * 1024 * 1024;

/** Opens it; nothing that is stored makes room for anything else in the longest of loops. */
export function openLoopFile(folder: string, role: Role): SqliteFile {
  return openSqliteFile(`${folder}/${role}/nara.db`, { messagesMax: 2_000_000, bytesMax: 2 ** 32 });
}
