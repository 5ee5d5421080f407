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

/** Bounds of {@linkcode fullJitterMs}. */
export interface FullJitterOptions {
  /** Below this lies the first pause, in milliseconds. */
  readonly baseMs: number;
  /** Below this lies every pause, in milliseconds. */
  readonly capMs: number;
}

/**
 * A pause drawn evenly from 0 up to `baseMs` · 2^`pauses`, and never longer than `capMs`: "full jitter", which loads a peer that
 * comes back least of all (Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
 *
 * @param pauses Pauses before this one; 0 for the first.
 */
export function fullJitterMs(
  pauses: number,
  random: Pick<Random, "next">,
  { baseMs, capMs }: FullJitterOptions,
): number {
  return random.next() * Math.min(capMs, baseMs * 2 ** pauses);
}
