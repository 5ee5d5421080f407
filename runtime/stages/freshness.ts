/**
 * Freshness: a message counts in a window around now; what is older may be a replay that nobody remembers.
 *
 * - Place: receive pipeline, before `verify`.
 * - Drops: `stale`, `from_future`.
 * @module
 */
import type { Freshness } from "../behavior.ts";
import { continueWith, drop, type StreamStage } from "../stage.ts";

/** Lets through what was made within the window. Both edges are inside it. */
export function freshness({ pastMs, futureMs }: Freshness): StreamStage {
  return {
    order: "stream",
    name: "freshness",
    describe: () => `${pastMs / 1000} s back, ${futureMs / 1000} s ahead`,
    process: function freshness(message, { clock }) {
      const aheadMs = message.madeMs - Number(clock.nowNs() / 1_000_000n);
      if (aheadMs < -pastMs) return drop("stale");
      return aheadMs > futureMs ? drop("from_future") : continueWith(message);
    },
  };
}
