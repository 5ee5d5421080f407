import { assert, assertEquals, assertFalse, assertMatch, assertStringIncludes } from "@std/assert";
import vectors from "../../interop/vectors/identity.json" with { type: "json" };
import { lacking } from "../../helpers/permissions.ts";
import { entryWith, RunningProgram, runProgram, sentenceIn } from "../../helpers/program.ts";
import { contentOf, withFolder } from "../../helpers/temp_folder.ts";

const [alice] = vectors.identities;
const ANY_PORT = ["--mesh-listen", "127.0.0.1:0"];

/** Registers a test that gets an empty folder, and an environment in which data belong there. */
function test(says: string, check: (folder: string, env: Record<string, string>) => Promise<void>): void {
  Deno.test({
    name: `main() ${says}`,
    ignore: lacking("read", "write", "run", "env", "net"),
    fn: () => withFolder((folder) => check(folder, { XDG_DATA_HOME: `${folder}/share` })),
  });
}

test("says who it is, where it listens and how to join it, and leaves on Ctrl-C", async (folder, env) => {
  await using first = new RunningProgram({ args: ANY_PORT, env });
  const [, name, id] = await first.says(/^This is (\S+), (\w+)\.$/m);
  assertMatch(name, /^[a-z]+-[a-z]+-\d{3}$/);
  const [, data] = await first.says(/^It keeps what it knows in (.*)\.$/m);
  const [, url] = await first.says(
    /^ {2}(?:npx -y deno@\S+|deno) run -A \S*mod\.ts --peer (http:\/\/127\.0\.0\.1:\d+)$/m,
  );
  assertEquals(data, `${folder}/share/nara/1`);

  const ping = await (await fetch(`${url}/ping`)).json();
  assertEquals([ping.from, ping.id], [name, id]);

  first.kill("SIGINT");
  const { code, stderr } = await first.outcome();
  assertEquals(code, 0, stderr);
  assertEquals(contentOf(data), ["lock", "name", "soul", "store.sqlite"]);
  assertEquals(Deno.readTextFileSync(`${data}/name`), `${name}\n`);
});

test("never says its soul", async (folder, env) => {
  await using nara = new RunningProgram({ args: [...ANY_PORT, "--env", "development"], env });
  await nara.says(/--peer/);
  nara.kill("SIGTERM");
  const { code, stdout, stderr } = await nara.outcome();
  const soul = Deno.readTextFileSync(`${folder}/share/nara/1/soul`).trim();
  assertEquals([code, soul.length > 50, (stdout + stderr).includes(soul)], [0, true, false]);
});

