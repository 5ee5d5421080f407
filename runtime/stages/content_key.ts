/**
 * Content keys: what a message says, as a key that is the same whoever says it.
 *
 * - Place: in the emit pipeline behind `id`; in the receive pipeline behind `verify`, before anything that goes by the key.
 * - Drops: `wrong_content_key`.
 * @module
 */
import type { Message } from "../../messages/message.ts";
import { continueWith, drop, none, type StreamStage } from "../stage.ts";

/** Characters that a content key may have on the wire. */
const KEY_LENGTH_MAX = 1024;

/**
 * Computes the key of a message that has none. An empty key is none.
 *
 * - Errors: a `TypeError`, when the key is no text or longer than 1 024 characters.
 */
export function contentKey(key: (payload: never) => string): StreamStage {
  return {
    order: "stream",
    name: "content_key",
    describe: () => "from the payload",
    process: function contentKey(message) {
      if (message.contentKey) return continueWith(message);
      const computed = keyOf(message, key);
      if (computed === undefined) return continueWith(message);
      if (computed.length <= KEY_LENGTH_MAX) return continueWith(message.with({ contentKey: computed }));
      throw new TypeError(
        `Cannot use the content key of this ${message.kind} as it must have at most ${KEY_LENGTH_MAX} characters: it has ` +
          `${computed.length}`,
      );
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
      const isRefused = message.proof === "envelope" || (computed?.length ?? 0) > KEY_LENGTH_MAX;
      return isRefused ? drop("wrong_content_key") : continueWith(message.with({ contentKey: computed }));
    },
  };
}

/** No content key: every message is a fact of its own. */
export function noContentKey(): StreamStage {
  return none("content_key", "none");
}

function keyOf(message: Message, key: (payload: never) => string): string | undefined {
  const computed: unknown = key(message.payload as never);
  if (typeof computed === "string") return computed === "" ? undefined : computed;
  throw new TypeError(
    `Cannot use the content key of this ${message.kind} as it must be text: got ${computed}`,
  );
}
