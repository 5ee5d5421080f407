/**
 * Virtual time: a clock that stands still until a test moves it, and lets all work finish before it does.
 * @module
 */
import { setImmediate } from "node:timers";
import type { Clock } from "../../utilities/clock.ts";

interface Timer {
  readonly atMs: number;
  readonly wake: () => void;
}

/** Where virtual time begins unless told otherwise. */
export const VIRTUAL_START = "2026-01-15T10:20:30Z";

/** A clock in a test's hand. */
export class VirtualClock implements Clock {
  readonly #startNs: bigint;
  readonly #timers = new Set<Timer>();
  #nowMs = 0;

  /**
   * A clock that stands.
   *
   * @param start RFC 3339 text of the instant at which it starts.
   */
  constructor(start: string = VIRTUAL_START) {
    this.#startNs = BigInt(Date.parse(start)) * 1_000_000n;
  }

  /** Timers that wait. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Wall time in nanoseconds since 1970. */
  nowNs(): bigint {
    return this.#startNs + BigInt(Math.round(this.#nowMs * 1e6));
  }

  /** Milliseconds since the clock was made. */
  monotonicMs(): number {
    return this.#nowMs;
  }

  /** Waits until the clock was moved by `ms`. */
  sleep(ms: number, { signal }: { signal?: AbortSignal } = {}): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const stop = () => {
        this.#timers.delete(timer);
        reject(signal!.reason);
      };
      const wake = () => {
        signal?.removeEventListener("abort", stop);
        resolve();
      };
      const timer = { atMs: this.#nowMs + Math.max(0, ms), wake };
      this.#timers.add(timer);
      signal?.addEventListener("abort", stop, { once: true });
    });
  }

  /** Moves the clock by `ms`: stops at every timer on the way, and lets all work that it set off come to rest. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    for (;;) {
      await settled();
      const atMs = this.#earliestMs();
      if (atMs > endMs) break;
      this.#nowMs = atMs;
      this.#fire();
    }
    this.#nowMs = endMs;
  }

  /** Moves the clock from timer to timer until `condition` holds, by at most `maxMs`. Returns whether it does. */
  async advanceUntil(condition: () => boolean, maxMs: number): Promise<boolean> {
    const endMs = this.#nowMs + maxMs;
    for (;;) {
      await settled();
      if (condition()) return true;
      const atMs = this.#earliestMs();
      if (atMs > endMs) return false;
      this.#nowMs = atMs;
      this.#fire();
    }
  }

  #earliestMs(): number {
    let earliestMs = Infinity;
    for (const { atMs } of this.#timers) if (atMs < earliestMs) earliestMs = atMs;
    return earliestMs;
  }

  #fire(): void {
    for (const timer of [...this.#timers]) {
      if (timer.atMs > this.#nowMs) continue;
      this.#timers.delete(timer);
      timer.wake();
    }
  }
}

/**
 * Resolves when everything that can go on without the clock has come to rest. Two turns of the event loop are enough where
 * crypto and storage are synchronous (`node:crypto`, memory); Web Crypto takes as many turns as it likes.
 */
export async function settled(): Promise<void> {
  for (let turns = 0; turns < 2; turns++) await new Promise<void>((resolve) => void setImmediate(resolve));
}
