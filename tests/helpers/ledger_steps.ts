/**
 * What a nara writes to its SQLite file, in batches that share a commit, and a program that dies in the middle of it:
 * `deno run -A ledger_steps.ts FILE STEP` kills itself with SIGKILL at the step of that number, 0 for never.
 *
 * It says `step NAME` for each step, and `kept N` once N batches were acknowledged.
 * @module
 */
import { openSqliteFile, type SqliteFile } from "../../runtime/ledger/sqlite_file.ts";
import { ledgerObserver, ledgerRecord } from "../../runtime/testing/ledger_records.ts";

/** Small, so that records make room for others. */
const CAPACITY = { messagesMax: 5, bytesMax: 10_000 };
const bytes = (...values: number[]): Uint8Array => new Uint8Array(values);

/** What is written together: every kind of write, alone and with others. */
export const BATCHES: readonly ((file: SqliteFile) => unknown[])[] = [
  ({ ledger }) => [ledger.add(ledgerRecord({ id: "a" }))],
  ({ ledger, store }) => [
    ledger.add(ledgerRecord({ id: "b", contentKey: "fact", priority: 1 }), {
      observer: ledgerObserver("alice"),
    }),
    store.write([{ space: "s", key: "k", value: bytes(1) }, { space: "s", key: "l", value: bytes(2) }]),
    ledger.observe("fact", ledgerObserver("bob")),
  ],
  ({ ledger }) => ["c", "d", "e"].map((id, atMs) => ledger.add(ledgerRecord({ id, priority: 3, atMs }))),
  ({ ledger, store }) => [
    ledger.add(ledgerRecord({ id: "f", priority: 3, atMs: 9, contentKey: "fact" })), // "c" makes room.
    store.write([{ space: "s", key: "k" }]),
    ledger.add(ledgerRecord({ id: "g", priority: 0 }), { perKey: { key: "key", max: 1 } }),
  ],
  (
    { ledger },
  ) => [ledger.add(ledgerRecord({ id: "h", priority: 2, atMs: 1 }), { perKey: { key: "key", max: 1 } })],
  ({ ledger }) => [ledger.prune({ kinds: ["test:event"], untilMs: Infinity })],
  ({ store }) => [store.setAll("s", [["m", bytes(3)], ["n", bytes(4)]])],
];

/** Opens the file as the program does. */
export function openSteps(path: string, onStep?: (step: string) => void): SqliteFile {
  return openSqliteFile(path, { ...CAPACITY, onStep });
}

/** All that is in a file, as text. */
export function contentOf({ ledger, store }: SqliteFile): string {
  return JSON.stringify({
    records: ledger.query().records.map(({ id, priority }) => `${id}${priority}`),
    observers: ledger.observers("fact").map(({ fromId }) => fromId),
    entries: ["old", "s"].flatMap((space) => store.list(space, "")).map(([key, value]) => [key, ...value]),
    byPriority: ledger.stats().byPriority,
  });
}

async function main(path: string, killAt: number): Promise<void> {
  const say = (line: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
  let step = 0;
  using file = openSteps(path, (name) => {
    say(`step ${name}`);
    if (++step === killAt) Deno.kill(Deno.pid, "SIGKILL");
  });
  for (const [at, batch] of BATCHES.entries()) {
    await Promise.all(batch(file));
    say(`kept ${at + 1}`);
  }
}

if (import.meta.main) await main(Deno.args[0], Number(Deno.args[1]));
