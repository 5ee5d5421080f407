import { assertEquals, assertFalse, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  formatTimestamp,
  isCanonicalTimestamp,
  parseTimestamp,
  parseZonedTimestamp,
  timestampMs,
} from "../../utilities/timestamp.ts";
import vectors from "../interop/vectors/canonical_json.json" with { type: "json" };

const YEAR_0_NS = -62_167_219_200_000_000_000n, YEAR_10000_NS = 253_402_300_800_000_000_000n;
const RUNS = { seed: 20261121, numRuns: 2_000 };

for (const { text, accepted, unix_seconds, nanoseconds } of vectors.decode_times) {
  Deno.test(`parseTimestamp() ${accepted ? "reads" : "refuses"} ${JSON.stringify(text)} as Go does`, () => {
    if (!accepted) return void assertThrows(() => parseTimestamp(text), SyntaxError, "expected RFC 3339");
    assertEquals(parseTimestamp(text), BigInt(unix_seconds!) * 1_000_000_000n + BigInt(nanoseconds!));
  });
}

for (const { text, accepted, reencoded } of vectors.decode_times) {
  const isCanonical = accepted && reencoded === text;
  Deno.test(`isCanonicalTimestamp() ${isCanonical ? "takes" : "refuses"} ${JSON.stringify(text)}`, () => {
    assertEquals(isCanonicalTimestamp(text), isCanonical);
  });
}

for (const { name, input, output } of vectors.times) {
  if (input.unix_ns === undefined) continue;
  Deno.test(`formatTimestamp() writes what Go writes: ${name}`, () => {
    const write = () => formatTimestamp(BigInt(input.unix_ns!), input.offset_seconds);
    if (output === null) assertThrows(write, RangeError, "less than a day");
    else assertEquals(JSON.stringify(write()), output);
  });
}

Deno.test("formatTimestamp() writes the years from 0 to 9999 and no others", () => {
  assertEquals(formatTimestamp(YEAR_0_NS), "0000-01-01T00:00:00Z");
  assertEquals(formatTimestamp(YEAR_10000_NS - 1n), "9999-12-31T23:59:59.999999999Z");
  assertThrows(() => formatTimestamp(YEAR_0_NS - 1n), RangeError, "from 0 to 9999");
  assertThrows(() => formatTimestamp(YEAR_10000_NS), RangeError, "from 0 to 9999");
  assertThrows(() => formatTimestamp(YEAR_10000_NS - 1n, 3600), RangeError, "from 0 to 9999");
});

const instant = fc.bigInt({ min: YEAR_0_NS + 86_400_000_000_000n, max: YEAR_10000_NS - 86_400_000_000_001n });
const offsetSeconds = fc.integer({ min: -1439, max: 1439 }).map((minutes) => minutes * 60);

Deno.test("parseZonedTimestamp() reads back what formatTimestamp() wrote", () => {
  fc.assert(
    fc.property(instant, offsetSeconds, (unixNs, offsetSeconds) => {
      assertEquals(parseZonedTimestamp(formatTimestamp(unixNs, offsetSeconds)), { unixNs, offsetSeconds });
    }),
    RUNS,
  );
});

Deno.test("isCanonicalTimestamp() takes whatever formatTimestamp() writes, and timestampMs() reads it", () => {
  fc.assert(
    fc.property(instant, offsetSeconds, (unixNs, offsetSeconds) => {
      const text = formatTimestamp(unixNs, offsetSeconds);
      assertEquals(isCanonicalTimestamp(text), true);
      const remainder = (unixNs % 1_000_000n + 1_000_000n) % 1_000_000n;
      assertEquals(BigInt(timestampMs(text)), (unixNs - remainder) / 1_000_000n);
    }),
    RUNS,
  );
});

Deno.test("isCanonicalTimestamp() takes exactly what is the same when it is read and written again", () => {
  const character = fc.constantFrom(..."0123456789TtZz+-:.,");
  const edit = fc.tuple(fc.nat(34), fc.nat(2), fc.string({ unit: character, maxLength: 2 }));
  fc.assert(
    fc.property(instant, offsetSeconds, fc.array(edit, { maxLength: 2 }), (unixNs, offset, edits) => {
      const text = edits.reduce(
        (text, [at, count, put]) => text.slice(0, at) + put + text.slice(at + count),
        formatTimestamp(unixNs, offset),
      );
      assertEquals(isCanonicalTimestamp(text), isWrittenAgain(text), text);
    }),
    { ...RUNS, numRuns: 10_000 },
  );
});

function isWrittenAgain(text: string): boolean {
  try {
    const { unixNs, offsetSeconds } = parseZonedTimestamp(text);
    return formatTimestamp(unixNs, offsetSeconds) === text;
  } catch {
    return false;
  }
}

Deno.test("isCanonicalTimestamp() knows the leap years", () => {
  assertEquals(["2000", "2024", "0000"].map((year) => isCanonicalTimestamp(`${year}-02-29T00:00:00Z`)), [
    true,
    true,
    true,
  ]);
  for (const year of ["1900", "2026", "2100"]) assertFalse(isCanonicalTimestamp(`${year}-02-29T00:00:00Z`));
});

Deno.test("isCanonicalTimestamp() refuses odd texts without throwing", () => {
  for (const text of ["", "Z", "2026", "\u0000".repeat(20), "x".repeat(10_000), "２026-01-15T10:20:30Z"]) {
    assertFalse(isCanonicalTimestamp(text));
  }
});

Deno.test("timestampMs() refuses what is not canonical", () => {
  assertThrows(() => timestampMs("2026-01-15T10:20:30.10Z"), SyntaxError, "expected RFC 3339");
});
