/**
 * Filters: what this nara cares for. How important a kind is says its declaration; how easily a nara is bothered, its character.
 *
 * - Place: receive pipeline, behind `rate_limit`.
 * - Drops: `filtered_by_chill`, `filtered_by_personality`.
 * @module
 */
import type { Message } from "../../messages/message.ts";
import type { Personality } from "../../utilities/personality.ts";
import { continueWith, drop, none, type StreamStage } from "../stage.ts";

/** A nara more chill than this lets normal messages pass it by. */
const CHILL_MAX = 85;

/** Importance 3: never filtered, whatever the nara is like. */
export function critical(): StreamStage {
  return none("filter", "critical: never filtered");
}

/** Importance 2: only a very chill nara does not care. */
export function normal(): StreamStage {
  return {
    order: "stream",
    name: "filter",
    describe: () => `normal: not with a chill above ${CHILL_MAX}`,
    process: function normal(message, { personality }) {
      return personality.chill <= CHILL_MAX ? continueWith(message) : drop("filtered_by_chill");
    },
  };
}

/** Whether a nara of this character cares for a message. */
export type CasualFilter<P = unknown> = (message: Message<P>, personality: Personality) => boolean;

/**
 * Importance 1: the nara's character decides.
 *
 * @param filter Whether it cares for a message. @default {it cares for all}
 */
export function casual<P = unknown>(filter?: CasualFilter<P>): StreamStage {
  if (!filter) return none("filter", "casual: never filtered so far");
  const cares = filter as CasualFilter;
  return {
    order: "stream",
    name: "filter",
    describe: () => `casual: by personality${filter.name ? ` (${filter.name})` : ""}`,
    process: function casual(message, { personality }) {
      return cares(message, personality) ? continueWith(message) : drop("filtered_by_personality");
    },
  };
}

/** No filter. */
export function noFilter(): StreamStage {
  return none("filter", "none");
}
