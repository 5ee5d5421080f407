/**
 * What every ledger reads a question in the same way with: limits, cursors, filters.
 * @module
 */
import { LedgerError, type LedgerFilter, type LedgerQuery, type LedgerRecord } from "./ledger.ts";

/** Records per page unless the question says otherwise. */
const LIMIT_DEFAULT = 100;
/** Records per page at most. */
export const LIMIT_MAX = 1_000;

/** A place in the order by time; equal times by id. */
export interface LedgerPosition {
  /** In milliseconds since 1970. */
  readonly timestampMs: number;
  /** The record's id; empty stands before every record of that time. */
  readonly id: string;
}

/** A question whose parts can all be. */
export interface PageRequest {
  /** Which records. */
  readonly filter: LedgerFilter;
  /** Whether the newest come first. */
  readonly newestFirst: boolean;
  /** Records per page. */
  readonly limit: number;
  /** Where the page before ended: its last record. */
  readonly after: LedgerPosition | undefined;
}

/**
 * Reads a question.
 *
 * @throws {LedgerError} `bad_query`, for a limit, an order or a cursor that cannot be.
 */
export function readQuery(query: LedgerQuery = {}): PageRequest {
  const { first = "oldest", limit = LIMIT_DEFAULT, cursor } = query;
  if (first !== "oldest" && first !== "newest") {
    throw badQuery(`the order ${JSON.stringify(first)}`, '"oldest" or "newest"');
  }
  if (!Number.isInteger(limit) || limit < 1 || limit > LIMIT_MAX) {
    throw badQuery(`the limit ${limit}`, `a whole number from 1 to ${LIMIT_MAX}`);
  }
  const after = cursor === undefined ? undefined : readCursor(cursor);
  return { filter: query, newestFirst: first === "newest", limit, after };
}

/** The cursor of a page that ends with `record`. */
export function cursorAfter({ timestampMs, id }: LedgerPosition): string {
  return `${timestampMs}:${id}`;
}

function readCursor(cursor: string): LedgerPosition {
  const match = /^(-?\d{1,16}):(.+)$/s.exec(cursor);
  if (match && Number.isSafeInteger(Number(match[1]))) return { timestampMs: Number(match[1]), id: match[2] };
  throw badQuery(
    `the cursor ${JSON.stringify(String(cursor).slice(0, 40))}`,
    "one that a page of a ledger had",
  );
}

function badQuery(what: string, expected: string): LedgerError {
  return new LedgerError("bad_query", `Cannot ask a ledger with ${what}: expected ${expected}`);
}

/** Whether a record is asked for. */
export function fits(
  { kind, fromId, subject, timestampMs }: Pick<LedgerRecord, "kind" | "fromId" | "subject" | "timestampMs">,
  filter: LedgerFilter,
): boolean {
  return (filter.fromId === undefined || fromId === filter.fromId) &&
    (filter.subject === undefined || subject === filter.subject) &&
    (filter.kinds === undefined || filter.kinds.includes(kind)) &&
    (filter.sinceMs === undefined || timestampMs >= filter.sinceMs) &&
    (filter.untilMs === undefined || timestampMs < filter.untilMs);
}

/** Whether `prune(filter)` may forget a record that fits: priority 0 has to be named by its kind. */
export function mayPrune(
  { priority, kind }: Pick<LedgerRecord, "priority" | "kind">,
  filter: LedgerFilter,
): boolean {
  return priority !== 0 || (filter.kinds?.includes(kind) ?? false);
}
