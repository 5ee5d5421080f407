import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { decodeBase64, encodeBase64 } from "../../utilities/base64.ts";

const RUNS = { seed: 20261121, numRuns: 300 };
const REFUSED: Record<string, string> = {
  "unused bits of the last digit": "AB==",
  "unused bits of the last digit, one byte more": "AAB=",
  "missing padding": "AQ",
  "too much padding": "AQI==",
  "padding alone": "====",
  "padding in the middle": "AQ==AQID",
  "a single digit": "A",
  "a line break": "AQ\r\nID",
  "a line break that makes the length right": "AQI\nDAAA",
  "spaces that make the length right": "    ",
  "a space inside": "AQ ID",
  "the URL alphabet": "-_8=",
  "a letter beyond ASCII": "AQIé",
  "something behind the padding": "AQ==\n",
};

for (const [what, text] of Object.entries(REFUSED)) {
  Deno.test(`decodeBase64() refuses ${what}`, () => {
    assertThrows(() => decodeBase64(text), SyntaxError, "expected padded standard base64");
  });
}

Deno.test("decodeBase64() reads nothing from the empty text", () => {
  assertEquals(decodeBase64(""), new Uint8Array());
});

Deno.test("decodeBase64() reads back what encodeBase64() wrote", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 700 }), (bytes) => {
      assertEquals(new Uint8Array(decodeBase64(encodeBase64(bytes))), bytes);
    }),
    RUNS,
  );
});

Deno.test("decodeBase64() never hands out the same room twice", () => {
  const texts = Array.from({ length: 1_000 }, (_, index) => encodeBase64(new Uint8Array(20).fill(index)));
  const all = texts.map(decodeBase64);
  assertEquals(all.map(encodeBase64), texts);
});

Deno.test("decodeBase64() takes no text but the one that encodeBase64() writes", () => {
  const digit = fc.constantFrom(..."ABQYZagz059+/=-_ \n");
  fc.assert(
    fc.property(fc.string({ unit: digit, maxLength: 12 }), (text) => {
      let bytes;
      try {
        bytes = decodeBase64(text);
      } catch (error) {
        assertEquals(error instanceof SyntaxError, true);
        return;
      }
      assertEquals(encodeBase64(bytes), text);
    }),
    { ...RUNS, numRuns: 3_000 },
  );
});

Deno.test("encodeBase64() writes a view, not the buffer behind it", () => {
  assertEquals(encodeBase64(new Uint8Array([9, 1, 2, 3, 9]).subarray(1, 4)), "AQID");
});
