/**
 * Secrets: values that travel through a program without ever being printed.
 *
 * Whatever makes text of a value (logs, errors, JSON, templates, `console.log`, a debugger's inspection) finds `[secret]`.
 * Only {@linkcode Secret.reveal} gives the value, so a search for that word finds every place that has it.
 * @module
 */

/** What stands in the place of a secret, wherever it is printed. */
export const SECRET_TEXT = "[secret]";

/**
 * A value that never prints.
 *
 * @example A soul on its way from the command line to where it is needed
 * ```ts
 * import { Secret } from "@nara/nara";
 * const soul = new Secret("not for the log");
 * console.log(`${soul}`, JSON.stringify({ soul })); // [secret] {"soul":"[secret]"}
 * console.log(soul.reveal().length); // 15
 * ```
 */
export class Secret<T> {
  // Private by the language, not by convention: no inspection reaches it, and a structured clone leaves it out.
  readonly #value: T;

  /**
   * Wraps a value.
   *
   * @param value What must not be printed.
   */
  constructor(value: T) {
    this.#value = value;
    Object.freeze(this);
  }

  /** The value itself. Never hand it to anything that prints. */
  reveal(): T {
    return this.#value;
  }

  /** `[secret]`. */
  toString(): string {
    return SECRET_TEXT;
  }

  /** `[secret]`. */
  toJSON(): string {
    return SECRET_TEXT;
  }

  /** `[secret]`, also where a number was expected: a secret takes part in no arithmetic and no comparison. */
  [Symbol.toPrimitive](): string {
    return SECRET_TEXT;
  }

  /** What `Deno.inspect` and Deno's console show. */
  [Symbol.for("Deno.customInspect")](): string {
    return SECRET_TEXT;
  }

  /** What `util.inspect` and Node's console show. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return SECRET_TEXT;
  }
}
