/**
 * Storing: what should be remembered goes into the ledger.
 *
 * - Place: emit pipeline behind `sign`; receive pipeline behind `filter`.
 * @module
 */
import { continueWith, none, type PeerStage, type StreamStage } from "../stage.ts";

/** How soon a stored message makes room for others: 0 never, 4 first. */
export type StorePriority = 0 | 1 | 2 | 3 | 4;

/** Keeps the message in the ledger. */
export function store(priority: StorePriority): PeerStage {
  return {
    order: "peer",
    name: "store",
    remembers: true,
    describe: () => `priority ${priority}${priority === 0 ? " (never pruned for others)" : ""}`,
    process: function store(message, { ledger }) {
      const stored = ledger.add(message, priority);
      return stored instanceof Promise ? stored.then(() => continueWith(message)) : continueWith(message);
    },
  };
}

/** Keeps nothing. */
export function noStore(): StreamStage {
  return none("store", "none");
}
