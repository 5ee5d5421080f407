import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { openSqliteFile } from "../../../runtime/ledger/sqlite_file.ts";
import { parseCommandLine } from "../../../runtime/process/command_line.ts";
import { DataFolder } from "../../../runtime/process/data_folder.ts";
import { LEDGER_COMMANDS } from "../../../runtime/process/ledger_command.ts";
import { exitCodeOf, LeaveRequest, ProcessError } from "../../../runtime/process/process_error.ts";
import { storedEvent } from "../../../runtime/templates.ts";
import { recordOf } from "../../../runtime/stages/store.ts";
import { signedMessage } from "../../../runtime/testing/frames.ts";
import { SeededRandom } from "../../../runtime/testing/seeded_random.ts";
import { createIdentity, type Identity } from "../../../utilities/identity.ts";
import { Secret } from "../../../utilities/secret.ts";
import { Recorder, type TextBehavior, textSchema } from "../../helpers/kinds.ts";
import { lacking } from "../../helpers/permissions.ts";
import { withFolder } from "../../helpers/temp_folder.ts";

const event: TextBehavior = storedEvent("test:event", "Something happened", 2).withVersion(1, textSchema);
const other: TextBehavior = storedEvent("test:other", "Something else", 0).withVersion(1, textSchema);

/** A folder for tests, in which naras can be made and commands run. */
class Place {
  /** Aborts when the operator wants to leave. */
  signal: AbortSignal = new AbortController().signal;

  constructor(readonly path: string) {}

  /** Makes the data folder of a nara that has run, with events of its own in its ledger. */
  async nara(name: string, folder: string, events: number = 0): Promise<Identity> {
    const { identity, soul } = await createIdentity({ name, keypair: "node", random: new SeededRandom(3) });
    using data = DataFolder.take(`${this.path}/${folder}`)!;
    data.keep({ soul: new Secret(soul), name: identity.name });
    using file = openSqliteFile(data.storePath);
    for (let nth = 0; nth < events; nth++) {
      const behavior = nth % 2 === 0 ? event : other;
      const atNs = BigInt(Date.UTC(2026, 0, 1 + nth)) * 1_000_000n;
      const message = await signedMessage(behavior.draft({ text: `${nth}` }), {
        from: identity,
        spec: behavior.spec,
        atNs,
      });
      await file.ledger.add(recordOf(message, behavior.spec, 2));
    }
    return identity;
  }

  /** How many messages are in a nara's ledger. */
  count(folder: string): number {
    using file = openSqliteFile(`${this.path}/${folder}/store.sqlite`);
    return file.ledger.count();
  }

  /** Runs `nara ledger …`; `@` in an argument stands for this folder. */
  async run(...args: string[]): Promise<{ code: number; lines: string[] }> {
    const given = ["ledger", ...args.map((arg) => arg.replace("@", `${this.path}/`))];
    const invocation = parseCommandLine(given, LEDGER_COMMANDS);
    assert("flags" in invocation);
    const { argument, secondArgument, flags } = invocation;
    const lines: string[] = [];
    const variable = (name: string) => name === "XDG_DATA_HOME" ? `${this.path}/share` : undefined;
    const code = await LEDGER_COMMANDS[0].run({
      argument,
      secondArgument,
      flags,
      sources: { flags, variable },
      services: () => [new Recorder(event, other)],
      json: "--json" in flags,
      signal: this.signal,
      print: (line) => void lines.push(line),
      boot: () => Promise.reject(new Error("a nara must not start")),
    });
    return { code, lines };
  }
}

function test(says: string, check: (place: Place) => Promise<void>): void {
  const ignore = lacking("read", "write", "env", "sys");
  Deno.test({ name: `nara ledger ${says}`, ignore, fn: () => withFolder((path) => check(new Place(path))) });
}

test("export writes a file that import reads again, once", async (place) => {
  await place.nara("zoe", "a", 5);
  await place.nara("zoe", "b");
  const exported = await place.run("export", "@out.jsonl", "--data", "@a");
  assertEquals(exported, { code: 0, lines: [`Exported 5 messages to ${place.path}/out.jsonl.`] });
  assertEquals(Deno.statSync(`${place.path}/out.jsonl`).mode! & 0o777, 0o600);
  const first = await place.run("import", "@out.jsonl", "--data", "@b");
  assertEquals(first, { code: 0, lines: ["Kept: 5. Known already: 0. Bad: 0."] });
  assertEquals(place.count("b"), 5);
  const again = await place.run("import", "@out.jsonl", "--data", "@b", "--json");
  assertEquals(again, {
    code: 0,
    lines: ['{"event":"imported","added":0,"known":5,"bad":0,"unknownSenders":0}'],
  });
  assertEquals(place.count("b"), 5);
});

