/**
 * Inputs too large to keep as files: made when they are tried.
 * @module
 */
import type { JsonProblem } from "../../utilities/json_scan.ts";

/** A large input. */
export interface LargeCase {
  /** What it is. */
  readonly name: string;
  /** What the scan of a message finds wrong. */
  readonly problem: JsonProblem;
  /** Makes it. */
  make(): Uint8Array;
}

/** Bytes of a frame at most, for anything. */
const FRAME_BYTES_MAX = 1024 * 1024;
const encoder = new TextEncoder();

const ofDepth = (depth: number, open: string, close: string) =>
  `{"a":${open.repeat(depth)}${close.repeat(depth)}}`;
const ofKeys = (count: number) => `{${Array.from({ length: count }, (_, at) => `"k${at}":1`).join()}}`;

const texts: Readonly<Record<string, [JsonProblem, () => string]>> = {
  "lists 5 million deep": ["too_large", () => ofDepth(5_000_000, "[", "]")],
  "lists half a million deep": ["too_deep", () => ofDepth(500_000, "[", "]")],
  "lists a million deep, never closed": ["too_deep", () => ofDepth(1_000_000, "[", "")],
  "objects 5 million deep": ["too_large", () => ofDepth(5_000_000, '{"a":', "}")],
  "objects 150,000 deep": ["too_deep", () => ofDepth(150_000, '{"a":', "}") + " ".repeat(100_000)],
  "objects in lists, 100,000 deep": ["too_deep", () => ofDepth(100_000, '[{"a":', "}]")],
  "500,000 keys": ["too_large", () => ofKeys(500_000)],
  "90,000 keys": ["too_many_keys", () => ofKeys(90_000)],
  "90,000 times the same key": ["duplicate_key", () => `{${'"k":1,'.repeat(90_000)}"k":1}`],
  "a key of a mebibyte that does not end": ["syntax", () => `{"${"k".repeat(FRAME_BYTES_MAX - 2)}`],
  "a number of a mebibyte": ["number_too_long", () => `{"a":${"1".repeat(FRAME_BYTES_MAX - 6)}}`],
  "a fraction of a mebibyte": ["number_too_long", () => `{"a":0.${"1".repeat(FRAME_BYTES_MAX - 8)}}`],
  "an exponent of a mebibyte": ["number_too_long", () => `{"a":1e${"1".repeat(FRAME_BYTES_MAX - 8)}}`],
  "a text of 10 MB": ["too_large", () => `{"a":"${"x".repeat(10_000_000)}"}`],
  "a text of a mebibyte that does not end": ["syntax", () => `{"a":"${"x".repeat(FRAME_BYTES_MAX - 6)}`],
  "a mebibyte of escapes, the last one cut": ["syntax", () => `{"a":"${"\\u0061".repeat(174_000)}\\u00"}`],
  "a mebibyte of pairs, the last one half": [
    "lone_surrogate",
    () => `{"a":"${"\\ud83e\\udd8a".repeat(87_000)}\\ud83e"}`,
  ],
  "a mebibyte of white space": ["syntax", () => " ".repeat(FRAME_BYTES_MAX)],
  "a mebibyte of white space behind the object": ["syntax", () => `{}${" ".repeat(FRAME_BYTES_MAX - 3)}x`],
  "a mebibyte of NUL": ["syntax", () => "\0".repeat(FRAME_BYTES_MAX)],
  "a mebibyte of commas": ["syntax", () => `{"a":[${",".repeat(FRAME_BYTES_MAX - 8)}]}`],
  "a mebibyte of colons": ["syntax", () => `{"a"${":".repeat(FRAME_BYTES_MAX - 5)}}`],
  "a mebibyte of quotes": ["syntax", () => `{"a":${'"'.repeat(FRAME_BYTES_MAX - 6)}}`],
  "a mebibyte of backslashes": ["syntax", () => `{"a":"${"\\".repeat(FRAME_BYTES_MAX - 7)}`],
  "a mebibyte of items, one missing": ["syntax", () => `{"a":[${"1,".repeat(500_000)}]}`],
  "a mebibyte of empty lists, one not closed": ["syntax", () => `{"a":[${"[],".repeat(340_000)}[]}`],
  "a mebibyte, and a byte-order mark": ["syntax", () => `\ufeff{"a":"${"x".repeat(FRAME_BYTES_MAX - 16)}"}`],
  "a byte more than a mebibyte": ["too_large", () => `{"a":"${"x".repeat(FRAME_BYTES_MAX - 7)}"}`],
};

/** All of them, with one whose text is no text at all. */
export const LARGE_CASES: readonly LargeCase[] = [
  ...Object.entries(texts).map(([name, [problem, text]]) => ({
    name,
    problem,
    make: () => encoder.encode(text()),
  })),
  {
    name: "a mebibyte of text whose last byte is no UTF-8",
    problem: "invalid_utf8",
    make: () => {
      const bytes = encoder.encode(`{"a":"${"x".repeat(FRAME_BYTES_MAX - 9)}?"}`);
      bytes[bytes.length - 3] = 0xff;
      return bytes;
    },
  },
];
