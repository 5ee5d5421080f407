/**
 * `canonical_json.json`: what Go's encoding/json writes and reads.
 * @module
 */
import { BadCase, type CaseReader } from "../case_reader.ts";
import { readExactJson } from "../exact_json.ts";
import {
  canonicalJson,
  canonicalString,
  formatOneDecimal,
  formatTimestamp,
  parseZonedTimestamp,
  RawJson,
} from "../nara.ts";
import { decodeUtf8Escaping } from "../surrogate_escape.ts";
import type { Topic } from "../topic.ts";
import { checkDecode, checkDecodeTime } from "./canonical_decode.ts";
import { asGoAny, describedValue, rawMessage } from "./go_values.ts";

const MAP_TYPE = "map[string]any";
const DAY_S = 86_400n;

function checkType(vector: CaseReader, goType: string): void {
  vector.expect("go_type", goType);
}

function checkString(vector: CaseReader): void {
  checkType(vector, "string");
  const text = decodeUtf8Escaping(vector.object("input").hex("utf8_hex"));
  vector.expect("output", canonicalString(text));
  vector.expect("output", canonicalJson(text));
}

function checkFloat(vector: CaseReader): void {
  checkType(vector, "float64");
  const input = vector.object("input");
  const bits = input.hex("bits_hex");
  if (bits.length !== 8) throw new BadCase("bits_hex must have 8 bytes");
  const value = new DataView(bits.buffer, bits.byteOffset).getFloat64(0);
  const decimal = input.text("decimal");
  const isNumber = /^([-+]?(\d+(\.\d+)?(e[-+]\d+)?|Inf)|NaN)$/.test(decimal);
  if (!isNumber || !Object.is(Number(decimal.replace(/Inf$/, "Infinity")), value)) {
    input.differ("decimal", decimal, value);
  }
  checkWritten(vector, value, Number.isFinite(value));
}

/** Compares the output, or that there is none and Go has said why. */
function checkWritten(vector: CaseReader, value: unknown, isWritable: boolean): void {
  vector.expect("output", isWritable ? canonicalJson(value) : tryWrite(value));
  if (!isWritable || vector.has("error")) vector.expectError("error", !isWritable);
}

function tryWrite(value: unknown): string | null {
  try {
    return canonicalJson(value);
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

/** Go's integer types, by name, with their least and greatest values. */
function bounds(goType: string): [min: bigint, max: bigint] | undefined {
  const match = /^(u?)int(8|16|32|64|)$/.exec(goType);
  if (!match) return undefined;
  const bits = BigInt(match[2] || "64");
  return match[1] ? [0n, 2n ** bits - 1n] : [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n];
}

function checkInteger(vector: CaseReader): void {
  const goType = vector.text("go_type");
  const input = vector.object("input");
  const decimal = input.text("decimal");
  const limits = bounds(goType);
  if (limits) {
    const value = input.integer("decimal");
    if (value < limits[0] || value > limits[1]) throw new BadCase(`${value} is no ${goType}`);
    vector.expect("output", canonicalJson(value));
    if (Number.isSafeInteger(Number(value))) vector.expect("output", canonicalJson(Number(value)));
  } else if (goType === "bool" && /^(true|false)$/.test(decimal)) {
    vector.expect("output", canonicalJson(decimal === "true"));
  } else if (goType === "json.Number") vector.expect("output", canonicalJson(new RawJson(decimal)));
  else throw new BadCase(`no ${goType} is known that could be ${decimal}`);
}

function checkMapOrList(vector: CaseReader): void {
  const input = vector.object("input");
  if (!input.has("entries")) return checkDescribed(vector);
  checkType(vector, MAP_TYPE);
  const entries = input.objects("entries");
  const map = new Map(entries.map((entry) => [
    decodeUtf8Escaping(entry.hex("key_utf8_hex")),
    asGoAny(entry.value("value")),
  ]));
  vector.expect("output", canonicalJson(map));
}

function checkDescribed(vector: CaseReader): void {
  const output = vector.text("output");
  let exact;
  try {
    exact = readExactJson(output);
  } catch {
    throw new BadCase(`field "output" must be JSON, got ${output.slice(0, 60)}`);
  }
  const input = vector.value("input");
  if (typeof input === "object" && input !== null) vector.object("input").expect("see", "output");
  vector.expect("output", canonicalJson(describedValue(vector, vector.text("go_type"), input, exact)));
}

function checkStruct(vector: CaseReader): void {
  vector.need("input");
  if (!vector.text("go_type").startsWith("json.RawMessage")) return checkDescribed(vector);
  const input = vector.optionalText("input");
  checkType(vector, input === null ? "json.RawMessage, nil" : "json.RawMessage");
  const raw = rawMessage(input);
  checkWritten(vector, raw, raw !== undefined);
}

function checkBytes(vector: CaseReader): void {
  checkType(vector, "[]byte");
  const input = vector.object("input");
  const bytes = input.hex("hex");
  const isNil = input.flag("nil");
  if (isNil && bytes.length > 0) throw new BadCase("bytes that are nil have none");
  vector.expect("output", canonicalJson(isNil ? null : bytes));
}

function checkTime(vector: CaseReader): void {
  checkType(vector, "time.Time");
  const input = vector.object("input");
  const { unixNs, offsetSeconds } = momentOf(input);
  let text: string | undefined;
  try {
    text = formatTimestamp(unixNs, offsetSeconds);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  vector.expect("output", text === undefined ? null : canonicalJson(text));
  if (text === undefined || vector.has("error")) vector.expectError("error", text === undefined);
}

function momentOf(input: CaseReader): { unixNs: bigint; offsetSeconds: number } {
  if (input.has("unix_ns")) input.need("offset_seconds");
  const offsetSeconds = input.has("offset_seconds") ? Number(input.integer("offset_seconds")) : 0;
  if (input.has("unix_ns")) return { unixNs: input.integer("unix_ns"), offsetSeconds };
  if (input.has("rfc3339")) return parseZonedTimestamp(input.text("rfc3339"));
  if (input.has("year")) {
    return {
      unixNs: startOfYear(input.number("year")) - BigInt(offsetSeconds) * 1_000_000_000n,
      offsetSeconds,
    };
  }
  if (input.has("zero") && input.flag("zero")) return { unixNs: startOfYear(1), offsetSeconds };
  throw new BadCase(`cannot tell the moment from ${input.fields().join(", ")}`);
}

/** The first moment of a year, UTC; counted in days, as `Date` reads years below 100 as those of the last century. */
function startOfYear(year: number): bigint {
  const before = BigInt(year) - 1n;
  const floorDiv = (value: bigint, by: bigint) => (value - ((value % by) + by) % by) / by;
  const leapDays = floorDiv(before, 4n) - floorDiv(before, 100n) + floorDiv(before, 400n);
  return (before * 365n + leapDays - 719_162n) * DAY_S * 1_000_000_000n;
}

/** The topic `canonical_json`. */
export const canonicalJsonTopic: Topic = {
  name: "canonical_json",
  lists: {
    strings: checkString,
    floats: checkFloat,
    integers: checkInteger,
    maps_and_lists: checkMapOrList,
    bytes: checkBytes,
    omitempty: checkDescribed,
    structs: checkStruct,
    times: checkTime,
    decode: checkDecode,
    decode_times: checkDecodeTime,
    one_decimal: (vector) => vector.expect("one_decimal", formatOneDecimal(vector.number("value"))),
  },
};
