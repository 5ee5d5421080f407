/**
 * Deduplication: each message counts once.
 *
 * - Place: receive pipeline, behind `verify`, so that nobody can take the id of a message that is still to come.
 * - Drops: `duplicate_id`, `below_horizon`.
 * @module
 */
import { continueWith, drop, type StreamStage } from "../stage.ts";

/** Refuses a message of which sender and id were seen within the freshness window. */
export function idDedupe(): StreamStage {
  return {
    order: "stream",
    name: "id_dedupe",
    remembers: true,
    describe: () => "by sender and id",
    process: function idDedupe(message, { seen }) {
      const verdict = seen.add(message);
      return verdict === "new" ? continueWith(message) : drop(verdict);
    },
  };
}
