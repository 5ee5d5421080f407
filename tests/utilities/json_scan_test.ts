import { assert, assertEquals, assertFalse, assertInstanceOf, assertLess, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  DEFAULT_JSON_LIMITS,
  type JsonLimits,
  type JsonProblem,
  JsonScanError,
  scanJsonObject,
} from "../../utilities/json_scan.ts";

const RUNS = { seed: 20261121, numRuns: 1_000 };
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const FORBIDDEN = ["__proto__", "constructor", "prototype"];
const NO_LIMITS: JsonLimits = {
  bytesMax: 1e9,
  depthMax: 1e6,
  keysMax: 1e6,
  stringBytesMax: 1e9,
  numberCharsMax: 1e6,
};

/** UTF-8, but for characters U+DC80 to U+DCFF: those become the bytes 0x80 to 0xff. */
function bytesOf(text: string): Uint8Array {
  const parts = text.split(/([\udc80-\udcff])/).map((part) =>
    /^[\udc80-\udcff]$/.test(part) ? [part.charCodeAt(0) - 0xdc00] : [...encoder.encode(part)]
  );
  return new Uint8Array(parts.flat());
}

const REFUSED: Record<string, [text: string, problem: JsonProblem, offset: number]> = {
  "nothing": ["", "syntax", 0],
  "only space": [" \n", "syntax", 2],
  "a byte order mark": ["\ufeff{}", "syntax", 0],
  "a list": ["[]", "not_an_object", 0],
  "null": ["null", "not_an_object", 0],
  "a text": ['"x"', "not_an_object", 0],
  "a number": ["-1", "not_an_object", 0],
  "a second value": ["{} {}", "syntax", 3],
  "text behind the value": ["{}x", "syntax", 2],
  "a NUL behind the value": ["{}\0", "syntax", 2],
  "a cut object": ['{"a":1', "syntax", 6],
  "a cut text": ['{"a":"x', "syntax", 7],
  "a cut escape": ['{"a":"\\', "syntax", 7],
  "a cut \\u escape": ['{"a":"\\u00', "syntax", 10],
  "a cut key": ['{"a', "syntax", 3],
  "a key alone": ['{"a"}', "syntax", 4],
  "a missing value": ['{"a":}', "syntax", 5],
  "a trailing comma": ['{"a":1,}', "syntax", 7],
  "a leading comma": ['{,"a":1}', "syntax", 1],
  "two commas": ['{"a":[1,,2]}', "syntax", 8],
  "a trailing comma in a list": ['{"a":[1,]}', "syntax", 8],
  "a missing comma": ['{"a":[1 2]}', "syntax", 8],
  "a colon in a list": ['{"a":[1:2]}', "syntax", 7],
  "a list closed as an object": ['{"a":[1}}', "syntax", 7],
  "an object closed as a list": ['{"a":1]', "syntax", 6],
  "a comment": ['{"a":1/*c*/}', "syntax", 6],
  "single quotes": ["{'a':1}", "syntax", 1],
  "a bare key": ["{a:1}", "syntax", 1],
  "a number as key": ["{1:1}", "syntax", 1],
  "a leading zero": ['{"n":01}', "syntax", 6],
  "a plus": ['{"n":+1}', "syntax", 5],
  "a minus alone": ['{"n":-}', "syntax", 6],
  "a number that starts with a point": ['{"n":.5}', "syntax", 5],
  "a number that ends with a point": ['{"n":1.}', "syntax", 7],
  "an exponent without digits": ['{"n":1e+}', "syntax", 8],
  "a hexadecimal number": ['{"n":0x10}', "syntax", 6],
  "NaN": ['{"n":NaN}', "syntax", 5],
  "True": ['{"b":True}', "syntax", 5],
  "half of true": ['{"b":tru}', "syntax", 8],
  "undefined": ['{"b":undefined}', "syntax", 5],
  "a form feed as space": ["\f{}", "syntax", 0],
  "a non-breaking space": ["\u00a0{}", "syntax", 0],
  "a raw tab in a text": ['{"s":"a\tb"}', "syntax", 7],
  "a raw newline in a key": ['{"a\n":1}', "syntax", 3],
  "an unknown escape": ['{"s":"\\x41"}', "syntax", 7],
  "a \\u escape of two digits": ['{"s":"\\u41"}', "syntax", 10],
  "a high surrogate alone": ['{"s":"\\ud83e"}', "lone_surrogate", 6],
  "a low surrogate alone": ['{"s":"\\udd8ax"}', "lone_surrogate", 6],
  "two high surrogates": ['{"s":"\\ud83e\\ud83e"}', "lone_surrogate", 6],
  "a high surrogate before a letter": ['{"s":"\\ud83e\\u0041"}', "lone_surrogate", 6],
  "two low surrogates": ['{"s":"\\udd8a\\udd8a"}', "lone_surrogate", 6],
  "a low surrogate behind a pair": ['{"s":"\\ud83e\\udd8a\\udd8a"}', "lone_surrogate", 18],
  "a lone surrogate in a key": ['{"\\ud83e":1}', "lone_surrogate", 2],
  "a byte that never stands in UTF-8": ['{"s":"a\udcffb"}', "invalid_utf8", 7],
  "a lone continuation byte": ['{"s":"\udc80"}', "invalid_utf8", 6],
  "an overlong slash": ['{"s":"\udcc0\udcaf"}', "invalid_utf8", 6],
  "an overlong three-byte character": ['{"s":"\udce0\udc80\udc80"}', "invalid_utf8", 6],
  "a surrogate as UTF-8": ['{"s":"\udced\udca0\udc80"}', "invalid_utf8", 6],
  "a character past U+10FFFF": ['{"s":"\udcf4\udc90\udc80\udc80"}', "invalid_utf8", 6],
  "a cut character": ['{"s":"\udce2\udc80"}', "invalid_utf8", 6],
  "a character cut by the end": ['{"s":"\udcf0\udc9f', "invalid_utf8", 6],
  "invalid UTF-8 in a key": ['{"\udcff":1}', "invalid_utf8", 2],
  "invalid UTF-8 outside texts": ["{\udcff}", "syntax", 1],
  "a key twice": ['{"a":1,"a":2}', "duplicate_key", 7],
  "a key twice, escaped": ['{"a":1,"\\u0061":2}', "duplicate_key", 7],
  "a key twice, escaped first": ['{"\\u0061":1,"a":2}', "duplicate_key", 12],
  "a key twice, not ASCII": ['{"é":1,"\\u00e9":2}', "duplicate_key", 8],
  "a key twice, further in": ['{"a":[{"b":{"c":1,"c":2}}]}', "duplicate_key", 18],
  "an empty key twice": ['{"":1,"":2}', "duplicate_key", 6],
  "a key again behind an inner object": ['{"a":{"a":{"b":1}},"a":2}', "duplicate_key", 19],
  "the key __proto__": ['{"__proto__":1}', "forbidden_key", 1],
  "the key __proto__, escaped": ['{"\\u005f_proto__":1}', "forbidden_key", 1],
  "the key constructor, further in": ['{"a":[{"constructor":1}]}', "forbidden_key", 7],
  "the key prototype": ['{"prototype":null}', "forbidden_key", 1],
};

