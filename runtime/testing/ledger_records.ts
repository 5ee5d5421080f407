/**
 * Records for tests of ledgers: short to write, and each different.
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import {
  type Ledger,
  LedgerError,
  type LedgerQuery,
  type LedgerRecord,
  type Observer,
} from "../ledger/ledger.ts";

/** The moment that times of {@linkcode ledgerRecord} count from, in milliseconds since 1970: 2026-01-01. */
export const RECORDS_START_MS = 1_767_225_600_000;

/** What a test says of a record; the rest is filled in. */
export interface RecordParts extends Partial<Omit<LedgerRecord, "frame" | "timestampMs">> {
  /** The record's id. */
  readonly id: string;
  /** When it was made, in milliseconds since {@linkcode RECORDS_START_MS}. @default {0} */
  readonly atMs?: number;
  /** Its bytes, or how many. @default {its id as text} */
  readonly frame?: Uint8Array | number;
}

/** A record: a `test:event` of priority 2 by alice, unless it is told otherwise. */
export function ledgerRecord({ atMs = 0, frame, ...parts }: RecordParts): LedgerRecord {
  return {
    kind: "test:event",
    version: 1,
    fromId: "alice",
    timestampMs: RECORDS_START_MS + atMs,
    priority: 2,
    ...parts,
    frame: typeof frame === "number" ? new Uint8Array(frame) : frame ?? new TextEncoder().encode(parts.id),
  };
}

/** Somebody who told a fact, with a signature of 64 bytes. */
export function ledgerObserver(fromId: string, messageId: string = `by-${fromId}`): Observer {
  return { fromId, messageId, signature: new Uint8Array(64).fill(fromId.length) };
}

/** Adds records, one after another. */
export async function addAll(ledger: Ledger, ...records: LedgerRecord[]): Promise<void> {
  for (const each of records) await ledger.add(each);
}

/** The ids that a question finds, page by page, joined by spaces. */
export function idsIn(ledger: Ledger, query: LedgerQuery = {}): string {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const page = ledger.query({ ...query, ...cursor !== undefined && { cursor } });
    ids.push(...page.records.map(({ id }) => id));
    cursor = page.cursor;
  } while (cursor !== undefined);
  return ids.join(" ");
}

/** Asserts that `work` throws, or rejects with, a {@linkcode LedgerError} of that code. */
export async function assertLedgerError(work: () => unknown, code: LedgerError["code"]): Promise<void> {
  const error = await assertRejects(async () => await work(), LedgerError);
  assertEquals(error.code, code, error.message);
}
