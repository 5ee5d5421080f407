/**
 * Target: a message for somebody else is none of our business.
 *
 * - Place: first in the receive pipeline.
 * - Drops: `not_for_me`.
 * @module
 */
import { continueWith, drop, type StreamStage } from "../stage.ts";

/** Lets through what is addressed to this nara, or to nobody in particular. */
export function target(): StreamStage {
  return {
    order: "stream",
    name: "target",
    describe: () => "me, or nobody in particular",
    process: function target(message, { me }) {
      return !message.toId || message.toId === me.id ? continueWith(message) : drop("not_for_me");
    },
  };
}
