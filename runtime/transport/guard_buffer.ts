/**
 * What came in over a connection and was not handed on yet, with room before it for what the guard adds to a head.
 * @module
 */
import type { Cut } from "./guard_head.ts";

/** Room at first: most requests fit. */
const FIRST_BYTES = 4_096;

/** Bytes that came in and wait, in order. */
export class GuardBuffer {
  readonly #headroom: number;
  readonly #bytesMax: number;
  #bytes: Uint8Array;
  #start: number;
  #end: number;

  /**
   * @param headroom Bytes that {@linkcode GuardBuffer.insert} may add to each request.
   * @param bytesMax Bytes that may wait.
   */
  constructor(headroom: number, bytesMax: number) {
    this.#headroom = headroom;
    this.#bytesMax = bytesMax;
    this.#bytes = new Uint8Array(headroom + Math.min(FIRST_BYTES, bytesMax));
    this.#start = this.#end = headroom;
  }

  /** How many wait. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** What waits; a view, good until the next call of anything. */
  get waiting(): Uint8Array {
    return this.#bytes.subarray(this.#start, this.#end);
  }

  /** Where to put what comes next; {@linkcode GuardBuffer.add} says how much that was. There is some while not too much waits. */
  get room(): Uint8Array {
    this.#makeRoom();
    return this.#bytes.subarray(this.#end);
  }

  /** Adds what was put into the room. */
  add(count: number): void {
    this.#end += count;
  }

  /** Takes the first bytes out; a view, good until the next call of anything. */
  take(count: number): Uint8Array {
    const start = this.#start;
    this.#start += count;
    return this.#bytes.subarray(start, this.#start);
  }

  /** Puts `field` behind the first `lineBytes` of what waits. It takes from the headroom: once for every request. */
  insert(field: Uint8Array, lineBytes: number): void {
    const start = this.#start - field.length;
    this.#bytes.copyWithin(start, this.#start, this.#start + lineBytes);
    this.#bytes.set(field, start + lineBytes);
    this.#start = start;
  }

  /** Takes some parts out of what waits; their places count from its start, and rise. */
  cut(parts: readonly Cut[]): void {
    const origin = this.#start;
    for (const { start, end } of parts) {
      const target = this.#start + end - start;
      this.#bytes.copyWithin(target, this.#start, origin + start);
      this.#start = target;
    }
  }

  #makeRoom(): void {
    const isFull = this.#end === this.#bytes.length;
    const waiting = this.waiting;
    if (!isFull && waiting.length > 0) return;
    // What fills all the room at once may well go on.
    if (isFull && this.#bytes.length < this.#headroom + this.#bytesMax) {
      this.#bytes = new Uint8Array(this.#headroom + Math.min(this.#bytesMax, this.#bytes.length * 2));
    }
    this.#bytes.set(waiting, this.#headroom); // It copies well where the two overlap.
    this.#start = this.#headroom;
    this.#end = this.#start + waiting.length;
  }
}
