/**
 * Deep equality as `@std/assert` understands it. Apart from `node:assert`'s in these points: `0` equals `-0`, an
 * object without a prototype equals a plain one, and what a class adds to its prototype is compared as well.
 * @module
 */

const TypedArray = Object.getPrototypeOf(Uint8Array) as new () => ArrayLike<
  number | bigint
>;
/** Classes of which two instances are equal when their texts are. */
const TEXTUAL: readonly unknown[] = [
  Intl.Locale,
  RegExp,
  URL,
  URLSearchParams,
  Temporal.Duration,
  Temporal.Instant,
  Temporal.PlainDate,
  Temporal.PlainDateTime,
  Temporal.PlainMonthDay,
  Temporal.PlainTime,
  Temporal.PlainYearMonth,
  Temporal.ZonedDateTime,
];

type Keyed = Readonly<Record<PropertyKey, unknown>>;
/** Pairs under comparison: one that is met again inside itself counts as equal. */
type Seen = Map<unknown, unknown>;

/**
 * Whether two values have the same structure and content. Members of a `Map` or `Set` may stand in any order.
 *
 * @throws {TypeError} For two different `WeakMap`s or `WeakSet`s: their content cannot be seen.
 */
export function equal(a: unknown, b: unknown): boolean {
  return same(a, b, new Map());
}

function same(a: unknown, b: unknown, seen: Seen): boolean {
  if (a === b || Object.is(a, b)) return true;
  if (!isObject(a) || !isObject(b) || !samePrototype(a, b)) return false;
  const simple = sameSimple(a, b, seen);
  if (simple !== undefined) return simple;

  if (seen.get(a) === b) return true;
  if (Object.keys(a).length !== Object.keys(b).length) return false;
  seen.set(a, b);
  if (a instanceof Map && b instanceof Map) return sameMembers(a, b, seen);
  if (a instanceof Set && b instanceof Set) return sameMembers(a, b, seen);
  return sameProperties(a, b, seen);
}

/** The answer for objects that have no parts to descend into, `undefined` for all others. */
function sameSimple(a: object, b: object, seen: Seen): boolean | undefined {
  if (a instanceof Date && b instanceof Date) {
    return Object.is(a.getTime(), b.getTime());
  }
  if (a instanceof TypedArray && b instanceof TypedArray) {
    return sameNumbers(a, b);
  }
  if (isBuffer(a) && isBuffer(b)) {
    return sameNumbers(new Uint8Array(a), new Uint8Array(b));
  }
  if (a instanceof WeakMap) {
    throw new TypeError("Cannot compare WeakMap instances");
  }
  if (a instanceof WeakSet) {
    throw new TypeError("Cannot compare WeakSet instances");
  }
  if (a instanceof WeakRef && b instanceof WeakRef) {
    return same(a.deref(), b.deref(), seen);
  }
  if (TEXTUAL.includes(Object.getPrototypeOf(a)?.constructor)) {
    return String(a) === String(b);
  }
}

function sameNumbers(
  a: ArrayLike<number | bigint>,
  b: ArrayLike<number | bigint>,
): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== b[i] && !Object.is(a[i], b[i])) return false;
  }
  return true;
}

type Collection = ReadonlyMap<unknown, unknown> | ReadonlySet<unknown>;

function sameMembers(a: Collection, b: Collection, seen: Seen): boolean {
  if (a.size !== b.size) return false;
  const theirs = [...b.entries()];
  return [...a.entries()].every(([key, value]) => {
    if (!isObject(key)) {
      return b.has(key) && (!("get" in b) || same(value, b.get(key), seen));
    }
    return theirs.some((their) => same(key, their[0], seen) && same(value, their[1], seen));
  });
}

function sameProperties(a: object, b: object, seen: Seen): boolean {
  const keys = isPlain(a) ? Reflect.ownKeys({ ...a, ...b }) : new Set([...allKeys(a), ...allKeys(b)]);
  for (const key of keys) {
    if (
      key in a !== key in b || !same((a as Keyed)[key], (b as Keyed)[key], seen)
    ) return false;
  }
  return true;
}

/** Every key up the prototype chain, short of what all objects and arrays have. */
function allKeys(value: object): PropertyKey[] {
  const keys: PropertyKey[] = [];
  for (
    let at: object | null = value;
    at !== null && at !== Object.prototype && at !== Array.prototype;
    at = Object.getPrototypeOf(at)
  ) keys.push(...Reflect.ownKeys(at));
  return keys;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function isBuffer(value: object): value is ArrayBuffer | SharedArrayBuffer {
  return value instanceof ArrayBuffer || value instanceof SharedArrayBuffer;
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype ||
    prototype === Array.prototype;
}

function samePrototype(a: object, b: object): boolean {
  const prototypeOf = (value: object) => Object.getPrototypeOf(value) ?? Object.prototype;
  return prototypeOf(a) === prototypeOf(b);
}
