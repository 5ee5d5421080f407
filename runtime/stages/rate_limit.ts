/**
 * Rate limiting: a loud sender is heard a little, not all night.
 *
 * - Place: receive pipeline, behind `verify`, so that a sender cannot be forged.
 * - Drops: `rate_limited`.
 * @module
 */
import type { Message } from "../../messages/message.ts";
import { continueWith, drop, none, type StageContext, type StreamStage } from "../stage.ts";

/** Options for {@linkcode rateLimit}. */
export interface RateLimitOptions {
  /** Messages per key and window. More hears bursts whole, and floods too. */
  max: number;
  /** Length of the sliding window, in milliseconds. */
  windowMs: number;
  /** What is counted together. @default {the sender} */
  key?: (message: Message) => string;
  /**
   * Keys remembered; past it the one heard longest ago is forgotten.
   * @default {1_000}
   */
  keysMax?: number;
}

/**
 * Lets `max` messages per key through in any window, and drops the rest.
 *
 * @throws {RangeError} If an option is not a positive integer.
 */
export function rateLimit(options: RateLimitOptions): StreamStage {
  const { max, windowMs, key = (message) => message.fromId, keysMax = 1_000 } = options;
  for (const [name, value] of Object.entries({ max, windowMs, keysMax })) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new RangeError(
        `Cannot limit a rate as ${name} must be a positive whole number: current value is ${value}`,
      );
    }
  }
  // A behavior is a constant that several runtimes may share: what was heard belongs to one of them.
  const heardBy = new WeakMap<StageContext, Map<string, number[]>>();
  return {
    order: "stream",
    name: "rate_limit",
    remembers: true,
    describe: () => `at most ${max} in ${windowMs} ms`,
    process: function rateLimit(message, context) {
      const heard = heardBy.get(context) ?? new Map<string, number[]>();
      heardBy.set(context, heard);
      const nowMs = context.clock.monotonicMs();
      const who = key(message);
      const recent = (heard.get(who) ?? []).filter((atMs) => nowMs - atMs < windowMs);
      if (recent.length >= max) return drop("rate_limited");
      heard.delete(who); // A Map keeps insertion order: move this key to its end.
      heard.set(who, [...recent, nowMs]);
      if (heard.size > keysMax) heard.delete(heard.keys().next().value!);
      return continueWith(message);
    },
  };
}

/** No limit of the kind's own. */
export function noRateLimit(): StreamStage {
  return none("rate_limit", "none");
}
