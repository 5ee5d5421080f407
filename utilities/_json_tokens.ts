/**
 * The tokens of JSON: strings, numbers and literals, checked byte by byte (RFC 8259).
 * @module
 */
import { type JsonProblem, JsonScanError } from "./_json_scan_error.ts";
import type { JsonLimits } from "./json_scan.ts";

const QUOTE = 0x22, PLUS = 0x2b, MINUS = 0x2d, POINT = 0x2e, ZERO = 0x30, BACKSLASH = 0x5c, LETTER_U = 0x75;

/** 1 for what can stand in a string as it is: ASCII but quote, backslash and control characters. */
export const PLAIN: Readonly<Uint8Array> = new Uint8Array(256).map((_, byte) =>
  Number(byte >= 0x20 && byte < 0x80 && byte !== QUOTE && byte !== BACKSLASH)
);
/** 1 for what makes a whole escape with the backslash before it. */
const SHORT_ESCAPES: Readonly<Uint8Array> = new Uint8Array(256);
for (const character of '"\\/bfnrt') (SHORT_ESCAPES as Uint8Array)[character.charCodeAt(0)] = 1;
const LITERALS = ["true", "false", "null"].map((text) => new TextEncoder().encode(text));

/** A place in a text, and what can be read from there. */
export class JsonTokens {
  /** The text. */
  protected readonly bytes: Uint8Array;
  /** What the text may hold at most. */
  protected readonly limits: Readonly<JsonLimits>;
  /** The place of the next byte. */
  protected at = 0;
  /** Whether every byte so far is below 0x80. */
  protected ascii = true;

  /** Starts at the first byte of `bytes`. */
  constructor(bytes: Uint8Array, limits: Readonly<JsonLimits>) {
    this.bytes = bytes;
    this.limits = limits;
  }

  /** The next byte; -1 at the end. */
  protected peek(): number {
    return this.at < this.bytes.length ? this.bytes[this.at] : -1;
  }

  /** The byte at a place; -1 behind the end. */
  protected byteAt(at: number): number {
    return at < this.bytes.length ? this.bytes[at] : -1;
  }

  /** From an opening quote to one behind the closing one. */
  protected string(): void {
    const bytes = this.bytes;
    const start = this.at + 1;
    const end = start + this.limits.stringBytesMax;
    const bound = Math.min(bytes.length, end + 1);
    let at = start;
    while (true) {
      while (at < bound && PLAIN[bytes[at]] === 1) at++;
      this.at = at;
      if (at > end) throw this.broken("string_too_long", `at most ${end - start} bytes of text`, start);
      const byte = this.peek();
      if (byte === QUOTE) break;
      if (byte === BACKSLASH) at = this.#escape();
      else if (byte >= 0x80) at = this.#multibyte();
      else throw this.broken("syntax", byte < 0 ? "the closing quote" : "an escape for a control character");
    }
    this.at = at + 1;
  }

  /** From a backslash to one behind its escape; pairs of surrogates count as one. */
  #escape(): number {
    const at = this.at + 1;
    const byte = this.byteAt(at);
    if (SHORT_ESCAPES[byte] === 1) return at + 1;
    if (byte !== LETTER_U) throw this.broken("syntax", 'one of "\\/bfnrtu behind a backslash', at);
    const unit = this.#hex(at + 1);
    if (unit < 0xd800 || unit > 0xdfff) return at + 5;
    const isPair = unit < 0xdc00 && this.byteAt(at + 5) === BACKSLASH && this.byteAt(at + 6) === LETTER_U;
    const low = isPair ? this.#hex(at + 7) : 0;
    if (low < 0xdc00 || low > 0xdfff) throw this.broken("lone_surrogate", "both halves of a surrogate pair");
    return at + 11;
  }

  #hex(start: number): number {
    let value = 0;
    for (let at = start; at < start + 4; at++) {
      const byte = this.byteAt(at);
      const letter = byte | 0x20;
      if (isDigit(byte)) value = value * 16 + byte - ZERO;
      else if (letter >= 0x61 && letter <= 0x66) value = value * 16 + letter - 0x57;
      else throw this.broken("syntax", "four hexadecimal digits", at);
    }
    return value;
  }

  /** From the first byte of a character beyond ASCII to one behind its last (Unicode 15, table 3-7). */
  #multibyte(): number {
    this.ascii = false;
    const first = this.bytes[this.at];
    const second = this.byteAt(this.at + 1);
    const length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
    const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80; // Below: overlong.
    const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf; // Above: surrogates; past U+10FFFF.
    let isValid = length > 0 && second >= low && second <= high;
    for (let index = 2; index < length; index++) isValid &&= (this.byteAt(this.at + index) & 0xc0) === 0x80;
    if (!isValid) throw this.broken("invalid_utf8", "valid UTF-8");
    return this.at + length;
  }

  /** From a digit or a minus to one behind the number. */
  protected number(): void {
    if (this.#plainNumber()) return;
    const start = this.at;
    if (this.peek() === MINUS) this.at++;
    if (this.peek() === ZERO) this.at++;
    else this.#digits();
    if (this.peek() === POINT) {
      this.at++;
      this.#digits();
    }
    if ((this.peek() | 0x20) === 0x65) {
      this.at++;
      if (this.peek() === MINUS || this.peek() === PLUS) this.at++;
      this.#digits();
    }
    this.#boundNumber(start);
  }

  /** Passes a whole number: most are, and a list of them costs its sender nothing. Leaves any other where it stands. */
  #plainNumber(): boolean {
    const bytes = this.bytes;
    const end = this.at + this.limits.numberCharsMax;
    let at = this.at;
    if (bytes[at] === ZERO || !isDigit(bytes[at])) return false;
    while (at < end && isDigit(bytes[at])) at++;
    const next = bytes[at];
    if (isDigit(next) || next === POINT || (next | 0x20) === 0x65) return false;
    this.at = at;
    return true;
  }

  #digits(): void {
    if (!isDigit(this.peek())) throw this.broken("syntax", "a digit");
    const { numberCharsMax } = this.limits;
    const start = this.at;
    while (isDigit(this.peek()) && this.at - start <= numberCharsMax) this.at++;
    this.#boundNumber(start);
  }

  #boundNumber(start: number): void {
    const { numberCharsMax } = this.limits;
    if (this.at - start <= numberCharsMax) return;
    throw this.broken("number_too_long", `a number of at most ${numberCharsMax} characters`, start);
  }

  /** Whether a word that JSON knows may begin here. */
  protected atWord(): boolean {
    return LITERALS.some(([first]) => first === this.peek());
  }

  /** From a letter to one behind its word. */
  protected literal(): void {
    for (const literal of LITERALS) {
      if (literal[0] !== this.peek()) continue;
      for (const byte of literal) {
        if (this.peek() !== byte) throw this.broken("syntax", '"true", "false" or "null"');
        this.at++;
      }
      return;
    }
    throw this.broken("syntax", "a value");
  }

  /** The error to throw when something else should stand at `offset`. */
  protected broken(problem: JsonProblem, expected: string, offset: number = this.at): JsonScanError {
    const byte = this.byteAt(offset);
    const isPrintable = byte >= 0x20 && byte < 0x7f;
    const came = byte < 0
      ? "the end"
      : isPrintable
      ? `"${String.fromCharCode(byte)}"`
      : `byte 0x${hex(byte)}`;
    return new JsonScanError(problem, offset, expected, came);
  }
}

/** Whether a byte is `0` to `9`. */
export function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}
