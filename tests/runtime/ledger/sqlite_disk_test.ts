/**
 * A disk that is full, and has room again.
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { fileURLToPath } from "node:url";
import { DatabaseSync } from "node:sqlite";
import { LedgerError } from "../../../runtime/ledger/ledger.ts";
import { openSqliteFile, type SqliteFile } from "../../../runtime/ledger/sqlite_file.ts";
import { StoreError } from "../../../runtime/primitives/store.ts";
import { ledgerRecord as record } from "../../../runtime/testing/ledger_records.ts";
import { fillDisk, type Filled, openFiller } from "../../helpers/ledger_filler.ts";
import { lacking } from "../../helpers/permissions.ts";
import { hasSmallDisks, onSmallDisk } from "../../helpers/small_disk.ts";
import { withFolder } from "../../helpers/temp_folder.ts";

const PROGRAM = fileURLToPath(import.meta.resolve("../../helpers/ledger_filler.ts"));
const CONFIG = fileURLToPath(import.meta.resolve("../../../deno.json"));
const MIB = 1024 * 1024;

/** All that was acknowledged is there, nothing that was refused, and the one reason was the disk. */
function assertNothingLost({ kept, refusals, found }: Filled): void {
  assert(kept > 100, `${kept} records must have found room`);
  assertEquals({ refusals, found }, { refusals: ["disk_full"], found: { acknowledged: kept, refused: 0 } });
}

function assertWhole(path: string): void {
  using database = new DatabaseSync(path);
  assertEquals({ ...database.prepare("PRAGMA integrity_check").get() }, { integrity_check: "ok" });
}

Deno.test({
  name:
    "SqliteFile on a full disk of 8 MB refuses, loses nothing, and goes on when there is room again [R14]",
  ignore: lacking("read", "write", "run", "sys") || !hasSmallDisks,
  fn: () =>
    withFolder((folder) =>
      onSmallDisk(folder, 8 * MIB, async () => {
        const [path, ballast] = [`${folder}/store.sqlite`, `${folder}/ballast`];
        Deno.writeFileSync(ballast, new Uint8Array(4 * MIB));
        using file = openFiller(path);
        file.store.setAll("s", [["k", new Uint8Array([1])]]);
        const first = await fillDisk(file, "first");
        assertNothingLost(first);
        const large = new Uint8Array(MIB);
        assertEquals(
          assertThrows(() => file.store.setAll("s", [["l", large]]), StoreError).code,
          "disk_full",
        );
        assertEquals([file.store.get("s", "k"), file.store.get("s", "l")], [new Uint8Array([1]), undefined]);
        const error = await Promise.resolve(file.ledger.add(record({ id: "x", frame: MIB }))).catch((
          thrown,
        ) => thrown);
        assert(error instanceof LedgerError && error.message.includes("the disk is full"), error.message);

        Deno.removeSync(ballast);
        assertEquals(await file.ledger.add(record({ id: "again" })), "added");
        assertNothingLost(await fillDisk(file, "second"));
        file[Symbol.dispose]();
        assertWhole(path);
        using again = openFiller(path);
        assertEquals([again.ledger.count({ kinds: ["first"] }), again.ledger.hasId("again")], [
          first.kept,
          true,
        ]);
      })
    ),
});

Deno.test({
  name: "SqliteLedger on a full disk can be pruned: what its log holds finds room in the file [R14]",
  ignore: lacking("read", "write", "run", "sys") || !hasSmallDisks,
  fn: () =>
    withFolder((folder) =>
      onSmallDisk(folder, 8 * MIB, async () => {
        const path = `${folder}/store.sqlite`;
        const add = (file: SqliteFile, id: number) =>
          Promise.resolve(file.ledger.add(record({ id: `${id}`, atMs: id, frame: 1_000 }))).then(
            () => id,
            () => NaN,
          );
        {
          using full = openSqliteFile(path, { messagesMax: 500 });
          await Promise.all(Array.from({ length: 600 }, (_, id) => add(full, id)));
        }
        using file = openSqliteFile(path, { messagesMax: 500 });
        Deno.writeFileSync(`${folder}/ballast`, new Uint8Array(3 * MIB));
        let id = 600;
        while (!Number.isNaN(await add(file, id))) assert(++id < 5_000, "the disk must become full");
        assertEquals(
          await file.ledger.prune({ untilMs: record({ id: "", atMs: id - 400 }).timestampMs }),
          100,
        );
        assertEquals([await add(file, id), file.ledger.count()], [id, 401]);
      })
    ),
});

Deno.test({
  name: "SqliteFile that may not grow refuses and loses nothing, and takes more when it may grow again [R14]",
  ignore: lacking("read", "write", "run") || Deno.build.os === "windows",
  fn: () =>
    withFolder(async (folder) => {
      const path = `${folder}/store.sqlite`;
      const deno = `"$0" run -A --quiet --no-check --config "$1" "$2" "$3"`;
      const { stdout, stderr, code } = await new Deno.Command("sh", {
        args: ["-c", `trap '' XFSZ; ulimit -f 2048; ${deno}`, Deno.execPath(), CONFIG, PROGRAM, path],
      }).output();
      assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
      const filled: Filled = JSON.parse(new TextDecoder().decode(stdout));
      assertNothingLost(filled);
      {
        using file = openFiller(path);
        assertEquals([file.ledger.count(), file.store.get("s", "k")], [filled.kept, new Uint8Array([1])]);
        assertEquals(await file.ledger.add(record({ id: "again" })), "added");
      }
      assertWhole(path);
    }),
});
