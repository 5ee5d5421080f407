import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { ProcessError } from "../../../runtime/process/process_error.ts";
import {
  FORMER_MAX,
  formerSoulsPath,
  readHistory,
  writeHistory,
} from "../../../runtime/process/soul_history.ts";
import { createIdentity } from "../../../utilities/identity.ts";
import { isSigned, leadsTo, type Rotation, signRotation } from "../../../utilities/key_rotation.ts";
import { Secret } from "../../../utilities/secret.ts";
import { lacking } from "../../helpers/permissions.ts";
import { type Outcome, RunningProgram, runProgram, sentenceIn } from "../../helpers/program.ts";
import { contentOf, withFolder } from "../../helpers/temp_folder.ts";

const ANY_PORTS = ["--mesh-listen", "127.0.0.1:0", "--api", "127.0.0.1:0", "--json"];

function jsonOf({ code, stdout, stderr }: Outcome): Record<string, string> {
  assertEquals([code, stderr], [0, ""]);
  return JSON.parse(stdout);
}

Deno.test({
  name:
    "nara soul rotate gives a nara another soul that its old one vouches for, and whoever knew it follows",
  ignore: lacking("read", "write", "run", "env", "net"),
  fn: () =>
    withFolder(async (folder) => {
      const [ada, bob] = [`${folder}/ada`, `${folder}/bob`];
      const env = { XDG_DATA_HOME: `${folder}/share` };
      const start = (data: string, ...args: string[]) =>
        new RunningProgram({ args: [...ANY_PORTS, "--data", data, ...args], env });
      const started = async (nara: RunningProgram) =>
        JSON.parse((await nara.says(/^{"event":"started".*\n/m))[0]);
      const rotate = (...args: string[]) =>
        runProgram({ args: ["soul", "rotate", "--data", ada, ...args], env });
      const stop = async (nara: RunningProgram) => {
        nara.kill("SIGINT");
        assertEquals((await nara.outcome()).code, 0);
      };

      assertStringIncludes(sentenceIn(await rotate(), 2), "Cannot find a nara in the data folder");
      await using witness = start(bob, "--name", "bob");
      const { address: mesh } = await started(witness);
      const met = /"met a nara"|met a nara/g;
      let oldId = "";
      {
        await using nara = start(ada, "--name", "ada", "--peer", mesh);
        oldId = (await started(nara)).id;
        await nara.says(met);
        await witness.says(new RegExp(oldId));
        assertStringIncludes(sentenceIn(await rotate(), 2), "holds it: stop that one");
        await stop(nara);
      }
      const before = Deno.readTextFileSync(`${ada}/soul`).trim();
      const { id: newId, before: named, name } = jsonOf(await rotate("--json"));
      assertEquals([named, name, newId === oldId], [oldId, "ada", false]);
      assertEquals(Deno.readTextFileSync(formerSoulsPath(ada)), `${before}\n`);
      assert(contentOf(ada).includes("rotations.json"));
      {
        await using nara = start(ada, "--peer", mesh);
        assertEquals((await started(nara)).id, newId);
        await witness.says(new RegExp(newId));
        let rows: { id: string; successor?: string; predecessor?: string }[] = [];
        for (let tries = 0; tries < 50 && !rows.some(({ predecessor }) => predecessor); tries++) {
          const asked = await runProgram({ args: ["peers", "--data", bob, "--json"], env });
          rows = JSON.parse(asked.stdout).peers;
        }
        const following = rows.map(({ id, successor, predecessor }) => [id, successor, predecessor]);
        assertEquals(following.find(([id]) => id === newId), [newId, undefined, oldId]);
        assertEquals(following.find(([id]) => id === oldId), [oldId, newId, undefined]);
        await stop(nara);
      }
      const text = await rotate();
      assertMatch(text.stdout, /^ada has a new soul\. Its id is \w+ from now on; it was /);
      assert(!text.stdout.includes(before));
      const { former, rotations } = readHistory(ada);
      assertEquals([former.length, rotations.length], [2, 2]);
      await stop(witness);
    }),
});

Deno.test({
  name: "nara soul says what it can do",
  ignore: lacking("read", "write", "run", "env", "net"),
  fn: async () => {
    for (
      const [args, found] of [[["soul"], "run nara soul without an action"], [
        ["soul", "sell"],
        '"sell" a soul',
      ]] as const
    ) {
      const sentence = sentenceIn(await runProgram({ args }), 2);
      assertEquals(sentence, `Cannot ${found}: expected nara soul rotate`);
    }
  },
});

async function history(): Promise<{ former: Secret<string>[]; rotations: Rotation[]; id: string }> {
  const [old, successor] = await Promise.all([createIdentity(), createIdentity()]);
  const rotation = await signRotation({ old: old.identity, successor: successor.identity, rotatedAt: 7 });
  return { former: [new Secret(old.soul)], rotations: [rotation], id: successor.identity.id };
}

const test = (name: string, fn: (folder: string) => void | Promise<void>) =>
  Deno.test({ name, ignore: lacking("read", "write"), fn: () => withFolder(fn) });

test("readHistory() takes back what writeHistory() wrote, for its owner's eyes only, and each soul once", async (folder) => {
  assertEquals(readHistory(folder), { former: [], rotations: [] });
  const { former, rotations, id } = await history();
  writeHistory(folder, { former: [...former, ...former], rotations });
  const read = readHistory(folder);
  assertEquals(read.former.map((soul) => soul.reveal()), former.map((soul) => soul.reveal()));
  assertEquals(read.rotations, rotations);
  assertEquals(leadsTo(read.rotations, id), true);
  const { identity: { keypair } } = await createIdentity();
  assertEquals(await isSigned(read.rotations[0], keypair.verify.bind(keypair)), true);
  if (Deno.build.os !== "windows") assertEquals(Deno.statSync(formerSoulsPath(folder)).mode! & 0o077, 0);
});

test("writeHistory() keeps the last 32 souls", async (folder) => {
  const souls = await Promise.all(Array.from({ length: FORMER_MAX + 2 }, () => createIdentity()));
  const former = souls.map(({ soul }) => new Secret(soul));
  writeHistory(folder, { former, rotations: [] });
  assertEquals(
    readHistory(folder).former.map((soul) => soul.reveal()),
    souls.slice(2).map(({ soul }) => soul),
  );
});

test("readHistory() names the file that is damaged", (folder) => {
  const damaged: [file: string, text: string][] = [
    ["rotations.json", "nonsense"],
    ["rotations.json", "{}"],
    ["rotations.json", '[{"oldId":"a"}]'],
    ["soul.former", "no soul"],
  ];
  for (const [file, text] of damaged) {
    Deno.writeTextFileSync(`${folder}/${file}`, text, { mode: 0o600 });
    const { code, message } = assertThrows(() => readHistory(folder), ProcessError, file);
    assertEquals([code, message.includes("no soul\n")], ["bad_folder", false]);
    Deno.removeSync(`${folder}/${file}`);
  }
});
