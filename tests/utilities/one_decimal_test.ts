import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { formatOneDecimal } from "../../utilities/one_decimal.ts";
import vectors from "../interop/vectors/canonical_json.json" with { type: "json" };

for (const { name, value, one_decimal } of vectors.one_decimal) {
  Deno.test(`formatOneDecimal() writes what Go writes for ${name}`, () => {
    assertEquals(formatOneDecimal(value), one_decimal);
  });
}

Deno.test("formatOneDecimal() keeps the sign of what rounds to zero", () => {
  assertEquals([-0, -0.04, -0.25, -0.75].map(formatOneDecimal), ["-0.0", "-0.0", "-0.2", "-0.8"]);
});

Deno.test("formatOneDecimal() writes what is no finite number as Go does", () => {
  assertEquals([NaN, Infinity, -Infinity].map(formatOneDecimal), ["NaN", "+Inf", "-Inf"]);
});

Deno.test("formatOneDecimal() writes huge numbers in full", () => {
  assertEquals(formatOneDecimal(2 ** 80), "1208925819614629174706176.0");
  assertEquals(formatOneDecimal(-1e21), "-1000000000000000000000.0");
});

Deno.test("formatOneDecimal() is exact: quarters go to the even digit, all else to the nearest", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 40 }), fc.integer({ min: 0, max: 63 }), (whole, part) => {
      // Sixty-fourths are exact in a double, so that integers can do the reference rounding.
      const sixtyFourths = BigInt(whole) * 64n + BigInt(part);
      const doubled = sixtyFourths * 20n; // Of tenths of sixty-fourths; a tenth is 128.
      let tenths = doubled / 128n;
      const rest = doubled % 128n;
      if (rest > 64n || rest === 64n && tenths % 2n === 1n) tenths++;
      assertEquals(formatOneDecimal(Number(sixtyFourths) / 64), `${tenths / 10n}.${tenths % 10n}`);
    }),
    { seed: 20261121, numRuns: 2_000 },
  );
});
