/**
 * The event bus: shows messages to whoever in this process subscribed to their kind.
 * @module
 */
import type { Message } from "../../messages/message.ts";
import type { Limit } from "./limits.ts";

/** Hears messages of one kind. What it returns is not waited for. */
export type Listener = (message: Message) => void;

/** Subscriptions at once: whoever has more forgets to dispose of them. */
export const SUBSCRIPTIONS_MAX = 4_096;

/** Subscriptions by kind. */
export class EventBus {
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #onThrow: (thrown: unknown, message: Message) => void;
  readonly #tap: Listener | undefined;
  #size = 0;
  #overflows = 0;

  /**
   * A bus without subscribers.
   *
   * @param onThrow Told when a listener throws or rejects; the others still hear the message.
   * @param tap Hears every message of every kind, before the subscribers.
   */
  constructor(onThrow: (thrown: unknown, message: Message) => void, tap?: Listener) {
    this.#onThrow = onThrow;
    this.#tap = tap;
  }

  /** How many subscriptions there are. */
  get size(): number {
    return this.#size;
  }

  /** Its bound, for `nara limits`. */
  limits(): Limit[] {
    return [{
      name: "bus.subscriptions",
      unit: "subscriptions",
      max: SUBSCRIPTIONS_MAX,
      rule: "subscribing throws",
      inUse: () => this.#size,
      overflows: () => this.#overflows,
    }];
  }

  /**
   * Hears every message of `kind` from now on, until disposed.
   *
   * @throws {RangeError} Past {@linkcode SUBSCRIPTIONS_MAX}.
   */
  subscribe(kind: string, listener: Listener): Disposable {
    if (this.#size >= SUBSCRIPTIONS_MAX) {
      this.#overflows++;
      throw new RangeError(
        `Cannot subscribe to ${kind}: there are ${SUBSCRIPTIONS_MAX} subscriptions already; dispose of those that are over`,
      );
    }
    const own: Listener = (message) => listener(message); // Two subscriptions of one function are two.
    const listeners = this.#listeners.get(kind) ?? new Set();
    this.#listeners.set(kind, listeners.add(own));
    this.#size++;
    return {
      [Symbol.dispose]: () => {
        if (listeners.delete(own)) this.#size--;
      },
    };
  }

  /** Shows `message` to its subscribers, in the order in which they came. Who subscribes meanwhile hears the next one. */
  publish(message: Message): void {
    if (this.#tap) this.#tell(this.#tap, message);
    const listeners = this.#listeners.get(message.kind);
    if (!listeners || listeners.size === 0) return;
    for (const listener of [...listeners]) if (listeners.has(listener)) this.#tell(listener, message);
  }

  #tell(listener: Listener, message: Message): void {
    try {
      const returned: unknown = listener(message);
      // An async function fits the type too, and a rejection that nobody handles would end the process.
      if (returned instanceof Promise) returned.catch((thrown) => this.#onThrow(thrown, message));
    } catch (thrown) {
      this.#onThrow(thrown, message);
    }
  }
}
