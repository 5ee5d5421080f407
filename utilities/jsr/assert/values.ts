/**
 * Assertions about values. All throw {@linkcode AssertionError}; their last argument is said beside the failure.
 * @module
 */

import { AssertionError, difference, sentence, show } from "./assertion_error.ts";
import { equal } from "./equal.ts";

/** Everything that counts as false. */
export type Falsy = false | 0 | 0n | "" | null | undefined;

/** Anything with a length and indexed members, except text. */
export type ArrayLikeArg<T> = ArrayLike<T> & object;

/** Asserts that `expr` counts as true. */
export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError(msg);
}

/** Asserts that `expr` counts as false. */
export function assertFalse(expr: unknown, msg = ""): asserts expr is Falsy {
  if (expr) throw new AssertionError(msg);
}

/** Asserts that two values are deeply equal, by {@linkcode equal}. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  if (equal(actual, expected)) return;
  throw new AssertionError(
    `${sentence("Values are not equal", msg)}\n${difference(actual, expected)}`,
  );
}

/** Asserts that two values are not deeply equal, by {@linkcode equal}. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  if (!equal(actual, expected)) return;
  throw new AssertionError(
    sentence(
      `Expected actual: ${show(actual)} not to be: ${show(expected)}`,
      msg,
    ),
  );
}

/** Asserts that two values are the same one, by `Object.is`. */
export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  msg?: string,
): asserts actual is T {
  if (Object.is(actual, expected)) return;
  throw new AssertionError(
    `${sentence("Values are not strictly equal", msg)}\n${difference(actual, expected)}`,
  );
}

/** Asserts that `actual` is neither `null` nor `undefined`. */
export function assertExists<T>(
  actual: T,
  msg?: string,
): asserts actual is NonNullable<T> {
  if (actual !== undefined && actual !== null) return;
  throw new AssertionError(
    sentence(`Expected actual: "${actual}" to not be null or undefined`, msg),
  );
}

/** Asserts that `actual` was made by `expectedType` or a subclass of it. */
export function assertInstanceOf<
  T extends new (...args: never[]) => unknown,
>(
  actual: unknown,
  expectedType: T,
  msg = "",
): asserts actual is InstanceType<T> {
  if (actual instanceof expectedType) return;
  const came = typeof actual === "object" ? actual?.constructor?.name ?? String(actual) : typeof actual;
  const text = `Expected object to be an instance of "${expectedType.name}" but was "${came}"`;
  throw new AssertionError(sentence(text, msg));
}

/** Asserts that `actual` matches a regular expression. */
export function assertMatch(
  actual: string,
  expected: RegExp,
  msg?: string,
): void {
  if (expected.test(actual)) return;
  throw new AssertionError(
    sentence(`Expected actual: "${actual}" to match: "${expected}"`, msg),
  );
}

/** Asserts that `actual` contains `expected`. */
export function assertStringIncludes(
  actual: string,
  expected: string,
  msg?: string,
): void {
  if (actual.includes(expected)) return;
  throw new AssertionError(
    sentence(`Expected actual: "${actual}" to contain: "${expected}"`, msg),
  );
}

/** Asserts that each of `expected` is in `actual`, by {@linkcode equal}. */
export function assertArrayIncludes<T>(
  actual: ArrayLikeArg<T>,
  expected: ArrayLikeArg<T>,
  msg?: string,
): void {
  const present = Array.from(actual);
  const missing = Array.from(expected).filter((item) => !present.some((other) => equal(item, other)));
  if (missing.length === 0) return;
  const text = `Expected actual: "${show(actual)}" to include: "${show(expected)}"`;
  throw new AssertionError(`${sentence(text, msg)}\nmissing: ${show(missing)}`);
}

/** Asserts that `actual > expected`. */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual > expected)) {
    throw new AssertionError(
      msg ?? `Expect ${show(actual)} > ${show(expected)}`,
    );
  }
}

