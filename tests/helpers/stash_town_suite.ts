/**
 * Towns that lose a fifth of their naras at once, seed by seed. Two test files share it, to run side by side.
 * @module
 */
import { assert, assertEquals, assertGreater, assertLessOrEqual } from "@std/assert";
import type { Faults } from "../../runtime/testing/mod.ts";
import { runTown, type TownOptions } from "./stash_town.ts";

const NARAS = 50;
const FAULTS: Faults = { lossRate: 0.2, duplicateRate: 0.2, reorderRate: 0.2, latencyMs: [5, 50] };
/**
 * What an honest run needs in its first minutes: a greeting for each of 49 others, of which every third has to be said again
 * as frame or answer got lost; a handful of rounds; and per stash some three stores and up to 49 refreshes of the losers.
 * Runs took 70 to 119 a minute; 150 leaves room for bad luck and none for a storm.
 */
const FRAMES_PER_MINUTE_MAX = 150;

/** A test per seed. */
export function testStashTowns(seeds: readonly number[]): void {
  for (const seed of seeds) {
    const options: TownOptions = {
      seed,
      naras: NARAS,
      losers: 10,
      faults: FAULTS,
      isPersistent: true,
      recoverMs: 120_000,
    };
    Deno.test(`StashService recovers every stash of a lossy town of ${NARAS} within 120 s, seed ${seed}`, async () => {
      const report = await runTown(options);
      console.log(`seed ${seed}: ${JSON.stringify(report)}`);
      assertEquals(report.missing, [], `replay with seed ${seed}`);
      assertEquals(report.unsafe, 0);
      assertLessOrEqual(report.recoveredS, 120);
      assertGreater(report.framesPerMinute, 0);
      assertLessOrEqual(report.framesPerMinute, FRAMES_PER_MINUTE_MAX);
    });
    Deno.test(`StashService fails in the same town when nothing is tried twice, seed ${seed}`, async () => {
      const { missing, unsafe } = await runTown({ ...options, isPersistent: false });
      assert(missing.length + unsafe > 0, `seed ${seed} needs no retries: the test above proves nothing`);
    });
  }
}
