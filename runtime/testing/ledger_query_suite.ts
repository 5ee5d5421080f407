/**
 * A part of the acceptance suite of the ledger: what it answers, page by page, and what it forgets when it is told to.
 * @module
 */
import { assertEquals } from "@std/assert";
import type { Ledger } from "../ledger/ledger.ts";
import {
  addAll,
  assertLedgerError,
  idsIn,
  ledgerRecord as record,
  RECORDS_START_MS as START_MS,
} from "./ledger_records.ts";
import type { LedgerTest } from "./ledger_suite.ts";

/** Eight records: kinds a and b, from alice and bob, about carol and nobody, two of them at one time. */
async function addVaried(ledger: Ledger): Promise<void> {
  await addAll(
    ledger,
    record({ id: "1", kind: "test:a", subject: "carol", atMs: 10 }),
    record({ id: "2", kind: "test:b", fromId: "bob", subject: "carol", atMs: 20 }),
    record({ id: "3", kind: "test:a", fromId: "bob", atMs: 30, priority: 0 }),
    record({ id: "5", kind: "test:b", subject: "dave", atMs: 40, priority: 4 }),
    record({ id: "4", kind: "test:a", subject: "carol", atMs: 40 }),
    record({ id: "8", kind: "test:c", subject: "carol", atMs: 70 }),
    record({ id: "6", kind: "test:a", fromId: "bob", subject: "alice", atMs: 50, priority: 1 }),
    record({ id: "7", kind: "test:b", atMs: 60 }),
  );
}

/** Questions to {@linkcode addVaried}, and the ids that answer them. */
const ANSWERS: [says: string, filter: Parameters<Ledger["count"]>[0], ids: string][] = [
  ["everything", {}, "1 2 3 4 5 6 7 8"],
  ["one kind", { kinds: ["test:a"] }, "1 3 4 6"],
  ["two kinds, one of them twice", { kinds: ["test:c", "test:b", "test:c"] }, "2 5 7 8"],
  ["kinds of which one is unknown", { kinds: ["test:c", "test:x"] }, "8"],
  ["no kind at all", { kinds: [] }, ""],
  ["a sender", { fromId: "bob" }, "2 3 6"],
  ["a sender of nothing", { fromId: "carol" }, ""],
  ["a subject", { subject: "carol" }, "1 2 4 8"],
  ["since a time, that time included", { sinceMs: START_MS + 40 }, "4 5 6 7 8"],
  ["until a time, that time left out", { untilMs: START_MS + 40 }, "1 2 3"],
  ["a time between two", { sinceMs: START_MS + 20, untilMs: START_MS + 50 }, "2 3 4 5"],
  ["a time that ends before it begins", { sinceMs: START_MS + 50, untilMs: START_MS + 20 }, ""],
  ["kind and sender", { kinds: ["test:a", "test:b"], fromId: "bob" }, "2 3 6"],
  ["all at once", { kinds: ["test:a"], fromId: "alice", subject: "carol", sinceMs: START_MS + 11 }, "4"],
];

/** Registers the tests of query, count, oldestMs, stats and prune. */
export function testLedgerQuestions(test: LedgerTest): void {
  testAnswers(test);
  testPages(test);
  testPruning(test);
}

function testAnswers(test: LedgerTest): void {
  for (const [says, filter, ids] of ANSWERS) {
    test(`query() and count() answer for ${says}, in both orders`, async (ledger) => {
      await addVaried(ledger);
      const backwards = ids.split(" ").toReversed().join(" ");
      for (const limit of [1, 2, 3, 100]) {
        assertEquals(idsIn(ledger, { ...filter, limit }), ids);
        assertEquals(idsIn(ledger, { ...filter, limit, first: "oldest" }), ids);
        assertEquals(idsIn(ledger, { ...filter, limit, first: "newest" }), backwards);
      }
      assertEquals(ledger.count(filter), ids.split(" ").filter((id) => id).length);
    });
  }

  test("oldestMs() tells by priority when the oldest record was made, whenever it came", async (ledger) => {
    await addAll(
      ledger,
      record({ id: "a", atMs: 30 }),
      record({ id: "b", atMs: 10 }),
      record({ id: "c", atMs: 20 }),
    );
    await ledger.add(record({ id: "d", atMs: 25, priority: 1 }));
    const oldest = () => ([0, 1, 2, 3, 4] as const).map((priority) => ledger.oldestMs(priority));
    assertEquals(oldest(), [undefined, START_MS + 25, START_MS + 10, undefined, undefined]);
    await ledger.prune({ untilMs: START_MS + 20 });
    assertEquals(oldest(), [undefined, START_MS + 25, START_MS + 20, undefined, undefined]);
  });

  test("stats() counts records and bytes by priority", async (ledger) => {
    await addAll(
      ledger,
      record({ id: "a", frame: 7 }),
      record({ id: "b", frame: 5, priority: 0 }),
      record({ id: "c", frame: 3 }),
    );
    const { messages, bytes, byPriority } = ledger.stats();
    assertEquals([messages, bytes, byPriority], [3, 15, [1, 0, 2, 0, 0]]);
  });
}

