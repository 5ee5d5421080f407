/**
 * The hazy memory: a ledger that forgets everything when the process ends.
 * @module
 */
import type { Message } from "../../messages/message.ts";
import type { MessageId } from "../../utilities/names.ts";
import type { StorePriority } from "../stages/store.ts";
import type { Ledger } from "./ledger.ts";

/** Options of a {@linkcode MemoryLedger}. */
export interface MemoryLedgerOptions {
  /**
   * Messages kept. Past it the oldest of the least important priority makes room.
   * @default {20_000}
   */
  messagesMax?: number;
  /**
   * Characters of payload kept. Past it room is made in the same way.
   * @default {67_108_864}
   */
  payloadsMax?: number;
}

/** Keeps messages in memory, by priority and age. */
export class MemoryLedger implements Ledger {
  readonly #max: number;
  readonly #payloadsMax: number;
  #payloads = 0;
  readonly #messages = new Map<MessageId, Message>();
  /** Ids by priority; a Set keeps the order in which they came. */
  readonly #ids: Set<MessageId>[] = [new Set(), new Set(), new Set(), new Set(), new Set()];

  /**
   * An empty ledger.
   *
   * @param options How much it keeps.
   */
  constructor({ messagesMax = 20_000, payloadsMax = 64 * 1024 * 1024 }: MemoryLedgerOptions = {}) {
    this.#max = messagesMax;
    this.#payloadsMax = payloadsMax;
  }

  /** How many messages are kept. */
  get size(): number {
    return this.#messages.size;
  }

  /** Keeps a message; one that is there already is not kept twice. */
  add(message: Message, priority: StorePriority): void {
    if (this.#messages.has(message.id)) return;
    this.#messages.set(message.id, message);
    this.#ids[priority].add(message.id);
    this.#payloads += message.payloadJson.length;
    while (this.#messages.size > this.#max || this.#payloads > this.#payloadsMax) this.#prune();
  }

  /** Whether a message with this id is kept. */
  has(id: MessageId): boolean {
    return this.#messages.has(id);
  }

  #prune(): void {
    const ids = this.#ids.findLast(({ size }) => size > 0)!;
    const [oldest] = ids;
    this.#payloads -= this.#messages.get(oldest)!.payloadJson.length;
    ids.delete(oldest);
    this.#messages.delete(oldest);
  }
}
