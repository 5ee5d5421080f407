/**
 * One case of a vector file, read field by field. It remembers which fields were looked at, for a field that
 * nobody looks at is a case that was not checked.
 * @module
 */

/** A case, or an object inside one. */
export type Fields = Readonly<Record<string, unknown>>;

/** A value that came out differently. */
export interface Mismatch {
  /** The field, with the objects that it stands in. */
  readonly field: string;
  /** What the case says. */
  readonly expected: unknown;
  /** What this implementation gives. */
  readonly got: unknown;
}

/** The case itself is not of the form that its list has. */
export class BadCase extends Error {
  override readonly name = "BadCase";
}

/** Reads a case, compares, and collects what is wrong. */
export class CaseReader {
  /** The case's name, for messages. */
  readonly name: string;
  /** What came out differently so far. */
  readonly mismatches: Mismatch[];
  readonly #fields: Fields;
  readonly #path: string;
  readonly #read = new Set<string>();
  readonly #parts = new Map<string, CaseReader>();

  /** Reads `fields`, which stand at `path` inside a case. */
  constructor(name: string, fields: Fields, path = "", mismatches: Mismatch[] = []) {
    this.name = name;
    this.mismatches = mismatches;
    this.#fields = fields;
    this.#path = path;
  }

  /** Whether the case has the field at all. Does not count as looking at it. */
  has(field: string): boolean {
    return Object.hasOwn(this.#fields, field);
  }

  /** Refuses a case that lacks a field which all cases of its list have. */
  need(...fields: string[]): void {
    const missing = fields.find((field) => !this.has(field));
    if (missing !== undefined) throw new BadCase(`field "${this.#path}${missing}" is missing`);
  }

  /** The names of all fields. */
  fields(): string[] {
    return Object.keys(this.#fields);
  }

  /** The value of a field, whatever it is. */
  value(field: string): unknown {
    this.#read.add(field);
    return this.#fields[field];
  }

  /** A text. */
  text(field: string): string {
    const value = this.value(field);
    return typeof value === "string" ? value : this.#wrong(field, "text", value);
  }

  /** A text, or `null` where the field is null or missing. */
  optionalText(field: string): string | null {
    const value = this.value(field) ?? null;
    return value === null || typeof value === "string" ? value : this.#wrong(field, "text or null", value);
  }

  /** A JSON number. */
  number(field: string): number {
    const value = this.value(field);
    return typeof value === "number" ? value : this.#wrong(field, "a number", value);
  }

  /** A whole number, as JSON number or as decimal text. */
  integer(field: string): bigint {
    const value = this.value(field);
    const text = typeof value === "number" || typeof value === "string" ? String(value) : "";
    return /^-?\d+$/.test(text) ? BigInt(text) : this.#wrong(field, "a whole number", value);
  }

  /** A truth value. */
  flag(field: string): boolean {
    const value = this.value(field);
    return typeof value === "boolean" ? value : this.#wrong(field, "true or false", value);
  }

  /** Bytes, written in hexadecimal. */
  hex(field: string): Uint8Array {
    const text = this.text(field);
    return /^([0-9a-f]{2})*$/.test(text)
      ? Uint8Array.fromHex(text)
      : this.#wrong(field, "lower-case hex", text);
  }

  /** An object; its own fields have to be looked at too. */
  object(field: string): CaseReader {
    const value = this.value(field);
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      return this.#wrong(field, "an object", value);
    }
    return this.#part(value as Fields, field);
  }

  /** A list of objects; their own fields have to be looked at too. */
  objects(field: string): CaseReader[] {
    const value = this.value(field);
    if (!Array.isArray(value)) return this.#wrong(field, "a list", value);
    return value.map((item, index) =>
      typeof item === "object" && item !== null && !Array.isArray(item)
        ? this.#part(item, `${field}[${index}]`)
        : this.#wrong(`${field}[${index}]`, "an object", item)
    );
  }

  /** Looks at a field and notes it when `got` is something else. */
  expect(field: string, got: unknown): void {
    const expected = this.value(field);
    if (!isSame(expected, got)) this.differ(field, expected, got);
  }

  /** Go's words for an error, or null: only whether there are any can be compared. */
  expectError(field: string, failed: boolean): void {
    this.need(field);
    const words = this.optionalText(field);
    if (Boolean(words) !== failed) this.differ(field, words, failed ? "an error" : "no error");
  }

  /** Notes a difference that is not simply a field's value. */
  differ(field: string, expected: unknown, got: unknown): void {
    this.mismatches.push({ field: this.#path + field, expected, got });
  }

  /** Fields nobody looked at. */
  unread(): string[] {
    const own = this.fields().filter((field) => !this.#read.has(field)).map((field) => this.#path + field);
    return [...own, ...this.#parts.values().flatMap((part) => part.unread())];
  }

  #part(fields: Fields, field: string): CaseReader {
    const part = this.#parts.get(field) ??
      new CaseReader(this.name, fields, `${this.#path}${field}.`, this.mismatches);
    this.#parts.set(field, part);
    return part;
  }

  #wrong(field: string, expected: string, value: unknown): never {
    const came = value === undefined ? "nothing" : JSON.stringify(value).slice(0, 60);
    throw new BadCase(`field "${this.#path}${field}" must be ${expected}, got ${came}`);
  }
}

/** Whether two JSON values are the same; the order of an object's members does not matter. */
export function isSame(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const [left, right] = [Object.entries(one), Object.entries(other)];
  return left.length === right.length &&
    left.every(([key, value]) => Object.hasOwn(other, key) && isSame(value, (other as Fields)[key]));
}
