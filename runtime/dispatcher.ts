/**
 * The dispatcher: hands messages to their handlers, a lane per sender, and lets none hold on for ever.
 * @module
 */
import type { Message } from "../messages/message.ts";
import { toError } from "../utilities/errors.ts";
import type { HandlerOptions } from "./behavior.ts";
import { Deadlines } from "./primitives/deadlines.ts";
import { type Effects, PendingEffects } from "./primitives/effects.ts";
import type { Handled, Registered } from "./registry.ts";
import type { Clock } from "../utilities/clock.ts";

/** Milliseconds that a handler has; then its lane is freed and its signal aborts. */
export const HANDLER_MS = 30_000;

/** Why a message counts as dropped whose handler did not come to an end. */
export const NOT_HANDLED = { timeout: "handler_timeout", busy: "peer_busy", stopped: "stopping" } as const;

const DONE: Handled = { outcome: "done" };
const STOPPED: Handled = { outcome: "stopped" };

/** A handler's options; what is in them is made when it is first asked for, which most handlers never do. */
class Options implements HandlerOptions {
  #controller: AbortController | undefined;
  #reason: Error | undefined;
  #effects: PendingEffects | undefined;

  get effects(): Effects {
    return this.#effects ??= new PendingEffects();
  }

  /** The outcome of a handler that came back. */
  get done(): Handled {
    return this.#effects ? { outcome: "done", effects: this.#effects } : DONE;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#reason) this.#controller.abort(this.#reason);
    return this.#controller.signal;
  }

  abort(reason: Error): void {
    this.#reason = reason;
    this.#controller?.abort(reason);
  }
}

/** Runs handlers. Dispose of it to abort those that run. */
export class Dispatcher implements Disposable {
  readonly #deadlines: Deadlines;
  readonly #running = new Set<(handled: Handled, why: string) => void>();
  #isEnding = false;
  #isDisposed = false;

  /**
   * A dispatcher that runs nothing yet.
   *
   * @param clock The runtime's time.
   */
  constructor(clock: Clock) {
    this.#deadlines = new Deadlines(clock);
  }

  /** Handlers that have not come back. */
  get running(): number {
    return this.#running.size;
  }

  /**
   * This nara begins to stop, and what handlers wait for may break off: one that throws from now on was stopped, and has not
   * failed.
   */
  end(): void {
    this.#isEnding = true;
  }

  /** Runs the handler for the message's version, if there is one; `done` is called exactly once. */
  dispatch(registered: Registered, message: Message, done: (handled: Handled) => void): void {
    const handler = registered.handlers[message.version];
    if (!handler) return done(DONE);
    const task = () => this.#run(handler, message);
    if (!registered.lanes.run(message.fromId, task, done)) done({ outcome: "busy" });
  }

  #run(
    handler: (message: Message, options: HandlerOptions) => void | Promise<void>,
    message: Message,
  ): Handled | Promise<Handled> {
    if (this.#isDisposed) return STOPPED; // It waited in its lane until now.
    const options = new Options();
    try {
      const running = handler(message, options);
      return running instanceof Promise ? this.#await(running, options) : options.done;
    } catch (thrown) {
      return this.#failed(thrown);
    }
  }

  #failed(thrown: unknown): Handled {
    return this.#isEnding ? STOPPED : { outcome: "error", error: toError(thrown) };
  }

  #await(running: Promise<void>, options: Options): Promise<Handled> {
    return new Promise((resolve) => {
      const leave = (handled: Handled) => {
        this.#deadlines.remove(deadline);
        this.#running.delete(abort);
        resolve(handled);
      };
      const abort = (handled: Handled, why: string) => {
        options.abort(new Error(`A handler had to end: ${why}`));
        leave(handled);
      };
      const deadline = this.#deadlines.add(
        HANDLER_MS,
        () => abort({ outcome: "timeout" }, `its ${HANDLER_MS / 1000} s were over`),
      );
      this.#running.add(abort);
      running.then(
        () => leave(options.done),
        (thrown) => leave(this.#failed(thrown)),
      );
    });
  }

  /** Aborts the handlers that run; what comes later is not handled. */
  [Symbol.dispose](): void {
    this.#isDisposed = true;
    for (const abort of [...this.#running]) abort(STOPPED, "this nara stops");
    this.#deadlines[Symbol.dispose]();
  }
}
