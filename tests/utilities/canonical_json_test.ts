import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { canonicalJson, canonicalString, RawJson } from "../../utilities/canonical_json.ts";

const RUNS = { seed: 20261121, numRuns: 1_000 };

Deno.test("canonicalJson() writes members in their order and leaves out those that are undefined", () => {
  assertEquals(canonicalJson({ b: 1, a: undefined, c: { d: undefined } }), '{"b":1,"c":{}}');
});

Deno.test("canonicalJson() escapes as Go does, in keys too", () => {
  const text = '\x00\x01\b\t\n\v\f\r\x1f"\\/<>&\x7f\u0085\u2027\u2028\u2029\u202a é日🦊';
  const written =
    '"\\u0000\\u0001\\b\\t\\n\\u000b\\f\\r\\u001f\\"\\\\/\\u003c\\u003e\\u0026\x7f\u0085\u2027' +
    '\\u2028\\u2029\u202a é日🦊"';
  assertEquals(canonicalString(text), written);
  assertEquals(canonicalJson({ [text]: text }), `{${written}:${written}}`);
});

Deno.test("canonicalJson() writes lone surrogates as the escape of U+FFFD, and U+FFFD itself raw", () => {
  assertEquals(canonicalJson("\ud83e"), '"\\ufffd"');
  assertEquals(canonicalJson(["\udd8a\ud83e", "\ufffd🦊"]), '["\\ufffd\\ufffd","\ufffd🦊"]');
});

Deno.test("canonicalJson() writes a backslash and a u that are no escape as they are", () => {
  assertEquals(canonicalJson({ text: "\\ud83e" }), '{"text":"\\\\ud83e"}');
});

Deno.test("canonicalJson() keeps the sign of zero and writes bigints in full", () => {
  assertEquals(
    canonicalJson([-0, 0, 1e21, 1e-7, 2n ** 63n, -1n]),
    "[-0,0,1e+21,1e-7,9223372036854775808,-1]",
  );
});

Deno.test("canonicalJson() writes bytes as base64, of a view only what it shows", () => {
  const bytes = new Uint8Array([9, 0xfa, 0x1f, 9]).subarray(1, 3);
  assertEquals(canonicalJson({ bytes, none: new Uint8Array() }), '{"bytes":"+h8=","none":""}');
});

Deno.test("canonicalJson() sorts a Map by UTF-8 bytes, not by UTF-16 units", () => {
  const map = new Map([["𐀀", 1], ["\uffee", 2], ["a", 3], ["", 4], ["ab", 5], ["Z", 6]]);
  assertEquals(canonicalJson(map), '{"":4,"Z":6,"a":3,"ab":5,"\uffee":2,"𐀀":1}');
});

Deno.test("canonicalJson() sorts a Map as comparing bytes would", () => {
  const encoder = new TextEncoder();
  const byBytes = (a: string, b: string) => {
    const [left, right] = [encoder.encode(a), encoder.encode(b)];
    const at = left.findIndex((byte, index) => byte !== right[index]);
    return at < 0 ? left.length - right.length : left[at] - (right[at] ?? -1);
  };
  fc.assert(
    fc.property(fc.uniqueArray(fc.string({ unit: "binary", maxLength: 5 }), { maxLength: 20 }), (keys) => {
      const written = canonicalJson(new Map(keys.map((key) => [key, 1])));
      assertEquals(written, `{${keys.sort(byBytes).map((key) => `${canonicalString(key)}:1`).join(",")}}`);
    }),
    RUNS,
  );
});

Deno.test("canonicalJson() compacts and escapes a RawJson and respells nothing", () => {
  const raw = new RawJson(' { "b" : [1.0, 1E+2,\t-0],\r\n"a\\u0041\\/" : "< \\" \u2028 >" , "b":2 } ');
  assertEquals(
    canonicalJson({ raw }),
    '{"raw":{"b":[1.0,1E+2,-0],"a\\u0041\\/":"\\u003c \\" \\u2028 \\u003e","b":2}}',
  );
});

Deno.test("RawJson refuses what is not JSON", () => {
  for (const text of ["", "{", "01", '"a', "{} {}"]) assertThrows(() => new RawJson(text), SyntaxError);
});

Deno.test("canonicalJson() reads back as the same value, and its parts as themselves", () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: "binary" }), (value) => {
      const text = canonicalJson(value);
      assertEquals(JSON.parse(text), value);
      assertEquals(canonicalJson([value, new RawJson("null")]), `[${text},null]`); // The way without a short cut.
      assertEquals(canonicalJson(new RawJson(text)), text);
    }),
    RUNS,
  );
});

const UNWRITABLE: Record<string, [unknown, string]> = {
  "NaN": [{ list: [1, { deep: NaN }] }, "Cannot write NaN as JSON at list[1].deep"],
  "an infinity": [-Infinity, "Cannot write -Infinity as JSON"],
  "undefined in a list": [{ list: [undefined] }, "Cannot write undefined as JSON at list[0]"],
  // deno-lint-ignore no-sparse-arrays
  "a hole in a list": [[1, , 3], "Cannot write undefined as JSON at [1]"],
  "undefined itself": [undefined, "Cannot write undefined as JSON"],
  "a function": [{ run: () => 1 }, "Cannot write function as JSON at run"],
  "a symbol": [{ s: Symbol() }, "Cannot write symbol as JSON at s"],
  "a date": [{ at: new Date(0) }, "Cannot write an object of class Date as JSON at at"],
  "a set": [new Set(), "Cannot write an object of class Set as JSON"],
  "a map whose key is no text": [
    { m: new Map([[1, 2]]) },
    "Cannot write a map key of type number as JSON at m",
  ],
  "NaN in a map": [new Map([["k", NaN]]), "Cannot write NaN as JSON at k"],
};

for (const [what, [value, message]] of Object.entries(UNWRITABLE)) {
  Deno.test(`canonicalJson() refuses ${what} and names the place`, () => {
    assertThrows(() => canonicalJson(value), TypeError, message);
  });
}

Deno.test("canonicalJson() refuses a value that contains itself", () => {
  const value: Record<string, unknown> = {};
  value.again = value;
  assertThrows(() => canonicalJson(value), TypeError, "nesting deeper than 1000");
});

Deno.test("canonicalJson() is not led astray by toJSON or by a key named __proto__", () => {
  const value = JSON.parse('{"__proto__":{"toJSON":1}}');
  assertEquals(canonicalJson(value), '{"__proto__":{"toJSON":1}}');
  assertThrows(
    () => canonicalJson({ toJSON: () => "other" }),
    TypeError,
    "Cannot write function as JSON at toJSON",
  );
});