for (const [what, [text, problem, offset]] of Object.entries(REFUSED)) {
  Deno.test(`scanJsonObject() refuses ${what}`, () => {
    const error = assertThrows(() => scanJsonObject(bytesOf(text)), JsonScanError, `at byte ${offset}, got`);
    assertEquals([error.code, error.problem, error.offset], ["undecodable", problem, offset]);
  });
}

const TAKEN: Record<string, string> = {
  "an empty object": "{}",
  "all escapes": '{"s":"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\u00E9"}',
  "surrogate pairs": '{"\\ud83e\\udd8a":"\\uD83E\\uDD8A\\ud800\\udc00\\udbff\\udfff"}',
  "raw characters of every length": '{"s":"\x7fé\u07ff\u0800\ud7ff\ue000\uffff🦊\u{10ffff}"}',
  "every form of number": '{"n":[0,-0,1,-12,0.5,1.25e3,1E+2,2e-7,0e0]}',
  "the words": '{"w":[true,false,null]}',
  "white space of all kinds": ' \t\r\n{ "a" : [ 1 , { } ] , "b" : [ ] } \n',
  "the same key in different objects": '{"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]}',
  "keys that differ in case only": '{"a":1,"A":2}',
  "values named as forbidden keys": '{"a":"__proto__","prototypes":["constructor"]}',
};

for (const [what, text] of Object.entries(TAKEN)) {
  Deno.test(`scanJsonObject() takes ${what}`, () => {
    assertEquals(
      scanJsonObject(encoder.encode(text)).members.map(({ name }) => name),
      Object.keys(JSON.parse(text)),
    );
  });
}

