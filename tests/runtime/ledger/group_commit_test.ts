import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { setImmediate } from "node:timers";
import { openSqliteFile, type SqliteFile } from "../../../runtime/ledger/sqlite_file.ts";
import { LedgerError } from "../../../runtime/ledger/ledger.ts";
import { StoreError } from "../../../runtime/primitives/store.ts";
import { ledgerRecord as record } from "../../../runtime/testing/ledger_records.ts";
import { lacking } from "../../helpers/permissions.ts";
import { withFolder } from "../../helpers/temp_folder.ts";

const value = new Uint8Array([1]);

/** A file whose steps are counted, and whose next commit may fail. */
interface Stepped {
  readonly file: SqliteFile;
  readonly path: string;
  readonly steps: Map<string, number>;
  /** Thrown before each commit, as long as it is there. */
  trouble?: Error;
}

function test(says: string, fn: (stepped: Stepped) => Promise<void>): void {
  Deno.test({
    name: `GroupCommit ${says}`,
    ignore: lacking("read", "write"),
    fn: () =>
      withFolder(async (folder) => {
        const path = `${folder}/store.sqlite`;
        const steps = new Map<string, number>();
        const onStep = (step: string) => {
          steps.set(step, (steps.get(step) ?? 0) + 1);
          if (step === "before COMMIT" && stepped.trouble) throw stepped.trouble;
        };
        using file = openSqliteFile(path, { onStep });
        const stepped: Stepped = { file, path, steps };
        await fn(stepped);
      }),
  });
}

/** What SQLite throws when a synchronisation fails: SQLITE_IOERR_FSYNC. */
function ioError(errcode: number): Error {
  return Object.assign(new Error("disk I/O error"), { code: "ERR_SQLITE_ERROR", errcode });
}

test("writes all that is asked for in one turn with one commit", async ({ file, steps }) => {
  const work = Array.from({ length: 64 }, (_, at) => file.ledger.add(record({ id: `${at}` })));
  await Promise.all([
    ...work,
    file.store.write([{ space: "s", key: "k", value }]),
    file.ledger.prune({ kinds: ["x"] }),
  ]);
  assertEquals([steps.get("after BEGIN"), steps.get("after COMMIT"), file.ledger.count()], [1, 1, 64]);
});

test("resolves nothing before the commit", async ({ file, steps }) => {
  let isKept = false;
  const adding = Promise.resolve(file.ledger.add(record({ id: "a" }))).then(() => isKept = true);
  for (let turn = 0; turn < 100; turn++) await undefined;
  assertEquals([isKept, file.ledger.hasId("a"), steps.get("after COMMIT")], [false, true, undefined]);
  await adding;
  assertEquals(steps.get("after COMMIT"), 1);
});

test("commits what waits along with what cannot wait", async ({ file, steps }) => {
  const adding = file.ledger.add(record({ id: "a" }));
  file.store.setAll("s", [["k", value]]);
  assertEquals(steps.get("after COMMIT"), 1);
  await adding;
  assertEquals(steps.get("after COMMIT"), 1);
});

test("undoes alone what fails, and commits the rest", async ({ file, path, steps }) => {
  const before = file.ledger.add(record({ id: "a" }));
  const broken = file.store.write([{ space: "s", key: "k", value }, { space: "s", key: "\uD800", value }]);
  const wrong = file.ledger.add({ ...record({ id: "w" }), version: 1.5 }, { perKey: { key: "k", max: 1 } });
  const after = file.ledger.add(record({ id: "b" }));
  const outcomes = await Promise.allSettled([before, broken, wrong, after]);
  assertEquals(outcomes.map((each) => each.status === "fulfilled" || each.reason.code), [
    true,
    "bad_key",
    "bad_record",
    true,
  ]);
  assertEquals([steps.get("after COMMIT"), file.store.list("s", ""), file.ledger.hasId("w")], [1, [], false]);
  assertEquals(file.ledger.stats().messages, 2);
  file[Symbol.dispose]();
  using again = openSqliteFile(path);
  assertEquals([again.ledger.count(), again.ledger.stats().messages, again.store.list("s", "")], [2, 2, []]);
});

