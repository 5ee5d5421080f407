/**
 * Canonical JSON: the very text that Go's `encoding/json` would write, because ids and signatures are computed over it.
 *
 * | value | as in Go |
 * | --- | --- |
 * | text | escaped as Go does, HTML characters and U+2028/9 included |
 * | number, bigint | shortest form, `-0` kept; a bigint in full |
 * | `Uint8Array` | `[]byte`: base64 |
 * | plain object | a struct: members in their order, those that are `undefined` left out |
 * | `Map` | a map: keys sorted by their UTF-8 bytes |
 * | {@linkcode RawJson} | `json.RawMessage` |
 *
 * The rules are those of section 1.4 of the protocol reference.
 * @module
 */
import { encodeBase64 } from "./base64.ts";

/** Deeper values are refused, as are values that contain themselves. */
const DEPTH_MAX = 1_000;

/** What cannot stand in a JSON text as it is, with surrogates, which need a second look. */
// deno-lint-ignore no-control-regex
const SUSPECT = /[\x00-\x1f"\\<>&\u2028\u2029\ud800-\udfff]/;
/** The same, seen by code points: pairs of surrogates are whole characters and stay. */
// deno-lint-ignore no-control-regex
const ESCAPED = /[\x00-\x1f"\\<>&\u2028\u2029\ud800-\udfff]/gu;
const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

/** JSON text that is written as it is: white space outside strings dropped, HTML characters escaped, nothing respelled. */
export class RawJson {
  /** The text as it was given. */
  readonly text: string;

  /**
   * Keeps a text for later.
   *
   * @param text Any JSON value.
   * @throws {SyntaxError} If `text` is not JSON.
   */
  constructor(text: string) {
    JSON.parse(text);
    this.text = text;
  }
}

/**
 * Writes `value` as Go's `encoding/json` would.
 *
 * @throws {TypeError} Naming the place, if something has no JSON form: `NaN`, an infinity, `undefined` in a list, a
 * function, a symbol, an object of another class, or nesting without end.
 */
export function canonicalJson(value: unknown): string {
  return write(value, []);
}

/** `text` as a JSON string, quotes included. Lone surrogates become `\ufffd`, as bytes that are not UTF-8 do in Go. */
export function canonicalString(text: string): string {
  return SUSPECT.test(text) ? `"${text.replace(ESCAPED, escape)}"` : `"${text}"`;
}

function escape(character: string): string {
  const short = SHORT_ESCAPES[character];
  if (short !== undefined) return short;
  const unit = character.charCodeAt(0);
  if (unit >= 0xd800 && unit <= 0xdfff) return "\\ufffd";
  return `\\u${unit.toString(16).padStart(4, "0")}`;
}

type Path = (string | number)[];

function write(value: unknown, path: Path): string {
  switch (typeof value) {
    case "string":
      return canonicalString(value);
    case "number":
      return writeNumber(value, path);
    case "boolean":
    case "bigint":
      return String(value);
    case "object":
      return value === null ? "null" : writeObject(value, path);
    default:
      throw unwritable(typeof value, path);
  }
}

function writeNumber(value: number, path: Path): string {
  if (!Number.isFinite(value)) throw unwritable(String(value), path);
  return value === 0 && 1 / value < 0 ? "-0" : String(value); // ECMAScript and Go agree on everything but -0.
}

function writeObject(value: object, path: Path): string {
  if (path.length >= DEPTH_MAX) throw unwritable(`nesting deeper than ${DEPTH_MAX}`, path.slice(0, 3));
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) {
    return writeStruct(value as Record<string, unknown>, path);
  }
  if (Array.isArray(value)) return writeList(value, path);
  if (value instanceof Uint8Array) return `"${encodeBase64(value)}"`;
  if (value instanceof Map) return writeMap(value, path);
  if (value instanceof RawJson) return compact(value.text);
  throw unwritable(`an object of class ${prototype.constructor?.name || "unknown"}`, path);
}

function writeStruct(value: Record<string, unknown>, path: Path): string {
  let text = "{";
  for (const key in value) { // Faster than a list of keys; inherited ones there are none.
    const member = value[key];
    if (member === undefined) continue;
    if (text.length > 1) text += ",";
    text += canonicalString(key) + ":" + writeAt(member, key, path);
  }
  return text + "}";
}

function writeList(value: unknown[], path: Path): string {
  let text = "[";
  for (let index = 0; index < value.length; index++) {
    if (index > 0) text += ",";
    text += writeAt(value[index], index, path);
  }
  return text + "]";
}

function writeMap(value: Map<unknown, unknown>, path: Path): string {
  const keys: string[] = [];
  for (const key of value.keys()) {
    if (typeof key !== "string") throw unwritable(`a map key of type ${typeof key}`, path);
    keys.push(key);
  }
  keys.sort(byUtf8Bytes);
  const members = keys.map((key) => `${canonicalString(key)}:${writeAt(value.get(key), key, path)}`);
  return `{${members.join(",")}}`;
}

function writeAt(value: unknown, place: string | number, path: Path): string {
  path.push(place);
  const text = write(value, path);
  path.pop();
  return text;
}

/** JavaScript sorts by UTF-16 units, in which surrogates stand before U+E000 to U+FFFF; their UTF-8 stands behind. */
function byUtf8Bytes(a: string, b: string): number {
  const end = Math.min(a.length, b.length);
  for (let at = 0; at < end; at++) {
    const left = a.charCodeAt(at), right = b.charCodeAt(at);
    if (left !== right) return utf8Rank(left) - utf8Rank(right);
  }
  return a.length - b.length;
}

function utf8Rank(unit: number): number {
  return unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

/** What Go's encoder does to a `json.RawMessage`. */
function compact(text: string): string {
  let output = "";
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (!inString && (character === " " || character === "\t" || character === "\n" || character === "\r")) {
      continue;
    }
    if (character === '"') inString = !inString;
    if (character === "\\") output += character + text[++at];
    else output += "<>&\u2028\u2029".includes(character) ? escape(character) : character;
  }
  return output;
}

function unwritable(what: string, path: Path): TypeError {
  const place = path.map((step) => typeof step === "number" ? `[${step}]` : `.${step}`).join("").replace(
    /^\./,
    "",
  );
  return new TypeError(`Cannot write ${what} as JSON${place && ` at ${place}`}`);
}
