/**
 * How much a nara may remember, judged by the memory that the machine grants it.
 * @module
 */
import { totalmem } from "node:os";
import process from "node:process";
import type { MemoryMode } from "../service.ts";

const MIB = 1024 * 1024;
/** Up to this many bytes a nara is `short`; Go's bounds (reference, section 14.3). */
const SHORT_BYTES_MAX = 384 * MIB;
/** Up to this many bytes it is `medium`, above it `hog`. */
const MEDIUM_BYTES_MAX = 1024 * MIB;

/**
 * The mode for a process that may use `limitBytes` on a machine that has `totalBytes`. A limit of nothing, or above
 * what the machine has, is no limit: `medium`.
 */
export function memoryModeFor(limitBytes: number, totalBytes: number): MemoryMode {
  if (!(limitBytes > 0) || limitBytes > totalBytes) return "medium";
  if (limitBytes <= SHORT_BYTES_MAX) return "short";
  return limitBytes <= MEDIUM_BYTES_MAX ? "medium" : "hog";
}

/** The least bound in bytes: a nara that does nothing holds 75 to 100 MiB, and below that it would never take anything in. */
export const MEMORY_MIN: number = 160 * MIB;
/** Bytes that a nara of each mode may hold: some times what it needs with a full ledger, under load. */
const MEMORY_MAX: Readonly<Record<MemoryMode, number>> = {
  short: 384 * MIB,
  medium: 1024 * MIB,
  hog: 2048 * MIB,
  custom: 1024 * MIB,
};

/**
 * Bytes of memory that a nara of this mode may hold: what its mode says, and less where the process may use less, for at its own
 * limit the system would end it.
 */
export function memoryMaxFor(mode: MemoryMode, limitBytes: number, totalBytes: number): number {
  const granted = limitBytes > 0 && limitBytes < totalBytes ? limitBytes : totalBytes;
  return Math.max(MEMORY_MIN, Math.min(MEMORY_MAX[mode], Math.floor(granted * 0.85)));
}

/** The same for this process. */
export function detectMemoryMax(mode: MemoryMode): number {
  try {
    return memoryMaxFor(mode, process.constrainedMemory(), totalmem());
  } catch {
    return MEMORY_MAX[mode]; // Without --allow-sys nobody says.
  }
}

/** The mode for this process; `medium` where nothing is known, or nothing may be asked. */
export function detectMemoryMode(): MemoryMode {
  try {
    return memoryModeFor(process.constrainedMemory(), totalmem());
  } catch {
    return "medium"; // Without --allow-sys nobody says.
  }
}
