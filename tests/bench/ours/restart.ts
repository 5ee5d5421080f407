/**
 * From a closed file with 320 000 messages to a ledger that answers: opened, counted, asked for its newest page.
 * @module
 */
import { openSqliteFile, type SqliteFile } from "../../../runtime/ledger/sqlite_file.ts";
import { LEDGER_CAPACITY } from "../../../runtime/ledger/ledger_capacity.ts";
import { path } from "../floors/restart.ts";
import type { KeypairName, Rig } from "../harness.ts";
import { benchRecord } from "./ledger_insert.ts";

const MESSAGES = 320_000;

/** Fills the file, unless the other keypair's turn did. */
export async function open(_keypair: KeypairName): Promise<Rig> {
  if (!made) addEventListener("unload", () => Deno.removeSync(path()));
  await (made ??= make());
  return {
    once() {
      using file = openHog();
      const { messages } = file.ledger.stats();
      const { records } = file.ledger.query({ first: "newest" });
      if (messages !== MESSAGES || records.length !== 100) throw new Error(`${messages} messages were found`);
      return Promise.resolve();
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

let made: Promise<void> | undefined;

async function make(): Promise<void> {
  using file = openHog();
  for (let nth = 0; nth < MESSAGES;) {
    await Promise.all(Array.from({ length: 4_000 }, () => file.ledger.add(benchRecord(nth++))));
  }
}

function openHog(): SqliteFile {
  return openSqliteFile(path(), LEDGER_CAPACITY.hog);
}
