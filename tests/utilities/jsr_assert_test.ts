/**
 * Holds the stand-in for `@std/assert` to what the real package does, so that the tests mean the same with either.
 * @module
 */

import {
  assert,
  assertAlmostEquals,
  assertArrayIncludes,
  assertEquals,
  assertExists,
  assertFalse,
  assertGreater,
  assertGreaterOrEqual,
  assertInstanceOf,
  AssertionError,
  assertLess,
  assertLessOrEqual,
  assertMatch,
  assertNotEquals,
  assertObjectMatch,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
  fail,
  unreachable,
} from "@std/assert";

/** Runs an assertion that must fail, and returns its words. */
function failureOf(assertion: () => void): string {
  try {
    assertion();
  } catch (thrown) {
    if (thrown instanceof AssertionError) return thrown.message;
    throw thrown;
  }
  throw new Error(`expected ${assertion} to fail`);
}

class Point {
  constructor(readonly x: number, readonly y: number) {}
}
class Pixel {
  constructor(readonly x: number, readonly y: number) {}
}
class Secret {
  readonly #value: number;
  constructor(value: number) {
    this.#value = value;
  }
  get value(): number {
    return this.#value;
  }
}

function ring(name: string): Record<string, unknown> {
  const self: Record<string, unknown> = { name };
  self.self = self;
  return self;
}