test("writes nothing but JSON with --json", async (_, env) => {
  await using nara = new RunningProgram({ args: [...ANY_PORT, "--json", "--name", "Zoë"], env });
  const [line] = await nara.says(/^{"event":"started".*\n/m);
  const { join, address, ...started } = JSON.parse(line);
  assertEquals([started.event, started.name], ["started", "Zoë"]);
  assert(join.endsWith(` --peer ${address}`));
  nara.kill("SIGINT");
  const { stdout, stderr } = await nara.outcome();
  for (const text of `${stdout}${stderr}`.trimEnd().split("\n")) JSON.parse(text);
  assertStringIncludes(stderr, '"message":"leaving"');
});

test(
  "makes three naras of the same command in three terminals, and the same three the next day",
  async (folder, env) => {
    const days: string[] = [];
    for (let day = 0; day < 2; day++) {
      const terminals = Array.from({ length: 3 }, () => new RunningProgram({ args: ["--json"], env }));
      await using stack = new AsyncDisposableStack();
      terminals.forEach((terminal) => stack.use(terminal));
      const started = await Promise.all(
        terminals.map(async (terminal) => JSON.parse((await terminal.says(/^{"event":"started".*\n/m))[0])),
      );
      for (const key of ["id", "name", "address", "data"]) {
        assertEquals(
          new Set(started.map((nara) => nara[key])).size,
          3,
          key,
        );
      }
      days.push(started.map(({ id, data }) => `${data} ${id}`).sort().join());
      for (const terminal of terminals) terminal.kill("SIGINT");
      const outcomes = await Promise.all(terminals.map((terminal) => terminal.outcome()));
      assertEquals(outcomes.map(({ code }) => code), [0, 0, 0]);
      const logs = outcomes.map(({ stderr }) => stderr).join();
      if (day === 0) assertMatch(logs, /the data folder .* is held by .* so this is another nara/);
      assertMatch(logs, /port 7433 is in use, so this nara listens on the next free one/);
    }
    assertEquals(days[0], days[1]);
    assertEquals(contentOf(folder).filter((name) => name.endsWith("soul")).length, 3);
  },
);

test("is the same nara again from its folder, from its soul, and by its name", async (folder, env) => {
  const idOf = async (args: string[], variables: Record<string, string> = {}) => {
    await using nara = new RunningProgram({
      args: [...ANY_PORT, "--json", ...args],
      env: { ...env, ...variables },
    });
    return JSON.parse((await nara.says(/^{"event":"started".*\n/m))[0]).id;
  };
  const { soul, nara_name: name } = alice;
  const id = await idOf(["--data", `${folder}/a`], { NARA_SOUL: soul, NARA_NAME: name });
  assertEquals(await idOf(["--data", `${folder}/a`]), id);
  assertEquals(await idOf(["--soul", soul, "--name", name]), id);
  assertEquals(await idOf(["--name", name]), id);
});

test("prints its help and its version", async (_, env) => {
  for (const [flag, expected] of [["--help", "Usage: nara"], ["--version", "0."]]) {
    const { code, stdout, stderr } = await runProgram({ args: [flag], env });
    assertEquals([code, stdout.startsWith(expected), stderr], [0, true, ""]);
  }
});

/** What cannot be, and words of the sentence that says so. `{folder}` stands for a folder. */
const WRONG: [says: string, args: string[], env: Record<string, string>, words: string][] = [
  ["an unknown flag", ["--nmae", "x"], {}, "--nmae"],
  ["an unknown command", ["dance"], {}, "dance"],
  ["a bad URL", ["--peer", "localhost"], {}, "--peer: expected http://HOST:PORT"],
  ["a bad URL in the environment", [], { NARA_PEERS: "nowhere" }, "NARA_PEERS: expected http://HOST:PORT"],
  ["a bad soul", ["--soul", alice.soul.slice(5)], {}, "--soul: expected 40 bytes"],
  ["a soul of another name", ["--name", "bob"], { NARA_SOUL: alice.soul }, "bound to another name"],
  ["a soul that needs a name", [], { NARA_SOUL: alice.soul }, "pass --name NAME"],
  [
    "an address that is not this machine's",
    ["--mesh-listen", "192.0.2.1:7433"],
    {},
    "Cannot listen on 192.0.2.1:7433",
  ],
  ["a data folder that is a file", ["--data", "{folder}/file"], {}, "/file ("],
  ["a data folder below a file", ["--data", "{folder}/file/below"], {}, "Cannot use the data folder"],
  ["a data folder that cannot be made", ["--data", "/proc/nara"], {}, "/proc/nara"],
  ["an API elsewhere", ["--api", "192.0.2.1:8080"], {}, "Cannot answer the operator on 192.0.2.1:8080"],
  ["a level for nobody", ["--log", "stsh=off"], {}, "expected one of runtime, process, presence, stash"],
  ["a file that is not there", ["--config", "{folder}/none"], {}, "/none (No such file"],
  ["a file that holds no settings", ["--config", "{folder}/file"], {}, "/file as an object of JSON"],
  ["no home", [], { XDG_DATA_HOME: "", HOME: "" }, "pass --data FOLDER"],
];

for (const [says, args, variables, words] of WRONG) {
  test(`refuses ${says} in one sentence, and leaves nothing behind`, async (folder, env) => {
    Deno.writeTextFileSync(`${folder}/file`, "");
    const given = args.map((text) => text.replace("{folder}", folder));
    const listen = given.includes("--mesh-listen") ? [] : ANY_PORT;
    const command = given[0] === "dance" ? given : [...listen, ...given];
    const outcome = await runProgram({ args: command, env: { ...env, DENO_DIR: denoDir(), ...variables } });
    const sentence = sentenceIn(outcome, 2);
    assertStringIncludes(sentence, words);
    assertFalse(sentence.includes(alice.soul.slice(6, 30)));
    assertEquals(contentOf(folder), ["file"]);
  });
}

/** Deno's own cache, for a process without a home. */
function denoDir(): string {
  return Deno.env.get("DENO_DIR") ??
    `${Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME")}/.cache`}/deno`;
}

test("refuses a port that was given by hand and is in use", async (folder, env) => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const args = ["--mesh-listen", `127.0.0.1:${port}`];
  assertStringIncludes(sentenceIn(await runProgram({ args, env }), 2), `Cannot listen on 127.0.0.1:${port}`);
  assertEquals(contentOf(folder), []);
});

test("refuses a data folder that was given and is in use, and names the holder", async (folder, env) => {
  const args = [...ANY_PORT, "--data", `${folder}/data`];
  await using holder = new RunningProgram({ args: [...args, "--name", "alice"], env });
  await holder.says(/--peer/);
  const sentence = sentenceIn(await runProgram({ args, env }), 2);
  assertStringIncludes(sentence, `"alice" (process ${holder.pid}) holds it`);
});

test("refuses a store that is none, and leaves it as it is", async (folder, env) => {
  Deno.writeTextFileSync(`${folder}/store.sqlite`, "a letter to grandmother\n".repeat(100));
  const sentence = sentenceIn(await runProgram({ args: [...ANY_PORT, "--data", folder], env }), 2);
  assertStringIncludes(sentence, `${folder}/store.sqlite`);
  assertEquals(contentOf(folder), ["store.sqlite"]);
  assertEquals(Deno.statSync(`${folder}/store.sqlite`).size, 2_400);
});

test("fails with exit code 1 when a service does not start", async (_, env) => {
  const entry = entryWith(
    `[{ name: "broken", net: [], registerBehaviors() {}, start: () => Promise.reject(new Error("no luck")) }]`,
  );
  assertStringIncludes(sentenceIn(await runProgram({ args: ANY_PORT, env, entry }), 1), "no luck");
});

const STUBBORN = `[{ name: "stubborn", net: [], registerBehaviors() {}, stop: () => new Promise(() => {}) }]`;

test("leaves within five seconds though a service does not stop", async (_, env) => {
  await using nara = new RunningProgram({ args: ANY_PORT, env, entry: entryWith(STUBBORN) });
  await nara.says(/--peer/);
  nara.kill("SIGTERM");
  const { code, stderr } = await nara.outcome();
  assertEquals(code, 0);
  assertStringIncludes(stderr, "not everything ended in time");
});

test("leaves when its terminal is closed", async (_, env) => {
  await using nara = new RunningProgram({ args: ANY_PORT, env });
  await nara.says(/--peer/);
  nara.kill("SIGHUP");
  const { code, stderr } = await nara.outcome();
  assertEquals(code, 0, stderr);
});

test("leaves at the end of standard input, if it is told to", async (_, env) => {
  await using nara = new RunningProgram({ args: [...ANY_PORT, "--until-eof"], env });
  const { code, stderr } = await nara.outcome();
  assertEquals(code, 0, stderr);
});

test("says as JSON what is wrong where JSON is wanted, be the rest as wrong as it may", async (_, env) => {
  for (const [args, more] of [[["--json", "--nmae"], {}], [["--peer", "x"], { NARA_JSON: "1" }]] as const) {
    const { level, message } = JSON.parse(
      sentenceIn(await runProgram({ args, env: { ...env, ...more } }), 2),
    );
    assertEquals([level, message.startsWith("Cannot ")], ["error", true]);
  }
});

test("leaves at once at the second Ctrl-C", async (_, env) => {
  await using nara = new RunningProgram({ args: [...ANY_PORT, "--json"], env, entry: entryWith(STUBBORN) });
  await nara.says(/started/);
  nara.kill("SIGINT");
  await nara.says(/leaving/);
  nara.kill("SIGINT");
  assertEquals((await nara.outcome()).code, 130);
});
