import { assert, assertEquals, assertFalse, assertMatch, assertStringIncludes } from "@std/assert";
import { lacking } from "../../helpers/permissions.ts";
import { type Outcome, RunningProgram, runProgram, sentenceIn } from "../../helpers/program.ts";
import { contentOf, withFolder } from "../../helpers/temp_folder.ts";

/** Registers a test that gets an empty folder, and an environment in which data belong there. */
function test(says: string, check: (folder: string, env: Record<string, string>) => Promise<void>): void {
  Deno.test({
    name: says,
    ignore: lacking("read", "write", "run", "env", "net"),
    fn: () => withFolder((folder) => check(folder, { XDG_DATA_HOME: `${folder}/share` })),
  });
}

const ANY_PORTS = ["--mesh-listen", "127.0.0.1:0", "--api", "127.0.0.1:0"];

/** What a command printed that went well. */
function textOf({ code, stdout, stderr }: Outcome): string {
  assertEquals([code, stderr], [0, ""]);
  return stdout;
}

test("the commands find the nara that runs, and ask it", async (folder, env) => {
  await using nara = new RunningProgram({ args: [...ANY_PORTS, "--json", "--name", "ada"], env });
  const { api, id, data } = JSON.parse((await nara.says(/^{"event":"started".*\n/m))[0]);
  const ask = async (...args: string[]) => await runProgram({ args, env });

  const ready = await fetch(`${api}/readyz`);
  assertEquals([await ready.json(), ready.headers.get("nara-id")], [{ ready: true, reasons: [] }, id]);
  assert(Array.isArray(JSON.parse(textOf(await ask("limits", "--json"))).limits));
  assertMatch(textOf(await ask("limits", "--name", "ada")), /^limit +in use/);
  assertEquals(typeof textOf(await ask("metrics", "--data", data)), "string");
  assertEquals(textOf(await ask("dead-letters", "--api", api)), "There are no dead letters.\n");
  assertEquals(JSON.parse(textOf(await ask("dead-letters", "list", "--json"))).total, 0);
  const { kinds } = JSON.parse(textOf(await ask("catalog", "--json")));
  assert(kinds.some(({ kind }: { kind: string }) => kind === "hey-there"));

  const wrong: [args: string[], code: number, words: string][] = [
    [["why", "abcdef"], 1, "Nothing is known of abcdef"],
    [["why"], 2, "Cannot explain a message without its id: expected nara why ID"],
    [["why", "../limits"], 2, 'Cannot explain "../limits": expected nara why ID'],
    [["dead-letters", "discard", "7"], 1, "7"],
    [["dead-letters", "burn"], 2, "list, show ID, retry ID or discard ID"],
    [["dead-letters", "show"], 2, "Cannot show a dead letter without its id: expected"],
    [["dead-letters", "retry", "a/b"], 2, 'Cannot retry "a/b": expected nara dead-letters'],
    [["limits", "--name", "bob"], 1, 'with the name "bob" as none runs there'],
    [["limits", "--data", `${folder}/none`], 1, `in ${folder}/none as none runs there`],
    [["limits", "--api", "none"], 2, "answers nowhere"],
    [["limits", "--peer", "http://127.0.0.1:1"], 2, "unknown option '--peer'"],
  ];
  for (const [args, code, words] of wrong) {
    assertStringIncludes(sentenceIn(await ask(...args), code), words);
  }
  nara.kill("SIGINT");
  const { code, stderr } = await nara.outcome();
  assertEquals(code, 0, stderr);
  assertEquals(contentOf(data), ["lock", "name", "soul", "store.sqlite"]);
  assertStringIncludes(sentenceIn(await ask("limits"), 1), "as none runs there");
});

test("the command catalog needs no nara that runs", async (_, env) => {
  const text = textOf(await runProgram({ args: ["catalog"], env }));
  for (
    const words of ["howdy: ", "stash:store: ", "owner      stash", "promise    ", "proven by  the test"]
  ) {
    assertStringIncludes(text, words);
  }
  const named = await runProgram({ args: ["catalog", "--name", "ada"], env });
  assertStringIncludes(sentenceIn(named, 1), "as none runs there");
});

test(
  "main() refuses a port for the API that was given and is in use, and leaves nothing behind",
  async (folder, env) => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const at = `127.0.0.1:${listener.addr.port}`;
    const outcome = await runProgram({ args: ["--mesh-listen", "127.0.0.1:0", "--api", at], env });
    assertStringIncludes(
      sentenceIn(outcome, 2),
      `Cannot answer the operator on ${at} as another program listens there`,
    );
    assertEquals(contentOf(folder), []);
  },
);

