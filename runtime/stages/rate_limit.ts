/**
 * Rate limiting: a loud sender is heard a little, not all night.
 *
 * - Place: receive pipeline, behind `verify`, so that a sender cannot be forged. What nobody proved is counted apart: whoever
 *   claims to be another takes nothing from that other.
 * - Drops: `rate_limited`.
 * @module
 */
import type { Message } from "../../messages/message.ts";
import type { Limits } from "../primitives/limits.ts";
import { RateLimiter } from "../primitives/rate_limiter.ts";
import type { SeenSet } from "../primitives/seen_set.ts";
import { continueWith, drop, none, type StageContext, type StreamStage } from "../stage.ts";

/** Options for {@linkcode rateLimit}. */
export interface RateLimitOptions<P = unknown> {
  /** Messages per key and window. More hears bursts whole, and floods too. */
  readonly max: number;
  /** Length of the sliding window, in milliseconds. */
  readonly windowMs: number;
  /**
   * What is counted together. A key without the sender in it lets one nara use up what all others may say; `describe()` shows the
   * function's name. @default {the sender}
   */
  readonly key?: (message: Message<P>) => string;
  /**
   * Keys remembered; past it one that said little is forgotten, and heard again. One sender may take a 16th of them.
   * @default {16_384}
   */
  readonly keysMax?: number;
}

/** More per window would cost too much memory per key; a shorter window does the same. */
const MAX_PER_WINDOW = 10_000;
/** Who is said to send what nobody proved. */
const UNPROVEN = "(unproven)";

/**
 * Lets `max` messages per key through in any window, and drops the rest. Only this nara's own clock counts.
 *
 * @example Ten observations in five minutes from one nara about another
 * ```ts
 * import { rateLimit } from "@nara/nara/runtime";
 * const senderAndSubject = (message: { fromId: string; toId?: string }) => `${message.fromId} ${message.toId}`;
 * const stage = rateLimit({ max: 10, windowMs: 300_000, key: senderAndSubject });
 * console.log(stage.describe()); // at most 10 per senderAndSubject in any 300 s
 * ```
 * @throws {RangeError} If an option is not a positive whole number, or `max` is above 10 000.
 */
export function rateLimit<P = unknown>(options: RateLimitOptions<P>): StreamStage {
  const { max, windowMs, keysMax } = options;
  check(options);
  const key = options.key as ((message: Message) => string) | undefined;
  // A stage is a constant that several runtimes and kinds may share: what was heard belongs to one kind of one of them. A
  // runtime has several contexts per kind, and one seen-set.
  const limiters = new WeakMap<SeenSet, Map<string, RateLimiter>>();
  return {
    order: "stream",
    name: "rate_limit",
    remembers: true,
    describe: () => `at most ${max} per ${key ? key.name || "key" : "sender"} in any ${windowMs / 1000} s`,
    process: function rateLimit(message, context) {
      let byKind = limiters.get(context.seen);
      if (!byKind) limiters.set(context.seen, byKind = new Map());
      let limiter = byKind.get(message.kind);
      if (!limiter) byKind.set(message.kind, limiter = limiterOf(context, keysMax));
      const isProven = message.proof !== "none";
      const who = key ? key(message) : message.fromId;
      const counted = isProven ? who : `${UNPROVEN} ${who}`;
      const owner = isProven ? message.fromId : UNPROVEN;
      return limiter.allow(counted, windowMs, max, owner) ? continueWith(message) : drop("rate_limited");
    },
  };
}

/** No limit of the kind's own. */
export function noRateLimit(): StreamStage {
  return none("rate_limit", "none");
}

function limiterOf(context: StageContext & { readonly limits?: Limits }, keysMax?: number): RateLimiter {
  const limiter = new RateLimiter({ clock: context.clock, keysMax });
  context.limits?.add(...limiter.limits(`rate_limit.${context.behavior.kind}`));
  return limiter;
}

function check({ max, windowMs, key, keysMax = 1 }: RateLimitOptions<never>): void {
  for (const [name, value] of Object.entries({ max, windowMs, keysMax })) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new RangeError(
        `Cannot limit a rate as ${name} must be a positive whole number: current value is ${value}`,
      );
    }
  }
  if (max > MAX_PER_WINDOW) {
    throw new RangeError(
      `Cannot limit a rate as max must be at most ${MAX_PER_WINDOW}: current value is ${max}; take a shorter window`,
    );
  }
  if (key !== undefined && typeof key !== "function") {
    throw new TypeError(
      `Cannot limit a rate as key must be a function of a message: current value is ${key}`,
    );
  }
}