/** Asserts that `actual >= expected`. */
export function assertGreaterOrEqual<T>(
  actual: T,
  expected: T,
  msg?: string,
): void {
  if (!(actual >= expected)) {
    throw new AssertionError(
      msg ?? `Expect ${show(actual)} >= ${show(expected)}`,
    );
  }
}

/** Asserts that `actual < expected`. */
export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual < expected)) {
    throw new AssertionError(
      msg ?? `Expect ${show(actual)} < ${show(expected)}`,
    );
  }
}

/** Asserts that `actual <= expected`. */
export function assertLessOrEqual<T>(
  actual: T,
  expected: T,
  msg?: string,
): void {
  if (!(actual <= expected)) {
    throw new AssertionError(
      msg ?? `Expect ${show(actual)} <= ${show(expected)}`,
    );
  }
}

/**
 * Asserts that two numbers differ by at most `tolerance`.
 *
 * @param actual The number that came.
 * @param expected The number that was expected.
 * @param tolerance The largest difference allowed; by default a ten-millionth of what was expected.
 * @param msg What to say beside the failure.
 */
export function assertAlmostEquals(
  actual: number,
  expected: number,
  tolerance?: number,
  msg?: string,
): void {
  if (Object.is(actual, expected)) return;
  const allowed = tolerance ??
    (Number.isFinite(expected) ? Math.abs(expected * 1e-7) : 1e-7);
  const delta = Math.abs(expected - actual);
  if (delta <= allowed) return;
  const text =
    `Expected actual: "${actual}" to be close to "${expected}": delta "${delta}" is greater than "${allowed}"`;
  throw new AssertionError(sentence(text, msg));
}

/** Asserts that `actual` has at least the properties of `expected`, deeply; classes do not matter. */
export function assertObjectMatch(
  // A class instance has no index signature, so that `unknown` here would refuse what the real one takes.
  // deno-lint-ignore no-explicit-any
  actual: Record<PropertyKey, any>,
  expected: Record<PropertyKey, unknown>,
  msg?: string,
): void {
  assertEquals(
    project(actual, expected, new Map()),
    project(expected, expected, new Map()),
    msg,
  );
}

/** What `value` and a pattern have in common; `pattern` is kept to end where a structure contains itself. */
interface Projected {
  pattern: unknown;
  projection: Record<PropertyKey, unknown>;
}

/** What of `value` has a counterpart in `pattern`. Parts that have none at all are kept whole, and so differ. */
function project(
  value: unknown,
  pattern: unknown,
  seen = new Map<unknown, Projected>(),
): unknown {
  if (value instanceof Map && pattern instanceof Map) {
    const shared = [...value].filter(([key]) => pattern.has(key));
    return new Map(
      shared.map((
        [key, member],
      ) => [key, project(member, pattern.get(key), seen)]),
    );
  }
  if (value instanceof Set && pattern instanceof Set) {
    return new Set([...value].filter((member) => pattern.has(member)));
  }
  if (
    !hasParts(value) || !hasParts(pattern) ||
    Array.isArray(value) !== Array.isArray(pattern)
  ) return value;
  const known = seen.get(value);
  if (known?.pattern === pattern) return known.projection;

  const projection: Projected["projection"] = {};
  seen.set(value, { pattern, projection });
  for (const key of Reflect.ownKeys(value)) {
    const isLength = Array.isArray(value) && key === "length"; // A longer array may begin with the pattern.
    if (key in pattern && !isLength) {
      projection[key] = project(value[key], pattern[key], seen);
    }
  }
  return projection;
}

/** Whether a value is compared by its properties: dates, errors, bytes and the like are compared as they are. */
function hasParts(value: unknown): value is Record<PropertyKey, unknown> {
  return typeof value === "object" && value !== null &&
    !ArrayBuffer.isView(value) &&
    !(value instanceof Date || value instanceof RegExp ||
      value instanceof URL || value instanceof Error);
}
