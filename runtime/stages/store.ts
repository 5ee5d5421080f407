/**
 * Storing: what should be remembered goes into the ledger.
 *
 * - Place: emit pipeline behind `sign`; receive pipeline behind `filter`.
 * @module
 */
import { encodeEnvelope } from "../../messages/envelope.ts";
import type { Message } from "../../messages/message.ts";
import { timestampMs } from "../../utilities/timestamp.ts";
import type { BehaviorSpec } from "../behavior.ts";
import type { LedgerRecord, StorePriority } from "../ledger/ledger.ts";
import { continueWith, none, type PeerStage, type StreamStage } from "../stage.ts";

export type { StorePriority };

/** Keeps the message in the ledger. */
export function store(priority: StorePriority): PeerStage {
  return {
    order: "peer",
    name: "store",
    remembers: true,
    describe: () => `priority ${priority}${priority === 0 ? " (never pruned for others)" : ""}`,
    process: function store(message, { ledger, behavior }) {
      const stored = ledger.add(recordOf(message, behavior, priority));
      return stored instanceof Promise ? stored.then(() => continueWith(message)) : continueWith(message);
    },
  };
}

/** A message as the ledger keeps it. */
export function recordOf(message: Message, { subject }: BehaviorSpec, priority: StorePriority): LedgerRecord {
  const { id, kind, version, fromId, toId, contentKey } = message;
  return {
    id,
    kind,
    version,
    fromId,
    toId,
    subject: subject?.(message.payload as never),
    contentKey,
    timestampMs: timestampMs(message.timestamp),
    priority,
    frame: message.frame ?? encodeEnvelope(message),
  };
}

/** Keeps nothing. */
export function noStore(): StreamStage {
  return none("store", "none");
}
