/**
 * The room in the outbox: how many messages and bytes it may hold, and how often there was none.
 * @module
 */
import type { Limit } from "./limits.ts";

/** Bounds of an outbox. */
export interface OutboxBounds {
  /** Messages in all. */
  readonly messagesMax: number;
  /** Bytes in all. */
  readonly bytesMax: number;
  /** Messages for one target. */
  readonly perTargetMax: number;
}

/** Counts what is kept. */
export class OutboxSpace {
  readonly #bounds: OutboxBounds;
  #bytes = 0;
  #overflows = { messages: 0, bytes: 0, perTarget: 0 };
  /** Messages kept. */
  messages = 0;

  /**
   * An empty one.
   *
   * @param bounds How much there is.
   */
  constructor(bounds: OutboxBounds) {
    this.#bounds = bounds;
  }

  /** Whether there is room for `bytes` more, for a target that `waiting` messages wait for. Counts when there is none. */
  takes(bytes: number, waiting: number): boolean {
    const { messagesMax, bytesMax, perTargetMax } = this.#bounds;
    if (waiting >= perTargetMax) this.#overflows.perTarget++;
    else if (this.messages >= messagesMax) this.#overflows.messages++;
    else if (this.#bytes + bytes > bytesMax) this.#overflows.bytes++;
    else return true;
    return false;
  }

  /** Counts a message in; `before` are the bytes of one that it replaces. */
  use(bytes: number, before?: number): void {
    if (before === undefined) this.messages++;
    this.#bytes += bytes - (before ?? 0);
  }

  /** Counts a message out. */
  free(bytes: number): void {
    this.messages--;
    this.#bytes -= bytes;
  }

  /** The bounds, with what is in use. */
  limits(ofOneTarget: () => number): Limit[] {
    const { messagesMax, bytesMax, perTargetMax } = this.#bounds;
    const rule = "a new one goes to the dead letters";
    const overflows = (of: "messages" | "bytes" | "perTarget") => () => this.#overflows[of];
    return [
      {
        name: "outbox.messages",
        unit: "messages",
        max: messagesMax,
        rule,
        inUse: () => this.messages,
        overflows: overflows("messages"),
      },
      {
        name: "outbox.bytes",
        unit: "bytes",
        max: bytesMax,
        rule,
        inUse: () => this.#bytes,
        overflows: overflows("bytes"),
      },
      {
        name: "outbox.messages_of_target",
        unit: "messages",
        max: perTargetMax,
        rule,
        inUse: ofOneTarget,
        overflows: overflows("perTarget"),
      },
    ];
  }
}
