/**
 * What the kill loop is asked for on its command line.
 * @module
 */
import { parseArgs } from "node:util";
import { messageOf } from "../../utilities/errors.ts";

/** What is asked for. */
export interface AskedLoop {
  /** How often somebody is killed. */
  readonly kills: number;
  /** Which victims and moments are chosen. */
  readonly seed: number;
}

const OPTIONS = {
  kills: { type: "string", default: "1000" },
  seed: { type: "string", default: "1" },
} as const;

/** What the arguments ask for, or in one sentence what is wrong with them. */
export function readOptions(args: readonly string[]): AskedLoop | string {
  try {
    const { values } = parseArgs({ args: [...args], options: OPTIONS });
    return { kills: wholeNumber("--kills", values.kills, 1), seed: wholeNumber("--seed", values.seed, 0) };
  } catch (thrown) {
    const why = messageOf(thrown).split(". ")[0];
    return `Cannot run the kill loop: ${why} (usage: deno task kill-loop [--kills N] [--seed S])`;
  }
}

function wholeNumber(name: string, text: string, min: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= min) return value;
  throw new RangeError(`${name} must be a whole number of at least ${min}, got ${JSON.stringify(text)}`);
}
