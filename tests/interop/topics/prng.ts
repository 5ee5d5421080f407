/**
 * `prng.json`: the draws of Go's math/rand.
 * @module
 */
import { BadCase, type CaseReader } from "../case_reader.ts";
import { GoRandom, seedFromText } from "../nara.ts";
import type { Topic } from "../topic.ts";
import { sha256Hex } from "./bytes.ts";

/** Draws after draws, as the name of a field describes them. */
const DRAWS: readonly [RegExp, (random: GoRandom, count: number, args: number[]) => unknown[]][] = [
  [/^intn_(\d+)$/, (random, count, [n]) => draw(count, () => random.intn(n))],
  [
    /^intn_(\d+(?:_\d+)+)_repeated$/,
    (random, count, bounds) => draw(count, (i) => random.intn(bounds[i % bounds.length])),
  ],
  [/^intn_(\d+)_after_(\d+)_int63$/, (random, count, [n, before]) => {
    for (let i = 0; i < before; i++) random.int63();
    return draw(count, () => random.intn(n));
  }],
  [/^int63$/, (random, count) => draw(count, () => String(random.int63()))],
  [/^uint64$/, (random, count) => draw(count, () => String(random.uint64()))],
];

function draw(count: number, next: (index: number) => unknown): unknown[] {
  return Array.from({ length: count }, (_, index) => next(index));
}

/** Checks every list of draws that a case has, each from a fresh generator. */
function checkDraws(vector: CaseReader, seed: bigint): void {
  const drawn = vector.fields().filter((field) => /^u?int/.test(field));
  if (drawn.length === 0) throw new BadCase("there are no draws to check");
  for (const field of drawn) {
    const expected = vector.value(field);
    if (!Array.isArray(expected)) throw new BadCase(`field "${field}" must be a list of draws`);
    for (const [form, draws] of DRAWS) {
      const args = form.exec(field)?.slice(1).flatMap((part) => part.split("_").map(Number));
      if (args) vector.expect(field, draws(new GoRandom(seed), expected.length, args));
      else continue;
      break;
    }
  }
}

/** The topic `prng`. */
export const prngTopic: Topic = {
  name: "prng",
  lists: {
    seeds: (vector) => checkDraws(vector, vector.integer("seed")),
    seeds_from_text: (vector) => {
      const text = vector.text("text");
      const seed = seedFromText(text);
      vector.expect("sha256_hex", sha256Hex(text));
      vector.expect("seed", String(seed));
      checkDraws(vector, seed);
    },
  },
};
