/**
 * What the naras of the kill loop say: a kind for each promise.
 * @module
 */
import * as z from "zod";
import type { Behavior } from "../../runtime/behavior.ts";
import type { DeliveryPromise } from "../../runtime/promise.ts";
import { store } from "../../runtime/stages/store.ts";
import { meshRequest } from "../../runtime/templates.ts";

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
export const request: NumberedBehavior = meshRequest("kill:request", "Said until it is heard")
  .withVersion(1, schema);

/** Stored before acknowledged. */
export const fact: NumberedBehavior = meshRequest("kill:fact", "Said and stored").withVersion(1, schema)
  .with({ emit: { store: store(2) }, receive: { store: store(2) } });

/** All of them, by the letter that stands for them in the journal. */
export const KINDS = { w: word, r: request, f: fact } as const;

/** The letter of a kind. */
export type Letter = keyof typeof KINDS;

/** All letters. */
export const LETTERS: readonly Letter[] = ["w", "r", "f"];

/** What each kind promises; the test checks that it does. */
export const PROMISE_OF: Readonly<Record<Letter, DeliveryPromise>> = {
  w: "best effort",
  r: "at least once until its deadline, or a dead letter",
  f: "stored before acknowledged",
};

/** The letter of a kind by its name. */
export function letterOf(kind: string): Letter | undefined {
  return LETTERS.find((letter) => KINDS[letter].kind === kind);
}