test("export without a file prints the lines, of what was asked for", async (place) => {
  const { id } = await place.nara("zoe", "a", 6);
  const texts = async (...args: string[]) => {
    const { code, lines } = await place.run("export", "--data", "@a", ...args);
    assertEquals(code, 0);
    return lines.map((line) => JSON.parse(line).payload.text).join("");
  };
  assertEquals(await texts(), "012345");
  assertEquals(await texts("--kind", "test:other"), "135");
  assertEquals(await texts("--kind", "test:other, test:event", "--since", "2026-01-03T00:00:00Z"), "2345");
  assertEquals(await texts("--until", "2026-01-03T00:00:00Z"), "01");
  assertEquals([await texts("--from", id), await texts("--subject", id)], ["012345", ""]);
});

test("import reports each bad line, keeps the others, and ends with 1", async (place) => {
  await place.nara("zoe", "a", 3);
  await place.nara("zoe", "b");
  const { lines } = await place.run("export", "--data", "@a");
  const forged = lines[1].replace('"text":"1"', '"text":"7"');
  Deno.writeTextFileSync(
    `${place.path}/in.jsonl`,
    [lines[0], forged, "dam\u001b[2Jaged", lines[2]].join("\n"),
  );
  const report = await place.run("import", "@in.jsonl", "--data", "@b");
  assertEquals([report.code, report.lines.length, place.count("b")], [1, 3, 2]);
  assertEquals(report.lines[0], "line 2: wrong_id");
  assertMatch(report.lines[1], /^line 3: undecodable \(Cannot read a message: .*\)$/);
  assert(!report.lines[1].includes("\u001b"));
  assertEquals(report.lines[2], "Kept: 2. Known already: 0. Bad: 2.");
  const json = await place.run("import", "@in.jsonl", "--data", "@b", "--json");
  assertEquals(JSON.parse(json.lines[0]), { line: 2, reason: "wrong_id" });
  assertEquals(JSON.parse(json.lines[2]), {
    event: "imported",
    added: 0,
    known: 2,
    bad: 2,
    unknownSenders: 0,
  });
});

test("import shows the first ten bad lines, and says how many more there are", async (place) => {
  await place.nara("zoe", "a");
  Deno.writeTextFileSync(`${place.path}/in.jsonl`, "no message\n".repeat(14));
  const { code, lines } = await place.run("import", "@in.jsonl", "--data", "@a");
  assertEquals([code, lines.length], [1, 12]);
  assertMatch(lines[9], /^line 10: undecodable/);
  assertEquals(lines.slice(10), ["... and 4 more", "Kept: 0. Known already: 0. Bad: 14."]);
  assertEquals((await place.run("import", "@in.jsonl", "--data", "@a", "--json")).lines.length, 15);
});

test("import counts apart what senders said whom the nara has not met, and ends with 1", async (place) => {
  await place.nara("zoe", "a", 3);
  const { identity: stranger, soul } = await createIdentity({ name: "yan", keypair: "node" });
  {
    using data = DataFolder.take(`${place.path}/b`)!;
    data.keep({ soul: new Secret(soul), name: stranger.name });
  }
  await place.run("export", "@out.jsonl", "--data", "@a");
  Deno.writeTextFileSync(`${place.path}/out.jsonl`, "damaged\n", { append: true });
  const { code, lines } = await place.run("import", "@out.jsonl", "--data", "@b");
  assertEquals([code, lines.length], [1, 3]);
  assertMatch(lines[0], /^line 4: undecodable/);
  assertEquals(lines.slice(1), [
    "Kept: 0. Known already: 0. Bad: 1.",
    "Of unknown senders: 3 (their keys are not known here: let it meet them, then import again).",
  ]);
  const json = await place.run("import", "@out.jsonl", "--data", "@b", "--json");
  assertEquals(JSON.parse(json.lines[0]), { line: 1, reason: "unknown_sender" });
  assertEquals([JSON.parse(json.lines[4]).bad, JSON.parse(json.lines[4]).unknownSenders], [1, 3]);
});

