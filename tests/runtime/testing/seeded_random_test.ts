import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { SeededRandom } from "../../../runtime/testing/seeded_random.ts";

function draws(seed: number, count: number): number[] {
  const random = new SeededRandom(seed);
  return Array.from({ length: count }, () => random.next());
}

Deno.test("SeededRandom repeats itself from its seed, and differs from another", () => {
  assertEquals(draws(7, 100), draws(7, 100));
  assertNotEquals(draws(7, 10), draws(8, 10));
  assertEquals(new SeededRandom(7).bytes(32), new SeededRandom(7).bytes(32));
});

Deno.test("SeededRandom draws from 0 up to 1, evenly", () => {
  const all = draws(1, 10_000);
  assert(all.every((drawn) => drawn >= 0 && drawn < 1));
  const tenths = Array.from(
    { length: 10 },
    (_, at) => all.filter((drawn) => Math.floor(drawn * 10) === at).length,
  );
  assert(tenths.every((count) => count > 850 && count < 1_150), tenths.join());
});

Deno.test("SeededRandom.bytes() has the length that was asked for", () => {
  assertEquals([0, 1, 33].map((length) => new SeededRandom(1).bytes(length).length), [0, 1, 33]);
});
