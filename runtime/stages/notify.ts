/**
 * Notify: tells this nara's own subscribers.
 *
 * - Place: last in both pipelines, before the handler.
 * @module
 */
import { continueWith, type StreamStage } from "../stage.ts";

/** Shows the message to everyone in this process who subscribed to its kind. */
export function notify(): StreamStage {
  return {
    order: "stream",
    name: "notify",
    remembers: true,
    describe: () => "local subscribers",
    process: function notify(message, { bus }) {
      bus.publish(message);
      return continueWith(message);
    },
  };
}
