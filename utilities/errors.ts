/**
 * The root of every error that nara throws on purpose.
 *
 * A code for the machine, a message for the person (what was expected, what came, what to do) and,
 * where there is one, a cause for the operator. Each family has its class in the module that throws it.
 * @module
 */

/** An error with a stable code; its message says what was expected, what came and what to do. */
export abstract class NaraError<Code extends string = string> extends Error {
  /** Names what went wrong, for programs: it stays the same when the wording changes. */
  readonly code: Code;

  /**
   * An error of this family.
   *
   * @param code The stable name of what went wrong.
   * @param message One clear sentence for a person.
   * @param options The cause, where another error led here.
   */
  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.name = new.target.name;
  }

  /** What survives a process boundary: a structured clone loses the name, the code and the class. */
  toJSON(): { name: string; code: Code; message: string } {
    return { name: this.name, code: this.code, message: this.message };
  }
}

/** The words of anything that was thrown, for a log line or a receipt. */
export function messageOf(thrown: unknown): string {
  return toError(thrown).message;
}

/** Anything that was thrown, as an `Error`. */
export function toError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  try {
    return new Error(String(thrown));
  } catch {
    return new Error("something was thrown that has no text"); // An object without a prototype, say.
  }
}
