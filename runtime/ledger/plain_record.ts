/**
 * Records that hold nothing in memory but themselves.
 * @module
 */
import type { LedgerRecord } from "./ledger.ts";

/** A record without anything else that the given object holds, and without the fields that are left out. */
export function plainRecord(record: LedgerRecord): LedgerRecord {
  const { id, kind, version, fromId, toId, subject, contentKey, timestampMs, priority } = record;
  const frame = ownBytes(record.frame);
  const plain: { -readonly [Field in keyof LedgerRecord]: LedgerRecord[Field] } = {
    id,
    kind,
    version,
    fromId,
    timestampMs,
    priority,
    frame,
  };
  // One by one: spreading what may be missing costs ten times as much.
  if (toId !== undefined) plain.toId = toId;
  if (subject !== undefined) plain.subject = subject;
  if (contentKey !== undefined) plain.contentKey = contentKey;
  return plain;
}

/** The same bytes; copied where they are only a part of a larger buffer, which would stay in memory with them. */
export function ownBytes(bytes: Uint8Array): Uint8Array {
  return bytes.length === bytes.buffer.byteLength ? bytes : bytes.slice();
}
