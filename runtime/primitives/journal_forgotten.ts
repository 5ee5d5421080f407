/**
 * What the journal has forgotten: ids as fingerprints, so that `forgotten` can be told from `unknown`.
 *
 * A ring of 52-bit fingerprints, 8 bytes each. Two things can be wrong about it: an id that left this ring too counts as
 * unknown; and an id that was never seen counts as forgotten when its fingerprint is by chance one of the ring's (for 65 536
 * of them once in 2^36 questions; who chooses ids to that end gains nothing).
 * @module
 */

/** Longer ids are forged: ours have 16 characters. */
const ID_LENGTH_MAX = 64;

/** The last ids that were added, good enough to recognise them. */
export class IdFingerprints {
  /** How many are kept. */
  readonly max: number;
  /** How many had to make room. */
  overflows = 0;
  readonly #prints: Float64Array;
  #added = 0;

  /**
   * An empty ring.
   *
   * @throws {RangeError} If `max` is not a positive integer.
   */
  constructor(max: number) {
    if (!Number.isSafeInteger(max) || max < 1) {
      throw new RangeError(`The number of fingerprints must be a positive integer: got ${max}`);
    }
    this.max = max;
    this.#prints = new Float64Array(max);
  }

  /** How many are kept now. */
  get size(): number {
    return this.#added - this.overflows;
  }

  /** Adds an id. One that comes again takes another place. */
  add(id: string): void {
    this.#prints[this.#added % this.max] = fingerprint(id);
    this.#added++;
    if (this.#added > this.max) this.overflows++;
  }

  /** Whether `id` is among them, as far as fingerprints can tell. */
  has(id: string): boolean {
    return this.#prints.subarray(0, this.size).includes(fingerprint(id));
  }
}

/** 52 bits of a text, never 0: two sums of its characters, each multiplied on (after FNV-1a, by Fowler, Noll and Vo). */
function fingerprint(id: string): number {
  let high = 0x811c9dc5, low = 0x01000193;
  for (let index = 0; index < id.length && index < ID_LENGTH_MAX; index++) {
    const code = id.charCodeAt(index);
    high = Math.imul(high ^ code, 0x01000193);
    low = Math.imul(low ^ code, 0x5bd1e995) ^ (low >>> 15);
  }
  return ((high >>> 0) & 0xfffff) * 0x1_0000_0000 + (low >>> 0) + 1;
}
