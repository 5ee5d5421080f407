/**
 * The ledger's two tables in SQLite, as statements with names: messages, and who told them.
 * @module
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { LedgerRecord, Observer, StorePriority } from "./ledger.ts";
import { OBSERVERS_MAX } from "./ledger.ts";
import type { LedgerUse } from "./ledger_capacity.ts";

/** What is left to know of a message that was removed. */
export interface Removed {
  /** Its priority. */
  readonly priority: StorePriority;
  /** Bytes of its frame. */
  readonly bytes: number;
}

const RECORD =
  "id, kind, version, from_id, to_id, subject, content_key, timestamp_ms, priority, frame FROM messages";
const RETURNING = "RETURNING priority, bytes, content_key";

const SQL = {
  insert: "INSERT OR IGNORE INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
  has: "SELECT 1 FROM messages WHERE id = ?",
  get: `SELECT ${RECORD} WHERE id = ?`,
  at: `SELECT ${RECORD} WHERE rowid = ?`,
  hasKey: "SELECT 1 FROM messages WHERE content_key = ? LIMIT 1",
  oldest:
    "SELECT timestamp_ms FROM messages INDEXED BY by_priority WHERE priority = ? ORDER BY timestamp_ms LIMIT 1",
  removeOldest: `DELETE FROM messages WHERE rowid =
    (SELECT rowid FROM messages INDEXED BY by_priority WHERE priority = ? ORDER BY timestamp_ms, id LIMIT 1) ${RETURNING}`,
  removeBeyond: `DELETE FROM messages WHERE rowid IN
    (SELECT rowid FROM messages INDEXED BY by_keep_key WHERE keep_key = ?
     ORDER BY timestamp_ms DESC, id DESC LIMIT -1 OFFSET ?) ${RETURNING}`,
  tally:
    "SELECT priority, count(*) AS messages, sum(bytes) AS bytes FROM messages INDEXED BY by_priority GROUP BY priority",
  zeroOf: `SELECT count(*) AS messages, ifnull(sum(bytes), 0) AS bytes
    FROM messages INDEXED BY priority_zero WHERE priority = 0 AND from_id = ?`,
  observe: `INSERT OR IGNORE INTO observers SELECT ?1, ?2, ?3, ?4
    WHERE EXISTS (SELECT 1 FROM messages WHERE content_key = ?1)
    AND (SELECT count(*) FROM observers WHERE content_key = ?1) < ${OBSERVERS_MAX}`,
  observers:
    "SELECT from_id, message_id, signature FROM observers WHERE content_key = ? ORDER BY observers.rowid",
  forgetObservers: `DELETE FROM observers WHERE content_key = ?1
    AND NOT EXISTS (SELECT 1 FROM messages WHERE content_key = ?1)`,
} as const;

/** Reads and writes one record at a time; who counts, and who commits, is up to its caller. */
export class SqliteMessages {
  readonly #statements: Readonly<Record<keyof typeof SQL, StatementSync>>;
  readonly #onStep: (step: string) => void;

  /**
   * The tables of an open file.
   *
   * @param database Where the tables are.
   * @param onStep Told after each statement that wrote, by its name.
   */
  constructor(database: DatabaseSync, onStep: (step: string) => void) {
    const prepared = Object.entries(SQL).map(([name, sql]) => [name, database.prepare(sql)]);
    this.#statements = Object.fromEntries(prepared);
    this.#onStep = onStep;
  }

