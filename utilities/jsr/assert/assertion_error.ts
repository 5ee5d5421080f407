/**
 * What every failed assertion throws.
 * @module
 */

import { AssertionError as NodeAssertionError } from "node:assert";

/** Thrown when an assertion does not hold. */
export class AssertionError extends Error {
  /**
   * Makes one.
   *
   * @param message What was expected and what came.
   * @param options The cause, where another error led here.
   */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AssertionError";
  }
}

/** A sentence, ended by what the test's author wrote or by a full stop. */
export function sentence(text: string, msg?: string): string {
  return text + (msg ? `: ${msg}` : ".");
}

/** A value as text, whole. */
export function show(value: unknown): string {
  return Deno.inspect(value, {
    depth: Infinity,
    iterableLimit: Infinity,
    strAbbreviateSize: Infinity,
    sorted: true,
  });
}

/** The lines in which two values differ. */
export function difference(actual: unknown, expected: unknown): string {
  const { message } = new NodeAssertionError({
    actual,
    expected,
    operator: "deepStrictEqual",
  });
  return message.slice(message.indexOf("\n") + 1);
}
