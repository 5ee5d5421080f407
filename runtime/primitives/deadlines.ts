/**
 * Deadlines: many of them on one timer, for a timer each would cost more than the messages they guard.
 * @module
 */
import type { Clock } from "../../utilities/clock.ts";

/** Something that expires unless it is removed. */
export interface Deadline {
  /** When it expires, on the monotonic clock. */
  readonly atMs: number;
  /** Called once, when it does. */
  readonly expire: () => void;
}

/** Timers take no more than 31 bits of milliseconds; what is later is looked at again then. */
const TIMER_MAX_MS = 2 ** 31 - 1;

/** A set of deadlines. Dispose of it to drop them all, and those that are added later. */
export class Deadlines implements Disposable {
  readonly #clock: Clock;
  readonly #pending = new Set<Deadline>();
  #timer: { readonly atMs: number; readonly abort: AbortController } | undefined;
  #isDisposed = false;

  /**
   * An empty set.
   *
   * @param clock The runtime's time.
   */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many wait. */
  get size(): number {
    return this.#pending.size;
  }

  /** Calls `expire` in `ms` milliseconds, unless the deadline is removed before. */
  add(ms: number, expire: () => void): Deadline {
    const deadline = { atMs: this.#clock.monotonicMs() + ms, expire };
    if (this.#isDisposed) return deadline;
    this.#pending.add(deadline);
    if (deadline.atMs < this.#armedMs) this.#arm(deadline.atMs);
    return deadline;
  }

  /** Removes a deadline. The timer is left as it is: it is cheaper to wake once for nothing. */
  remove(deadline: Deadline): void {
    this.#pending.delete(deadline);
  }

  /** Drops all deadlines and stops the timer. */
  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#pending.clear();
    this.#timer?.abort.abort();
    this.#timer = undefined;
  }

  /** When the timer wakes: an expired deadline may have added one, later than others that wait. */
  get #armedMs(): number {
    return this.#timer?.atMs ?? Infinity;
  }

  #arm(atMs: number): void {
    this.#timer?.abort.abort();
    const timer = this.#timer = { atMs, abort: new AbortController() };
    const ms = Math.min(TIMER_MAX_MS, Math.max(0, atMs - this.#clock.monotonicMs()));
    this.#clock.sleep(ms, { signal: timer.abort.signal }).then(() => this.#wake(), () => {});
  }

  #wake(): void {
    this.#timer = undefined;
    const nowMs = this.#clock.monotonicMs();
    let nextMs = Infinity;
    for (const deadline of this.#pending) {
      if (deadline.atMs <= nowMs) {
        this.#pending.delete(deadline);
        deadline.expire();
      } else {
        nextMs = Math.min(nextMs, deadline.atMs);
      }
    }
    if (nextMs < this.#armedMs && !this.#isDisposed) this.#arm(nextMs);
  }
}