test("that fails once acknowledges nothing of it, and the next one is written afresh [R15]", async (stepped) => {
  const { file, path } = stepped;
  const kept = [record({ id: "a", contentKey: "fact" }), record({ id: "b" }), record({ id: "c" })];
  await file.ledger.add(kept[0]);
  stepped.trouble = ioError(1034); // SQLITE_IOERR_FSYNC
  const failing = [
    file.ledger.add(kept[1]),
    file.ledger.prune({ kinds: ["test:event"] }),
    file.store.write([{ space: "s", key: "k", value }]),
  ];
  assertEquals([file.ledger.hasId("b"), file.store.list("s", "").length], [false, 1]); // "b" was pruned.
  const outcomes = await Promise.allSettled(failing);
  const codes = outcomes.map((outcome) =>
    outcome.status === "rejected" && [outcome.reason.name, outcome.reason.code]
  );
  assertEquals(codes, [["LedgerError", "disk_failed"], ["LedgerError", "disk_failed"], [
    "StoreError",
    "disk_failed",
  ]]);
  assertEquals([file.ledger.get("a"), file.ledger.count(), file.store.list("s", "")], [kept[0], 1, []]);
  assertEquals([file.ledger.stats().messages, file.ledger.hasContentKey("fact")], [1, true]);
  stepped.trouble = undefined;
  await file.ledger.add(kept[2]);
  file[Symbol.dispose]();
  using again = openSqliteFile(path);
  assertEquals(again.ledger.query().records, [kept[0], kept[2]]);
});

test("that fails tells those who watch nothing of it", async (stepped) => {
  const { file } = stepped;
  const reader = file.ledger.watch().getReader();
  stepped.trouble = ioError(1034);
  await assertRejects(
    () => Promise.resolve(file.ledger.add(record({ id: "a" }))),
    LedgerError,
    "the disk failed",
  );
  stepped.trouble = undefined;
  await file.ledger.add(record({ id: "b" }));
  assertEquals((await reader.read()).value?.id, "b");
  await reader.cancel();
});

test("tells those who watch of nothing that was added before, though it was not on disk yet", async ({ file }) => {
  const early = file.ledger.watch().getReader();
  const adding = file.ledger.add(record({ id: "a" }));
  const late = file.ledger.watch().getReader();
  await Promise.all([adding, file.ledger.add(record({ id: "b" }))]);
  assertEquals([(await early.read()).value?.id, (await late.read()).value?.id], ["a", "b"]);
  await Promise.all([early.cancel(), late.cancel()]);
});

test("that fails is thrown where nobody waits, and told to those who do", async (stepped) => {
  const { file } = stepped;
  stepped.trouble = ioError(13);
  const adding = assertRejects(
    () => Promise.resolve(file.ledger.add(record({ id: "a" }))),
    LedgerError,
    "is full",
  );
  assertEquals(assertThrows(() => file.store.delete("s", "k"), StoreError).code, "disk_full");
  await adding;
});

test("asks for a locked file once in a turn, and again in the next", async ({ file, path, steps }) => {
  const other = new DatabaseSync(path);
  other.exec("BEGIN IMMEDIATE");
  const add = (id: string) => Promise.resolve(file.ledger.add(record({ id })));
  const outcomes = await Promise.allSettled(["a", "b", "c"].map(add));
  const codes = outcomes.map((outcome) => outcome.status === "rejected" && outcome.reason.code);
  assertEquals([codes, steps.get("before BEGIN")], [["locked", "locked", "locked"], 1]);
  other.exec("ROLLBACK");
  other.close();
  await new Promise((resolve) => setImmediate(resolve));
  assertEquals([await add("a"), steps.get("before BEGIN")], ["added", 2]);
});

test("writes what waits when the file is closed", async ({ file, path }) => {
  const adding = file.ledger.add(record({ id: "a" }));
  file[Symbol.dispose]();
  assertEquals(await adding, "added");
  using again = openSqliteFile(path);
  assert(again.ledger.hasId("a"));
});
