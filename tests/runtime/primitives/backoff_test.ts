import { assertEquals, assertGreaterOrEqual, assertLessOrEqual } from "@std/assert";
import { backoffMs, fullJitterMs } from "../../../runtime/primitives/backoff.ts";
import { SeededRandom } from "../../../runtime/testing/seeded_random.ts";

const always = (value: number) => ({ next: () => value });

Deno.test("backoffMs() doubles from a second to a minute", () => {
  const pauses = [1, 2, 3, 4, 5, 6, 7, 8, 5_000].map((failures) => backoffMs(failures, always(1)));
  assertEquals(pauses, [1, 2, 4, 8, 16, 32, 60, 60, 60].map((seconds) => seconds * 1_000));
});

Deno.test("backoffMs() draws half of the pause by chance", () => {
  assertEquals([0, 0.5, 1].map((drawn) => backoffMs(3, always(drawn))), [2_000, 3_000, 4_000]);
  const random = new SeededRandom(7);
  for (let failures = 1; failures < 20; failures++) {
    const pauseMs = backoffMs(failures, random);
    const fullMs = Math.min(60_000, 1_000 * 2 ** (failures - 1));
    assertGreaterOrEqual(pauseMs, fullMs / 2);
    assertLessOrEqual(pauseMs, fullMs);
  }
});

Deno.test("backoffMs() takes other bounds", () => {
  assertEquals([1, 2, 3].map((failures) => backoffMs(failures, always(1), { firstMs: 10, maxMs: 25 })), [
    10,
    20,
    25,
  ]);
});

const bounds = { baseMs: 500, capMs: 30_000 };

Deno.test("fullJitterMs() draws below a bound that doubles from the base to the cap", () => {
  const highest = [0, 1, 2, 3, 4, 5, 6, 7, 5_000].map((pauses) => fullJitterMs(pauses, always(1), bounds));
  assertEquals(highest, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
});

Deno.test("fullJitterMs() draws evenly, from no pause at all", () => {
  assertEquals([0, 0.25, 0.5].map((drawn) => fullJitterMs(3, always(drawn), bounds)), [0, 1_000, 2_000]);
  const random = new SeededRandom(7);
  const draws = Array.from({ length: 1_000 }, () => fullJitterMs(3, random, bounds));
  const mean = draws.reduce((sum, ms) => sum + ms, 0) / draws.length;
  assertGreaterOrEqual(mean, 1_900);
  assertLessOrEqual(mean, 2_100);
});
