/**
 * Assertions about what is thrown, and the two that always throw.
 * @module
 */

import { AssertionError, sentence } from "./assertion_error.ts";

/** The class of an error, as a value. */
export type ErrorConstructorOf<E extends Error> = new (...args: never[]) => E;

/** What the overloads of {@linkcode assertThrows} and {@linkcode assertRejects} come down to. */
interface Expectation {
  ErrorClass?: ErrorConstructorOf<Error>;
  msgIncludes?: string;
  msg?: string;
}

/**
 * Asserts that `fn` throws, and returns what it threw.
 *
 * @throws {AssertionError} If `fn` returns.
 */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
/**
 * Asserts that `fn` throws an instance of `ErrorClass`, and returns it.
 *
 * @param fn What is called.
 * @param ErrorClass The class that must be thrown; a subclass will do.
 * @param msgIncludes What the error's message must contain.
 * @param msg What to say beside the failure.
 * @throws {AssertionError} If `fn` returns or throws something else.
 */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: ErrorConstructorOf<E>,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows(
  fn: () => unknown,
  classOrMsg?: ErrorConstructorOf<Error> | string,
  msgIncludes?: string,
  msg?: string,
): unknown {
  const expectation = expectationOf(classOrMsg, msgIncludes, msg);
  try {
    fn();
  } catch (thrown) {
    return checked(thrown, expectation, "thrown");
  }
  throw new AssertionError(
    sentence("Expected function to throw", expectation.msg),
  );
}

/**
 * Asserts that the promise which `fn` returns rejects, and resolves with what it rejected with.
 *
 * @throws {AssertionError} If it resolves, or `fn` throws without returning a promise.
 */
export function assertRejects(
  fn: () => PromiseLike<unknown>,
  msg?: string,
): Promise<unknown>;
/**
 * Asserts that the promise which `fn` returns rejects with an instance of `ErrorClass`, and resolves with it.
 *
 * @param fn What is called; it must return a promise.
 * @param ErrorClass The class that it must reject with; a subclass will do.
 * @param msgIncludes What the error's message must contain.
 * @param msg What to say beside the failure.
 * @throws {AssertionError} If it resolves, rejects with something else, or `fn` throws without returning a promise.
 */
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: ErrorConstructorOf<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects(
  fn: () => PromiseLike<unknown>,
  classOrMsg?: ErrorConstructorOf<Error> | string,
  msgIncludes?: string,
  msg?: string,
): Promise<unknown> {
  const expectation = expectationOf(classOrMsg, msgIncludes, msg);
  const promise = called(fn, expectation);
  try {
    await promise;
  } catch (thrown) {
    return checked(thrown, expectation, "rejected");
  }
  throw new AssertionError(
    sentence("Expected function to reject", expectation.msg),
  );
}

/** What `fn` returned; a function that throws at once, or returns no promise, does not reject. */
function called(
  fn: () => PromiseLike<unknown>,
  { msg }: Expectation,
): PromiseLike<unknown> {
  try {
    const promise = fn();
    if (typeof promise?.then === "function") return promise;
  } catch {
    // Said below, in the same words.
  }
  throw new AssertionError(
    sentence("Function throws when expected to reject", msg),
  );
}

function expectationOf(
  classOrMsg: ErrorConstructorOf<Error> | string | undefined,
  msgIncludes: string | undefined,
  msg: string | undefined,
): Expectation {
  return typeof classOrMsg === "string" ? { msg: classOrMsg } : { ErrorClass: classOrMsg, msgIncludes, msg };
}

/** Returns what was thrown if it is as expected. */
function checked(
  thrown: unknown,
  { ErrorClass, msgIncludes, msg }: Expectation,
  verb: string,
): unknown {
  if (!ErrorClass) return thrown;
  if (!(thrown instanceof Error)) {
    throw new AssertionError(sentence(`A non-Error object was ${verb}`, msg));
  }
  const came = thrown.constructor.name;
  if (!(thrown instanceof ErrorClass)) {
    const text = `Expected error to be instance of "${ErrorClass.name}", but was "${came}"`;
    throw new AssertionError(sentence(text, msg), { cause: thrown });
  }
  if (msgIncludes && !thrown.message.includes(msgIncludes)) {
    const [wanted, came] = [
      JSON.stringify(msgIncludes),
      JSON.stringify(thrown.message),
    ];
    const text = `Expected error message to include ${wanted}, but got ${came}`;
    throw new AssertionError(sentence(text, msg), { cause: thrown });
  }
  return thrown;
}

/** Fails, always. */
export function fail(msg?: string): never {
  throw new AssertionError(sentence("Failed assertion", msg));
}

/** Marks a place that must not be reached. */
export function unreachable(msg?: string): never {
  throw new AssertionError(sentence("Unreachable", msg));
}
