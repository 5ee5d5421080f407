import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { LedgerPosition } from "../../../runtime/ledger/ledger_query.ts";
import { isBefore, TimeOrder } from "../../../runtime/ledger/time_order.ts";
import { SeededRandom } from "../../../runtime/testing/seeded_random.ts";

const position = fc.record({
  timestampMs: fc.integer({ min: 0, max: 9 }),
  id: fc.constantFrom("", "A", "a", "b", "c"),
});

function sorted(items: readonly LedgerPosition[]): LedgerPosition[] {
  return items.toSorted((a, b) => isBefore(a, b) ? -1 : 1);
}

function ascending(
  order: TimeOrder<LedgerPosition>,
  after?: LedgerPosition,
  max = Infinity,
): LedgerPosition[] {
  const seen: LedgerPosition[] = [];
  order.ascend(after, (item) => seen.push(item) < max);
  return seen;
}

function descending(
  order: TimeOrder<LedgerPosition>,
  before?: LedgerPosition,
  max = Infinity,
): LedgerPosition[] {
  const seen: LedgerPosition[] = [];
  order.descend(before, (item) => seen.push(item) < max);
  return seen;
}

Deno.test("TimeOrder shows what a sorted list would, from any place and both ways", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(position, { selector: (p) => `${p.timestampMs} ${p.id}` }),
      position,
      (items, from) => {
        const order = new TimeOrder<LedgerPosition>();
        for (const item of items) order.add(item);
        const expected = sorted(items);
        assertEquals([ascending(order), descending(order)], [expected, expected.toReversed()]);
        assertEquals(
          ascending(order, from),
          expected.filter((item) => isBefore(from, item)),
        );
        assertEquals(descending(order, from), expected.filter((item) => isBefore(item, from)).toReversed());
        assertEquals(order.countBefore(from), expected.filter((item) => isBefore(item, from)).length);
        assertEquals([order.size, order.first], [expected.length, expected[0]]);
      },
    ),
  );
});

Deno.test("TimeOrder stays sorted over many pieces, whatever is added and removed", () => {
  const random = new SeededRandom(5);
  const order = new TimeOrder<LedgerPosition>();
  let items: LedgerPosition[] = [];
  for (let round = 0; round < 6; round++) {
    for (let nth = 0; nth < 1_500; nth++) {
      const item = { timestampMs: Math.floor(random.next() * 500), id: `${round}-${nth}` };
      items.push(item);
      order.add(item);
    }
    const gone = new Set(items.filter(() => random.next() < 0.4));
    for (const item of gone) order.delete(item);
    items = items.filter((item) => !gone.has(item));
    const expected = sorted(items);
    assertEquals([order.size, order.first], [expected.length, expected[0]]);
    assertEquals(ascending(order), expected);
    assertEquals(order.countBefore({ timestampMs: 1_000, id: "" }), expected.length);
    for (const at of [0, 511, 512, 513, 700, expected.length - 1]) {
      assertEquals(ascending(order, expected[at], 3), expected.slice(at + 1, at + 4));
      assertEquals(descending(order, expected[at], 3), expected.slice(Math.max(0, at - 3), at).toReversed());
    }
  }
});

Deno.test("TimeOrder removes only what is there, and is empty again in the end", () => {
  const order = new TimeOrder<LedgerPosition>();
  const items = Array.from({ length: 1_200 }, (_, at) => ({ timestampMs: at, id: "a" }));
  for (const item of items) order.add(item);
  order.delete({ timestampMs: 5, id: "a" }); // Equal, and not the same.
  order.delete({ timestampMs: 5_000, id: "a" });
  assertEquals(order.size, 1_200);
  for (const item of items) order.delete(item);
  order.delete(items[0]);
  assertEquals([order.size, order.first, ascending(order), descending(order)], [0, undefined, [], []]);
});
