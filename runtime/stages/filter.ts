/**
 * Filters: what this nara cares for.
 *
 * - Place: receive pipeline, behind `rate_limit`.
 * @module
 */
import { none, type StreamStage } from "../stage.ts";

/** Importance 3: never filtered, whatever the nara is like. */
export function critical(): StreamStage {
  return none("filter", "critical: never filtered");
}

/** No filter. */
export function noFilter(): StreamStage {
  return none("filter", "none");
}
