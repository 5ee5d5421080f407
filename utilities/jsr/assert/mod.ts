/**
 * A stand-in for `jsr:@std/assert` on machines that cannot reach JSR: the assertions that nara's tests use, with the
 * same names, types and meaning. `links` in `deno.json` puts it there; without `links` the real package is used.
 *
 * It differs in its words only: differences are described by `node:assert`.
 * @module
 */

export { AssertionError } from "./assertion_error.ts";
export { equal } from "./equal.ts";
export {
  assert,
  assertAlmostEquals,
  assertArrayIncludes,
  assertEquals,
  assertExists,
  assertFalse,
  assertGreater,
  assertGreaterOrEqual,
  assertInstanceOf,
  assertLess,
  assertLessOrEqual,
  assertMatch,
  assertNotEquals,
  assertObjectMatch,
  assertStrictEquals,
  assertStringIncludes,
} from "./values.ts";
export type { ArrayLikeArg, Falsy } from "./values.ts";
export { assertRejects, assertThrows, fail, unreachable } from "./throws.ts";
export type { ErrorConstructorOf } from "./throws.ts";
