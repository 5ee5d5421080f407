/**
 * A property of every ledger: its pages hold, whatever comes and goes between them.
 * @module
 */
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { LedgerQuery } from "../../runtime/ledger/ledger.ts";
import { ledgerRecord, RECORDS_START_MS } from "../../runtime/testing/ledger_records.ts";
import type { OpenLedgerPlace } from "../../runtime/testing/ledger_suite.ts";

const CAPACITY = { messagesMax: 10_000, bytesMax: 10_000_000 };

/** A record by its time and a letter; many share a time. */
const made = fc.record({ atMs: fc.integer({ min: 0, max: 6 }), letter: fc.constantFrom(..."aAbBzZ09") });
/** What happens between two pages. */
const changes = fc.record({
  added: fc.array(made, { maxLength: 4 }),
  prunedAtMs: fc.option(fc.integer({ min: 0, max: 6 })),
});
const walk = fc.record({
  before: fc.array(made, { maxLength: 20 }),
  between: fc.array(changes, { maxLength: 8 }),
  limit: fc.integer({ min: 1, max: 4 }),
  first: fc.constantFrom("oldest", "newest"),
});
type Made = { atMs: number; letter: string };

/** Registers the property's test for the ledger called `name`. */
export function testLedgerPages(name: string, open: OpenLedgerPlace, ignore: boolean = false): void {
  Deno.test({
    name: `${name} ledger shows nothing twice, and leaves nothing out that stayed, whatever comes and goes`,
    ignore,
    fn: () =>
      fc.assert(
        fc.asyncProperty(walk, async ({ before, between, limit, first }) => {
          const place = await open(CAPACITY);
          await using stack = new AsyncDisposableStack();
          stack.defer(() => place[Symbol.asyncDispose]?.());
          stack.use(place.ledger);
          const add = (records: Made[]) =>
            Promise.all(records.map(({ atMs, letter }) =>
              place.ledger.add(ledgerRecord({ id: `${letter}-${atMs}`, kind: `test:at-${atMs}`, atMs }))
            ));
          await add(before);
          let stayed = new Set(
            place.ledger.query({ limit: 1_000 }).records.map(({ id }) =>
              id
            ),
          );
          const shown: string[] = [];
          const steps = between.values();
          for (let query: LedgerQuery | undefined = { limit, first }; query;) {
            const { records, cursor } = place.ledger.query(query);
            shown.push(...records.map(({ id }) => id));
            const { added = [], prunedAtMs = null } = steps.next().value ?? {};
            if (prunedAtMs !== null) {
              const sinceMs = RECORDS_START_MS + prunedAtMs;
              await place.ledger.prune({ sinceMs, untilMs: sinceMs + 1 });
              stayed = new Set([...stayed].filter((id) => !id.endsWith(`-${prunedAtMs}`)));
            }
            await add(added);
            query = cursor === undefined ? undefined : { limit, first, cursor };
          }
          assertEquals(shown.length, new Set(shown).size, `shown twice: ${shown}`);
          assertEquals([...stayed].filter((id) => !shown.includes(id)), []);
        }),
        { numRuns: 60 },
      ),
  });
}
