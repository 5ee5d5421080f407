import { assertEquals } from "@std/assert";
import { runTown } from "../helpers/stash_town.ts";
Deno.test("town", async () => {
  for (const seed of [1, 2, 3]) {
    const t = performance.now();
    const r = await runTown({ seed, naras: 50, losers: 10, faults: { lossRate: 0.2, duplicateRate: 0.2, reorderRate: 0.2, latencyMs: [5, 50] }, recoverMs: 120_000 });
    console.log(seed, r, performance.now() - t);
  }
  assertEquals(1, 1);
});
