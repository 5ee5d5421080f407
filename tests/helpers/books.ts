/**
 * What must hold of the books of every runtime, whatever a test did to it.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { type Direction, isBalanced, type PageTotals } from "../../runtime/primitives/books.ts";
import type { Runtime } from "../../runtime/runtime.ts";

/** What {@linkcode assertBalanced} looks at. */
export type Balanced = Pick<Runtime, "books">;

const DIRECTIONS: readonly Direction[] = ["emit", "receive"];

/**
 * Asserts that every message that entered a pipeline left it by one counted outcome, or is under way.
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
}

/** The counts of one kind in one direction; all zero where it has no page yet. */
export function totalsOf({ books }: Balanced, direction: Direction, kind: string): PageTotals {
  return books.totals(direction)[kind] ?? { entered: 0, done: 0, dropped: {}, errored: {}, inFlight: 0 };
}