test("main() answers nowhere with --api none, and whoever asks is told so", async (folder, env) => {
  await using nara = new RunningProgram({
    args: ["--mesh-listen", "127.0.0.1:0", "--api", "none", "--json", "--name", "ada"],
    env,
  });
  const { api, data } = JSON.parse((await nara.says(/^{"event":"started".*\n/m))[0]);
  assertEquals([api, contentOf(data).includes("api.json")], [undefined, false]);
  const words = `Cannot ask the nara in ${data} as it runs without a local API ("ada" (process ${nara.pid})`;
  for (const args of [[], ["--name", "ada"], ["--data", data]]) {
    assertStringIncludes(sentenceIn(await runProgram({ args: ["metrics", ...args], env }), 1), words);
  }
  const other = sentenceIn(await runProgram({ args: ["metrics", "--name", "bob"], env }), 1);
  assertStringIncludes(other, 'with the name "bob" as none runs there');
  assertEquals(contentOf(folder).includes("share/nara/2"), false);
});

test("main() keeps its soul and its name with --ledger memory, and forgets all else", async (folder, env) => {
  const path = `${folder}/data`;
  const idOf = async () => {
    const args = [...ANY_PORTS, "--data", path, "--ledger", "memory", "--json"];
    await using nara = new RunningProgram({ args, env });
    const { id } = JSON.parse((await nara.says(/^{"event":"started".*\n/m))[0]);
    nara.kill("SIGINT");
    assertEquals((await nara.outcome()).code, 0);
    return id;
  };
  const id = await idOf();
  assertEquals(contentOf(path), ["lock", "name", "soul"]);
  assertEquals(await idOf(), id);
});

test(
  "main() takes settings from the file in its folder, from the one that is named, and names what is wrong",
  async (folder, env) => {
    const path = `${folder}/data`;
    Deno.mkdirSync(path, { mode: 0o700 });
    Deno.writeTextFileSync(
      `${path}/nara.json`,
      '{"json":true,"ledger":"memory","meshListen":"127.0.0.1:0","untilEof":true}',
    );
    const own = await runProgram({ args: ["--data", path, "--api", "127.0.0.1:0"], env });
    assertEquals([own.code, JSON.parse(own.stdout).event], [0, "started"]);
    assertEquals(contentOf(path), ["lock", "name", "nara.json", "soul"]);

    const given = `${folder}/given.json`;
    Deno.writeTextFileSync(
      given,
      JSON.stringify({ name: "ada", json: true, meshListen: "127.0.0.1:0", untilEof: true }),
    );
    const named = await runProgram({ args: ["--config", given, "--api", "127.0.0.1:0"], env });
    assertEquals([named.code, JSON.parse(named.stdout).name], [0, "ada"]);

    Deno.writeTextFileSync(given, '{"keypair":"wax"}');
    const wrong = sentenceIn(await runProgram({ args: ["--config", given], env }), 2);
    assertEquals(wrong, `Cannot use "wax" of "keypair" in ${given}: expected web or node`);
    Deno.writeTextFileSync(`${path}/nara.json`, '{"name":"ada"}');
    const misplaced = sentenceIn(await runProgram({ args: ["--data", path], env }), 2);
    assertStringIncludes(misplaced, `Cannot use the key "name" in ${path}/nara.json`);
  },
);

test(
  "main() logs every stage of a message in development, and nothing of a service that is off",
  async (_, env) => {
    await using first = new RunningProgram({ args: [...ANY_PORTS, "--json"], env });
    const { address } = JSON.parse((await first.says(/^{"event":"started".*\n/m))[0]);
    const args = [...ANY_PORTS, "--json", "--env", "development", "--log", "presence=off", "--peer", address];
    await using second = new RunningProgram({ args, env });
    const [line] = await second.says(/^.*"message":"receive howdy: done".*$/m);
    const { level, service, fields } = JSON.parse(line);
    assertEquals([level, service], ["debug", "runtime"]);
    assertMatch(fields.stages, /^target \d+\.\d\d, .*notify \d+\.\d\d$/);
    second.kill("SIGINT");
    const { stderr } = await second.outcome();
    assertFalse(stderr.includes('"service":"presence"'));
  },
);