function testPages(test: LedgerTest): void {
  test("query() gives 100 records unless told otherwise, and a cursor while there are more", async (ledger) => {
    await Promise.all(
      Array.from({ length: 101 }, (_, at) => ledger.add(record({ id: `${1000 + at}`, atMs: at }))),
    );
    const { records, cursor } = ledger.query();
    assertEquals([records.length, records.at(-1)!.id, typeof cursor], [100, "1099", "string"]);
    assertEquals([ledger.query({ limit: 101 }).cursor, ledger.query({ limit: 1_000 }).records.length], [
      undefined,
      101,
    ]);
    assertEquals(ledger.query({ cursor }), { records: [ledger.get("1100")!] });
  });

  test("query() pages hold though records come and go between them", async (ledger) => {
    await addAll(
      ledger,
      ...[10, 20, 30, 40].map((atMs) => record({ id: `${atMs}`, kind: `test:at-${atMs}`, atMs })),
    );
    const page = ledger.query({ limit: 2 });
    await ledger.prune({ kinds: ["test:at-20"] }); // The very record at which the page ended.
    await addAll(
      ledger,
      record({ id: "15", atMs: 15 }),
      record({ id: "19", atMs: 20 }),
      record({ id: "21", atMs: 20 }),
    );
    assertEquals(idsIn(ledger, { limit: 2, cursor: page.cursor }), "21 30 40");
    const back = ledger.query({ limit: 2, first: "newest" });
    await addAll(ledger, record({ id: "31", atMs: 30 }), record({ id: "29", atMs: 30 }));
    assertEquals(idsIn(ledger, { limit: 2, first: "newest", cursor: back.cursor }), "29 21 19 15 10");
  });

  test("query() refuses a limit, an order or a cursor that cannot be", async (ledger) => {
    await addVaried(ledger);
    const wrong = [
      ...[0, -1, 1.5, 1_001, NaN, "10"].map((limit) => ({ limit })),
      ...["", "x", "12", ":a", "1:", "1.5:a", "99999999999999999999:a", " 1:a"].map((cursor) => ({ cursor })),
      { first: "biggest" },
    ];
    for (const query of wrong) {
      await assertLedgerError(() => ledger.query(query as { limit: number }), "bad_query");
    }
  });
}

function testPruning(test: LedgerTest): void {
  test("prune() forgets what fits and says how many, priority 0 only by its kind", async (ledger) => {
    await addVaried(ledger);
    assertEquals([await ledger.prune({ untilMs: START_MS + 40 }), idsIn(ledger)], [2, "3 4 5 6 7 8"]);
    assertEquals([await ledger.prune({ fromId: "bob" }), idsIn(ledger)], [1, "3 4 5 7 8"]);
    assertEquals([await ledger.prune({ kinds: ["test:b"], sinceMs: START_MS + 41 }), idsIn(ledger)], [
      1,
      "3 4 5 8",
    ]);
    assertEquals([await ledger.prune({ kinds: ["test:c", "test:a"] }), idsIn(ledger)], [3, "5"]);
    assertEquals([await ledger.prune({}), await ledger.prune({}), idsIn(ledger)], [1, 0, ""]);
  });

  test("prune() leaves priority 0 where no kind is named, and counts at once", async (ledger) => {
    await addAll(
      ledger,
      record({ id: "a", priority: 0, contentKey: "fact" }),
      record({ id: "b", contentKey: "other" }),
    );
    const pruning = ledger.prune({});
    assertEquals([
      idsIn(ledger),
      ledger.hasId("b"),
      ledger.hasContentKey("other"),
      ledger.hasContentKey("fact"),
    ], ["a", false, false, true]);
    assertEquals([await pruning, ledger.stats().pruned, ledger.stats().bytes], [1, 0, 1]);
    assertEquals(await ledger.add(record({ id: "b" })), "added");
  });
}
