/** The command `deno task vectors DIR`: what it prints, and how it ends. */
import { assertEquals, assertMatch } from "@std/assert";
import { fileURLToPath } from "node:url";
import { lacking } from "../helpers/permissions.ts";
import ed25519 from "./vectors/ed25519.json" with { type: "json" };
import prng from "./vectors/prng.json" with { type: "json" };

const MAIN = fileURLToPath(new URL("./vectors.ts", import.meta.url));

/** Runs the command on a folder with the given files. */
async function run(files: Record<string, string>): Promise<{ code: number; stdout: string; stderr: string }> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(`${folder}/${name}`, text);
    return await command(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function command(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", MAIN, ...args],
    env: { NO_COLOR: "1" },
  });
  const { code, stdout, stderr } = await child.output();
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

/** What running the command takes. */
const ignore = lacking("run", "read", "write", "env");

Deno.test({
  name: "vectors.ts ends with the counts and exit code 0 when all passes",
  ignore,
  fn: async () => {
    const { code, stdout, stderr } = await run({
      "prng.json": JSON.stringify(prng),
      "README.md": "no vectors",
    });
    assertEquals([code, stderr], [0, ""]);
    assertEquals(stdout, `${prng.seeds.length + prng.seeds_from_text.length} passed, 0 failed, 0 skipped\n`);
  },
});

Deno.test({
  name: "vectors.ts prints a line per failing case and exits with 1",
  ignore,
  fn: async () => {
    const vector = { ...ed25519.sign[0], name: "altered", message_hex: "00" };
    const { code, stdout } = await run({
      "x.json": JSON.stringify({ topic: "ed25519", sign: [vector] }),
      "z.json": '{"topic":"weather"}',
    });
    assertEquals(code, 1);
    assertMatch(
      stdout,
      /^FAIL x\.json sign "altered": .*\nFAIL z\.json: .*\n0 passed, 2 failed, 0 skipped\n$/,
    );
  },
});

Deno.test({
  name: "vectors.ts finds nothing to complain about in the vectors of this repository",
  ignore,
  fn: async () => {
    const { code, stdout } = await command(fileURLToPath(new URL("./vectors", import.meta.url)));
    assertEquals(code, 0);
    assertMatch(stdout, /\n\d+ passed, 0 failed, 0 skipped\n$/);
  },
});

const UNREADABLE: readonly [what: string, args: () => ReturnType<typeof command>, says: RegExp][] = [
  [
    "a folder that does not exist",
    () => command("/no/such/folder"),
    /^Cannot read the folder .*: it does not exist\n$/,
  ],
  ["a file in place of a folder", () => command(MAIN), /^Cannot read the folder .*: .+\n$/],
  ["an empty folder", () => run({}), /^Cannot find a vector file in .*: expected files named \*\.json\n$/],
  [
    "a file that is not JSON",
    () => run({ "x.json": "{" }),
    /^Cannot read the vector file .*x\.json: it is not JSON .*\n$/,
  ],
  ["no folder at all", () => command(), /^Usage: deno task vectors DIR .*\n$/],
  ["an unknown flag", () => command("--fast"), /^Usage: deno task vectors DIR .*\n$/],
];

for (const [what, act, says] of UNREADABLE) {
  Deno.test({
    name: `vectors.ts says in one sentence that it was given ${what}, and exits with 2`,
    ignore,
    fn: async () => {
      const { code, stdout, stderr } = await act();
      assertEquals([code, stdout], [2, ""]);
      assertMatch(stderr, says);
    },
  });
}
