/**
 * What the naras of the kill loop say: a kind for each promise.
 * @module
 */
import * as z from "zod";
import type { Message } from "../../messages/message.ts";
import type { Behavior } from "../../runtime/behavior.ts";
import type { DeliveryPromise } from "../../runtime/promise.ts";
import type { PeerStage } from "../../runtime/stage.ts";
import { store } from "../../runtime/stages/store.ts";
import { meshOnly } from "../../runtime/stages/transport.ts";
import { meshRequest } from "../../runtime/templates.ts";

/** The payload of every kind in here. */
export interface Numbered {
  /** Which message it is: no two have the same number. */
  number: number;
}

/** A kind of the kill loop. */
export type NumberedBehavior = Behavior<Numbered, { readonly 1: Numbered }>;

const schema = z.strictObject({ number: z.int() });

/** Sends each message, and behind it once more the one before, as a network does that repeats itself. */
function repeating(): PeerStage {
  const mesh = meshOnly();
  let before: Message | undefined;
  return {
    ...mesh,
    name: "repeating_mesh",
    process: async function repeating(message, context) {
      const repeated = before;
      before = message;
      try {
        return await mesh.process(message, context);
      } finally {
        if (repeated) await Promise.resolve(mesh.process(repeated, context)).catch(() => {});
      }
    },
  };
}

/** Best effort: it may be lost, and is never handled twice, however often it comes. */
export const word: NumberedBehavior = meshRequest("kill:word", "Said once, and heard again").withVersion(
  1,
  schema,
)
  .with({ emit: { transport: repeating() }, onError: { transport: "log" } });

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
