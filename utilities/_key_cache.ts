/**
 * A bounded memory for what is costly to make of a public key.
 * @module
 */

/**
 * Keeps what was made of the keys seen last.
 *
 * It has two generations: what is asked for moves to the young one, and when that is full the old one is dropped.
 * So a hit costs two look-ups at most and moves nothing around, unlike a strict order of use.
 */
export class KeyCache<Value extends NonNullable<unknown>> {
  readonly #make: (key: Uint8Array) => Value;
  readonly #generationMax: number;
  #young = new Map<string, Value>();
  #old = new Map<string, Value>();

  /**
   * An empty cache.
   *
   * @param make Makes the value of a key; what it throws is not remembered.
   * @param keysMax Keys remembered at most. More of them hold more memory and repeat less work.
   */
  constructor(make: (key: Uint8Array) => Value, keysMax: number) {
    this.#make = make;
    this.#generationMax = Math.ceil(keysMax / 2);
  }

  /** What was made of `key`, now or before. */
  get(key: Uint8Array): Value {
    const text = key.toHex();
    const young = this.#young.get(text);
    if (young !== undefined) return young;

    const value = this.#old.get(text) ?? this.#make(key);
    if (this.#young.size >= this.#generationMax) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(text, value);
    return value;
  }
}
