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

/** The mode for this process; `medium` where nothing is known, or nothing may be asked. */
export function detectMemoryMode(): MemoryMode {
  try {
    return memoryModeFor(process.constrainedMemory(), totalmem());
  } catch {
    return "medium"; // Without --allow-sys nobody says.
  }
}
