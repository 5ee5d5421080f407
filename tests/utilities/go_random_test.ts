import { assertEquals, assertThrows } from "@std/assert";
import { GoRandom, seedFromBytes, seedFromText } from "../../utilities/go_random.ts";
import vectors from "../interop/vectors/prng.json" with { type: "json" };

const INTN_LISTS = [
  ...(["intn_100", "intn_59", "intn_57", "intn_1000", "intn_64", "intn_16", "intn_1"] as const),
  ...(["intn_1073741825", "intn_2147483647"] as const),
];

for (const vector of vectors.seeds) {
  const fresh = () => new GoRandom(BigInt(vector.seed));

  Deno.test(`GoRandom draws what Go draws: ${vector.name}`, () => {
    for (const list of INTN_LISTS) {
      const [random, n] = [fresh(), Number(list.slice("intn_".length))];
      assertEquals(vector[list].map(() => random.intn(n)), vector[list], list);
    }
    const [random63, random64] = [fresh(), fresh()];
    assertEquals(vector.int63.map(() => String(random63.int63())), vector.int63);
    assertEquals(vector.uint64.map(() => String(random64.uint64())), vector.uint64);
  });

  Deno.test(`GoRandom draws what Go draws, with changing limits and much later: ${vector.name}`, () => {
    const changing = fresh();
    const limits = vector.intn_59_57_1000_repeated.map((_, index) => [59, 57, 1_000][index % 3]);
    assertEquals(limits.map((n) => changing.intn(n)), vector.intn_59_57_1000_repeated);
    const late = fresh();
    for (let draw = 0; draw < 1_300; draw++) late.int63();
    assertEquals(
      vector.intn_100_after_1300_int63.map(() => late.intn(100)),
      vector.intn_100_after_1300_int63,
    );
  });
}

for (const { name, text, seed, intn_100, intn_16 } of vectors.seeds_from_text) {
  Deno.test(`seedFromText() and seedFromBytes() seed as Go does: ${name}`, () => {
    assertEquals(String(seedFromText(text)), seed);
    assertEquals(String(seedFromBytes(new TextEncoder().encode(text))), seed);
    const [hundred, sixteen] = [new GoRandom(seedFromText(text)), new GoRandom(seedFromText(text))];
    assertEquals(intn_100.map(() => hundred.intn(100)), intn_100);
    assertEquals(intn_16.map(() => sixteen.intn(16)), intn_16);
  });
}

Deno.test("GoRandom.intn() refuses limits that Go draws for in another way, or not at all", () => {
  const random = new GoRandom(1n);
  for (const n of [0, -1, 1.5, NaN, 2 ** 31]) assertThrows(() => random.intn(n), RangeError, String(n));
});
