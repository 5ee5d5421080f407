/**
 * Messages stored in the SQLite ledger: each resolves when it is on disk, those of a turn share a commit.
 * @module
 */
import { openSqliteFile } from "../../../runtime/ledger/sqlite_file.ts";
import type { LedgerRecord } from "../../../runtime/mod.ts";
import type { KeypairName, Rig } from "../harness.ts";

const frame = new Uint8Array(600);

/** The record of that number: 500 senders, 300 subjects, ids in no order. The same rows as the floor's. */
export function benchRecord(nth: number): LedgerRecord {
  return {
    id: (nth * 0x9e3779b1 % 2 ** 32).toString(16).padStart(16, "x"),
    kind: "bench",
    version: 1,
    fromId: `from-${nth % 500}`.padEnd(44, "x"),
    subject: `about-${nth % 300}`.padEnd(44, "x"),
    timestampMs: nth,
    priority: 2,
    frame,
  };
}

/** Prepares a ledger that has room for all of them. */
export function open(_keypair: KeypairName): Rig {
  const folder = Deno.makeTempDirSync({ prefix: "nara-bench-" });
  const file = openSqliteFile(`${folder}/ours.sqlite`, { messagesMax: 100_000_000, bytesMax: 2 ** 40 });
  let next = 0;
  return {
    once: () => file.ledger.add(benchRecord(++next)),
    async [Symbol.asyncDispose]() {
      file[Symbol.dispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
}
