/**
 * Time as the runtime sees it: a port, so that a test or a simulation can hold it in its hand.
 *
 * Nothing under `runtime/` or `services/` reads the machine's clock or sets a timer by itself.
 * @module
 */

/** Where all time comes from. */
export interface Clock {
  /** Wall time in nanoseconds since 1970, for what is stamped and compared between naras. */
  nowNs(): bigint;
  /** Milliseconds from an arbitrary start that never go back, for timeouts, limits and backoff. */
  monotonicMs(): number;
  /**
   * Waits `ms` milliseconds.
   *
   * @throws The signal's reason, when it aborts before the time is over.
   */
  sleep(ms: number, options?: { signal?: AbortSignal }): Promise<void>;
}

/** The last millisecond that was asked for: messages come many to one, and to make a `bigint` costs more than to compare. */
const read = { ms: NaN, ns: 0n };

function nowNs(): bigint {
  const ms = Date.now();
  if (ms === read.ms) return read.ns;
  read.ms = ms;
  return read.ns = BigInt(ms) * 1_000_000n;
}

/** The machine's own clock. Wall time has a resolution of a millisecond, and follows when the system's clock is set. */
export const systemClock: Clock = {
  nowNs,
  monotonicMs: () => performance.now(),
  sleep: (ms, { signal } = {}) => {
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const stop = () => {
        clearTimeout(timer);
        reject(signal!.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", stop);
        resolve();
      }, ms);
      signal?.addEventListener("abort", stop, { once: true });
    });
  },
};

/** Wall time in whole Unix seconds, the unit of the stash's and presence's payloads. */
export function unixSeconds(clock: Pick<Clock, "nowNs">): number {
  return Number(clock.nowNs() / 1_000_000_000n);
}
