import { assertEquals, assertStringIncludes } from "@std/assert";
import { builtInServices } from "../mod.ts";
import { DOCS_COMMANDS } from "../runtime/process/docs_command.ts";
import type { CommandContext } from "../runtime/process/operator.ts";
import { lacking } from "./helpers/permissions.ts";

const ROOT = new URL("../", import.meta.url);

/** What `nara docs` prints. */
async function printedPage(): Promise<string> {
  const lines: string[] = [];
  const context = { services: builtInServices, print: (line: string) => lines.push(line) };
  assertEquals(await DOCS_COMMANDS[0].run(context as unknown as CommandContext), 0);
  return `${lines.join("\n")}\n`;
}

/** A document as `deno fmt` writes it. */
async function formatted(text: string): Promise<string> {
  const args = ["fmt", "--ext", "md", "-"];
  const options = { args, cwd: ROOT, stdin: "piped", stdout: "piped", stderr: "inherit" } as const;
  const child = new Deno.Command(Deno.execPath(), options).spawn();
  const output = new Response(child.stdout).text();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
  assertEquals((await child.status).success, true);
  return await output;
}

Deno.test({
  name: "docs/messages.md says what the kinds declare: deno task docs writes it",
  ignore: lacking("read", "run"),
  fn: async () => {
    const written = await Deno.readTextFile(new URL("docs/messages.md", ROOT));
    assertEquals(written, await formatted(await printedPage()));
  },
});

Deno.test("nara docs has every kind of the built-in services, and prints the same each time", async () => {
  const page = await printedPage();
  assertStringIncludes(page, "## `stash:store`");
  assertStringIncludes(page, "## `hey-there`");
  assertEquals(await printedPage(), page);
});
