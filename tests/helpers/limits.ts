/**
 * What must hold of every bound: what is in use never passes it, and whatever would have is counted.
 * @module
 */
import { assert, assertEquals, assertGreater } from "@std/assert";
import type { Limit } from "../../runtime/primitives/limits.ts";

/** A bound larger than this is filled with a smaller one in its place: the test makes the thing itself. */
const STEPS_MAX = 200_000;

/**
 * Fills a bound from empty: `fill` is called again and again, each time with another number, and takes up one more. Up to the
 * bound nothing may overflow; past it every further call must be counted, and what is in use must stay at the bound or below.
 *
 * What `fill` throws or rejects with is taken for the refusal that the bound's rule speaks of, but only past the bound.
 *
 * @param more How often it is called past the bound.
 */
export async function fills(limit: Limit, fill: (index: number) => unknown, more: number = 3): Promise<void> {
  const { name, max } = limit;
  assert(limit.unit !== "" && limit.rule !== "", `${name} says what is counted and what happens past it`);
  assertEquals([limit.inUse(), limit.overflows()], [0, 0], `${name} is empty to begin with`);
  let index = 0;
  while (limit.inUse() < max) {
    const before = limit.inUse();
    await fill(index++);
    assertGreater(limit.inUse(), before, `${name}: call ${index} took nothing up`);
    assert(index <= STEPS_MAX, `${name} is too large to be filled one by one: make it smaller for the test`);
  }
  assertEquals([limit.inUse(), limit.overflows()], [max, 0], `${name} is full, and nothing has overflowed`);
  let overflows = 0;
  for (let past = 0; past < more; past++) {
    try {
      await fill(index++);
    } catch {
      // The rule is to refuse.
    }
    assert(limit.inUse() <= max, `${name}: ${limit.inUse()} are in use, at most ${max} may be`);
    assertGreater(
      limit.overflows(),
      overflows,
      `${name}: call ${index} passed the bound and was not counted`,
    );
    overflows = limit.overflows();
  }
}
