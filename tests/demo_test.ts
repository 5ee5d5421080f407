import { assert, assertEquals, assertGreaterOrEqual, assertStringIncludes } from "@std/assert";
import { DATA_BYTES_MAX } from "../services/stash/mod.ts";
import { sha256Of } from "../services/stash/demo/stash_file.ts";
import { lacking } from "./helpers/permissions.ts";
import { RunningProgram, runProgram, sentenceIn } from "./helpers/program.ts";
import { contentOf, withFolder } from "./helpers/temp_folder.ts";

/** Registers a test with a folder in which the demo makes its own. */
function test(says: string, check: (folder: string, env: Record<string, string>) => Promise<void>): void {
  Deno.test({
    name: `the demo ${says}`,
    ignore: lacking("read", "write", "run", "env", "net"),
    fn: () =>
      withFolder((folder) => {
        Deno.mkdirSync(`${folder}/tmp`);
        return check(folder, { TMPDIR: `${folder}/tmp`, XDG_DATA_HOME: `${folder}/share` });
      }),
  });
}

/** Whether a process is there; signal 0 would ask, but Deno has none. */
function isAlive(pid: number): boolean {
  try {
    Deno.kill(pid, "SIGCONT");
    return true;
  } catch {
    return false;
  }
}

/** Resolves when no nara listens any more. A process that nobody waits for can outlast its end as a zombie; its port does not. */
async function areGone(started: Record<string, unknown>[]): Promise<void> {
  for (const { name, address } of started) {
    const isGone = () =>
      fetch(`${address}/ping`).then((response) => response.body?.cancel()).then(() => false, () => true);
    for (let tries = 0; !await isGone(); tries++) {
      assert(tries < 500, `${name} is still there`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** The events in what the demo printed so far. */
function eventsIn(stdout: string): Record<string, unknown>[] {
  return stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
}

test("recovers a file from confidants after a total loss", async (folder, env) => {
  const data = crypto.getRandomValues(new Uint8Array(DATA_BYTES_MAX));
  Deno.writeFileSync(`${folder}/file`, data);
  const { code, stdout, stderr } = await runProgram({ args: ["demo", `${folder}/file`, "--json"], env });
  assertEquals([code, stderr], [0, ""]);
  const events = eventsIn(stdout);
  const count = (name: string) => events.filter(({ event }) => event === name).length;
  assertEquals(["started", "stored", "killed", "reborn", "recovered"].map(count), [5, 1, 1, 1, 1]);

  const started = events.filter(({ event }) => event === "started");
  for (const key of ["id", "address", "pid"]) {
    assertEquals(new Set(started.map((nara) => nara[key])).size, 5, key);
  }
  assertEquals(started.map(({ peer }) => peer), [
    undefined,
    ...started.slice(0, 4).map(({ address }) => address),
  ]);
  assertEquals(events.find(({ event }) => event === "reborn")?.id, started.at(-1)?.id);
  assertEquals(events.find(({ event }) => event === "killed")?.signal, "SIGKILL");

  const last = stdout.trimEnd().split("\n").at(-1)!;
  const { ms, confidants } = JSON.parse(last);
  const expected = { event: "recovered", bytes: data.length, sha256: sha256Of(data), ms, confidants };
  assertEquals(last, JSON.stringify(expected));
  assertGreaterOrEqual(confidants, 2);
  assert(Number.isInteger(ms));
  assertEquals(started.filter(({ pid }) => isAlive(Number(pid))), []);
  assertEquals(contentOf(folder), ["file", "tmp/"]);
});

test("refuses a file that is too large, naming the limit", async (folder, env) => {
  Deno.writeFileSync(`${folder}/file`, new Uint8Array(DATA_BYTES_MAX + 1));
  const sentence = sentenceIn(await runProgram({ args: ["demo", `${folder}/file`, "--json"], env }), 2);
  for (const words of ["49126 bytes", "at most 49125 bytes"]) assertStringIncludes(sentence, words);
  assertEquals(contentOf(folder), ["file", "tmp/"]);
});

for (const name of ["nothing-there", "tmp"]) {
  test(`refuses a file that cannot be read: ${name}`, async (folder, env) => {
    const sentence = sentenceIn(await runProgram({ args: ["demo", `${folder}/${name}`], env }), 2);
    assertStringIncludes(sentence, `Cannot read ${folder}/${name}`);
    assertEquals(contentOf(folder), ["tmp/"]);
  });
}

test("refuses to go without a temporary folder", async (folder, env) => {
  const outcome = await runProgram({ args: ["demo"], env: { ...env, TMPDIR: `${folder}/nothing-there` } });
  assertStringIncludes(sentenceIn(outcome, 2), "Cannot make a temporary folder (");
});

for (const signals of [["SIGINT"], ["SIGTERM"], ["SIGHUP"], ["SIGINT", "SIGTERM"]] as const) {
  test(`leaves no process and no file behind at ${signals.join(" and ")}`, async (folder, env) => {
    await using demo = new RunningProgram({ args: ["demo", "--json"], env });
    const [third] = await demo.says(/^({"event":"started".*\n){3}/m);
    for (const signal of signals) demo.kill(signal);
    const { code, stderr } = await demo.outcome();
    assertEquals([code, stderr.trimEnd().split("\n").length], [130, 1], stderr);
    await areGone(eventsIn(third));
    assertEquals(contentOf(folder), ["tmp/"]);
  });
}

test("leaves no process behind when it is killed", async (_, env) => {
  await using demo = new RunningProgram({ args: ["demo", "--json"], env });
  const [third] = await demo.says(/^({"event":"started".*\n){3}/m);
  demo.kill("SIGKILL");
  await demo.outcome();
  await areGone(eventsIn(third));
});
