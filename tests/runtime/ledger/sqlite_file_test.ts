import { assertEquals, assertFalse, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { LedgerError } from "../../../runtime/ledger/ledger.ts";
import { openSqliteFile } from "../../../runtime/ledger/sqlite_file.ts";
import { StoreError } from "../../../runtime/primitives/store.ts";
import { ledgerRecord as record } from "../../../runtime/testing/ledger_records.ts";
import { lacking } from "../../helpers/permissions.ts";
import { readOnly, readOnlyFile } from "../../helpers/small_disk.ts";
import { writeVersionOne } from "../../helpers/sqlite_files.ts";
import { contentOf, withFolder } from "../../helpers/temp_folder.ts";

const bytes = (...values: number[]): Uint8Array => new Uint8Array(values);

function test(name: string, fn: (path: string, folder: string) => unknown): void {
  Deno.test({
    name,
    ignore: lacking("read", "write"),
    fn: () => withFolder(async (folder) => void await fn(`${folder}/store.sqlite`, folder)),
  });
}

/** What opening `path` says, in one sentence that names it. */
function refusal(path: string): StoreError {
  const error = assertThrows(() => openSqliteFile(path), StoreError, path);
  assertFalse(error.message.includes("\n"));
  return error;
}

const large = new Uint8Array(1_000);

async function fill(path: string, count = 1, frame = 2_000): Promise<void> {
  using file = openSqliteFile(path, { messagesMax: 100_000, bytesMax: 2 ** 30 });
  await Promise.all(
    Array.from({ length: count }, (_, at) => file.ledger.add(record({ id: `${at}`, frame }))),
  );
  file.store.setAll("s", [
    ["k", bytes(1)],
    ...Array.from({ length: 50 }, (_, at) => [`${at}`, large] as const),
  ]);
}

test("openSqliteFile() finds messages and entries of an earlier run in one file", async (path, folder) => {
  await fill(path);
  assertEquals(contentOf(folder), ["store.sqlite"]);
  using file = openSqliteFile(path);
  assertEquals([file.ledger.get("0"), file.store.get("s", "k")], [
    record({ id: "0", frame: 2_000 }),
    bytes(1),
  ]);
  assertEquals([file.ledger.stats().messages, file.ledger.stats().bytes], [1, 2_000]);
});

test("openSqliteFile() brings a file of version 1 to this version, and keeps its entries", async (path) => {
  writeVersionOne(path);
  {
    using file = openSqliteFile(path);
    assertEquals(file.store.list("old", ""), [["first", bytes(1)], ["second", bytes(2, 3)]]);
    await file.ledger.add(record({ id: "a" }));
  }
  using file = openSqliteFile(path);
  assertEquals([file.ledger.hasId("a"), file.store.list("old", "").length], [true, 2]);
  using database = new DatabaseSync(path);
  assertEquals({ ...database.prepare("PRAGMA user_version").get() }, { user_version: 2 });
});

test("openSqliteFile() brings messages that a smaller ledger has no room for down to its size", async (path) => {
  await fill(path, 10);
  using file = openSqliteFile(path, { messagesMax: 4 });
  assertEquals(file.ledger.count(), 10);
  await file.ledger.add(record({ id: "new", atMs: 1 }));
  assertEquals([file.ledger.count(), file.ledger.stats().pruned], [4, 7]);
});

test("openSqliteFile() refuses a bound that is no positive integer", (path, folder) => {
  assertThrows(
    () => openSqliteFile(path, { messagesMax: 0 }),
    RangeError,
    "messagesMax must be a positive integer",
  );
  assertEquals(contentOf(folder), []);
});

for (const order of ["store first", "ledger first", "the whole"]) {
  test(`SqliteFile is closed once both parts are: ${order}`, async (path, folder) => {
    const file = openSqliteFile(path);
    const adding = file.ledger.add(record({ id: "a" }));
    const writing = file.store.write([{ space: "s", key: "k", value: bytes(1) }]);
    if (order === "store first") {
      file.store[Symbol.dispose]();
      assertEquals([file.ledger.hasId("a"), await file.ledger.add(record({ id: "b" }))], [true, "added"]);
      await file.ledger[Symbol.asyncDispose]();
    } else if (order === "ledger first") {
      await file.ledger[Symbol.asyncDispose]();
      file.store.setAll("s", [["l", bytes(2)]]);
      file.store[Symbol.dispose]();
    } else file[Symbol.dispose]();
    await Promise.all([adding, writing]);
    file[Symbol.dispose]();
    assertEquals(contentOf(folder), ["store.sqlite"]); // The log goes with the last who has the file open.
    assertEquals(assertThrows(() => file.store.get("s", "k"), StoreError).code, "closed");
    const late = () => Promise.resolve(file.ledger.add(record({ id: "c" })));
    assertEquals((await assertRejects(late, LedgerError)).code, "closed");
    using again = openSqliteFile(path);
    assertEquals([again.ledger.hasId("a"), again.store.get("s", "k")], [true, bytes(1)]);
  });
}

test("openSqliteFile() refuses a folder, and a file in no folder [R17]", (path, folder) => {
  assertStringIncludes(refusal(folder).message, "it is a folder");
  assertStringIncludes(
    refusal(`${folder}/deeper/store.sqlite`).message,
    `there is no folder ${folder}/deeper): make it`,
  );
  Deno.writeTextFileSync(path, "");
  assertStringIncludes(refusal(`${path}/store.sqlite`).message, `${path} is no folder`);
  assertEquals(contentOf(folder), ["store.sqlite"]);
});

test("openSqliteFile() refuses what another program holds", (path) => {
  openSqliteFile(path)[Symbol.dispose]();
  const other = new DatabaseSync(path);
  other.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
  assertEquals(refusal(path).code, "locked");
  other.close();
});

Deno.test({
  name: "openSqliteFile() refuses a file and a folder that may not be written [R17]",
  ignore: lacking("read", "write", "run", "sys"),
  fn: (t) =>
    withFolder(async (folder) => {
      for (const what of ["a whole file", "a file of version 1", "no file"]) {
        const place = `${folder}/${what.replaceAll(" ", "-")}`;
        Deno.mkdirSync(place);
        const path = `${place}/store.sqlite`;
        await t.step(what, () =>
          readOnly(place, async () => {
            if (what === "a whole file") await fill(path);
            if (what === "a file of version 1") writeVersionOne(path);
          }, () => {
            const before = contentOf(place);
            const error = refusal(path);
            assertEquals([error.code, contentOf(place)], ["read_only", before], error.message);
            assertStringIncludes(error.message, "writable for this user");
          }));
      }
    }),
});

Deno.test({
  name: "openSqliteFile() refuses a file that may not be written in a folder that may [R17]",
  ignore: lacking("read", "write", "run", "sys"),
  fn: () =>
    withFolder(async (folder) => {
      const path = `${folder}/store.sqlite`;
      await fill(path);
      await readOnlyFile(path, () => assertEquals(refusal(path).code, "read_only"));
      using file = openSqliteFile(path);
      assertEquals(file.ledger.count(), 1);
    }),
});

const PAGE = 4_096;

/** Overwrites the beginning of the middle one of a table's leaves. */
function damageLeaf(path: string, table: string): void {
  const database = new DatabaseSync(path);
  const leaves = database.prepare("SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf'").all(
    table,
  );
  database.close();
  const page = Number(leaves[Math.floor(leaves.length / 2)].pageno) - 1;
  Deno.writeFileSync(path, Deno.readFileSync(path).fill(0xa5, page * PAGE, page * PAGE + 64));
}

/** Makes a file that is too large to be checked whole at the start. */
function fillLarge(path: string): Promise<void> {
  return fill(path, 700, 100_000);
}

for (const table of ["entries", "messages"]) {
  test(`openSqliteFile() notices any damage in a small file: ${table}`, async (path) => {
    await fill(path, 100);
    damageLeaf(path, table);
    assertStringIncludes(refusal(path).message, "it is damaged");
  });
}

test("openSqliteFile() notices a damaged header, schema or entry of a large file", async (path) => {
  await fillLarge(path);
  const whole = Deno.readFileSync(path);
  for (const [from, length] of [[0, 16], [100, 12], [PAGE - 200, 200]]) {
    const content = whole.slice();
    content.fill(0xa5, from, from + length);
    Deno.writeFileSync(path, content);
    assertEquals(refusal(path).code, "unreadable", `${from}`);
  }
  Deno.writeFileSync(path, whole);
  damageLeaf(path, "entries");
  assertEquals(refusal(path).code, "unreadable", "entries");
  Deno.writeFileSync(path, whole.subarray(0, whole.length / 2));
  assertEquals(refusal(path).code, "unreadable");
});

test("SqliteLedger whose middle is damaged says so of the record that it hit, and shows the rest", async (path) => {
  await fillLarge(path);
  const content = Deno.readFileSync(path);
  const middle = Math.floor(content.length / PAGE / 2) * PAGE;
  Deno.writeFileSync(path, content.fill(0xa5, middle, middle + 64));
  using file = openSqliteFile(path, { messagesMax: 10_000, bytesMax: 2 ** 30 });
  const damaged: LedgerError[] = [];
  for (let id = 0; id < 700; id++) {
    try {
      assertEquals(file.ledger.get(`${id}`)?.frame.length, 100_000);
    } catch (thrown) {
      damaged.push(thrown as LedgerError);
    }
  }
  assertEquals(damaged.map(({ code }) => code), ["unreadable"]);
  assertStringIncludes(damaged[0].message, "it is damaged");
  assertEquals(await file.ledger.add(record({ id: "new" })), "added");
});
