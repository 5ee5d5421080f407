/**
 * Virtual time: a clock that stands still until a test moves it, and lets all work finish before it does.
 * @module
 */
import { nextTurn } from "../primitives/event_loop.ts";
import type { Clock } from "../../utilities/clock.ts";

/** A timer of a {@linkcode VirtualClock}. */
export interface VirtualTimer {
  /** When it fires, on the monotonic clock. */
  readonly atMs: number;
  /** Of two that fire at the same time the one set first is first. */
  readonly order: number;
  /** What it does; `undefined` once it was cancelled or has fired. */
  wake: (() => void) | undefined;
  /** Whether it is among those that wait, cancelled or not. */
  isQueued: boolean;
}

/** Where virtual time begins unless told otherwise. */
export const VIRTUAL_START = "2026-01-15T10:20:30Z";
/** Cancelled timers that may lie around before the heap is cleared of them. */
const CANCELLED_MAX = 64;

/** A clock in a test's hand. */
export class VirtualClock implements Clock {
  readonly #startNs: bigint;
  /** A binary heap: each timer fires no later than the two at twice its place. */
  #timers: VirtualTimer[] = [];
  #cancelled = 0;
  #order = 0;
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
    return this.#timers.length - this.#cancelled;
  }

  /** Timers that were ever set: whoever waits for rest sees by it whether anything went on. */
  get timersSet(): number {
    return this.#order;
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
      if (!signal) return void this.set(ms, resolve);
      const stop = () => {
        this.cancel(timer);
        reject(signal.reason);
      };
      const timer = this.set(ms, () => {
        signal.removeEventListener("abort", stop);
        resolve();
      });
      signal.addEventListener("abort", stop, { once: true });
    });
  }

  /** Calls `wake` when the clock was moved by `ms`; it must not throw. */
  set(ms: number, wake: () => void): VirtualTimer {
    const atMs = this.#nowMs + Math.max(0, ms);
    const timer: VirtualTimer = { atMs, order: this.#order++, wake, isQueued: true };
    this.#push(timer);
    return timer;
  }

  /** Makes a timer fire never; one that has fired stays as it is. */
  cancel(timer: VirtualTimer): void {
    if (!timer.wake) return;
    timer.wake = undefined;
    if (!timer.isQueued) return;
    this.#cancelled++;
    if (this.#cancelled > CANCELLED_MAX && this.#cancelled * 2 > this.#timers.length) this.#clear();
  }

  /** Moves the clock by `ms`: stops at every timer on the way, and lets all work that it set off come to rest. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    do await settled(); while (this.fireNext(endMs));
    this.#nowMs = endMs;
  }

  /** Moves the clock from timer to timer until `condition` holds, by at most `maxMs`. Returns whether it does. */
  async advanceUntil(condition: () => boolean, maxMs: number): Promise<boolean> {
    const endMs = this.#nowMs + maxMs;
    do {
      await settled();
      if (condition()) return true;
    } while (this.fireNext(endMs));
    return false;
  }

  /**
   * Moves the clock to the next timers, if they are due by `endMs`, and fires them. What they set off is for the caller to wait
   * for.
   *
   * @returns Whether there were any.
   */
  fireNext(endMs: number = Infinity): boolean {
    const first = this.#first();
    if (!first || first.atMs > endMs) return false;
    this.#nowMs = first.atMs;
    const due: VirtualTimer[] = [];
    for (let timer = this.#first(); timer && timer.atMs <= this.#nowMs; timer = this.#first()) {
      due.push(this.#pop());
    }
    for (const timer of due) {
      const { wake } = timer;
      timer.wake = undefined;
      wake?.();
    }
    return true;
  }

  /** The timer that fires next. */
  #first(): VirtualTimer | undefined {
    while (this.#timers.length > 0 && !this.#timers[0].wake) {
      this.#pop();
      this.#cancelled--;
    }
    return this.#timers[0];
  }

  #push(timer: VirtualTimer): void {
    const timers = this.#timers;
    let at = timers.length;
    for (let above = (at - 1) >> 1; at > 0 && isBefore(timer, timers[above]); above = (at - 1) >> 1) {
      timers[at] = timers[above];
      at = above;
    }
    timers[at] = timer;
  }

  #pop(): VirtualTimer {
    const timers = this.#timers;
    const [first] = timers;
    first.isQueued = false;
    const last = timers.pop()!;
    if (timers.length === 0) return first;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below + 1 < timers.length && isBefore(timers[below + 1], timers[below])) below++;
      if (below >= timers.length || isBefore(last, timers[below])) break;
      timers[at] = timers[below];
      at = below;
    }
    timers[at] = last;
    return first;
  }

  /** Throws the cancelled ones out. What is sorted is a heap. */
  #clear(): void {
    this.#timers = this.#timers.filter(({ wake }) => wake).sort((a, b) => isBefore(a, b) ? -1 : 1);
    this.#cancelled = 0;
  }
}

function isBefore(one: VirtualTimer, other: VirtualTimer): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}

/**
 * Resolves when everything that can go on without the clock has come to rest. Two turns of the event loop are enough where
 * crypto and storage are synchronous (`node:crypto`, memory); Web Crypto takes as many turns as it likes.
 */
export async function settled(): Promise<void> {
  for (let turns = 0; turns < 2; turns++) await nextTurn();
}
