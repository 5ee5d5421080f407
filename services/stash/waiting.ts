/**
 * Ways to wait that leave nothing behind: every one ends when its signal aborts.
 * @module
 */
import { backoffMs } from "../../runtime/primitives/backoff.ts";
import type { RuntimeApi } from "../../runtime/service.ts";
import type { Clock } from "../../utilities/clock.ts";

/**
 * Settles as `promise`, unless `signal` aborts first.
 *
 * @throws The signal's reason.
 */
export async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([aborted, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/**
 * Waits `ms` milliseconds, or until `event` resolves.
 *
 * @throws The signal's reason.
 */
export async function sleepUnless(
  clock: Clock,
  ms: number,
  { event, signal }: { event: Promise<void>; signal: AbortSignal },
): Promise<void> {
  const over = new AbortController();
  try {
    await Promise.race([event, clock.sleep(ms, { signal: AbortSignal.any([signal, over.signal]) })]);
  } finally {
    over.abort();
  }
}

/** Options of {@linkcode retrying}. */
export interface RetryOptions {
  /** Tries after the first. */
  readonly retries: number;
  /** Whether what was thrown may be different next time. @default {always} */
  readonly isWorthwhile?: (thrown: unknown) => boolean;
}

/** The first pause: longer than the peer directory leaves a peer alone that failed once. */
const FIRST_PAUSE_MS = 2_000;

/**
 * Does `work` until it succeeds, with longer and longer pauses.
 *
 * @throws What the last try threw; the signal's reason.
 */
export async function retrying<T>(
  { clock, random, signal }: Pick<RuntimeApi, "clock" | "random" | "signal">,
  { retries, isWorthwhile = () => true }: RetryOptions,
  work: () => Promise<T>,
): Promise<T> {
  for (let failures = 1;; failures++) {
    try {
      return await work();
    } catch (thrown) {
      if (failures > retries || !isWorthwhile(thrown)) throw thrown;
    }
    await clock.sleep(backoffMs(failures, random, { firstMs: FIRST_PAUSE_MS }), { signal });
  }
}
