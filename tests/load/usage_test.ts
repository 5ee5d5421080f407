import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { lacking } from "../helpers/permissions.ts";

/** Programs behind `deno task`, what they cannot take, and what they say to that. */
const WRONG: [program: string, args: string[], sentence: string][] = [
  [
    "./durable.ts",
    ["--minutes", "soon"],
    'Cannot send messages that long: expected --minutes N with a number above 0, got "--minutes soon"',
  ],
  [
    "./overload.ts",
    ["5"],
    'Cannot flood a nara that long: expected --minutes N with a number above 0, got "5"',
  ],
  [
    "../fuzz/fuzz.ts",
    ["--what", "all"],
    'Cannot fuzz as asked: expected --what envelope or --what structure, got "all".',
  ],
];

for (const [program, args, sentence] of WRONG) {
  Deno.test({
    name: `${program} says in one sentence what it cannot take, with exit code 2`,
    ignore: lacking("run", "read"),
    fn: async () => {
      const main = fileURLToPath(import.meta.resolve(program));
      const command = new Deno.Command(Deno.execPath(), {
        args: ["run", "--quiet", "--no-check", "-A", main, ...args],
      });
      const { code, stdout, stderr } = await command.output();
      const decoder = new TextDecoder();
      assertEquals([code, decoder.decode(stdout), decoder.decode(stderr)], [2, "", `${sentence}\n`]);
    },
  });
}
