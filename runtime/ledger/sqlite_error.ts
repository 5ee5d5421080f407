/**
 * What SQLite says when it fails, as one of our codes and one sentence with what to do about it.
 * @module
 */
import { messageOf, NaraError } from "../../utilities/errors.ts";
import { StoreError } from "../primitives/store.ts";
import { LedgerError } from "./ledger.ts";

/** What both the store and the ledger may say of their file. */
export type FileTrouble = "disk_full" | "disk_failed" | "read_only" | "locked" | "unreadable" | "closed";

/** SQLite's result codes (sqlite.org/rescode.html); the low byte is the family of an extended one. */
const BUSY = 5;
const LOCKED = 6;
const READONLY = 8;
const IO_ERROR = 10;
const CORRUPT = 11;
const FULL = 13;
const NOT_A_DATABASE = 26;
/** A value breaks a rule of its table, or has the wrong type, or is too large. */
const BAD_VALUES = [18, 19, 20];
/** A write that the system refused. It is no `FULL` where a limit on the size of files was met, not the disk's end. */
const IO_ERROR_WRITE = 778;
/** The index of the log could not grow: it is a file too. */
const IO_ERROR_SHMSIZE = 4874;

/** The store's error for anything thrown; `what` begins the sentence: "Cannot write to the store PATH". */
export function storeError(thrown: unknown, what: string): StoreError {
  if (thrown instanceof StoreError) return thrown;
  const [code, found] = diagnose(thrown);
  return new StoreError(code, `${what}${found}`, { cause: thrown });
}

/** The ledger's error for anything thrown; `what` begins the sentence: "Cannot keep a record in PATH". */
export function ledgerError(thrown: unknown, what: string): LedgerError {
  if (thrown instanceof LedgerError) return thrown;
  if (isBadValue(thrown)) {
    const message = `${what}: a field has a value that no ledger takes (${messageOf(thrown)})`;
    return new LedgerError("bad_record", message, { cause: thrown });
  }
  const [code, found] = diagnose(thrown);
  return new LedgerError(code, `${what}${found}`, { cause: thrown });
}

/** Whether something failed for want of room. */
export function isDiskFull(thrown: unknown): boolean {
  const code = sqliteCode(thrown);
  return code === FULL || code === IO_ERROR_WRITE || code === IO_ERROR_SHMSIZE;
}

function diagnose(thrown: unknown): [code: FileTrouble, found: string] {
  const code = sqliteCode(thrown);
  if (isDiskFull(thrown)) {
    return ["disk_full", ": the disk is full or the file may not grow, free some space"];
  }
  switch (code === undefined ? undefined : code & 0xff) {
    case BUSY:
    case LOCKED:
      return ["locked", ": another program is writing to it, stop that one"];
    case READONLY:
      return ["read_only", ": it may not be written, make the file and its folder writable for this user"];
    case CORRUPT:
    case NOT_A_DATABASE:
      return ["unreadable", " (it is damaged): restore it, or remove it to begin anew"];
    case IO_ERROR:
      return ["disk_failed", ` (the disk failed, ${messageOf(thrown)}): see to the disk, then start again`];
  }
  if (isClosed(thrown)) return ["closed", ": it has been closed"];
  const advice = "see that it is whole and may be written, or choose another data folder";
  return ["unreadable", ` (${thrown instanceof NaraError ? thrown.code : messageOf(thrown)}): ${advice}`];
}

function isBadValue(thrown: unknown): boolean {
  const code = sqliteCode(thrown);
  if (code !== undefined) return BAD_VALUES.includes(code & 0xff);
  return thrown instanceof Error && "code" in thrown && thrown.code === "ERR_INVALID_ARG_TYPE";
}

function sqliteCode(thrown: unknown): number | undefined {
  return thrown instanceof Error && "errcode" in thrown ? Number(thrown.errcode) : undefined;
}

function isClosed(thrown: unknown): boolean {
  return thrown instanceof Error && "code" in thrown && thrown.code === "ERR_INVALID_STATE";
}