Deno.test("scanJsonObject() says where the members of the outermost object stand", () => {
  const text = '{"a":1,"\\u00e9é":{"x":[{"y":2}]}, "l" : [] ,"s":"}\\"" }\n';
  const bytes = encoder.encode(text);
  const { ascii, spaced, members } = scanJsonObject(bytes);
  const slice = (start: number, end: number) => decoder.decode(bytes.subarray(start, end));
  assertEquals([ascii, spaced], [false, true]);
  assertEquals(members.map((member) => [member.name, slice(member.valueStart, member.valueEnd)]), [
    ["a", "1"],
    ["éé", '{"x":[{"y":2}]}'],
    ["l", "[]"],
    ["s", '"}\\""'],
  ]);
  assertEquals(members.map((member) => slice(member.nameStart, member.nameEnd)), [
    '"a"',
    '"\\u00e9é"',
    '"l"',
    '"s"',
  ]);
});

Deno.test("scanJsonObject() sees no white space inside texts, and all of it outside", () => {
  assertFalse(scanJsonObject(encoder.encode('{" a ":"\\n b ","c":[1,{}]}')).spaced);
  for (const text of [" {}", "{ }", '{"a" :1}', '{"a": 1}', '{"a":1 }', '{"a":[1, 2]}', "{}\r"]) {
    assertEquals(scanJsonObject(encoder.encode(text)).spaced, true, text);
  }
});

Deno.test("scanJsonObject() keeps keys that share a hash slot apart", () => {
  const keys = Array.from({ length: 900 }, (_, index) => `key-${index}`);
  const text = JSON.stringify(Object.fromEntries(keys.map((key) => [key, 0])));
  for (let round = 0; round < 2; round++) {
    assertEquals(scanJsonObject(encoder.encode(text)).members.map(({ name }) => name), keys);
  }
});

Deno.test("scanJsonObject() notices a key that comes twice among many", () => {
  const keys = Array.from({ length: 100 }, (_, index) => `"k${index}":0`);
  for (const again of [0, 50, 99]) {
    const bytes = encoder.encode(`{${keys.join(",")},"k${again}":1}`);
    assertEquals(assertThrows(() => scanJsonObject(bytes), JsonScanError).problem, "duplicate_key");
  }
});

const AT_LIMIT: Record<string, [Partial<JsonLimits>, fits: string, over: string, JsonProblem]> = {
  bytesMax: [{ bytesMax: 7 }, '{"a":1}', '{"a":1} ', "too_large"],
  depthMax: [{ depthMax: 3 }, '{"a":[{}]}', '{"a":[{"b":[]}]}', "too_deep"],
  keysMax: [{ keysMax: 3 }, '{"a":{"b":1},"c":1}', '{"a":{"b":1},"c":1,"d":1}', "too_many_keys"],
  stringBytesMax: [{ stringBytesMax: 3 }, '{"abc":"\\nx","é":1}', '{"a":"abcd"}', "string_too_long"],
  "stringBytesMax, in keys": [{ stringBytesMax: 3 }, '{"abc":1}', '{"abcd":1}', "string_too_long"],
  "stringBytesMax, by an escape": [{ stringBytesMax: 3 }, '{"a":"a\\n"}', '{"a":"ab\\n"}', "string_too_long"],
  numberCharsMax: [{ numberCharsMax: 5 }, '{"a":-1e10}', '{"a":123456}', "number_too_long"],
  "numberCharsMax, in all parts": [{ numberCharsMax: 5 }, '{"a":1.5e1}', '{"a":1.5e12}', "number_too_long"],
};

for (const [what, [limits, fits, over, problem]] of Object.entries(AT_LIMIT)) {
  Deno.test(`scanJsonObject() holds ${what} to the byte`, () => {
    scanJsonObject(encoder.encode(fits), limits);
    const error = assertThrows(() => scanJsonObject(encoder.encode(over), limits), JsonScanError);
    assertEquals(error.problem, problem);
  });
}

