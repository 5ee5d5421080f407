/**
 * Gossip: what everybody should hear waits in a queue until the next exchange.
 *
 * - Place: behind `store`, in both pipelines.
 * @module
 */
import { continueWith, none, type StreamStage } from "../stage.ts";

/** Queues the message for gossip. */
export function gossip(): StreamStage {
  return {
    order: "stream",
    name: "gossip",
    remembers: true,
    describe: () => "hand to hand",
    process: function gossip(message, context) {
      context.gossip.add(message);
      return continueWith(message);
    },
  };
}

/** Passes nothing on. */
export function noGossip(): StreamStage {
  return none("gossip", "none");
}
