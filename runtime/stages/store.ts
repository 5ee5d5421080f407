/**
 * Storing: what should be remembered goes into the ledger.
 *
 * - Place: emit pipeline behind `sign`; receive pipeline behind `filter`.
 * - Drops: `content_exists`, by {@linkcode contentKeyStore}.
 * - Errors: what the ledger refuses (`ledger_full`, `disk_full` …).
 * @module
 */
import type { Message } from "../../messages/message.ts";
import type { BehaviorSpec } from "../behavior.ts";
import type { AddOptions, LedgerRecord, StorePriority } from "../ledger/ledger.ts";
import {
  continueWith,
  none,
  type PeerStage,
  type StageContext,
  type StageResult,
  type StreamStage,
} from "../stage.ts";
import { checkedFrame } from "./frame.ts";
import { newFact, observerOf } from "./observers.ts";

export type { StorePriority };

/**
 * Keeps the message in the ledger; where it tells a fact, its sender is noted as the first observer.
 *
 * @throws {RangeError} If `priority` is not 0 to 4.
 */
export function store(priority: StorePriority): PeerStage {
  checkPriority(priority);
  return {
    order: "peer",
    name: "store",
    remembers: true,
    describe: () => inWords(priority),
    process: function store(message, context) {
      return keep(message, priority, context);
    },
  };
}

/**
 * Keeps the message, unless the ledger has its content key: then its sender is noted as one more observer of the fact, and the
 * message is dropped. One without a content key is kept as {@linkcode store} does. For kinds with `withContentKey()`.
 *
 * @throws {RangeError} If `priority` is not 0 to 4.
 */
export function contentKeyStore(priority: StorePriority): PeerStage {
  checkPriority(priority);
  return {
    order: "peer",
    name: "content_key_store",
    remembers: true,
    describe: () => `each fact once, ${inWords(priority)}`,
    process: function contentKeyStore(message, context) {
      const then = (result: StageResult) =>
        result.outcome === "continue" ? keep(message, priority, context) : result;
      const result = newFact(message, context, "content_exists");
      return result instanceof Promise ? result.then(then) : then(result);
    },
  };
}

/**
 * Keeps the last `max` messages of each key: an older one makes room for a new one, whatever the priority. Put the sender into
 * the key, or one nara can push out what others said.
 *
 * @param key What is kept apart, e.g. sender and target of a ping.
 * @throws {RangeError} If `priority` is not 0 to 4, or `max` not a positive whole number.
 * @throws {TypeError} If `key` is no function.
 */
export function maxPerKeyStore<P = unknown>(
  priority: StorePriority,
  max: number,
  key: (message: Message<P>) => string,
): PeerStage {
  checkPriority(priority);
  if (!Number.isSafeInteger(max) || max < 1) {
    throw new RangeError(
      `Cannot store as max per key must be a positive whole number: current value is ${max}`,
    );
  }
  if (typeof key !== "function") {
    throw new TypeError(`Cannot store as key must be a function of a message: current value is ${key}`);
  }
  const keyOf = key as (message: Message) => string;
  return {
    order: "peer",
    name: "max_per_key_store",
    remembers: true,
    describe: () => `the last ${max} per ${key.name || "key"}, ${inWords(priority)}`,
    process: function maxPerKeyStore(message, context) {
      return keep(message, priority, context, { perKey: { key: perKeyOf(message, keyOf), max } });
    },
  };
}

/** A message as the ledger keeps it. */
export function recordOf(message: Message, spec: BehaviorSpec, priority: StorePriority): LedgerRecord {
  const { id, kind, version, fromId, toId, contentKey } = message;
  return {
    id,
    kind,
    version,
    fromId,
    toId,
    subject: spec.subject?.(message.payload as never),
    contentKey,
    timestampMs: message.madeMs,
    priority,
    frame: checkedFrame(message, spec),
  };
}

/** Keeps nothing. */
export function noStore(): StreamStage {
  return none("store", "none");
}

/** Two kinds may use the same words in their keys, and mean something else. */
function perKeyOf(message: Message, keyOf: (message: Message) => string): string {
  return `${message.kind} ${keyOf(message)}`;
}

function keep(
  message: Message,
  priority: StorePriority,
  { ledger, behavior, noteStored }: StageContext,
  options: AddOptions = {},
): StageResult | Promise<StageResult> {
  const observer = observerOf(message);
  const stored = ledger.add(
    recordOf(message, behavior, priority),
    observer ? { ...options, observer } : options,
  );
  const noted = noteStored?.(message); // In the same turn, so that both are on disk or neither.
  if (!noted && !(stored instanceof Promise)) return continueWith(message);
  return Promise.all([stored, noted]).then(() => continueWith(message));
}

function inWords(priority: StorePriority): string {
  return `priority ${priority}${priority === 0 ? " (never pruned for others)" : ""}`;
}

function checkPriority(priority: number): void {
  if ([0, 1, 2, 3, 4].includes(priority)) return;
  throw new RangeError(
    `Cannot store as priority must be 0 (never pruned) to 4 (first): current value is ${priority}`,
  );
}
