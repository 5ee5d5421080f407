/**
 * Backoff: how long to leave something alone that just failed.
 * @module
 */
import type { Random } from "../../utilities/random.ts";

/** Bounds of a backoff. */
export interface BackoffOptions {
  /** The first pause, in milliseconds. @default {1_000} */
  readonly firstMs?: number;
  /** The longest pause, in milliseconds. @default {60_000} */
  readonly maxMs?: number;
}

/**
 * The pause after `failures` failures in a row: exponential, with half of it drawn by chance, so that many who lost the same
 * peer do not come back at the same instant.
 */
export function backoffMs(
  failures: number,
  random: Pick<Random, "next">,
  { firstMs = 1_000, maxMs = 60_000 }: BackoffOptions = {},
): number {
  const pauseMs = Math.min(maxMs, firstMs * 2 ** (failures - 1));
  return pauseMs * (0.5 + random.next() / 2);
}
