/**
 * What must hold of every runtime, whatever a test did to it: asked at the end of each test that runs naras.
 *
 * - I6: the books balance, per kind and in both directions.
 * - I8: no promise was rejected with nobody to hear of it. Deno ends a run for that, unless something takes the event first.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { type Direction, isBalanced, Page, type PageTotals } from "../../runtime/primitives/books.ts";
import type { Runtime } from "../../runtime/runtime.ts";

/** What {@linkcode assertBalanced} looks at. */
export type Balanced = Pick<Runtime, "books">;

const DIRECTIONS: readonly Direction[] = ["emit", "receive"];

/** What was rejected unheard since this file's test run began. */
const unheard: unknown[] = [];
addEventListener("unhandledrejection", ({ reason }) => void unheard.push(reason));

/**
 * Asserts that every message that entered a pipeline left it by one counted outcome, or is under way, and that no promise was
 * rejected unheard.
 *
 * @param inFlight How many are still under way, in both directions together.
 */
export function assertBalanced({ books }: Balanced, inFlight: number = 0): void {
  let underWay = 0;
  for (const direction of DIRECTIONS) {
    for (const [kind, totals] of Object.entries(books.totals(direction))) {
      assert(isBalanced(totals), `${direction} of ${kind} does not balance: ${JSON.stringify(totals)}`);
      underWay += totals.inFlight;
    }
  }
  assertEquals(underWay, inFlight, "messages under way");
  assertEquals(unheard, [], "promises that were rejected with nobody to hear of it");
}

/** The counts of one kind in one direction; all zero where it has no page yet. */
export function totalsOf({ books }: Balanced, direction: Direction, kind: string): PageTotals {
  return books.totals(direction)[kind] ?? new Page().totals();
}
