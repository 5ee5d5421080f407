/**
 * Ctrl-C and its kin: the first asks the program to leave, the second makes it.
 * @module
 */

/** What a shell reports of a program that Ctrl-C ended. */
const EXIT_INTERRUPTED = 130;

/** Listens for the wish to leave. Dispose of it to give the signals back. */
export class LeaveSignals implements Disposable {
  readonly #controller = new AbortController();
  readonly #names: readonly Deno.Signal[] = Deno.build.os === "windows"
    ? ["SIGINT", "SIGBREAK"]
    : ["SIGINT", "SIGTERM"];
  readonly #listener = (): void => {
    if (this.#controller.signal.aborted) Deno.exit(EXIT_INTERRUPTED);
    this.#controller.abort(new Error("Cannot go on: asked to leave"));
  };

  /** Begins to listen. */
  constructor() {
    for (const name of this.#names) Deno.addSignalListener(name, this.#listener);
  }

  /** Aborts at the first signal. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Gives the signals back. */
  [Symbol.dispose](): void {
    for (const name of this.#names) Deno.removeSignalListener(name, this.#listener);
  }
}

/** Resolves when `signal` aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
