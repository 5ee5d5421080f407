/**
 * The gossip queue: what everybody should hear, until the next exchange takes it along.
 * @module
 */
import type { Message } from "../../messages/message.ts";
import type { Limit } from "./limits.ts";

/** A bounded queue; when it is full the oldest message makes room, and is counted. */
export class GossipQueue {
  readonly #max: number;
  #messages: Message[] = [];
  /** Messages that made room for others. */
  overflows = 0;

  /**
   * An empty queue.
   *
   * @param messagesMax How many may wait.
   */
  constructor(messagesMax = 1_024) {
    this.#max = messagesMax;
  }

  /** How many wait. */
  get size(): number {
    return this.#messages.length;
  }

  /** Queues a message. */
  add(message: Message): void {
    this.#messages.push(message);
    if (this.#messages.length <= this.#max) return;
    this.#messages.shift();
    this.overflows++;
  }

  /** Its bound, for `nara limits`. */
  limits(): Limit[] {
    return [{
      name: "gossip.messages",
      unit: "messages",
      max: this.#max,
      rule: "the oldest makes room",
      inUse: () => this.size,
      overflows: () => this.overflows,
    }];
  }

  /** Takes everything that waits. */
  take(): Message[] {
    const messages = this.#messages;
    this.#messages = [];
    return messages;
  }
}
