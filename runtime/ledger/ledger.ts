/**
 * The port of the ledger: what this nara remembers of what was said.
 * @module
 */
import type { Message } from "../../messages/message.ts";
import type { MessageId } from "../../utilities/names.ts";
import type { StorePriority } from "../stages/store.ts";

/** Stored messages. */
export interface Ledger {
  /** Keeps a message; one that is there already is not kept twice. Resolved means kept. */
  add(message: Message, priority: StorePriority): void | Promise<void>;
  /** Whether a message with this id is kept. */
  has(id: MessageId): boolean;
  /** How many are kept. */
  readonly size: number;
}
