/**
 * What is left in the SQLite file when its process, or its last bytes, are suddenly gone.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { DatabaseSync } from "node:sqlite";
import { openSqliteFile } from "../../../runtime/ledger/sqlite_file.ts";
import { ledgerRecord } from "../../../runtime/testing/ledger_records.ts";
import { BATCHES, contentOf, openSteps } from "../../helpers/ledger_steps.ts";
import { lacking } from "../../helpers/permissions.ts";
import { writeVersionOne } from "../../helpers/sqlite_files.ts";
import { withFolder } from "../../helpers/temp_folder.ts";

const PROGRAM = fileURLToPath(import.meta.resolve("../../helpers/ledger_steps.ts"));
const CONFIG = fileURLToPath(import.meta.resolve("../../../deno.json"));

interface Run {
  /** Steps that were reached, by name. */
  readonly steps: string[];
  /** Batches that were acknowledged. */
  readonly kept: number;
  readonly signal: string | null;
}

/** Runs the program, which dies at step `killAt`. */
async function runProgram(path: string, killAt: number): Promise<Run> {
  const { stdout, stderr, signal } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--no-check", "--config", CONFIG, PROGRAM, path, `${killAt}`],
  }).output();
  assertEquals(new TextDecoder().decode(stderr), "");
  const lines = new TextDecoder().decode(stdout).trim().split("\n");
  const steps = lines.filter((line) => line.startsWith("step ")).map((line) => line.slice("step ".length));
  return { steps, kept: lines.filter((line) => line.startsWith("kept ")).length, signal };
}

/** What is in a file after no batch, after one, and so on. */
async function contentsByBatch(path: string): Promise<string[]> {
  using file = openSteps(path);
  const contents = [contentOf(file)];
  for (const batch of BATCHES) {
    await Promise.all(batch(file));
    contents.push(contentOf(file));
  }
  return contents;
}

Deno.test({
  name:
    "SqliteFile that is killed at any step keeps what was acknowledged, and the rest whole or not at all [R11]",
  ignore: lacking("read", "write", "run"),
  fn: () =>
    withFolder(async (folder) => {
      writeVersionOne(`${folder}/whole`);
      const contents = await contentsByBatch(`${folder}/whole`);
      assertEquals(new Set(contents).size, contents.length);
      const covered: string[] = [];
      for (let killAt = 1;; killAt++) {
        const path = `${folder}/${killAt}`;
        writeVersionOne(path);
        const { steps, kept, signal } = await runProgram(path, killAt);
        if (signal === null) break;
        assertEquals([signal, steps.length], ["SIGKILL", killAt]);
        covered.push(`${kept + 1}: ${steps.at(-1)}`);
        using file = openSteps(path);
        const expected = steps.at(-1) === "after COMMIT" ? kept + 1 : kept;
        assertEquals(contentOf(file), contents[expected], `killed at step ${covered.at(-1)}`);
      }
      console.log(`steps covered, by batch:\n${covered.join("\n")}`);
      for (
        const step of [
          "migration: after COMMIT",
          "before BEGIN",
          "after INSERT",
          "before COMMIT",
          "after COMMIT",
        ]
      ) {
        assert(covered.some((line) => line.endsWith(step)), `${step} must be covered`);
      }
      assert(covered.at(-1)?.startsWith(`${BATCHES.length}: `), "the last batch must be covered");
    }),
});

/** The smallest page, so that a record's way into the log is short and can be cut at every byte. */
function writeSmallPages(path: string): void {
  const database = new DatabaseSync(path);
  database.exec("PRAGMA page_size = 512; PRAGMA journal_mode = WAL");
  database.close();
}

const FRAME_BYTES = 512 + 24; // A page and its header in the log.

Deno.test({
  name: "SqliteFile whose log is cut anywhere opens and loses only what the cut took [R12]",
  ignore: lacking("read", "write"),
  fn: () =>
    withFolder(async (folder) => {
      const path = `${folder}/whole`;
      writeSmallPages(path);
      using file = openSqliteFile(path);
      const logBytes = () => Deno.statSync(`${path}-wal`).size;
      const acknowledged: { id: string; endsAt: number }[] = [];
      for (const id of ["a", "b", "c", "d", "e", "f"]) {
        await file.ledger.add(ledgerRecord({ id, frame: 50 }));
        acknowledged.push({ id, endsAt: logBytes() });
      }
      const [main, log] = [Deno.readFileSync(path), Deno.readFileSync(`${path}-wal`)];
      const cuts = new Set(Array.from({ length: 3 * FRAME_BYTES + 1 }, (_, at) => log.length - at));
      for (let at = log.length; at >= acknowledged[2].endsAt; at -= FRAME_BYTES) {
        for (const cut of [at - 25, at - 1, at, at + 1, at + 24]) if (cut <= log.length) cuts.add(cut);
      }
      const seen = new Set<string>();
      for (const cut of cuts) {
        const ids = idsAfterCut(`${folder}/cut`, main, log.subarray(0, cut));
        const expected = acknowledged.filter(({ endsAt }) => endsAt <= cut).map(({ id }) => id).join("");
        assertEquals(ids, expected, `cut at ${cut} of ${log.length}`);
        seen.add(ids);
      }
      assertEquals([...seen].sort(), ["ab", "abc", "abcd", "abcde", "abcdef"]);
    }),
});

function idsAfterCut(path: string, main: Uint8Array, log: Uint8Array): string {
  Deno.writeFileSync(path, main);
  Deno.writeFileSync(`${path}-wal`, log);
  using file = openSqliteFile(path);
  return file.ledger.query().records.map(({ id }) => id).join("");
}
