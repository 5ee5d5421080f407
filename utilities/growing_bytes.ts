/**
 * Bytes that come in parts.
 * @module
 */

const NOTHING = new Uint8Array(0);

/**
 * Parts, put together as they come. All of them share one array, which doubles as it fills: whoever sends byte by byte would else
 * fill the memory with arrays.
 */
export class GrowingBytes {
  readonly #bytesMax: number;
  #bytes = NOTHING;
  #length = 0;

  /** @param bytesMax Bytes that will come at most, so that no more room is made. Whoever adds sees to it. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** How many came. */
  get length(): number {
    return this.#length;
  }

  /** Adds a copy of `part`. */
  add(part: Uint8Array): void {
    const start = this.#length;
    this.#length += part.length;
    if (start === 0) {
      this.#bytes = new Uint8Array(part); // Mostly that is all.
      return;
    }
    if (this.#length > this.#bytes.length) {
      const grown = new Uint8Array(Math.min(this.#bytesMax, this.#length * 2));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes.set(part, start);
  }

  /** All that came: a view, where there is room behind it. */
  get whole(): Uint8Array<ArrayBuffer> {
    return this.#length === this.#bytes.length ? this.#bytes : this.#bytes.subarray(0, this.#length);
  }
}
