/**
 * The clock of one simulated nara: virtual time, as its own machine shows it, until the nara dies.
 * @module
 */
import type { Clock } from "../../utilities/clock.ts";
import type { VirtualClock } from "./virtual_clock.ts";

/** Somebody's idea of the time. */
export interface Skew {
  /** Milliseconds by which its wall clock is ahead; negative where it is behind. */
  skewMs: number;
}

/** One life's clock. It runs evenly; only its wall time may be wrong. */
export class SimulatedClock implements Clock {
  readonly #base: VirtualClock;
  readonly #skew: Skew;
  #isStopped = false;
  /** Sleepers that wait. */
  pending = 0;

  /**
   * The clock of a life that begins.
   *
   * @param base Everybody's time.
   * @param skew How wrong the machine is.
   */
  constructor(base: VirtualClock, skew: Skew) {
    this.#base = base;
    this.#skew = skew;
  }

  /** Wall time in nanoseconds since 1970, as this machine shows it. */
  nowNs(): bigint {
    return this.#base.nowNs() + BigInt(this.#skew.skewMs) * 1_000_000n;
  }

  /** Milliseconds since the simulation began. */
  monotonicMs(): number {
    return this.#base.monotonicMs();
  }

  /** Waits `ms` milliseconds; in a dead nara for ever. */
  sleep(ms: number, { signal }: { signal?: AbortSignal } = {}): Promise<void> {
    if (this.#isStopped) return never();
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const abort = () => {
        if (this.#isStopped) return;
        this.pending--;
        this.#base.cancel(timer);
        reject(signal!.reason);
      };
      const timer = this.#base.set(ms, () => {
        if (this.#isStopped) return;
        this.pending--;
        signal?.removeEventListener("abort", abort);
        resolve();
      });
      this.pending++;
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  /** The nara dies: whoever sleeps will not wake up. */
  stop(): void {
    this.#isStopped = true;
  }
}

/** A promise that nothing settles: what a dead nara waits for. */
export function never<T>(): Promise<T> {
  return new Promise<T>(() => {});
}
