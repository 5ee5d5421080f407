import { assert, assertEquals, assertFalse, assertStringIncludes, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { openSqliteStore } from "../../../runtime/ledger/sqlite_file.ts";
import { StoreError } from "../../../runtime/primitives/store.ts";
import { lacking } from "../../helpers/permissions.ts";
import { testKeyValueFile } from "../../helpers/store_suite.ts";

const ignore = lacking("read", "write");
const bytes = (...values: number[]): Uint8Array => new Uint8Array(values);

/** Runs `check` with the path of a file that is not there yet, in a folder that goes away afterwards. */
function withPath<T>(check: (path: string) => T): T {
  const folder = Deno.makeTempDirSync({ prefix: "nara-store-" });
  try {
    return check(`${folder}/store.sqlite`);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** A store with one entry, closed again. */
function fill(path: string): void {
  using file = openSqliteStore(path);
  file.setAll("a", [["k", bytes(1)]]);
}

/** Runs `sql` on the file as another program would. */
function tamper(path: string, sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
}

/** What opening `path` says; the file must be the same afterwards. */
function refusal(path: string): StoreError {
  const before = Deno.readFileSync(path);
  const error = assertThrows(() => openSqliteStore(path), StoreError, path);
  assertEquals(Deno.readFileSync(path), before);
  assertFalse(error.message.includes("\n"));
  return error;
}

testKeyValueFile("SqliteStore", ignore, (check) =>
  withPath((path) => {
    using file = openSqliteStore(path);
    check(file);
  }));

Deno.test({
  name: "openSqliteStore() finds what an earlier run kept",
  ignore,
  fn: () =>
    withPath((path) => {
      fill(path);
      using file = openSqliteStore(path);
      assertEquals(file.list("a", ""), [["k", bytes(1)]]);
    }),
});

Deno.test({
  name: "openSqliteStore() synchronises every write, through a log",
  ignore,
  fn: () =>
    withPath((path) => {
      using file = openSqliteStore(path);
      file.setAll("a", [["k", bytes(1)]]);
      assert(Deno.statSync(`${path}-wal`).size > 0);
    }),
});

Deno.test({
  name: "SqliteStore sets all or nothing",
  ignore,
  fn: () =>
    withPath((path) => {
      using file = openSqliteStore(path);
      file.setAll("a", [["k", bytes(1)]]);
      const broken = [["k", bytes(2)], ["half a pair \uD800", bytes(3)]] as const;
      assertEquals(assertThrows(() => file.setAll("a", broken), StoreError).code, "bad_key");
      assertEquals(file.list("a", ""), [["k", bytes(1)]]);
      file.setAll("a", [["k", bytes(4)]]); // Nothing was left open.
      assertEquals(file.get("a", "k"), bytes(4));
    }),
});

for (
  const [what, content] of [
    ["no database", new TextEncoder().encode("a letter to grandmother\n".repeat(400))],
    ["cut short", new TextEncoder().encode("SQLite format 3\0")],
  ] as const
) {
  Deno.test({
    name: `openSqliteStore() refuses a file that is ${what}, and leaves it`,
    ignore,
    fn: () =>
      withPath((path) => {
        Deno.writeFileSync(path, content);
        assertEquals(refusal(path).code, "unreadable");
      }),
  });
}

Deno.test({
  name: "openSqliteStore() refuses a damaged store, and leaves it",
  ignore,
  fn: () =>
    withPath((path) => {
      fill(path);
      const content = Deno.readFileSync(path);
      for (let page = 4096; page < content.length; page += 4096) content.fill(0xa5, page, page + 64);
      Deno.writeFileSync(path, content);
      assertEquals(refusal(path).code, "unreadable");
    }),
});

Deno.test({
  name: "openSqliteStore() refuses the store of a newer nara, and leaves it",
  ignore,
  fn: () =>
    withPath((path) => {
      fill(path);
      tamper(path, "PRAGMA user_version = 99");
      assertStringIncludes(refusal(path).message, "a newer nara wrote it (version 99");
    }),
});

Deno.test({
  name: "openSqliteStore() refuses another program's database, and leaves it",
  ignore,
  fn: () =>
    withPath((path) => {
      tamper(path, "CREATE TABLE recipes (name TEXT)");
      assertStringIncludes(refusal(path).message, "another program");
    }),
});

Deno.test({
  name: "openSqliteStore() refuses a file in a folder that is not there",
  ignore,
  fn: () =>
    withPath((path) => {
      const error = assertThrows(
        () => openSqliteStore(`${path}/deeper/store.sqlite`),
        StoreError,
        "Cannot open",
      );
      assertEquals(error.code, "unreadable");
    }),
});

Deno.test({
  name: "SqliteStore says so when another program holds the file",
  ignore,
  fn: () =>
    withPath((path) => {
      using file = openSqliteStore(path);
      const other = new DatabaseSync(path);
      other.exec("BEGIN IMMEDIATE");
      try {
        assertEquals(assertThrows(() => file.setAll("a", [["k", bytes(1)]]), StoreError).code, "locked");
      } finally {
        other.close();
      }
    }),
});

Deno.test({
  name: "SqliteStore keeps what a set returned for, through kill -9",
  ignore: lacking("read", "write", "run"),
  fn: () => {
    const folder = Deno.makeTempDirSync({ prefix: "nara-store-" });
    return killWhileWriting(`${folder}/store.sqlite`).finally(() =>
      Deno.removeSync(folder, { recursive: true })
    );
  },
});

/** A child writes 0, 1, 2 … and says each number once it was kept; it is killed in the middle of it. */
async function killWhileWriting(path: string): Promise<void> {
  const module = import.meta.resolve("../../../runtime/ledger/sqlite_file.ts");
  const script = `
    import { openSqliteStore } from ${JSON.stringify(module)};
    const file = openSqliteStore(${JSON.stringify(path)});
    for (let n = 0;; n++) {
      file.setAll("a", [["last", new TextEncoder().encode(String(n))], ["k" + n, new Uint8Array(1000)]]);
      Deno.stdout.writeSync(new TextEncoder().encode(n + "\\n"));
    }`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", `data:application/typescript,${encodeURIComponent(script)}`],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let said = "";
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    said += chunk;
    if (said.includes("\n20\n")) child.kill("SIGKILL");
  }
  assertEquals((await child.status).signal, "SIGKILL");
  const lastSaid = Number(said.split("\n").at(-2));
  using file = openSqliteStore(path);
  const last = Number(new TextDecoder().decode(file.get("a", "last")));
  assert(last === lastSaid || last === lastSaid + 1, `${last} is kept, ${lastSaid} was said`);
  assertEquals(file.list("a", "k").length, last + 1);
}
