/**
 * `nara soul rotate`. What it needs is loaded when it runs.
 * @module
 */
import type { CommandContext, OperatorCommand } from "./operator.ts";

/** The command on the soul of a nara that does not run. */
export const SOUL_COMMANDS: readonly OperatorCommand[] = [
  {
    name: "soul",
    summary: "rotate gives a nara that does not run a new soul, which its old one vouches for",
    argument: "ACTION",
    settings: ["data", "name", "keypair", "config", "json"],
    async run(context: CommandContext): Promise<number> {
      const { soulCommand } = await import("./rotate_soul.ts");
      return await soulCommand(context);
    },
  },
];
