/**
 * Questions to the ledger's table: which index answers, and how several ways through one become one order.
 *
 * A filter is answered along one index that is sorted by time behind its first column. Where no subject or sender is
 * asked for, there is a way per kind, or per priority, and their next records are merged.
 * @module
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { LedgerFilter } from "./ledger.ts";
import type { LedgerPosition, PageRequest } from "./ledger_query.ts";

/** Where a record is. */
export interface Found extends LedgerPosition {
  /** Its row. */
  readonly row: number;
}

/** Which rows, and along which index. */
interface Way {
  readonly index: string;
  readonly conditions: readonly string[];
  readonly values: readonly (string | number)[];
}

/** Before and behind every record. */
const BEFORE: LedgerPosition = { timestampMs: -Infinity, id: "" };
const BEHIND: LedgerPosition = { timestampMs: Infinity, id: "" };
/** Statements kept: a filter has few shapes. */
const STATEMENTS_MAX = 64;

/** Finds rows. */
export class SqliteQuery {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  /** Questions to the table in `database`. */
  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** The rows of a page, in order, and one more if there is one. */
  page({ filter, newestFirst, limit, after }: PageRequest): Found[] {
    const order = newestFirst ? "DESC" : "ASC";
    const [low, high] = boundsOf(filter, newestFirst ? undefined : after, newestFirst ? after : undefined);
    const found = waysOf(filter).flatMap(({ index, conditions, values }) =>
      this.#statement(
        `SELECT timestamp_ms AS timestampMs, id, rowid AS row FROM messages INDEXED BY ${index}
         WHERE ${[...conditions, BETWEEN].join(" AND ")} ORDER BY timestamp_ms ${order}, id ${order} LIMIT ?`,
      ).all(...values, ...low, ...high, limit + 1) as unknown as Found[]
    );
    const sign = newestFirst ? -1 : 1;
    return found.sort((a, b) => sign * comparePositions(a, b)).slice(0, limit + 1);
  }

  /** How many records fit. */
  count(filter: LedgerFilter): number {
    const [low, high] = boundsOf(filter);
    return waysOf(filter).reduce((sum, { index, conditions, values }) => {
      const where = [...conditions, BETWEEN].join(" AND ");
      const sql = `SELECT count(*) AS count FROM messages INDEXED BY ${index} WHERE ${where}`;
      return sum + Number(this.#statement(sql).get(...values, ...low, ...high)!.count);
    }, 0);
  }

  /**
   * Statements that remove records that may be pruned, at most `max` together, each with its values; `ending` is added
   * to each.
   */
  removals(
    filter: LedgerFilter,
    ending: string,
  ): { statement: StatementSync; values: (string | number)[] }[] {
    const [low, high] = boundsOf(filter);
    const spared = filter.kinds ? [] : ["priority > 0"];
    return waysOf(filter).map(({ index, conditions, values }) => ({
      statement: this.#statement(
        `DELETE FROM messages WHERE rowid IN (SELECT rowid FROM messages INDEXED BY ${index}
         WHERE ${[...conditions, ...spared, BETWEEN].join(" AND ")} LIMIT ?) ${ending}`,
      ),
      values: [...values, ...low, ...high],
    }));
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      if (this.#statements.size >= STATEMENTS_MAX) this.#statements.clear();
      this.#statements.set(sql, statement = this.#database.prepare(sql));
    }
    return statement;
  }
}

const BETWEEN = "(timestamp_ms, id) > (?, ?) AND (timestamp_ms, id) < (?, ?)";
/** One statement for any number of kinds. */
const ANY_KIND = "kind IN (SELECT value FROM json_each(?))";

function waysOf({ kinds, fromId, subject }: LedgerFilter): Way[] {
  const anyKind = kinds === undefined ? [] : [ANY_KIND];
  const kindValues = kinds === undefined ? [] : [JSON.stringify(kinds)];
  if (subject !== undefined) {
    const conditions = ["subject = ?", ...fromId === undefined ? [] : ["from_id = ?"], ...anyKind];
    const values = [subject, ...fromId === undefined ? [] : [fromId], ...kindValues];
    return [{ index: "by_subject", conditions, values }];
  }
  if (fromId !== undefined) {
    return [{ index: "by_sender", conditions: ["from_id = ?", ...anyKind], values: [fromId, ...kindValues] }];
  }
  if (kinds !== undefined) {
    return [...new Set(kinds)].map((kind) => ({
      index: "by_kind",
      conditions: ["kind = ?"],
      values: [kind],
    }));
  }
  return [0, 1, 2, 3, 4].map((priority) => ({
    index: "by_priority",
    conditions: ["priority = ?"],
    values: [priority],
  }));
}

/** Between which positions the records lie, both left out, as values for {@linkcode BETWEEN}. */
function boundsOf(
  { sinceMs, untilMs }: LedgerFilter,
  after: LedgerPosition = BEFORE,
  before: LedgerPosition = BEHIND,
): [low: (string | number)[], high: (string | number)[]] {
  const since = sinceMs === undefined ? BEFORE : { timestampMs: sinceMs, id: "" }; // No id is empty: none is left out.
  const until = untilMs === undefined ? BEHIND : { timestampMs: untilMs, id: "" };
  const low = comparePositions(since, after) > 0 ? since : after;
  const high = comparePositions(until, before) < 0 ? until : before;
  return [[low.timestampMs, low.id], [high.timestampMs, high.id]];
}

function comparePositions(a: LedgerPosition, b: LedgerPosition): number {
  if (a.timestampMs !== b.timestampMs) return a.timestampMs < b.timestampMs ? -1 : 1;
  return a.id === b.id ? 0 : a.id < b.id ? -1 : 1;
}
