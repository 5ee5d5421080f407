/**
 * Chance that repeats: the same seed, the same draws.
 * @module
 */
import type { Random } from "../../utilities/random.ts";

/** A small generator (mulberry32) for tests and simulations. Never for secrets. */
export class SeededRandom implements Random {
  #state: number;

  /**
   * A generator at its start.
   *
   * @param seed Any whole number.
   */
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A number from 0 up to, but not including, 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** `length` bytes that look random. */
  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => Math.floor(this.next() * 256));
  }
}
