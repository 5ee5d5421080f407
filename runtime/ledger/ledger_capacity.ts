/**
 * How much a ledger keeps, by memory mode, and which part of that what is never pruned may take.
 * @module
 */
import type { MemoryMode } from "../service.ts";
import { LedgerError, type LedgerRecord } from "./ledger.ts";

/** Bounds of a ledger. */
export interface LedgerCapacity {
  /** Records kept. Past it the oldest of the least important priority makes room. */
  readonly messagesMax: number;
  /** Bytes of frames kept. Past it room is made in the same way. */
  readonly bytesMax: number;
}

const MIB = 1024 * 1024;

/**
 * Capacity by memory mode. `custom` starts from `medium`.
 *
 * The bytes allow 3 300, 1 600 and 1 600 per record, two to five times an ordinary message's frame.
 */
export const LEDGER_CAPACITY: Readonly<Record<MemoryMode, LedgerCapacity>> = {
  short: { messagesMax: 20_000, bytesMax: 64 * MIB },
  medium: { messagesMax: 80_000, bytesMax: 128 * MIB },
  hog: { messagesMax: 320_000, bytesMax: 512 * MIB },
  custom: { messagesMax: 80_000, bytesMax: 128 * MIB },
};

/** What records of priority 0 may take of a ledger, since they make no room for others. */
export interface PriorityZeroShare {
  /** All of them together: half the capacity, at least one record. */
  readonly all: LedgerCapacity;
  /** Those of one sender: 1% of the capacity, but always one record. */
  readonly perSender: LedgerCapacity;
}

/** The share of priority 0 in a ledger of this capacity. */
export function priorityZeroShare({ messagesMax, bytesMax }: LedgerCapacity): PriorityZeroShare {
  const part = (divisor: number) => ({
    messagesMax: Math.max(1, Math.floor(messagesMax / divisor)),
    bytesMax: Math.floor(bytesMax / divisor),
  });
  return { all: part(2), perSender: part(100) };
}

/** Records and bytes that are in use. */
export interface LedgerUse {
  /** Records. */
  readonly messages: number;
  /** Bytes of their frames. */
  readonly bytes: number;
}

/**
 * Whether one more frame of priority 0 exceeds the share, with what all and what its sender have in it already. A
 * sender's first record counts by number only, as it may be larger than 1% of a small ledger.
 */
export function exceedsPriorityZeroShare(
  { all, perSender }: PriorityZeroShare,
  used: { readonly all: LedgerUse; readonly sender: LedgerUse },
  frameBytes: number,
): boolean {
  if (used.all.messages + 1 > all.messagesMax || used.all.bytes + frameBytes > all.bytesMax) return true;
  if (used.sender.messages === 0) return false;
  return used.sender.messages + 1 > perSender.messagesMax ||
    used.sender.bytes + frameBytes > perSender.bytesMax;
}

/**
 * Checks bounds that a ledger is made with.
 *
 * @throws {RangeError} If one is not a positive integer.
 */
export function checkCapacity({ messagesMax, bytesMax }: LedgerCapacity): void {
  for (const [name, value] of Object.entries({ messagesMax, bytesMax })) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new RangeError(`${name} must be a positive integer: got ${value}`);
    }
  }
}

/** The error for a record for which there is no room. */
export function ledgerFull(
  { id, kind, priority, frame }: LedgerRecord,
  { messagesMax, bytesMax }: LedgerCapacity,
  why: string,
): LedgerError {
  return new LedgerError(
    "ledger_full",
    `Cannot keep ${kind} ${id} (priority ${priority}, ${frame.length} bytes) in a ledger of ${messagesMax} messages and ` +
      `${bytesMax} bytes as ${why}: prune it, or give this nara a larger memory mode`,
  );
}
