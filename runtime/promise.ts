/**
 * Promises: what a nara promises of every message of a kind, read from how the kind is declared.
 *
 * - Best effort: it may be lost; its handler never sees it twice.
 * - At least once until its deadline, or a dead letter: it is tried again, also by the next run of this nara; what does not
 *   arrive in time lies with the dead letters.
 * - Stored before acknowledged: whoever is told that it was taken can rely on it being on disk.
 * @module
 */
import { type BehaviorSpec, isLocal } from "./behavior.ts";

/** What is promised of a kind, as the catalog prints it. */
export type DeliveryPromise =
  | "best effort"
  | "at least once until its deadline, or a dead letter"
  | "stored before acknowledged";

/** The promise of a kind: the strongest that its stages and error strategies keep, whoever sends it. */
export function promiseOf(spec: BehaviorSpec): DeliveryPromise {
  const { emit, receive, onError } = spec;
  // A local message has only the way out; any other is promised only what both ends keep.
  const isStored = !emit.store.isNone && (isLocal(spec) || !receive.store.isNone);
  if (isStored) return "stored before acknowledged";
  const isTriedAgain = !emit.transport.isNone && onError.transport === "retry";
  return isTriedAgain ? "at least once until its deadline, or a dead letter" : "best effort";
}

/**
 * The beginning of the name of the test that proves each promise. The gate looks it up in the run's own report: a test that is
 * missing or skipped fails it.
 */
export const PROMISE_TESTS: Readonly<Record<DeliveryPromise, string>> = {
  "best effort": "R10 best effort",
  "at least once until its deadline, or a dead letter": "R10 at least once",
  "stored before acknowledged": "R10 stored before acknowledged",
};
