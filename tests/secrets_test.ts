/**
 * R60: secrets are planted, naras live through much, and everything that they say is searched for the secrets: log lines in both
 * forms, errors, metrics, the journal, the bounds, every page of the API, and all that a nara in a process of its own writes.
 * @module
 */
import { assert, assertEquals, assertGreater } from "@std/assert";
import { builtInServices } from "../mod.ts";
import { explain, explainAsJson } from "../runtime/primitives/journal_explain.ts";
import type { LogRecord } from "../runtime/primitives/logger.ts";
import { limitLines, limitRows } from "../runtime/primitives/limits_table.ts";
import { API_ROUTES } from "../runtime/process/api_routes.ts";
import { contactIn } from "../runtime/process/api_file.ts";
import { boot, type RunningNara, settle } from "../runtime/process/boot.ts";
import { parseCommandLine } from "../runtime/process/command_line.ts";
import { readConfig } from "../runtime/process/config.ts";
import { DataFolder } from "../runtime/process/data_folder.ts";
import { createLogSink } from "../runtime/process/log.ts";
import { sentenceOf } from "../runtime/process/process_error.ts";
import type { Sources } from "../runtime/process/settings.ts";
import { SeededRandom } from "../runtime/testing/seeded_random.ts";
import { StashService } from "../services/stash/mod.ts";
import { decodeBase58 } from "../utilities/base58.ts";
import { decodeBase64 } from "../utilities/base64.ts";
import { systemClock } from "../utilities/clock.ts";
import { stashKeyOf } from "../utilities/encryption.ts";
import { createIdentity } from "../utilities/identity.ts";
import { Secret } from "../utilities/secret.ts";
import { parseSoul } from "../utilities/soul.ts";
import { assertBalanced } from "./helpers/books.ts";
import { lacking } from "./helpers/permissions.ts";
import { RunningProgram, runProgram } from "./helpers/program.ts";
import { type Planted, SecretSearch, spellingsOf } from "./helpers/secret_search.ts";
import { withFolder } from "./helpers/temp_folder.ts";

const encoder = new TextEncoder();

/** A nara with secrets that this test knows. */
interface Person {
  readonly name: string;
  readonly soul: string;
  /** What it stashes. */
  readonly diary: Uint8Array;
  readonly secrets: readonly Planted[];
}

/** Somebody whose soul is drawn from a seed. */
async function drawn(name: string, number: number): Promise<Person> {
  const { soul } = await createIdentity({ name, random: new SeededRandom(6_000 + number) });
  return person(name, soul);
}

function diaryOf(name: string): Uint8Array {
  return encoder.encode(`diary of ${name}: planted-3f9c-7a1e, for nobody's eyes`);
}

function person(name: string, soul: string): Person {
  const { seed } = parseSoul(soul);
  const diary = diaryOf(name);
  const secrets = [
    { name: `soul of ${name} as text`, bytes: encoder.encode(soul) },
    { name: `soul of ${name}`, bytes: decodeBase58(soul) },
    { name: `private key of ${name}`, bytes: seed },
    { name: `stash key of ${name}`, bytes: stashKeyOf(seed) },
    { name: `stash of ${name}`, bytes: diary },
  ];
  return { name, soul, diary, secrets };
}

Deno.test("SecretSearch finds a secret in every spelling, whole or in part, wherever it stands", () => {
  const bytes = new SeededRandom(5).bytes(32);
  const of = (text: string) => {
    const search = new SecretSearch([{ name: "key", bytes }]);
    search.look("text", text);
    return search.leaks.length > 0;
  };
  assertEquals(
    of(new SeededRandom(6).bytes(3_000).toBase64() + new SeededRandom(6).bytes(3_000).toHex()),
    false,
  );
  for (const [spelling, text] of spellingsOf(bytes)) assert(of(`{"a":"${text}"}`), spelling);
  const within = (before: number) => new Uint8Array([...new Uint8Array(before), ...bytes, 1, 2, 3]);
  for (const before of [0, 1, 2, 3]) {
    assert(of(within(before).toBase64()), `${before}`);
    assert(of(within(before).toBase64({ alphabet: "base64url", omitPadding: true })), `${before}`);
    assert(of(Deno.inspect(within(before))), `${before}`);
    assert(of(within(before).toHex().toUpperCase()), `${before}`);
  }
  assert(of(JSON.stringify({ key: [...bytes] })));
  assert(of(bytes.slice(0, 12).toHex()) && of(bytes.slice(-12).toBase64()));
});

