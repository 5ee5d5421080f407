/**
 * Ctrl-C and its kin: the first asks the program to leave, the second makes it. What has to be cleaned up even then
 * listens for the event `unload`.
 * @module
 */
import { EXIT_INTERRUPTED, LeaveRequest } from "./process_error.ts";

/** Listens for the wish to leave. Dispose of it to give the signals back. */
export class LeaveSignals implements Disposable {
  readonly #controller = new AbortController();
  #isReading = false;
  readonly #names: readonly Deno.Signal[] = Deno.build.os === "windows"
    ? ["SIGINT", "SIGBREAK"]
    : ["SIGINT", "SIGTERM", "SIGHUP"];
  readonly #listener = (): void => {
    if (this.#controller.signal.aborted) Deno.exit(EXIT_INTERRUPTED);
    this.#controller.abort(new LeaveRequest());
  };

  /** Begins to listen. */
  constructor() {
    for (const name of this.#names) Deno.addSignalListener(name, this.#listener);
  }

  /** Takes the end of `input`, or that it cannot be read, for the wish to leave. Asking twice is asking once. */
  async atEndOf(input: Pick<typeof Deno.stdin, "read">): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    const ignored = new Uint8Array(1_024);
    try {
      while (await input.read(ignored) !== null);
    } catch {
      // Whoever held the other end is gone as well.
    }
    this.#controller.abort(new LeaveRequest());
  }

  /** Aborts at the first signal, with a {@linkcode LeaveRequest}. */
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
