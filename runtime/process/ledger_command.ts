/**
 * `nara ledger export [FILE]` and `nara ledger import FILE`. What they need is loaded when one of them runs.
 * @module
 */
import type { CommandContext, OperatorCommand } from "./operator.ts";

/** What is exported; the rest stays out. */
export const EXPORT_OPTIONS = {
  kind: { flag: "--kind", placeholder: "KIND", summary: "export: of these kinds, separated by commas" },
  from: { flag: "--from", placeholder: "ID", summary: "export: said by the nara with this id" },
  subject: { flag: "--subject", placeholder: "ID", summary: "export: about the nara with this id" },
  since: {
    flag: "--since",
    placeholder: "TIME",
    summary: "export: made then or later, such as 2026-01-15T10:20:30Z",
  },
  until: { flag: "--until", placeholder: "TIME", summary: "export: made before then" },
} as const;

/** The commands on the ledger of a nara that does not run. */
export const LEDGER_COMMANDS: readonly OperatorCommand[] = [
  {
    name: "ledger",
    summary:
      "export [FILE] writes what a nara remembers as JSON lines; import FILE checks such lines and keeps the good ones",
    argument: "ACTION",
    secondArgument: "FILE",
    options: Object.values(EXPORT_OPTIONS),
    settings: ["data", "name", "soul", "keypair", "memoryMode", "config", "json"],
    async run(context: CommandContext): Promise<number> {
      const { moveLedger } = await import("./move_ledger.ts");
      return await moveLedger(context);
    },
  },
];
