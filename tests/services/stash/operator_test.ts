import { assertEquals, assertRejects } from "@std/assert";
import { parseCommandLine } from "../../../runtime/process/command_line.ts";
import type { CommandContext } from "../../../runtime/process/operator.ts";
import { ProcessError } from "../../../runtime/process/process_error.ts";
import { stashCommands } from "../../../services/stash/operator.ts";

/** A context in which nothing can be started or said. */
const context: CommandContext = {
  argument: undefined,
  secondArgument: undefined,
  sources: { flags: {}, variable: () => undefined },
  services: () => [],
  flags: {},
  json: true,
  signal: new AbortController().signal,
  print: () => {},
  boot: () => Promise.reject(new Error("nothing may be started")),
};

Deno.test("stashCommands shows the demo, and hides what only the demo asks for", () => {
  const help = parseCommandLine(["--help"], stashCommands);
  const text = "text" in help ? help.text : "";
  assertEquals(stashCommands.map(({ name }) => [name, text.includes(` ${name} `)]), [
    ["demo", true],
    ["stash-keep", false],
    ["stash-recover", false],
  ]);
});

for (const name of ["stash-keep", "stash-recover"]) {
  Deno.test(`${name} refuses to start without its file`, async () => {
    const command = stashCommands.find((command) => command.name === name)!;
    const { code } = await assertRejects(() => command.run(context), ProcessError, "FILE");
    assertEquals(code, "bad_option");
  });
}
