/**
 * What Go's decoder makes of a text that it takes and we refuse: only so that the vectors' own answer is checked too.
 *
 * It knows the struct of the list `decode` and nothing else, and it takes for granted that Go takes the text.
 * @module
 */
import { type ExactJson, type ExactNumber, ExactObject, readExactJson } from "../exact_json.ts";
import { canonicalJson, formatTimestamp, parseZonedTimestamp, RawJson } from "../nara.ts";
import { decodeUtf8Escaping } from "../surrogate_escape.ts";

/** Puts a member's value where it belongs. */
export type Setter = (value: ExactJson, spelling: string) => void;

/** The text that Go writes again after it has read `bytes` into the struct. */
export function goDecode(bytes: Uint8Array): string {
  const inner = { b: 0n, c: undefined as string | undefined };
  const target: Record<string, unknown> = {
    s: "",
    n: 0n,
    i: 0n,
    u: 0n,
    f: 0,
    b: false,
    by: null,
    l: null,
    m: null,
    t: "0001-01-01T00:00:00Z",
    p: null,
    r: null,
    in: inner,
  };
  /** `null` leaves the field as it is. */
  const plain = (field: string, read: (value: ExactJson) => unknown): Setter => (value) => {
    if (value !== null) target[field] = read(value);
  };
  /** `null` clears the field. */
  const nilable = (field: string, read: (value: ExactJson) => unknown): Setter => (value) => {
    target[field] = value === null ? null : read(value);
  };
  const setters: Record<string, Setter> = {
    s: plain("s", goText),
    n: plain("n", goInt),
    i: plain("i", goInt),
    u: plain("u", goInt),
    f: plain("f", (value) => Number((value as ExactNumber).text)),
    b: plain("b", (value) => value),
    by: nilable("by", goBytes),
    l: nilable("l", (value) => (value as ExactJson[]).map(goInt)),
    m: nilable("m", (value) => goMap(target.m, value)),
    t: plain("t", goTime),
    p: nilable("p", goInt),
    r: (_value, spelling) => void (target.r = new RawJson(spelling)),
    in: (value) =>
      setFields(value, {
        b: (value) => void (inner.b = value === null ? inner.b : goInt(value)),
        c: (value) => void (inner.c = value === null ? inner.c : goText(value) || undefined),
      }),
  };
  setFields(readExactJson(decodeUtf8Escaping(bytes)), setters);
  return canonicalJson(target);
}

/** Unknown keys are passed over, keys match in any case, later members come on top of earlier ones; `null` sets nothing. */
export function setFields(value: ExactJson, setters: Readonly<Record<string, Setter>>): void {
  if (!(value instanceof ExactObject)) return;
  for (const [key, member, spelling] of value.members) {
    const folded = key.replaceAll("\u017f", "s").replaceAll("\u212a", "k").toLowerCase();
    if (Object.hasOwn(setters, folded)) setters[folded](member, spelling);
  }
}

/** Bad bytes and lone surrogates become U+FFFD, one each. */
export function goText(value: ExactJson): string {
  return (value as string).toWellFormed();
}

/** A whole number; `null` is 0. */
export function goInt(value: ExactJson): bigint {
  return value === null ? 0n : BigInt((value as ExactNumber).text);
}

/** Base64 with line breaks and whatever unused bits, or a list of numbers. */
export function goBytes(value: ExactJson): Uint8Array {
  if (Array.isArray(value)) return Uint8Array.from(value, (item) => Number(goInt(item)));
  return Uint8Array.fromBase64((value as string).replace(/[\r\n]/g, ""));
}

function goMap(before: unknown, value: ExactJson): Map<string, bigint> {
  const added = (value as ExactObject).members.map(([key, item]) => [goText(key), goInt(item)] as const);
  return new Map([...before instanceof Map ? before : [], ...added]);
}

/** A time, written again. */
export function goTime(value: ExactJson): string {
  const { unixNs, offsetSeconds } = parseZonedTimestamp(value as string);
  return formatTimestamp(unixNs, offsetSeconds);
}
