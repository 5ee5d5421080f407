/**
 * JSON, base58 and times as the envelope checker sees them: of its own, so that no mistake of nara's is repeated.
 * @module
 */
import { Buffer } from "node:buffer";

/** What JSON can say. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
/** A member of an object: its name, and name and value as they are spelled. */
export type Spelled = readonly [name: string, rawName: string, rawValue: string];

const ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/** The members of the object that `text` is, as they are spelled. */
export function members(text: string): Spelled[] {
  JSON.parse(text); // From here on it is known to be well formed.
  const found: Spelled[] = [];
  const token = /\s*("(?:[^"\\]|\\.)*"|[^\s"{}[\],:]+|[{}[\],:])/gy;
  let [depth, start, rawName] = [0, -1, ""];
  for (let match; (match = token.exec(text));) {
    const [, part] = match;
    const end = token.lastIndex;
    if (depth === 1 && (part === "," || part === "}") && rawName !== "") {
      found.push([JSON.parse(rawName), rawName, text.slice(start, end - part.length).trimEnd()]);
      rawName = "";
    } else if (depth === 1 && rawName === "" && part.startsWith('"')) rawName = part;
    else if (depth === 1 && part === ":") start = -1;
    else if (start < 0 && rawName !== "") start = end - part.length;
    if (part === "{" || part === "[") depth++;
    if (part === "}" || part === "]") depth--;
  }
  return found;
}

/** The payload as Go writes it; `undefined` where it has fields that do not belong there. */
export function writePayload(form: string, payload: Json): string | undefined {
  if (typeof payload !== "object" || payload === null || Array.isArray(payload)) return undefined;
  if (form === "*") return write(payload);
  const names = form.split(" ").map((name) => name.replace("?", ""));
  const optional = form.split(" ").filter((name) => name.endsWith("?")).map((name) => name.slice(0, -1));
  if (Object.keys(payload).some((name) => !names.includes(name))) return undefined;
  const kept = names.filter((name) =>
    payload[name] !== undefined && (payload[name] || !optional.includes(name))
  );
  return `{${kept.map((name) => `${quote(name)}:${write(payload[name])}`).join(",")}}`;
}

/** Maps are sorted by the bytes of their keys. */
function write(value: Json): string {
  if (typeof value === "string") return quote(value);
  if (typeof value !== "object" || value === null) return String(value);
  if (Array.isArray(value)) return `[${value.map(write).join(",")}]`;
  const keys = Object.keys(value).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return `{${keys.map((key) => `${quote(key)}:${write(value[key])}`).join(",")}}`;
}

/** As Go escapes. */
export function quote(text: string): string {
  const short: Record<string, string> = {
    '"': '\\"',
    "\\": "\\\\",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
  };
  const long = (character: string) => `\\u${character.codePointAt(0)!.toString(16).padStart(4, "0")}`;
  const spell = (character: string) =>
    short[character] ??
      (character < " " || "<>&\u2028\u2029".includes(character) ? long(character) : character);
  return `"${[...text].map(spell).join("")}"`;
}

/** `undefined` where there is none, `null` where it is none. */
export function base64(value: Json | undefined): Buffer | undefined | null {
  if (value === undefined || value === "") return undefined;
  const bytes = Buffer.from(String(value), "base64");
  return bytes.toString("base64") === value ? bytes : null;
}

/** Whether it is RFC 3339 text as Go writes it. */
export function isTimestamp(value: Json | undefined): boolean {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,8}[1-9])?(Z|[+-](?!00:00)\d\d:\d\d)$/.test(String(value));
}

/** Since 1970. */
export function nanoseconds(text: string): bigint {
  const [, fraction = ""] = /\.(\d+)/.exec(text) ?? [];
  return BigInt(Date.parse(text.replace(/\.\d+/, ""))) * 1_000_000n + BigInt(fraction.padEnd(9, "0"));
}

/** Base58 with Bitcoin's alphabet. */
export function base58(bytes: Uint8Array): string {
  let [number, text] = [BigInt(`0x${Buffer.from(bytes).toString("hex")}`), ""];
  for (; number > 0n; number /= 58n) text = ALPHABET[Number(number % 58n)] + text;
  return "1".repeat(bytes.findIndex((byte) => byte !== 0)) + text;
}

/** The 40 bytes of a soul. */
export function fromBase58(text: string): Buffer {
  const number = [...text].reduce((sum, digit) => sum * 58n + BigInt(ALPHABET.indexOf(digit)), 0n);
  return Buffer.from(number.toString(16).padStart(80, "0"), "hex");
}
