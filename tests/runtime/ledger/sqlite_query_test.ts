import { assert, assertEquals } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import type { LedgerFilter } from "../../../runtime/ledger/ledger.ts";
import { readQuery } from "../../../runtime/ledger/ledger_query.ts";
import { openSqliteFile } from "../../../runtime/ledger/sqlite_file.ts";
import { REMOVED_COLUMNS, SqliteMessages } from "../../../runtime/ledger/sqlite_messages.ts";
import { SqliteQuery } from "../../../runtime/ledger/sqlite_query.ts";
import { lacking } from "../../helpers/permissions.ts";
import { withFolder } from "../../helpers/temp_folder.ts";

/** Runs `ask` and returns how SQLite means to answer every statement that it prepared. */
function plansOf(path: string, ask: (database: DatabaseSync) => void): string[] {
  using database = new DatabaseSync(path);
  const prepared = new Set<string>();
  const listening = {
    prepare(sql: string) {
      prepared.add(sql);
      return database.prepare(sql);
    },
  };
  ask(listening as DatabaseSync);
  return [...prepared].flatMap((sql) =>
    database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all().map(({ detail }) =>
      `${detail} <- ${sql.replaceAll(/\s+/g, " ")}`
    )
  );
}

/** Lines of a plan that read a whole table or sort. Reading the list of kinds is neither. */
function slow(plan: readonly string[]): string[] {
  return plan.filter((line) => /^SCAN|TEMP B-TREE/.test(line) && !line.startsWith("SCAN json_each"));
}

function test(name: string, fn: (path: string) => void): void {
  Deno.test({
    name,
    ignore: lacking("read", "write"),
    fn: () =>
      withFolder((folder) => {
        openSqliteFile(`${folder}/store.sqlite`)[Symbol.dispose]();
        fn(`${folder}/store.sqlite`);
      }),
  });
}

const PARTS: LedgerFilter[] = [
  { kinds: ["a", "b"] },
  { fromId: "alice" },
  { subject: "bob" },
  { sinceMs: 1 },
  {
    untilMs: 9,
  },
];
/** Every combination of the parts of a filter. */
const FILTERS = Array.from(
  { length: 2 ** PARTS.length },
  (_, bits) => Object.assign({}, ...PARTS.filter((_, at) => bits >> at & 1)) as LedgerFilter,
);

test("SqliteQuery answers every filter along an index, in both orders, without sorting", (path) => {
  const plan = plansOf(path, (database) => {
    const query = new SqliteQuery(database);
    for (const filter of FILTERS) {
      for (const first of ["oldest", "newest"] as const) {
        query.page(readQuery({ ...filter, first }));
        query.page(readQuery({ ...filter, first, cursor: "5:x" }));
      }
      query.count(filter);
    }
  });
  assert(plan.length > 20);
  assertEquals(slow(plan), []);
});

test("SqliteQuery uses time and cursor to find where a page begins", (path) => {
  const plan = plansOf(
    path,
    (database) => void new SqliteQuery(database).page(readQuery({ fromId: "a", cursor: "5:x" })),
  );
  assertEquals(plan.map((line) => line.split(" <- ")[0]), [
    "SEARCH messages USING COVERING INDEX by_sender (from_id=? AND (timestamp_ms,id)>(?,?) AND (timestamp_ms,id)<(?,?))",
  ]);
});

test("SqliteQuery finds what prune() forgets along an index", (path) => {
  const plan = plansOf(path, (database) => {
    const query = new SqliteQuery(database);
    for (const filter of FILTERS) query.removals(filter, REMOVED_COLUMNS);
  });
  assertEquals(slow(plan), []);
});

test("SqliteMessages reads no whole table but to count along an index, and sorts only a fact's observers", (path) => {
  const plan = plansOf(path, (database) => void new SqliteMessages(database, () => {}));
  assertEquals(slow(plan).map((line) => line.split(" <- ")[0]), [
    "SCAN messages USING COVERING INDEX by_priority",
    "USE TEMP B-TREE FOR ORDER BY",
  ]);
});
