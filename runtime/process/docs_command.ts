/**
 * `nara docs`: prints the page of all kinds, for `deno task docs`. What it needs is loaded when it runs.
 * @module
 */
import type { CommandContext, OperatorCommand } from "./operator.ts";

/** The command that writes a part of the documentation; hidden, for only this project asks for it. */
export const DOCS_COMMANDS: readonly OperatorCommand[] = [
  {
    name: "docs",
    summary: "prints docs/messages.md: every kind that the services of this program speak",
    hidden: true,
    settings: [],
    async run({ services, print }: CommandContext): Promise<number> {
      const [{ messagesPage }, { createRuntime }, { createIdentity }] = await Promise.all([
        import("./messages_page.ts"),
        import("../runtime.ts"),
        import("../../utilities/identity.ts"),
      ]);
      const { identity } = await createIdentity();
      await using runtime = await createRuntime({ identity, services: services({ isNewborn: true }) });
      print(messagesPage(runtime.catalog.all()).trimEnd());
      return 0;
    },
  },
];
