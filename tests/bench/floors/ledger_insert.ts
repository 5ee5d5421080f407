/** The least a stored message costs: a row under the ledger's indexes, those of a turn in one transaction. @module */
import { DatabaseSync } from "node:sqlite";
const SCHEMA = `
  PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -8192;
  CREATE TABLE messages (id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, version INTEGER NOT NULL, from_id TEXT NOT NULL,
    to_id TEXT, subject TEXT, content_key BLOB, keep_key TEXT, timestamp_ms INTEGER NOT NULL,
    priority INTEGER NOT NULL, bytes INTEGER NOT NULL, frame BLOB NOT NULL) STRICT;
  CREATE INDEX by_priority ON messages (priority, timestamp_ms, id, bytes);
  CREATE INDEX by_kind ON messages (kind, timestamp_ms, id);
  CREATE INDEX by_sender ON messages (from_id, timestamp_ms, id);
  CREATE INDEX by_subject ON messages (subject, timestamp_ms, id) WHERE subject IS NOT NULL;`;
const INSERT = "INSERT INTO messages VALUES (?, 'bench', 1, ?, NULL, ?, NULL, NULL, ?, 2, 600, ?)";
/** Prepares a file. Nothing is signed, so that the keypair makes no difference. */
export function open(_keypair: string) {
  const folder = Deno.makeTempDirSync({ prefix: "nara-bench-" });
  const database = new DatabaseSync(`${folder}/floor.sqlite`);
  database.exec(SCHEMA);
  const [insert, begin, commit] = [INSERT, "BEGIN", "COMMIT"].map((sql) => database.prepare(sql));
  const frame = new Uint8Array(600);
  let [waiting, next]: [(() => void)[], number] = [[], 0];
  const end = () => [commit.run(), waiting.splice(0).forEach((resolve) => resolve())];
  const once = (_sender: number): Promise<void> => {
    if (waiting.length === 0) [begin.run(), setImmediate(end)];
    const [id, from] = [(++next * 0x9e3779b1 % 2 ** 32).toString(16).padStart(16, "x"), `from-${next % 500}`];
    insert.run(id, from.padEnd(44, "x"), `about-${next % 300}`.padEnd(44, "x"), next, frame);
    return new Promise((resolve) => waiting.push(resolve));
  };
  const close = () => (database.close(), Deno.remove(folder, { recursive: true }));
  return { once, [Symbol.asyncDispose]: close };
}
if (import.meta.main) {
  await using floor = open("node");
  await floor.once(0).then(() => console.log("one message: kept"));
}
