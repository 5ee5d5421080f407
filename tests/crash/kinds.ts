/**
 * What the naras of the kill loop say: a kind for each promise.
 * @module
 */
import * as z from "zod";
import { meshRequest, store } from "../../runtime/mod.ts";
import type { Behavior } from "../../runtime/mod.ts";

/** The payload of every kind in here. */
export interface Numbered {
  /** Which message it is: no two have the same number. */
  number: number;
}

/** A kind of the kill loop. */
export type NumberedBehavior = Behavior<Numbered, { readonly 1: Numbered }>;

const schema = z.strictObject({ number: z.int() });

/** Best effort: it may be lost, and is never handled twice. */
export const word: NumberedBehavior = meshRequest("kill:word", "Said once").withVersion(1, schema)
  .with({ onError: { transport: "log" } });

/** At least once until its deadline, or a dead letter. */
export const request: NumberedBehavior = meshRequest("kill:request", "Said until it is heard").withVersion(
  1,
  schema,
);

/** Stored before acknowledged. */
export const fact: NumberedBehavior = meshRequest("kill:fact", "Said and stored").withVersion(1, schema)
  .with({ emit: { store: store(2) }, receive: { store: store(2) } });

/** All of them, by the letter that stands for them in the journal. */
export const KINDS = { w: word, r: request, f: fact } as const;

/** The letter of a kind. */
export type Letter = keyof typeof KINDS;