Deno.test({
  name:
    "R60: naras say none of their secrets in logs, errors, metrics, journal, limits, API pages and processes",
  ignore: lacking("net", "read", "write", "run", "env", "sys"),
  fn: () =>
    withFolder(async (folder) => {
      const people = await Promise.all(["alice", "bob", "dora"].map(drawn));
      await using stack = new AsyncDisposableStack();
      const said: [what: string, text: string][] = [];
      const naras: RunningNara[] = [];
      for (const someone of people) naras.push(stack.use(await bootOne(someone, naras, folder, said)));
      const program = stack.use(await startChild("carol", naras, folder));
      // Its soul is its own, or it would wait half a minute for the stash of an earlier life.
      people.push(person("carol", Deno.readTextFileSync(`${folder}/carol/soul`).trim()));
      await Promise.all(
        naras.map(({ runtime }, index) => runtime.service(StashService).setStashData(people[index].diary)),
      );
      await program.says(/^{"event":"stored".*\n/m);
      const contacts = [...naras.map(({ dataPath }) => dataPath), `${folder}/carol`].map((path) =>
        contactIn(path)!
      );
      const tokens = contacts.map(({ token }, index): Planted => ({
        name: `API token ${index}`,
        bytes: decodeBase64(token.reveal()),
      }));
      const search = new SecretSearch(people.flatMap(({ secrets }) => secrets).concat(tokens));
      const ids = idsIn(said.map(([, text]) => text));
      for (const nara of naras) await showNara(nara, ids, search);
      for (const { url } of contacts) await showPages(url, ids, search);
      for (const someone of people) await showErrors(someone, naras[0], folder, search);
      program.kill("SIGINT");
      const { stdout, stderr } = await program.outcome();
      search.look("a process' standard output", stdout);
      search.look("a process' standard error", stderr);
      await stack.disposeAsync();
      for (const { runtime } of naras) assertBalanced(runtime);
      for (const [what, text] of said) search.look(what, text);
      console.log(`R60 ${search.report()}`);
      assertGreater(ids.length, 10, "messages that were followed");
      assertEquals(search.leaks, []);
      for (
        const what of ["log lines, JSON", "log lines, human", "errors", "API pages", "journal", "metrics"]
      ) {
        assertGreater(search.count(what), 2, `${what}: too little was searched to say anything`);
      }
      assert(stderr.includes('"level":"debug"'), "the child logged every stage");
    }),
});

function sourcesFor(flags: Record<string, string>): Sources {
  return {
    flags: Object.fromEntries(Object.entries(flags).map(([flag, text]) => [flag, [text]])),
    variable: () => undefined,
  };
}

/** A nara in this process, which logs everything it can in both forms. */
async function bootOne(
  { name, soul }: Person,
  others: readonly RunningNara[],
  folder: string,
  said: [what: string, text: string][],
): Promise<RunningNara> {
  const sink = (json: boolean) =>
    createLogSink({
      level: "debug",
      json,
      color: !json,
      clock: systemClock,
      write: (line) => void said.push([json ? "log lines, JSON" : "log lines, human", line]),
    });
  const [asJson, asText] = [sink(true), sink(false)];
  const log = (record: LogRecord) => {
    said.push(["log records", Deno.inspect(record, { depth: 10, showHidden: true })]);
    asJson(record);
    asText(record);
  };
  const flags = {
    "--name": name,
    "--soul": soul,
    "--data": `${folder}/${name}`,
    "--mesh-listen": "127.0.0.1:0",
    "--api": "127.0.0.1:0",
    "--env": "development",
    ...others.length > 0 && { "--peer": others.map(({ runtime }) => runtime.address).join(",") },
  };
  const settled = settle(sourcesFor(flags));
  said.push(["configuration", Deno.inspect(settled, { depth: 10, showHidden: true })]);
  said.push(["configuration", JSON.stringify(settled.config)]);
  return await boot(settled, { services: () => builtInServices({ isNewborn: true }), log });
}

/** A nara in a process of its own, which stashes its diary. */
async function startChild(
  name: string,
  others: readonly RunningNara[],
  folder: string,
): Promise<RunningProgram> {
  Deno.writeFileSync(`${folder}/diary`, diaryOf(name));
  const program = new RunningProgram({
    args: [
      ...["stash-keep", "--stash-file", `${folder}/diary`, "--json", "--log-level", "debug"],
      ...["--env", "development", "--mesh-listen", "127.0.0.1:0", "--api", "127.0.0.1:0"],
      ...["--data", `${folder}/${name}`, "--name", name],
      ...others.flatMap(({ runtime }) => ["--peer", runtime.address!]),
    ],
  });
  await program.says(/^{"event":"started".*\n/m);
  return program;
}

/** The ids of messages that somebody logged. */
function idsIn(texts: readonly string[]): string[] {
  const ids = texts.flatMap((text) => [...text.matchAll(/"id":"([1-9A-HJ-NP-Za-km-z]{16})"/g)]);
  return [...new Set(ids.map(([, id]) => id)), "4VhbKpFeRz6dXUMx"];
}

/** All that a nara in this process can be made to tell. */
async function showNara(
  { runtime }: RunningNara,
  ids: readonly string[],
  search: SecretSearch,
): Promise<void> {
  const everything = { depth: 30, showHidden: true, getters: true } as const;
  search.look("inspected objects", Deno.inspect(runtime, everything));
  search.look("inspected objects", Deno.inspect(runtime.me, everything));
  for (const id of ids) {
    const why = runtime.journal.why(id);
    search.look("journal", explain(id, why).join("\n"));
    search.look("journal", JSON.stringify(explainAsJson(id, why)));
    search.look("journal", Deno.inspect(why, everything));
  }
  const limits = [...runtime.journal.limits(), ...runtime.calls.limits(), ...runtime.peers.limits()];
  search.look("limits", limitLines(limitRows(limits)).join("\n"));
  const { Metrics } = await import("../runtime/primitives/metrics.ts");
  search.look("metrics", await new Metrics({ books: runtime.books, limits: { all: () => limits } }).text());
}

/** Every page of the API, and what it says to who may not ask. */
async function showPages(url: string, ids: readonly string[], search: SecretSearch): Promise<void> {
  for (const { path, method } of API_ROUTES) {
    const paths = path.includes(":id") ? ids.map((id) => path.replace(":id", id)) : [path];
    for (const path of paths) {
      const response = await fetch(url + path, { method });
      search.look("API pages", Deno.inspect([...response.headers]) + await response.text());
    }
  }
}

/** Errors that quote what they were given, if any do. */
async function showErrors(
  { name, soul, diary }: Person,
  { runtime }: RunningNara,
  folder: string,
  search: SecretSearch,
): Promise<void> {
  const broken = soul.slice(2);
  Deno.mkdirSync(`${folder}/broken-${name}`);
  Deno.writeTextFileSync(`${folder}/broken-${name}/soul`, broken);
  const attempts: (() => unknown)[] = [
    () => createIdentity({ soul: broken }),
    () => createIdentity({ soul, name: "somebody else" }),
    () => parseSoul(`${soul} `),
    () => readConfig(sourcesFor({ "--soul": broken })),
    () =>
      readConfig({ flags: {}, variable: (variable) => variable === "NARA_SOUL" ? `${soul}0` : undefined }),
    () => parseCommandLine([soul], []),
    () => parseCommandLine([`--sole=${soul}`], []),
    () => DataFolder.take(`${folder}/broken-${name}`),
    () => settle(sourcesFor({ "--soul": soul, "--data": `${folder}/${name}` })),
    () =>
      runtime.service(StashService).setStashData(new Uint8Array([...diary, ...new Uint8Array(1_000_000)])),
    () => Promise.reject(new Error(`Cannot use ${new Secret(soul)}`, { cause: new Secret(diary) })),
  ];
  for (const attempt of attempts) {
    const thrown = await Promise.try(attempt).then(
      () => assert(false, `${attempt} went well`),
      (error) => error,
    );
    const texts = [sentenceOf(thrown), String(thrown.stack), JSON.stringify(thrown), Deno.inspect(thrown)];
    for (const text of texts) search.look("errors", text);
  }
  const child = await runProgram({ args: ["--soul", broken, "--json"], env: { NARA_DATA: folder } });
  search.look("a process' standard error", child.stderr + child.stdout);
}
