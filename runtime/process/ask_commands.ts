/**
 * The commands that ask a running nara. What they need is loaded when one of them runs.
 * @module
 */
import type { CommandContext, OperatorCommand } from "./operator.ts";
import type { SettingKey } from "./settings.ts";

const ASK_SETTINGS: readonly SettingKey[] = ["api", "data", "name", "config", "json"];

/** `why`, `limits`, `catalog`, `metrics`, `peers`, `block`, `unblock` and `dead-letters`. */
export const ASK_COMMANDS: readonly OperatorCommand[] = [
  command("why", "tells which way a message took in a running nara, and what to do about a failure", "ID"),
  command("limits", "prints every bound of a running nara: how much, how full, how often met"),
  command("catalog", "prints every kind of message: versions, stages, error strategies, promise"),
  command("metrics", "prints the metrics of a running nara in Prometheus' text format"),
  command(
    "peers",
    "prints every peer that a running nara knows: its score, how it stands, bytes, refused keys",
  ),
  command("block", "has nothing to do with the nara ID from now on, whether one of yours runs or not", "ID"),
  command("unblock", "takes back a block", "ID"),
  command(
    "dead-letters",
    "messages that failed in a running nara: list, show ID, retry ID or discard ID",
    "ACTION",
    "ID",
  ),
];

function command(
  name: string,
  summary: string,
  argument?: string,
  secondArgument?: string,
): OperatorCommand {
  return {
    name,
    summary,
    argument,
    secondArgument,
    settings: ASK_SETTINGS,
    async run(context: CommandContext): Promise<number> {
      const { ASK } = await import("./ask_and_print.ts");
      return await ASK[name](context);
    },
  };
}
