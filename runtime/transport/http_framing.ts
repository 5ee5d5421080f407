/**
 * Where a body ends: by its length, or chunk by chunk.
 *
 * Chunks are read as strictly as heads: a size is hexadecimal digits and nothing else, no extensions, no trailers.
 * @module
 */

/** What may be wrong with a body. */
export type FrameProblem = "too_large" | "broken";

/** Follows one body as it comes in. */
export interface BodyFrame {
  /** Whether all of it was seen. */
  readonly isDone: boolean;
  /** What is wrong with it; nothing is taken after that. */
  readonly problem: FrameProblem | undefined;
  /**
   * Looks at bytes that follow those before, and says how many of them belong to the body.
   *
   * @param onData Told once what the body says in these bytes, if it says anything, without what frames it: a view of `bytes`, in
   *   which it is moved together. Left out, `bytes` stay as they are.
   */
  take(bytes: Uint8Array, onData?: OnData): number;
}

/** Takes a part of a body. */
export type OnData = (part: Uint8Array) => void;

/** A body of a known length. */
export class LengthFrame implements BodyFrame {
  readonly problem: FrameProblem | undefined;
  #left: number;

  /**
   * @param length Bytes that it says to have.
   * @param bytesMax Bytes that it may have.
   */
  constructor(length: number, bytesMax: number) {
    this.#left = length;
    if (length > bytesMax) this.problem = "too_large";
  }

  get isDone(): boolean {
    return this.#left === 0;
  }

  take(bytes: Uint8Array, onData?: OnData): number {
    const taken = Math.min(bytes.length, this.#left);
    this.#left -= taken;
    if (onData && taken > 0) onData(bytes.subarray(0, taken));
    return taken;
  }
}

const CR = 13;
const LF = 10;
/** Digits of a chunk's size; what needs more is past any bound. */
const DIGITS_MAX = 8;

/** What comes next in a body of chunks. */
type Expected = "size" | "size_lf" | "data" | "data_cr" | "data_lf" | "end_cr" | "end_lf" | "nothing";

/** A body in chunks. */
export class ChunkedFrame implements BodyFrame {
  #problem: FrameProblem | undefined;
  readonly #bytesMax: number;
  #expected: Expected = "size";
  #size = 0;
  #digits = 0;
  #bytes = 0;

  /** @param bytesMax Bytes that all chunks together may hold. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get isDone(): boolean {
    return this.#expected === "nothing";
  }

  get problem(): FrameProblem | undefined {
    return this.#problem;
  }

  take(bytes: Uint8Array, onData?: OnData): number {
    let at = 0;
    let said = 0;
    while (at < bytes.length && this.#expected !== "nothing" && !this.#problem) {
      if (this.#expected === "data") {
        const taken = Math.min(bytes.length - at, this.#size);
        // One part, however many chunks: whoever cuts a body into bytes must not cost a call for each.
        if (onData && said < at) bytes.copyWithin(said, at, at + taken);
        said += taken;
        this.#size -= taken;
        at += taken;
        if (this.#size === 0) this.#expected = "data_cr";
      } else {
        this.#byte(bytes[at++]);
      }
    }
    if (onData && said > 0) onData(bytes.subarray(0, said));
    return at;
  }

  #byte(byte: number): void {
    switch (this.#expected) {
      case "size":
        return this.#sizeByte(byte);
      case "size_lf":
        return this.#line(byte, LF, this.#size > 0 ? "data" : "end_cr");
      case "data_cr":
        return this.#line(byte, CR, "data_lf");
      case "data_lf":
        return this.#line(byte, LF, "size");
      case "end_cr":
        return this.#line(byte, CR, "end_lf");
      case "end_lf":
        return this.#line(byte, LF, "nothing");
    }
  }

  #line(byte: number, expected: number, next: Expected): void {
    if (byte !== expected) this.#problem = "broken";
    else this.#expected = next;
  }

  #sizeByte(byte: number): void {
    const digit = hexOf(byte);
    if (digit >= 0 && this.#digits < DIGITS_MAX) {
      this.#digits++;
      this.#size = this.#size * 16 + digit;
      return;
    }
    if (byte !== CR || this.#digits === 0) {
      this.#problem = "broken";
      return;
    }
    this.#digits = 0;
    this.#bytes += this.#size;
    if (this.#bytes > this.#bytesMax) this.#problem = "too_large";
    this.#expected = "size_lf";
  }
}

function hexOf(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const letter = byte | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}