const HOSTILE: Record<string, [body: string, JsonProblem, lookedAtMax: number]> = {
  "nested objects": ['{"a":'.repeat(200_000), "too_deep", 100],
  "nested lists": [`{"a":${"[".repeat(1_000_000)}`, "too_deep", 100],
  "endless keys": [
    `{${Array.from({ length: 90_000 }, (_, i) => `"k${i}":1`).join()}}`,
    "too_many_keys",
    20_000,
  ],
  "an endless number": [`{"a":${"1".repeat(1_000_000)}}`, "number_too_long", 100],
  "an endless text": [`{"a":"${"x".repeat(1_000_000)}"}`, "string_too_long", 70_000],
  "an endless key": [`{"${"x".repeat(1_000_000)}":1}`, "string_too_long", 70_000],
  "more than a mebibyte": [`{"a":${" ".repeat(1_048_576)}1}`, "too_large", 1_048_576],
};

for (const [what, [body, problem, lookedAtMax]] of Object.entries(HOSTILE)) {
  Deno.test(`scanJsonObject() turns a hostile megabyte away early: ${what}`, () => {
    const error = assertThrows(() => scanJsonObject(encoder.encode(body)), JsonScanError);
    assertEquals(error.problem, problem);
    assertLess(error.offset, lookedAtMax + 1);
    assertLess(error.message.length, 200);
  });
}

Deno.test("scanJsonObject() has the documented limits by default", () => {
  assertEquals(DEFAULT_JSON_LIMITS, {
    bytesMax: 1_048_576,
    depthMax: 16,
    keysMax: 1_024,
    stringBytesMax: 65_536,
    numberCharsMax: 32,
  });
});

const objects = fc.dictionary(
  fc.string({ unit: "grapheme", maxLength: 8 }),
  fc.jsonValue({ stringUnit: "grapheme", maxDepth: 4 }),
  { maxKeys: 40, noNullPrototype: true },
).filter((object) => !FORBIDDEN.some((key) => JSON.stringify(object).includes(`"${key}":`)));

Deno.test("scanJsonObject() takes whatever JSON.stringify() writes, and its members slice back to it", () => {
  fc.assert(
    fc.property(objects, fc.constantFrom(undefined, 1, "\t"), (object, space) => {
      const text = JSON.stringify(object, null, space);
      const bytes = encoder.encode(text);
      const { members, ascii, spaced } = scanJsonObject(bytes, NO_LIMITS);
      const parsed = JSON.parse(text);
      assertEquals(members.map(({ name }) => name), Object.keys(parsed));
      for (const { name, nameStart, nameEnd, valueStart, valueEnd } of members) {
        assertEquals(JSON.parse(decoder.decode(bytes.subarray(nameStart, nameEnd))), name);
        assertEquals(JSON.parse(decoder.decode(bytes.subarray(valueStart, valueEnd))), parsed[name]);
      }
      // deno-lint-ignore no-control-regex
      assertEquals(ascii, /^[\x00-\x7f]*$/.test(text));
      assertEquals(spaced, space !== undefined && members.length > 0);
    }),
    RUNS,
  );
});

/** The same question, asked of others: is this valid UTF-8, and one JSON object? */
function isJsonObject(bytes: Uint8Array): boolean {
  try {
    const text = decoder.decode(bytes);
    JSON.parse(text);
    return text.trimStart().startsWith("{");
  } catch {
    return false;
  }
}

Deno.test("scanJsonObject() throws nothing but JsonScanError on mutated bytes, and agrees with JSON.parse()", () => {
  const edit = fc.tuple(fc.nat(400), fc.nat(3), fc.uint8Array({ maxLength: 3 }));
  const spice = fc.constantFrom(
    '"',
    "\\",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\\u",
    "d83e",
    "-",
    "e",
    ".",
    "0",
    " ",
    "t",
  );
  const anyEdit = fc.oneof(edit, fc.tuple(fc.nat(400), fc.nat(3), spice.map((text) => encoder.encode(text))));
  fc.assert(
    fc.property(objects, fc.array(anyEdit, { minLength: 1, maxLength: 3 }), (object, edits) => {
      const mutated = edits.reduce((bytes, [at, count, put]) => {
        const start = at % (bytes.length + 1);
        return new Uint8Array([...bytes.subarray(0, start), ...put, ...bytes.subarray(start + count)]);
      }, encoder.encode(JSON.stringify(object)));
      try {
        scanJsonObject(mutated, NO_LIMITS);
      } catch (error) {
        assertInstanceOf(error, JsonScanError);
        const isOurOwnRule = ["duplicate_key", "forbidden_key", "lone_surrogate"].includes(error.problem);
        if (!isOurOwnRule) assertFalse(isJsonObject(mutated), error.message);
        return;
      }
      assert(isJsonObject(mutated));
    }),
    { ...RUNS, numRuns: 5_000 },
  );
});
