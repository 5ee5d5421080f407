/**
 * A `Deno.serve` that stays: the plain one ends for good when the machine has no file descriptor left for a connection.
 * @module
 */
import { type Clock, systemClock } from "../../utilities/clock.ts";

/** Pause before it listens again: some descriptors will have come free by then. */
const PAUSE_MS = 100;

/** How a {@linkcode SteadyServer} serves. */
export interface SteadyServerOptions<A extends Deno.Addr> {
  /** Serves: at first anywhere, later where it was before. */
  readonly open: (signal: AbortSignal, before?: A) => Deno.HttpServer<A>;
  /** Told when it could not go on. @default {nobody} */
  readonly onEnd?: () => void;
}

/** Serves, and begins again where it left off when the machine could not go on. Dispose of it to close every connection at once. */
export class SteadyServer<A extends Deno.Addr> implements AsyncDisposable {
  readonly #stopping = new AbortController();
  readonly #options: SteadyServerOptions<A>;
  readonly #clock: Clock;
  readonly #serving: Promise<void>;
  #server: Deno.HttpServer<A>;

  /**
   * Starts to serve.
   *
   * @param options How.
   * @param clock Time. @default {the machine's, for it is the machine that fails}
   * @throws What `open` throws the first time.
   */
  constructor(options: SteadyServerOptions<A>, clock: Clock = systemClock) {
    this.#options = options;
    this.#clock = clock;
    this.#server = options.open(this.#stopping.signal);
    this.#serving = this.#serve();
  }

  /** Where it listens. */
  get addr(): A {
    return this.#server.addr;
  }

  /** Stops. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await this.#serving;
  }

  async #serve(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.#server.finished.catch(() => {});
      if (!signal.aborted) this.#options.onEnd?.();
      while (!signal.aborted) {
        await this.#clock.sleep(PAUSE_MS, { signal }).catch(() => {});
        if (!signal.aborted && this.#begin()) break;
      }
    }
  }

  #begin(): boolean {
    try {
      this.#server = this.#options.open(this.#stopping.signal, this.addr);
      return true;
    } catch {
      return false; // Still none to be had.
    }
  }
}
