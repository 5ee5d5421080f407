/**
 * The grammar of JSON objects and lists, on top of the tokens: what `json_scan.ts` runs.
 * @module
 */
import { ObjectKeys, plainKey, spelledKey } from "./_json_keys.ts";
import type { JsonScanError } from "./_json_scan_error.ts";
import { isDigit, JsonTokens, PLAIN } from "./_json_tokens.ts";
import type { ScannedMember, ScannedObject } from "./json_scan.ts";

const QUOTE = 0x22, COMMA = 0x2c, MINUS = 0x2d, COLON = 0x3a;
const LIST_OPEN = 0x5b, LIST_CLOSE = 0x5d, OBJECT_OPEN = 0x7b, OBJECT_CLOSE = 0x7d;
/** Of the FNV-1a hash, 32 bits. */
const FNV_START = 0x811c9dc5 | 0, FNV_PRIME = 0x01000193;

/** One scan of one text. */
export class JsonScanner extends JsonTokens {
  readonly #members: ScannedMember[] = [];
  /** The keys of every open object, `undefined` for every open list; the innermost last. */
  readonly #containers: (ObjectKeys | undefined)[] = [];
  #keyCount = 0;
  #spaced = false;
  /** Whether the innermost container has no element yet, so that none may be missing behind a comma. */
  #fresh = true;
  #name = "";
  #nameStart = 0;
  #nameEnd = 0;
  #valueStart = 0;

  /**
   * Reads the whole text.
   *
   * @throws {JsonScanError} At the first byte that breaks a rule.
   */
  scan(): ScannedObject {
    const { bytesMax } = this.limits;
    if (this.bytes.length > bytesMax) throw this.broken("too_large", `at most ${bytesMax} bytes`, bytesMax);
    this.#skipSpace();
    if (this.peek() !== OBJECT_OPEN) throw this.#noObject();
    this.#open(new ObjectKeys());
    while (this.#containers.length > 0) this.#element();
    this.#skipSpace();
    if (this.at < this.bytes.length) throw this.broken("syntax", "nothing behind the object");
    return { ascii: this.ascii, spaced: this.#spaced, members: this.#members };
  }

  /** Reads the next element of the innermost container, or its end. */
  #element(): void {
    const keys = this.#containers[this.#containers.length - 1];
    this.#skipSpace();
    if (this.peek() === (keys ? OBJECT_CLOSE : LIST_CLOSE)) return this.#close();
    if (!this.#fresh) {
      if (this.peek() !== COMMA) throw this.broken("syntax", `"," or "${keys ? "}" : "]"}"`);
      this.at++;
      this.#skipSpace();
    }
    if (keys) this.#key(keys);
    this.#value();
  }

  #open(keys: ObjectKeys | undefined): void {
    const { depthMax } = this.limits;
    if (this.#containers.length >= depthMax) {
      throw this.broken("too_deep", `at most ${depthMax} objects and lists inside one another`);
    }
    this.#containers.push(keys);
    this.#fresh = true;
    this.at++;
  }

  #close(): void {
    this.#containers.pop();
    this.at++;
    this.#endValue();
  }

  #endValue(): void {
    this.#fresh = false;
    if (this.#containers.length !== 1) return;
    this.#members.push({
      name: this.#name,
      nameStart: this.#nameStart,
      nameEnd: this.#nameEnd,
      valueStart: this.#valueStart,
      valueEnd: this.at,
    });
  }

  #key(keys: ObjectKeys): void {
    const start = this.at;
    const { keysMax } = this.limits;
    if (this.peek() !== QUOTE) throw this.broken("syntax", "a key in double quotes");
    if (++this.#keyCount > keysMax) throw this.broken("too_many_keys", `at most ${keysMax} keys`);
    const name = this.#keyText();
    if (isForbidden(name)) throw this.broken("forbidden_key", `another key than "${name}"`, start);
    if (!keys.add(name)) {
      throw this.broken("duplicate_key", `the key ${JSON.stringify(name.slice(0, 40))} only once`, start);
    }
    if (this.#containers.length === 1) {
      this.#name = name;
      this.#nameStart = start;
      this.#nameEnd = this.at;
    }
    this.#skipSpace();
    if (this.peek() !== COLON) throw this.broken("syntax", '":"');
    this.at++;
    this.#skipSpace();
  }

  #keyText(): string {
    const bytes = this.bytes;
    const start = this.at + 1;
    const bound = Math.min(bytes.length, start + this.limits.stringBytesMax);
    let at = start;
    let hash = FNV_START;
    while (at < bound && PLAIN[bytes[at]] === 1) hash = Math.imul(hash ^ bytes[at++], FNV_PRIME);
    if (at < bytes.length && bytes[at] === QUOTE) {
      this.at = at + 1;
      return plainKey(bytes, start, at, hash ^ hash >>> 16);
    }
    this.string();
    return spelledKey(bytes, start, this.at - 1);
  }

  #value(): void {
    const byte = this.peek();
    if (this.#containers.length === 1) this.#valueStart = this.at;
    if (byte === OBJECT_OPEN) return this.#open(new ObjectKeys());
    if (byte === LIST_OPEN) return this.#open(undefined);
    if (byte === QUOTE) this.string();
    else if (byte === MINUS || isDigit(byte)) this.number();
    else this.literal();
    this.#endValue();
  }

  #skipSpace(): void {
    if (this.peek() > 0x20) return;
    while (isSpace(this.peek())) {
      this.at++;
      this.#spaced = true;
    }
  }

  #noObject(): JsonScanError {
    const byte = this.peek();
    const isOtherValue = byte === LIST_OPEN || byte === QUOTE || byte === MINUS || isDigit(byte) ||
      this.atWord();
    return this.broken(isOtherValue ? "not_an_object" : "syntax", "an object");
  }
}

/** Keys through which a careless assignment would reach an object's prototype. */
function isForbidden(key: string): boolean {
  if (key.length !== 9 && key.length !== 11) return false; // Nearly every key ends here.
  return key === "__proto__" || key === "constructor" || key === "prototype";
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
