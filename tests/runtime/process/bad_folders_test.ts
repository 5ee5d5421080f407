/**
 * R17: a data folder that cannot be used is named with its cause and what to do, and nothing is half written.
 * @module
 */
import { assertEquals, assertFalse, assertMatch, assertStringIncludes } from "@std/assert";
import vectors from "../../interop/vectors/identity.json" with { type: "json" };
import { lacking, permitted } from "../../helpers/permissions.ts";
import { runProgram, sentenceIn } from "../../helpers/program.ts";
import { contentOf, withFolder } from "../../helpers/temp_folder.ts";

const { soul, nara_name: name } = vectors.identities[0];
const isWindows = Deno.build.os === "windows";
/** Who may do all would not notice what others may not: the process is started without that privilege. */
const isRoot = !isWindows && permitted.sys && Deno.uid() === 0;
const through = isRoot
  ? ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all", "--"]
  : [];

/** A folder that cannot be used, and what is said about it. */
interface Case {
  readonly says: string;
  /** Makes it so; returns the path that is given to nara. */
  readonly make: (folder: string) => string;
  /** What is given beside it. */
  readonly args?: readonly string[];
  /** Words of the sentence: the cause, then what to do. `{path}` stands for the path. */
  readonly words: readonly string[];
}

/** A data folder in which somebody lives. */
function inhabited(folder: string, mode = 0o600): string {
  const path = `${folder}/data`;
  Deno.mkdirSync(path, { mode: 0o700 });
  Deno.writeTextFileSync(`${path}/lock`, "", { mode: 0o600 });
  Deno.writeTextFileSync(`${path}/name`, `${name}\n`, { mode: 0o600 });
  Deno.writeTextFileSync(`${path}/soul`, `${soul}\n`, { mode });
  return path;
}

/** The same with another mode for one of its files, or for itself. */
function spoilt(folder: string, file: string, mode: number): string {
  const path = inhabited(folder);
  if (file && file !== "soul") Deno.writeTextFileSync(`${path}/${file}`, "");
  Deno.chmodSync(`${path}/${file}`, mode);
  return path;
}

const CASES: readonly Case[] = [
  {
    says: "a folder that is read-only",
    make: (folder) => {
      Deno.mkdirSync(`${folder}/data`);
      Deno.chmodSync(`${folder}/data`, 0o555);
      return `${folder}/data`;
    },
    words: ["Cannot use the data folder {path} (Permission denied)", "make it a folder that can be written"],
  },
  {
    says: "an inhabited folder that is read-only",
    make: (folder) => spoilt(folder, "", 0o500),
    words: [
      "Cannot open the store {path}/store.sqlite ({path} may not be written)",
      "writable for this user",
    ],
  },
  {
    says: "an inhabited folder that is read-only though nothing is stored there",
    make: (folder) => spoilt(folder, "", 0o500),
    args: ["--ledger", "memory"],
    words: ["Cannot use the data folder {path} (Permission denied)", "make it a folder that can be written"],
  },
  {
    says: "a folder whose parent is missing and cannot be made",
    make: (folder) => {
      Deno.mkdirSync(`${folder}/closed`);
      Deno.chmodSync(`${folder}/closed`, 0o555);
      return `${folder}/closed/missing/data`;
    },
    words: ["Cannot use the data folder {path} (Permission denied)", "choose another with --data"],
  },
  {
    says: "a file in place of the folder",
    make: (folder) => {
      Deno.writeTextFileSync(`${folder}/data`, "a letter");
      return `${folder}/data`;
    },
    words: ["Cannot use the data folder {path} (", "make it a folder"],
  },
  {
    says: "a folder that is not its user's to enter",
    make: (folder) => spoilt(folder, "", 0o000),
    words: ["{path}", "(Permission denied)", "--data"],
  },
  {
    says: "a soul that is not its user's to read",
    make: (folder) => spoilt(folder, "soul", 0o000),
    words: ["Cannot read the file {path}/soul (Permission denied)", "choose another folder with --data"],
  },
  {
    says: "a soul that others may read",
    make: (folder) => spoilt(folder, "soul", 0o644),
    words: ["Cannot use the soul in {path}/soul as others may read it", "chmod 600 it"],
  },
  {
    says: "a lock that is not its user's to write",
    make: (folder) => spoilt(folder, "lock", 0o400),
    words: ["Cannot use the data folder {path} (Permission denied)", "choose another with --data"],
  },
  {
    says: "a store that is not its user's to write",
    make: (folder) => spoilt(folder, "store.sqlite", 0o400),
    words: ["{path}/store.sqlite", "writable"],
  },
  {
    says: "settings that are not their user's to read",
    make: (folder) => spoilt(folder, "nara.json", 0o000),
    words: ["Cannot read the file {path}/nara.json (Permission denied)", "make it readable"],
  },
];

/** Everything in a folder, with what the files hold. */
function stateOf(folder: string): Record<string, string> {
  return Object.fromEntries(
    contentOf(folder).map((path) => {
      const full = `${folder}/${path}`;
      return [path, path.endsWith("/") ? "" : Deno.readTextFileSync(full)];
    }),
  );
}

for (const { says, make, args: more = [], words } of CASES) {
  Deno.test({
    name: `R17 refuses ${says} with cause and fix, exit code 2, and nothing half written`,
    ignore: lacking("read", "write", "run", "env", "net", "sys"),
    fn: () =>
      withFolder(async (folder) => {
        if (isWindows) return; // Modes mean nothing there.
        const [seen, model] = ["seen", "model"].map((name) => `${folder}/${name}`);
        for (const path of [seen, model]) Deno.mkdirSync(path);
        make(model);
        const path = make(seen);
        const args = ["--data", path, "--mesh-listen", "127.0.0.1:0", "--api", "127.0.0.1:0", ...more];
        const sentence = sentenceIn(await runProgram({ args, through }), 2);
        assertMatch(sentence, /^Cannot /);
        for (const part of words) assertStringIncludes(sentence, part.replaceAll("{path}", path));
        assertFalse(sentence.includes(soul) || sentence.includes("os error"), sentence);
        for (const each of [seen, model]) makeReadable(each);
        assertEquals(stateOf(seen), stateOf(model));
      }),
  });
}

/** Makes everything readable, so that it can be looked at and removed. */
function makeReadable(folder: string): void {
  Deno.chmodSync(folder, 0o700);
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    if (isDirectory) makeReadable(`${folder}/${name}`);
    else Deno.chmodSync(`${folder}/${name}`, 0o700);
  }
}
