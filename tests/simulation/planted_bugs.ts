/**
 * `deno task planted-bugs`: shows that the simulation finds what it is there for. Each bug is planted alone; it counts as found
 * when a check that is meant for it speaks within the seeds that the bug states. Ends in one line of JSON, and with exit code 1
 * when one was missed.
 * @module
 */
import type { Violation } from "../../runtime/testing/simulation_report.ts";
import { type PlantedBug, plantedBugs } from "./bugs.ts";
import { numberOptions, runProgram } from "./command.ts";
import { simulateTown } from "./town.ts";

/** A town that is small, and in which much happens. */
const TOWN = { hours: 0.25, naras: 5 } as const;

/** How a bug was found. */
export interface Find {
  /** The first seed that found it. */
  readonly seed: number;
  /** What it broke. */
  readonly violation: Violation;
}

/** Looks for one bug; nothing when it was missed. */
export async function findBug(
  { foundBy, seedsMax, town }: PlantedBug,
  first: number,
): Promise<Find | undefined> {
  for (let seed = first; seed < first + seedsMax; seed++) {
    const { violations } = await simulateTown({ ...TOWN, seed, ...town });
    const violation = violations.find(({ check }) => foundBy.includes(check));
    if (violation) return { seed, violation };
  }
}

if (import.meta.main) {
  Deno.exitCode = await runProgram(async () => {
    const { seed } = numberOptions(Deno.args, { seed: { default: 1, min: 0, isWhole: true } });
    let found = 0;
    for (const bug of plantedBugs) {
      const find = await findBug(bug, seed);
      if (find) found++;
      console.log(
        find
          ? `found   ${bug.name}: seed ${find.seed}, ${find.violation.check}: ${find.violation.detail}`
          : `missed  ${bug.name}: not within ${bug.seedsMax} seeds`,
      );
    }
    console.log(JSON.stringify({ planted: plantedBugs.length, found }));
    return found < plantedBugs.length ? 1 : 0;
  });
}
