/**
 * Ids: a message of ours gets one, a message of somebody else's must have the right one.
 *
 * - Place: first in the emit pipeline; in the receive pipeline before `verify`.
 * - Drops: `wrong_id`.
 * @module
 */
import { computeId, idWithEmptySender } from "../../messages/message_id.ts";
import { continueWith, drop, type StreamStage } from "../stage.ts";

/** Gives the message its id. It is computed when first read: a message that never leaves needs none. */
export function id(): StreamStage {
  return {
    order: "stream",
    name: "id",
    describe: () => "kind, sender, time and payload, hashed",
    process: function id(message) {
      return continueWith(message);
    },
  };
}

/**
 * Refuses a message whose id does not follow from its content, so that nobody can take the id of another.
 *
 * Go's calls hash an empty sender; that form is taken from messages without an envelope signature.
 */
export function checkId(): StreamStage {
  return {
    order: "stream",
    name: "check_id",
    describe: () => "the id follows from the content",
    process: function checkId(message) {
      const claimed = message.id;
      if (claimed === computeId(message)) return continueWith(message);
      if (!message.envelopeSignature && claimed === idWithEmptySender(message)) return continueWith(message);
      return drop("wrong_id");
    },
  };
}