const equalPairs: Record<string, [unknown, unknown]> = {
  "numbers": [1, 1],
  "NaN": [NaN, NaN],
  "both zeros": [0, -0],
  "nested objects, keys in any order": [{ a: 1, b: { c: [1, 2] } }, { b: { c: [1, 2] }, a: 1 }],
  "an object without a prototype and a plain one": [Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
  "symbol keys": [{ [Symbol.for("s")]: 1 }, { [Symbol.for("s")]: 1 }],
  "bytes": [new Uint8Array([1, 2]), new Uint8Array([0, 1, 2]).subarray(1)],
  "buffers": [new Uint8Array([1, 2]).buffer, new Uint8Array([1, 2]).buffer],
  "maps in any order": [new Map([["a", 1], ["b", 2]]), new Map([["b", 2], ["a", 1]])],
  "sets in any order": [new Set([1, 2]), new Set([2, 1])],
  "maps with objects as keys": [new Map([[{ k: 1 }, [1]]]), new Map([[{ k: 1 }, [1]]])],
  "sets of objects": [new Set([{ k: 1 }, { k: 2 }]), new Set([{ k: 2 }, { k: 1 }])],
  "dates": [new Date(5), new Date(5)],
  "dates that are none": [new Date(NaN), new Date(NaN)],
  "regular expressions": [/a/g, /a/g],
  "URLs": [new URL("http://a/"), new URL("http://a")],
  "instants": [
    Temporal.Instant.from("2026-01-01T00:00:00Z"),
    Temporal.Instant.from("2026-01-01T01:00:00+01:00"),
  ],
  "instances of one class": [new Point(1, 2), new Point(1, 2)],
  "getters of one class": [new Secret(1), new Secret(1)],
  "structures that contain themselves": [ring("a"), ring("a")],
};

const unequalPairs: Record<string, [unknown, unknown]> = {
  "a number and its text": [1, "1"],
  "null and undefined": [null, undefined],
  "a number and a bigint": [1, 1n],
  "undefined and a missing key": [{ a: undefined }, {}],
  "undefined in another place": [{ a: undefined }, { b: undefined }],
  "a longer array": [[1, 2], [1, 2, 3]],
  "a hole and undefined": [new Array(1), [undefined]],
  "an array and an object": [[1], { 0: 1 }],
  "bytes": [new Uint8Array([1, 2]), new Uint8Array([1, 3])],
  "bytes of other length": [new Uint8Array([1, 2]), new Uint8Array([1, 2, 0])],
  "bytes and an array": [new Uint8Array([1]), [1]],
  "bytes and wider numbers": [new Uint8Array([1]), new Uint16Array([1])],
  "buffers": [new Uint8Array([1]).buffer, new Uint8Array([2]).buffer],
  "maps": [new Map([["a", 1]]), new Map([["a", 2]])],
  "a map and a set": [new Map(), new Set()],
  "sets of objects": [new Set([{ k: 1 }]), new Set([{ k: 2 }])],
  "a set with one more": [new Set([1]), new Set([1, 2])],
  "dates": [new Date(5), new Date(6)],
  "regular expressions": [/a/, /a/g],
  "instants": [Temporal.Instant.from("2026-01-01T00:00:00Z"), Temporal.Instant.from("2026-01-01T00:00:01Z")],
  "instances of two classes": [new Point(1, 2), new Pixel(1, 2)],
  "an instance and a plain object": [new Point(1, 2), { x: 1, y: 2 }],
  "getters of one class": [new Secret(1), new Secret(2)],
  "two functions": [() => 1, () => 1],
  "structures that contain themselves": [ring("a"), ring("b")],
};

for (const [name, [a, b]] of Object.entries(equalPairs)) {
  Deno.test(`assertEquals() accepts ${name}`, () => {
    assertEquals(a, b);
    assertEquals(b, a);
    failureOf(() => assertNotEquals(a, b));
  });
}
for (const [name, [a, b]] of Object.entries(unequalPairs)) {
  Deno.test(`assertEquals() refuses ${name} that differ`, () => {
    failureOf(() => assertEquals(a, b));
    failureOf(() => assertEquals(b, a));
    assertNotEquals(a, b);
  });
}

Deno.test("assertEquals() says what differs, and what the test's author wrote", () => {
  const words = failureOf(() => assertEquals({ name: "ada", age: 1 }, { name: "ada", age: 2 }, "of the two"));
  assertStringIncludes(words, "Values are not equal: of the two");
  assertMatch(words, /age: 1/);
  assertMatch(words, /age: 2/);
});

Deno.test("assertEquals() cannot look into a WeakMap, and says so", () => {
  const error = assertThrows(() => assertEquals(new WeakMap(), new WeakMap()), TypeError);
  assertMatch(error.message, /^cannot compare WeakMap/i);
});

Deno.test("assertStrictEquals() compares by identity", () => {
  const list = [1];
  assertStrictEquals(list, list);
  assertStrictEquals(NaN, NaN);
  failureOf(() => assertStrictEquals([1], [1]));
  failureOf(() => assertStrictEquals(0, -0));
});

Deno.test("assertThrows() returns what was thrown", () => {
  const thrown = new RangeError("no such port");
  assertStrictEquals(
    assertThrows(() => {
      throw thrown;
    }),
    thrown,
  );
  const error: RangeError = assertThrows(
    () => {
      throw thrown;
    },
    RangeError,
    "such",
  );
  assertStrictEquals(error, thrown);
});

Deno.test("assertThrows() accepts a subclass and anything thrown when no class is named", () => {
  const throwText = () => {
    throw "just text";
  };
  assertStrictEquals(assertThrows(throwText), "just text");
  assertStrictEquals(assertThrows(throwText, "with a word of its own"), "just text");
  assertThrows(() => new URL("::"), Error);
});

Deno.test("assertThrows() refuses silence, another class, another message and what is no error", () => {
  const throwRange = () => {
    throw new RangeError("no such port");
  };
  assertMatch(failureOf(() => assertThrows(() => 1)), /to throw/);
  assertMatch(failureOf(() => assertThrows(() => 1, "the reason")), /the reason/);
  assertMatch(failureOf(() => assertThrows(throwRange, TypeError)), /"TypeError".*"RangeError"/);
  assertMatch(failureOf(() => assertThrows(throwRange, RangeError, "host")), /"host".*"no such port"/);
  const throwText = () => {
    throw "just text";
  };
  assertMatch(failureOf(() => assertThrows(throwText, Error)), /non-Error/);
});

Deno.test("assertRejects() resolves with what was rejected", async () => {
  const thrown = new RangeError("no such port");
  assertStrictEquals(await assertRejects(() => Promise.reject(thrown)), thrown);
  const error: RangeError = await assertRejects(() => Promise.reject(thrown), RangeError, "port");
  assertStrictEquals(error, thrown);
});

Deno.test("assertRejects() refuses a resolved promise, another class, and a function that throws at once", async () => {
  const failed = async (assertion: Promise<unknown>) => {
    const reason: unknown = await assertion.then(() => "no failure", (reason) => reason);
    assertInstanceOf(reason, AssertionError);
    return reason.message;
  };
  assertMatch(await failed(assertRejects(() => Promise.resolve(1))), /to reject/);
  const rejecting = () => Promise.reject(new RangeError("no"));
  assertMatch(await failed(assertRejects(rejecting, TypeError)), /"TypeError".*"RangeError"/);
  assertMatch(await failed(assertRejects(rejecting, RangeError, "yes")), /"yes"/);
  const throwing = () => {
    throw new RangeError("at once");
  };
  assertMatch(await failed(assertRejects(throwing, RangeError)), /throws when expected to reject/);
});

Deno.test("assertObjectMatch() looks only at what is expected", () => {
  assertObjectMatch({ a: 1, b: { c: 2, d: 3 } }, { b: { c: 2 } });
  assertObjectMatch(new Point(1, 2), { x: 1 });
  assertObjectMatch({ list: [{ a: 1, b: 2 }, { a: 3 }] }, { list: [{ a: 1 }] });
  assertObjectMatch({ map: new Map([["a", 1], ["b", 2]]) }, { map: new Map([["a", 1]]) });
  assertObjectMatch(ring("a"), { name: "a" });
  failureOf(() => assertObjectMatch({ a: 1 }, { a: 2 }));
  failureOf(() => assertObjectMatch({ a: 1 }, { b: 1 }));
  failureOf(() => assertObjectMatch({ b: { c: 2 } }, { b: { c: 2, d: 3 } }));
  failureOf(() => assertObjectMatch({ at: new Date(1) }, { at: new Date(2) }));
  failureOf(() => assertObjectMatch({ list: [1] }, { list: [1, 2] }));
  failureOf(() => assertObjectMatch({ a: null }, { a: {} }));
});

Deno.test("assertArrayIncludes() finds members by deep equality", () => {
  assertArrayIncludes([{ a: 1 }, { a: 2 }, { a: 3 }], [{ a: 3 }, { a: 1 }]);
  assertArrayIncludes(new Uint8Array([1, 2, 3]), new Uint8Array([2]));
  assertMatch(failureOf(() => assertArrayIncludes([1, 2], [2, 4])), /missing: \[ ?4/);
});

Deno.test("assertAlmostEquals() allows a ten-millionth, or the tolerance given", () => {
  assertAlmostEquals(0.1 + 0.2, 0.3);
  assertAlmostEquals(1, 1.05, 0.1);
  assertAlmostEquals(Infinity, Infinity);
  failureOf(() => assertAlmostEquals(1, 1.0000002));
  failureOf(() => assertAlmostEquals(1, 2, 0.5));
  failureOf(() => assertAlmostEquals(NaN, 1));
});

Deno.test("the comparing assertions hold at their edges", () => {
  assertGreater(2, 1);
  assertGreaterOrEqual(1, 1);
  assertLess(1, 2);
  assertLessOrEqual(1n, 1n);
  failureOf(() => assertGreater(1, 1));
  failureOf(() => assertGreaterOrEqual(NaN, 1));
  failureOf(() => assertLess(1, 1));
  failureOf(() => assertLessOrEqual(2, 1));
});

Deno.test("the small assertions accept what they name and refuse the rest", () => {
  assert("yes");
  assertFalse("");
  assertExists(0);
  assertMatch("port 7433", /\d+/);
  assertStringIncludes("port 7433", "74");
  assertInstanceOf(new RangeError(), Error);
  failureOf(() => assert(0));
  failureOf(() => assertFalse("no"));
  failureOf(() => assertExists(null));
  failureOf(() => assertMatch("port", /\d+/));
  failureOf(() => assertStringIncludes("port", "74"));
  assertMatch(failureOf(() => assertInstanceOf(new Error(), RangeError)), /"RangeError".*"Error"/);
  assertMatch(failureOf(() => assertInstanceOf(null, Error)), /"null"/);
  assertMatch(failureOf(() => fail("here")), /here/);
  assertMatch(failureOf(() => unreachable()), /^Unreachable/);
});