  /** Adds a record; `false` if its id is there. */
  insert(record: LedgerRecord, keepKey: string | undefined): boolean {
    const { id, kind, version, fromId, toId, subject, contentKey, timestampMs, priority, frame } = record;
    const key = contentKey === undefined ? null : keyBytes(contentKey);
    const { changes } = this.#statements.insert.run(
      ...[id, kind, version, fromId, toId ?? null, subject ?? null, key, keepKey ?? null],
      ...[timestampMs, priority, frame.length, frame],
    );
    this.#onStep("after INSERT");
    return changes === 1;
  }

  /** Whether a record with this id is there. */
  has(id: string): boolean {
    return this.#statements.has.get(id) !== undefined;
  }

  /** Whether a record with this content key is there. */
  hasKey(contentKey: string): boolean {
    return this.#statements.hasKey.get(keyBytes(contentKey)) !== undefined;
  }

  /** The record with this id. */
  get(id: string): LedgerRecord | undefined {
    return recordOf(this.#statements.get.get(id));
  }

  /** The record in this row. */
  at(row: number): LedgerRecord {
    return recordOf(this.#statements.at.get(row))!;
  }

  /** When the oldest record of this priority was made. */
  oldestMs(priority: StorePriority): number | undefined {
    return this.#statements.oldest.get(priority)?.timestamp_ms as number | undefined;
  }

  /** Removes the oldest record of this priority. */
  removeOldest(priority: StorePriority): Removed[] {
    return this.#removed("after DELETE of the oldest", this.#statements.removeOldest.all(priority));
  }

  /** Removes the oldest records under a key, all but `max` of them. */
  removeBeyond(keepKey: string, max: number): Removed[] {
    return this.#removed("after DELETE by key", this.#statements.removeBeyond.all(keepKey, max));
  }

  /** Removes with a statement of one's own that returns {@linkcode REMOVED_COLUMNS}. */
  remove(statement: StatementSync, ...values: (string | number)[]): Removed[] {
    return this.#removed("after DELETE of what fits", statement.all(...values));
  }

  /** Records and bytes by priority. */
  tally(): LedgerUse[] {
    const use = Array.from({ length: 5 }, () => ({ messages: 0, bytes: 0 }));
    for (const { priority, messages, bytes } of this.#statements.tally.all()) {
      use[Number(priority)] = { messages: Number(messages), bytes: Number(bytes) };
    }
    return use;
  }

  /** What one sender has of priority 0: no more rows than its share. */
  zeroOf(fromId: string): LedgerUse {
    const { messages, bytes } = this.#statements.zeroOf.get(fromId)!;
    return { messages: Number(messages), bytes: Number(bytes) };
  }

  /** Notes an observer of a fact that is there; `false` if that changes nothing. */
  observe(contentKey: string, { fromId, messageId, signature }: Observer): boolean {
    const { changes } = this.#statements.observe.run(keyBytes(contentKey), fromId, messageId, signature);
    this.#onStep("after INSERT of an observer");
    return changes === 1;
  }

  /** Who told this fact, in order. */
  observers(contentKey: string): Observer[] {
    return this.#statements.observers.all(keyBytes(contentKey)).map((row) => ({
      fromId: row.from_id as string,
      messageId: row.message_id as string,
      signature: row.signature as Uint8Array,
    }));
  }

  /** Observers go with the last record of their fact. */
  #removed(step: string, rows: Record<string, unknown>[]): Removed[] {
    this.#onStep(step);
    for (const { content_key: key } of rows) {
      if (key === null) continue;
      this.#statements.forgetObservers.run(key as Uint8Array);
      this.#onStep("after DELETE of observers");
    }
    return rows as unknown as Removed[];
  }
}

/** What a statement for {@linkcode SqliteMessages.remove} ends in. */
export const REMOVED_COLUMNS = RETURNING;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

function keyBytes(contentKey: string): Uint8Array {
  return encoder.encode(contentKey);
}

function recordOf(row: Record<string, unknown> | undefined): LedgerRecord | undefined {
  if (!row) return undefined;
  const { to_id: toId, subject, content_key: contentKey } = row;
  return {
    id: row.id as string,
    kind: row.kind as string,
    version: row.version as number,
    fromId: row.from_id as string,
    ...toId !== null && { toId: toId as string },
    ...subject !== null && { subject: subject as string },
    ...contentKey !== null && { contentKey: decoder.decode(contentKey as Uint8Array) },
    timestampMs: row.timestamp_ms as number,
    priority: row.priority as StorePriority,
    frame: row.frame as Uint8Array,
  };
}
