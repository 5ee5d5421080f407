/**
 * Deduplication: each message counts once, and where a kind has content keys, each fact.
 *
 * - Place: receive pipeline, behind `verify` and the content key, so that nobody can take the id or the key of a message that is
 *   still to come.
 * - Drops: `duplicate_id`, `below_horizon`, `duplicate_content`.
 * @module
 */
import type { Message } from "../../messages/message.ts";
import {
  continueWith,
  drop,
  type PeerStage,
  type StageContext,
  type StageResult,
  type StreamStage,
} from "../stage.ts";
import { newFact } from "./observers.ts";

/** Refuses a message of which sender and id were seen within the freshness window. */
export function idDedupe(): StreamStage {
  return {
    order: "stream",
    name: "id_dedupe",
    remembers: true,
    describe: () => "by sender and id",
    process: notSeen,
  };
}

/**
 * Refuses what was seen, and nothing for its age: for a message that this nara has kept since it came.
 *
 * @param name That of the stage in whose place it stands.
 */
export function keptDedupe(name: string): StreamStage {
  return {
    order: "stream",
    name,
    remembers: true,
    describe: () => "by sender and id, however old",
    process: function kept(message, { seen }) {
      const verdict = seen.add(message);
      return verdict === "new" || verdict === "below_horizon" ? continueWith(message) : drop(verdict);
    },
  };
}

/**
 * Refuses what {@linkcode idDedupe} refuses, and a fact that the ledger keeps already: its teller is noted as one more observer,
 * for opinions weigh by them, and the message goes no further.
 */
export function contentKeyDedupe(): PeerStage {
  return {
    order: "peer",
    name: "content_key_dedupe",
    remembers: true,
    describe: () => "by sender and id, then by content key; who tells a known fact is counted",
    process: function contentKeyDedupe(message, context) {
      const result = notSeen(message, context);
      return result.outcome === "continue" ? newFact(message, context, "duplicate_content") : result;
    },
  };
}

function notSeen(message: Message, { seen }: StageContext): StageResult {
  const verdict = seen.add(message);
  return verdict === "new" ? continueWith(message) : drop(verdict);
}
