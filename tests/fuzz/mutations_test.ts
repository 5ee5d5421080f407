import { assert, assertEquals, assertGreater } from "@std/assert";
import { SeededRandom } from "../../runtime/testing/seeded_random.ts";
import { mutated, MUTATIONS } from "./mutations.ts";

const BYTES = new TextEncoder().encode('{"kind":"a","payload":{"text":"some words"}}');
const OTHER = new TextEncoder().encode("0123456789".repeat(10));

for (const [name, mutation] of Object.entries(MUTATIONS)) {
  Deno.test(`${name}() mostly changes what it is given, bounds what it makes, leaves the original alone, and minds no empty input`, () => {
    const before = BYTES.toHex();
    let changed = 0;
    for (let seed = 0; seed < 3_000; seed++) {
      const result = mutation(BYTES, new SeededRandom(seed), OTHER);
      if (result.toHex() !== before) changed++;
      assert(result.length <= 512 * 1024, `${seed}: ${result.length} bytes`);
      mutation(new Uint8Array(), new SeededRandom(seed), new Uint8Array());
    }
    assertEquals(BYTES.toHex(), before);
    assertGreater(changed, 2_000);
  });
}

Deno.test("mutated() makes the same bytes of the same random numbers, and thousands of different ones", () => {
  const made = (seed: number) => mutated(BYTES, new SeededRandom(seed), [BYTES, OTHER]).toHex();
  const seeds = Array.from({ length: 5_000 }, (_, seed) => seed);
  const once = seeds.map(made);
  assertEquals(once, seeds.map(made));
  assertGreater(new Set(once).size, 3_000);
});
