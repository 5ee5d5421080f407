/**
 * Go's `math/rand`, number for number: an additive lagged Fibonacci generator.
 *
 * Traits and generated names are drawn with it, and they have to come out the same in every implementation.
 * Never use it for secrets, and use the `Random` port for all other chance.
 * @module
 */

import { createHash } from "node:crypto";
import { computeGoRandomTable, FEED_START, seedSteps, STATE_LENGTH } from "./_go_random_table.ts";

const SEED_MODULUS = 0x7fffffffn;
/** What Go takes for a seed that would be 0. */
const SEED_FOR_ZERO = 89_482_311;
const INT31_SIZE = 0x8000_0000;

let table: Uint32Array | undefined;

/** A generator whose draws equal those of Go's `rand.New(rand.NewSource(seed))`. The very first takes 10 ms. */
export class GoRandom {
  /** Number `i` has its high 32 bits at `2 * i` and its low ones behind. */
  readonly #state = new Uint32Array(2 * STATE_LENGTH);
  #tap = 0;
  #feed = FEED_START;

  /**
   * Spreads the seed over the state.
   *
   * @param seed Any signed 64-bit number. Seeds that are equal modulo 2^31 - 1 draw the same.
   */
  constructor(seed: bigint) {
    table ??= computeGoRandomTable();
    const remainder = Number(seed % SEED_MODULUS);
    const positive = remainder < 0 ? remainder + Number(SEED_MODULUS) : remainder;
    const step = seedSteps(positive || SEED_FOR_ZERO);
    for (let slot = 0; slot < this.#state.length; slot += 2) {
      const [high, middle, low] = [step(), step(), step()]; // Shifted by 40, 20 and 0 bits, then mixed.
      this.#state[slot] = (high << 8) ^ (middle >>> 12) ^ table[slot];
      this.#state[slot + 1] = (middle << 20) ^ low ^ table[slot + 1];
    }
  }

  /** The next number from 0 to 2^63 - 1. */
  int63(): bigint {
    return BigInt.asUintN(63, this.uint64());
  }

  /** The next number from 0 to 2^64 - 1. */
  uint64(): bigint {
    const slot = this.#step();
    return BigInt(this.#state[slot]) << 32n | BigInt(this.#state[slot + 1]);
  }

  /**
   * A number from 0 up to, but not including, `n`. It takes more than one draw now and then.
   *
   * @throws {RangeError} If `n` is not an integer from 1 to 2^31 - 1 (Go draws differently above that).
   */
  intn(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n >= INT31_SIZE) {
      throw new RangeError(`n must be an integer from 1 to ${INT31_SIZE - 1}: got ${n}`);
    }
    if ((n & (n - 1)) === 0) return this.#int31() & (n - 1);
    const unbiased = INT31_SIZE - INT31_SIZE % n;
    let draw = this.#int31();
    while (draw >= unbiased) draw = this.#int31();
    return draw % n;
  }

  /** The upper 31 of the 63 bits. */
  #int31(): number {
    return this.#state[this.#step()] & 0x7fff_ffff;
  }

  /** Draws once; the drawn number is at the returned index of the state. */
  #step(): number {
    this.#tap = this.#tap === 0 ? STATE_LENGTH - 1 : this.#tap - 1;
    this.#feed = this.#feed === 0 ? STATE_LENGTH - 1 : this.#feed - 1;
    const [tap, feed] = [2 * this.#tap, 2 * this.#feed];
    const low = this.#state[feed + 1] + this.#state[tap + 1];
    this.#state[feed] += this.#state[tap] + (low > 0xffff_ffff ? 1 : 0);
    this.#state[feed + 1] = low;
    return feed;
  }
}

/** The seed that a text stands for: {@linkcode seedFromBytes} of its UTF-8. */
export function seedFromText(text: string): bigint {
  return seedFromBytes(new TextEncoder().encode(text));
}

/** The seed that bytes stand for: the first 8 bytes of their SHA-256, as a signed big-endian number. */
export function seedFromBytes(bytes: Uint8Array): bigint {
  return createHash("sha256").update(bytes).digest().readBigInt64BE();
}
