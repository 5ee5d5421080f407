/**
 * Content keys: what a message says, as a key that is the same whoever says it.
 *
 * - Place: in the emit pipeline behind `id`; in the receive pipeline behind `dedupe`.
 * - Drops: `wrong_content_key`.
 * @module
 */
import type { Message } from "../../messages/message.ts";
import { continueWith, drop, none, type StreamStage } from "../stage.ts";

/** Computes the key of a message that has none. */
export function contentKey(key: (payload: never) => string): StreamStage {
  return {
    order: "stream",
    name: "content_key",
    describe: () => "from the payload",
    process: function contentKey(message) {
      return continueWith(message.contentKey ? message : message.with({ contentKey: keyOf(message, key) }));
    },
  };
}

/**
 * Computes the key of a received message again, for a key from the wire is only a claim. A wrong one that an envelope
 * signature covers is refused; one that nothing covers is replaced.
 */
export function checkContentKey(key: (payload: never) => string): StreamStage {
  return {
    order: "stream",
    name: "check_content_key",
    describe: () => "recomputed from the payload",
    process: function checkContentKey(message) {
      const computed = keyOf(message, key);
      if (message.contentKey === computed) return continueWith(message);
      return message.proof === "envelope"
        ? drop("wrong_content_key")
        : continueWith(message.with({ contentKey: computed }));
    },
  };
}

/** No content key: every message is a fact of its own. */
export function noContentKey(): StreamStage {
  return none("content_key", "none");
}

function keyOf(message: Message, key: (payload: never) => string): string {
  return key(message.payload as never);
}
