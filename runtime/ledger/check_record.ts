/**
 * What no ledger takes: records that could not be found again.
 * @module
 */
import { type AddOptions, LedgerError, type LedgerRecord } from "./ledger.ts";

/**
 * Checks what is to be added.
 *
 * @throws {LedgerError} `bad_record`, naming the field.
 */
export function checkRecord(record: LedgerRecord, { perKey }: AddOptions = {}): void {
  const { id, kind, fromId, timestampMs, priority, frame } = record;
  if (typeof id !== "string" || id === "") throw badRecord("id", "text", id);
  if (typeof kind !== "string" || kind === "") throw badRecord("kind", "text", kind);
  if (typeof fromId !== "string") throw badRecord("fromId", "text", fromId);
  if (!Number.isSafeInteger(timestampMs)) throw badRecord("timestampMs", "whole milliseconds", timestampMs);
  if (!(Number.isInteger(priority) && priority >= 0 && priority <= 4)) {
    throw badRecord("priority", "0, 1, 2, 3 or 4", priority);
  }
  if (!(frame instanceof Uint8Array)) throw badRecord("frame", "bytes", frame);
  if (perKey && !(Number.isSafeInteger(perKey.max) && perKey.max >= 1)) {
    throw badRecord("perKey.max", "a positive integer", perKey.max);
  }
}

function badRecord(field: string, expected: string, came: unknown): LedgerError {
  return new LedgerError(
    "bad_record",
    `Cannot keep a record: its ${field} must be ${expected}, got ${
      JSON.stringify(String(came).slice(0, 40))
    }`,
  );
}