test("import goes by --name where the folder holds no more than a soul", async (place) => {
  await place.nara("zoe", "a", 2);
  const { soul } = await createIdentity({ name: "zoe", keypair: "node", random: new SeededRandom(3) });
  Deno.mkdirSync(`${place.path}/b`);
  Deno.writeTextFileSync(`${place.path}/b/soul`, `${soul}\n`, { mode: 0o600 });
  await place.run("export", "@out.jsonl", "--data", "@a");
  const nameless = () => place.run("import", "@out.jsonl", "--data", "@b");
  await assertRejects(nameless, Error, "pass --name NAME");
  const { lines } = await place.run("import", "@out.jsonl", "--data", "@b", "--name", "zoe");
  assertEquals(lines, ["Kept: 2. Known already: 0. Bad: 0."]);
});

test("finds the only nara there is, and that of a name", async (place) => {
  await place.nara("zoe", "share/nara/1", 1);
  assertEquals((await place.run("export")).lines.length, 1);
  await place.nara("yan", "share/nara/2", 3);
  assertEquals((await place.run("export", "--name", "yan")).lines.length, 3);
  await refuses(place, ["export"], "there are 2 (zoe in", "pass --name NAME");
  await refuses(place, ["export", "--name", "xi"], 'Cannot find a nara called "xi"');
});

test("says who holds the folder while its nara runs, and leaves the ledger alone", async (place) => {
  await place.nara("zoe", "a", 1);
  using folder = DataFolder.take(`${place.path}/a`)!;
  folder.keep({ soul: folder.resident!.soul, name: "zoe" });
  Deno.writeTextFileSync(`${place.path}/in.jsonl`, "");
  for (const args of [["export"], ["import", "@in.jsonl"]]) {
    await refuses(place, [...args, "--data", "@a"], `"zoe" (process ${Deno.pid}) holds it: stop that one`);
  }
});

async function refuses(place: Place, args: string[], ...words: string[]): Promise<void> {
  const error = await assertRejects(() => place.run(...args), ProcessError);
  assertEquals(exitCodeOf(error), 2);
  for (const each of words) assertStringIncludes(error.message, each);
}

/** What cannot be, and words of the sentence that says so. */
const WRONG: [says: string, args: string[], words: string][] = [
  [
    "no action",
    [],
    "Cannot run nara ledger without an action: expected nara ledger export [FILE] or nara ledger import FILE",
  ],
  ["another action", ["destroy"], 'Cannot "destroy" a ledger: expected nara ledger export'],
  ["an import of no file", ["import"], "Cannot import a ledger without a file: expected"],
  [
    "a file that is not there",
    ["import", "@none.jsonl"],
    "/none.jsonl (No such file or directory): name a file",
  ],
  ["a folder in place of a file", ["import", "@a"], "it is a folder"],
  [
    "an option of the export",
    ["import", "@a/soul", "--kind", "test:event"],
    "Cannot use --kind for an import",
  ],
  ["a bad kind", ["export", "--kind", "Test Event"], '"Test Event" of --kind: expected kinds such as'],
  ["a bad sender", ["export", "--from", "zoë"], '"zoë" of --from: expected the id of a nara'],
  ["a bad subject", ["export", "--subject", "0"], '"0" of --subject: expected the id of a nara'],
  [
    "a bad beginning",
    ["export", "--since", "yesterday"],
    '"yesterday" of --since: expected a time such as 2026',
  ],
  ["a bad end", ["export", "--until", "2026-02-30T00:00:00Z"], "of --until: expected a time such as 2026"],
  ["a bad memory mode", ["export", "--memory-mode", "much"], '"much" of --memory-mode: expected'],
  ["to overwrite", ["export", "@a/soul"], "choose another name, for nothing is overwritten"],
  ["a place that is none", ["export", "@none/out.jsonl"], "choose a place that can be written"],
];

for (const [says, args, words] of WRONG) {
  test(`refuses ${says}, with exit code 2`, async (place) => {
    await place.nara("zoe", "a", 1);
    const soul = Deno.readTextFileSync(`${place.path}/a/soul`);
    await refuses(place, [...args, "--data", "@a"], words);
    assertEquals(Deno.readTextFileSync(`${place.path}/a/soul`), soul);
  });
}

test("refuses a folder in which no nara lives, and makes none", async (place) => {
  await refuses(place, ["export", "--data", "@nobody"], "Cannot find a nara in the data folder");
  assertEquals([...Deno.readDirSync(place.path)], []);
});

test("export that is ended leaves no half file", async (place) => {
  await place.nara("zoe", "a", 3);
  place.signal = AbortSignal.abort(new LeaveRequest());
  await assertRejects(() => place.run("export", "@out.jsonl", "--data", "@a"), LeaveRequest);
  assertEquals([...Deno.readDirSync(place.path)].map(({ name }) => name), ["a"]);
});
