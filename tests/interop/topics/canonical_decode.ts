/**
 * The lists `decode` and `decode_times` of `canonical_json.json`: what this implementation reads, and as what.
 *
 * Reading is what it is everywhere in nara: the scan of the bytes, `JSON.parse`, a strict schema. Whether a text is also
 * spelled canonically is a rule of messages, checked in `messages_reject.json`.
 * @module
 */
import * as z from "zod";
import { BadCase, type CaseReader } from "../case_reader.ts";
import {
  canonicalJson,
  decodeBase64,
  formatTimestamp,
  isCanonicalTimestamp,
  JsonScanError,
  parseZonedTimestamp,
  RawJson,
  scanJsonObject,
  type ZonedTime,
} from "../nara.ts";
import { type CaseContext, isStricter, type Outcome } from "../topic.ts";
import { decodeUtf8Escaping } from "../surrogate_escape.ts";
import { goDecode } from "./go_decode.ts";

const NS_PER_S = 1_000_000_000n;

/** A number as the text that it was received as. */
class NumberText {
  constructor(readonly text: string) {}
}

const numberText = z.instanceof(NumberText);

function wholeNumber(min: bigint, max: bigint) {
  return numberText.refine(({ text }) => /^-?\d+$/.test(text) && BigInt(text) >= min && BigInt(text) <= max)
    .transform(({ text }) => BigInt(text));
}

function readable<T>(read: (text: string) => T) {
  return z.string().transform((text, context) => {
    try {
      return read(text);
    } catch {
      context.addIssue({ code: "custom", message: "unreadable" });
      return z.NEVER;
    }
  });
}

const int64 = wholeNumber(-(2n ** 63n), 2n ** 63n - 1n);
const uint64 = wholeNumber(0n, 2n ** 64n - 1n);
const float64 = numberText.transform(({ text }) => Number(text)).refine(Number.isFinite);
const map = z.record(z.string(), int64).transform((record) => new Map(Object.entries(record)));
const time = readable((text) => {
  const { unixNs, offsetSeconds } = parseZonedTimestamp(text);
  return formatTimestamp(unixNs, offsetSeconds);
});

/** The struct that the vectors are decoded into; what is missing has Go's zero value. */
const Target = z.strictObject({
  s: z.string().default(""),
  n: int64.default(0n),
  i: int64.default(0n),
  u: uint64.default(0n),
  f: float64.default(0),
  b: z.boolean().default(false),
  by: readable(decodeBase64).nullable().default(null),
  l: z.array(int64).nullable().default(null),
  m: map.nullable().default(null),
  t: time.default("0001-01-01T00:00:00Z"),
  p: int64.nullable().default(null),
  r: z.instanceof(RawJson).nullable().default(null),
  in: z.strictObject({ b: int64.default(0n), c: z.string().optional() }).default({ b: 0n }),
});

type ParseWithSource = (
  text: string,
  reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
) => Record<string, unknown>;

/** What we make of the bytes: the outcome and, where they are taken, the value written again. */
function read(bytes: Uint8Array): { outcome: Outcome; written?: string } {
  try {
    const { members } = scanJsonObject(bytes);
    const text = new TextDecoder().decode(bytes);
    const wire = (JSON.parse as ParseWithSource)(
      text,
      (_key, value, { source }) => typeof value === "number" ? new NumberText(source!) : value,
    );
    const raw = members.find(({ name }) => name === "r");
    if (raw) wire.r = new RawJson(new TextDecoder().decode(bytes.subarray(raw.valueStart, raw.valueEnd)));
    const parsed = Target.safeParse(wire);
    if (parsed.success) return { outcome: "accepted", written: canonicalJson(parsed.data) };
    const [issue] = parsed.error.issues;
    const place = issue.code === "unrecognized_keys" ? [...issue.path, issue.keys[0]] : issue.path;
    return { outcome: `refused: ${issue.code} ${place.join(".")}` };
  } catch (error) {
    if (error instanceof JsonScanError) return { outcome: `refused: ${error.problem}` };
    throw error;
  }
}

/** Checks a case of `decode`. */
export function checkDecode(vector: CaseReader, context: CaseContext): void {
  const bytes = inputOf(vector);
  const ours = read(bytes);
  if (isStricter(vector, context, ours.outcome)) {
    vector.expect("accepted", true);
    if (vector.has("error")) vector.expectError("error", false);
    // Where the input is a rule, it is too long for anybody to write again.
    if (!vector.has("input_rule")) vector.expect("reencoded", goDecode(bytes));
    return;
  }
  const accepted = ours.outcome === "accepted";
  vector.expect("accepted", accepted);
  if (accepted || vector.has("reencoded")) vector.expect("reencoded", ours.written ?? null);
  if (!accepted || vector.has("error")) vector.expectError("error", !accepted);
}

/** The bytes that a case gives as text, in hexadecimal, or by a rule. */
function inputOf(vector: CaseReader): Uint8Array {
  vector.need("input", "input_utf8_hex_if_not_text");
  const text = vector.optionalText("input");
  if (vector.has("input_rule")) return inputByRule(vector);
  const hex = vector.optionalText("input_utf8_hex_if_not_text");
  if (hex === null) return new TextEncoder().encode(text ?? vector.text("input"));
  const bytes = vector.hex("input_utf8_hex_if_not_text");
  // The text beside it is only for people: bytes that are no UTF-8 are one U+FFFD there, however many follow each other.
  vector.expect("input", decodeUtf8Escaping(bytes).replace(/[\ud800-\udfff]+/gu, "\ufffd"));
  return bytes;
}

function inputByRule(vector: CaseReader): Uint8Array {
  vector.expect("input", null);
  vector.expect("input_utf8_hex_if_not_text", null);
  const rule = vector.text("input_rule");
  const count = /^(\d{1,6}) nested lists$/.exec(vector.name)?.[1];
  if (rule !== '{"r": then that many [ then as many ] then }' || !count) {
    throw new BadCase(`cannot follow the rule ${JSON.stringify(rule)} for "${vector.name}"`);
  }
  return new TextEncoder().encode(`{"r":${"[".repeat(Number(count))}${"]".repeat(Number(count))}}`);
}

/** Checks a case of `decode_times`. */
export function checkDecodeTime(vector: CaseReader): void {
  const text = vector.text("text");
  let moment;
  try {
    moment = parseZonedTimestamp(text);
  } catch {
    moment = null;
  }
  const written = moment && writeAgain(moment);
  const isCanonical = isCanonicalTimestamp(text);
  vector.expect("accepted", moment !== null);
  vector.expectError("error", moment === null);
  const reencoded = vector.optionalText("reencoded");
  if (written === undefined && !reencoded?.startsWith("error: ")) {
    vector.differ("reencoded", reencoded, "an error");
  }
  if (written !== undefined) vector.expect("reencoded", written);
  if (isCanonical !== (text === reencoded)) {
    vector.differ("whether it is canonical", text === reencoded, isCanonical);
  }
  const nanoseconds = moment && ((moment.unixNs % NS_PER_S) + NS_PER_S) % NS_PER_S;
  vector.expect("nanoseconds", nanoseconds === null ? null : Number(nanoseconds));
  vector.expect("unix_seconds", moment && Number((moment.unixNs - nanoseconds!) / NS_PER_S));
}

/** The text of a moment; `undefined` where it has none. */
function writeAgain({ unixNs, offsetSeconds }: ZonedTime): string | undefined {
  try {
    return formatTimestamp(unixNs, offsetSeconds);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
