/**
 * A JSON reader that loses nothing: the order of members, keys that come twice, and how a number is spelled.
 * @module
 */

/** A number as it is spelled. */
export class ExactNumber {
  /** Keeps a spelling. */
  constructor(readonly text: string) {}

  /** Whether it is spelled as a whole number. */
  get isWhole(): boolean {
    return /^-?\d+$/.test(this.text);
  }
}

/** An object as it is spelled. */
export class ExactObject {
  /** Keeps the members in their order. */
  constructor(readonly members: readonly (readonly [key: string, value: ExactJson, spelling: string])[]) {}
}

/** A JSON value as it is spelled. */
export type ExactJson = null | boolean | string | ExactNumber | ExactJson[] | ExactObject;

/**
 * Reads one JSON text.
 *
 * @throws {SyntaxError} If `text` is not JSON.
 */
export function readExactJson(text: string): ExactJson {
  JSON.parse(text); // From here on the text is known to be well formed.
  return new Reader(text).value();
}

const TOKEN = /[ \t\r\n]*("(?:[^"\\]|\\.)*"|[-+.\w]+|[[\]{},:])/y;

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(): ExactJson {
    const token = this.#token();
    if (token === "{") return this.#object();
    if (token === "[") return this.#list();
    if (token.startsWith('"')) return JSON.parse(token);
    return /^[-\d]/.test(token) ? new ExactNumber(token) : JSON.parse(token);
  }

  #list(): ExactJson[] {
    const items: ExactJson[] = [];
    while (this.#peek() !== "]") {
      items.push(this.value());
      if (this.#peek() === ",") this.#token();
    }
    this.#token();
    return items;
  }

  #object(): ExactObject {
    const members: [string, ExactJson, string][] = [];
    while (this.#peek() !== "}") {
      const key: string = JSON.parse(this.#token());
      this.#token();
      const start = this.#at;
      members.push([key, this.value(), this.#text.slice(start, this.#at)]);
      if (this.#peek() === ",") this.#token();
    }
    this.#token();
    return new ExactObject(members);
  }

  #token(): string {
    TOKEN.lastIndex = this.#at;
    const token = TOKEN.exec(this.#text)![1];
    this.#at = TOKEN.lastIndex;
    return token;
  }

  #peek(): string {
    const before = this.#at;
    const token = this.#token();
    this.#at = before;
    return token;
  }
}
