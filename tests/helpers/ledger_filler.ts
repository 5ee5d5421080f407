/**
 * A program that fills its disk with messages: `deno run -A ledger_filler.ts FILE`. Prints one line of JSON, as
 * {@linkcode Filled} says.
 * @module
 */
import { LedgerError } from "../../runtime/ledger/ledger.ts";
import { openSqliteFile, type SqliteFile } from "../../runtime/ledger/sqlite_file.ts";
import { ledgerRecord } from "../../runtime/testing/ledger_records.ts";

/** What came of it. */
export interface Filled {
  /** Records that were acknowledged until the disk was full. */
  readonly kept: number;
  /** Codes of the refusals, each once. */
  readonly refusals: string[];
  /** Records that are found, of those that were acknowledged and those that were not. */
  readonly found: { readonly acknowledged: number; readonly refused: number };
}

/** A kibibyte each, 16 in a commit. */
const FRAME_BYTES = 1_000;
const IN_FLIGHT = 16;

/** Adds records until `turns` commits in a row were refused. */
export async function fillDisk({ ledger }: SqliteFile, prefix: string, turns = 20): Promise<Filled> {
  const [kept, refused, codes]: [string[], string[], Set<string>] = [[], [], new Set()];
  for (let turn = 0, failed = 0; failed < turns; turn++) {
    const ids = Array.from({ length: IN_FLIGHT }, (_, nth) => `${prefix}${turn}-${nth}`);
    const add = (id: string) =>
      Promise.resolve(ledger.add(ledgerRecord({ id, kind: prefix, frame: FRAME_BYTES })));
    const outcomes = await Promise.allSettled(ids.map(add));
    outcomes.forEach((outcome, at) => {
      (outcome.status === "fulfilled" ? kept : refused).push(ids[at]);
      if (outcome.status === "fulfilled") return;
      codes.add(outcome.reason instanceof LedgerError ? outcome.reason.code : String(outcome.reason));
    });
    failed = outcomes.every(({ status }) => status === "rejected") ? failed + 1 : 0;
  }
  const found = (ids: readonly string[]) => ids.filter((id) => ledger.hasId(id)).length;
  return {
    kept: kept.length,
    refusals: [...codes],
    found: { acknowledged: found(kept), refused: found(refused) },
  };
}

/** Opens the file as the program does. */
export function openFiller(path: string): SqliteFile {
  return openSqliteFile(path, { messagesMax: 1_000_000, bytesMax: 2 ** 30 });
}

if (import.meta.main) {
  using file = openFiller(Deno.args[0]);
  file.store.setAll("s", [["k", new Uint8Array([1])]]);
  console.log(JSON.stringify(await fillDisk(file, "first")));
}
