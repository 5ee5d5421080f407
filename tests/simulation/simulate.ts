/**
 * `deno task simulate`: towns by seed under everything that can go wrong. Ends in one line of JSON, and with exit code 1 when an
 * invariant was broken; the command that replays a failing seed stands beside what it found.
 * @module
 */
import { createHash } from "node:crypto";
import type { SimulationReport } from "../../runtime/testing/simulation_report.ts";
import { numberOptions, runProgram } from "./command.ts";
import { simulateTown } from "./town.ts";

const OPTIONS = {
  seeds: { default: 10, min: 1, isWhole: true },
  hours: { default: 24, min: 0, isWhole: false },
  naras: { default: 9, min: 2, isWhole: true },
  seed: { default: 1, min: 0, isWhole: true },
} as const;

/** What the program prints at the end. */
export interface SimulateSummary {
  /** Seeds that were run. */
  readonly seeds: number;
  /** Messages that were emitted in all of them. */
  readonly messages: number;
  /** SHA-256 over the traces of all of them. */
  readonly trace: string;
  /** Things that should not have happened. */
  readonly violations: number;
}

/** What runs, one seed after the other; tells `onSeed` of each. */
export async function simulate(
  { seeds, hours, naras, seed: first }: Record<keyof typeof OPTIONS, number>,
  onSeed: (report: SimulationReport, realMs: number) => void = () => {},
): Promise<SimulateSummary> {
  const trace = createHash("sha256");
  let [messages, violations] = [0, 0];
  for (let seed = first; seed < first + seeds; seed++) {
    const startMs = performance.now();
    const report = await simulateTown({ seed, hours, naras });
    onSeed(report, performance.now() - startMs);
    trace.update(report.trace);
    messages += report.messages;
    violations += report.violations.length;
  }
  return { seeds, messages, trace: trace.digest("hex"), violations };
}

/** The command that runs one seed again. */
export function replayCommand(seed: number, { hours, naras }: { hours: number; naras: number }): string {
  return `deno task simulate --seeds 1 --hours ${hours} --naras ${naras} --seed ${seed}`;
}

if (import.meta.main) {
  Deno.exitCode = await runProgram(async () => {
    const options = numberOptions(Deno.args, OPTIONS);
    const summary = await simulate(options, (report, realMs) => {
      const { seed, messages, crashes, stops, virtualMs, violations } = report;
      const times = Math.round(virtualMs / realMs);
      console.error(
        `seed ${seed}: ${messages} messages, ${crashes} crashes, ${stops} stops, ${times} times real time`,
      );
      for (const { check, atMs, nara, detail } of violations) {
        console.error(`  ${check} at ${atMs} ms${nara === undefined ? "" : ` in nara ${nara}`}: ${detail}`);
      }
      if (violations.length > 0) console.error(`  replay: ${replayCommand(seed, options)}`);
    });
    console.log(JSON.stringify(summary));
    return summary.violations > 0 ? 1 : 0;
  });
}
