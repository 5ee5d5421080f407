import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { RateLimiter, type RateLimiterOptions } from "../../../runtime/primitives/rate_limiter.ts";
import { SeededRandom } from "../../../runtime/testing/seeded_random.ts";

/** A limiter whose time a test sets. */
function limiter(options: Partial<RateLimiterOptions> = {}): { rates: RateLimiter; at: { ms: number } } {
  const at = { ms: 0 };
  return { at, rates: new RateLimiter({ clock: { monotonicMs: () => at.ms }, ...options }) };
}

function overflows(rates: RateLimiter): Record<string, number> {
  return Object.fromEntries(rates.limits("rates").map(({ name, overflows }) => [name, overflows()]));
}

Deno.test("RateLimiter allows so much per key in a window, and each key by itself", () => {
  const { rates } = limiter();
  const allowed = ["a", "a", "b", "a", "b", "b"].map((key) => rates.allow(key, 1_000, 2));
  assertEquals(allowed, [true, true, true, false, true, false]);
});

Deno.test("RateLimiter forgets what happened exactly a window ago, and not a millisecond sooner", () => {
  const { rates, at } = limiter();
  assert(rates.allow("a", 1_000, 1));
  at.ms = 999;
  assertFalse(rates.allow("a", 1_000, 1));
  at.ms = 1_000;
  assert(rates.allow("a", 1_000, 1));
});

Deno.test("RateLimiter allows exactly what a list of everything that happened would allow", () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = new SeededRandom(seed);
    const { rates, at } = limiter();
    const [windowMs, max] = [1 + Math.floor(random.next() * 50), 1 + Math.floor(random.next() * 5)];
    const happened: Record<string, number[]> = { a: [], b: [] };
    for (let turn = 0; turn < 300; turn++) {
      at.ms += Math.floor(random.next() * 12);
      const key = random.next() < 0.7 ? "a" : "b";
      const inWindow = happened[key].filter((ms) => at.ms - ms < windowMs);
      const isAllowed = inWindow.length < max;
      assertEquals(rates.allow(key, windowMs, max), isAllowed, `seed ${seed}, turn ${turn}`);
      if (isAllowed) happened[key].push(at.ms);
    }
  }
});

Deno.test("RateLimiter locks nobody out when it is full: whoever is forgotten, or is new, is heard", () => {
  const { rates } = limiter({ keysMax: 4 });
  for (let flood = 0; flood < 1_000; flood++) {
    assert(rates.allow(`flood ${flood}`, 1_000, 1));
    if (flood % 10 === 0) assert(rates.allow(`quiet ${flood}`, 1_000, 1));
  }
  assert(rates.size <= 4);
});

Deno.test("RateLimiter keeps counting who is loud, when many others push in", () => {
  const { rates } = limiter({ keysMax: 8 });
  for (let count = 0; count < 5; count++) assert(rates.allow("loud", 1_000, 5));
  for (let flood = 0; flood < 1_000; flood++) {
    rates.allow(`flood ${flood}`, 1_000, 5);
    assertFalse(rates.allow("loud", 1_000, 5), `after ${flood} others`);
  }
  assertEquals(overflows(rates), { "rates.keys": 993, "rates.occasions": 0 });
});

Deno.test("RateLimiter keeps counting who was loud and is silent since, when many others push in", () => {
  const { rates } = limiter({ keysMax: 64 });
  for (let count = 0; count < 5; count++) assert(rates.allow("loud", 1_000, 5));
  for (let flood = 0; flood < 1_000; flood++) rates.allow(`flood ${flood}`, 1_000, 5);
  assertFalse(rates.allow("loud", 1_000, 5));
});

Deno.test("RateLimiter keeps counting who asks again and again, however little it said, when many others push in", () => {
  const { rates } = limiter({ keysMax: 40 });
  assert(rates.allow("pest", 1_000, 1));
  for (let flood = 0; flood < 200; flood++) {
    rates.allow(`flood ${flood}`, 1_000, 1);
    assertFalse(rates.allow("pest", 1_000, 1), `after ${flood} others`);
  }
});

Deno.test("RateLimiter counts who is new among the loud: it is not itself what makes room", () => {
  const { rates } = limiter({ keysMax: 4 });
  for (const key of ["a", "b", "c", "d"]) for (let count = 0; count < 5; count++) rates.allow(key, 1_000, 5);
  assertEquals([1, 2].map(() => rates.allow("new", 1_000, 1)), [true, false]);
});

Deno.test("RateLimiter gives one owner a 16th of all keys, refuses it more, and takes nothing from others", () => {
  const { rates, at } = limiter({ keysMax: 160 });
  const allowed = Array.from({ length: 1_000 }, (_, count) => rates.allow(`m ${count}`, 5_000, 1, "mallory"));
  assertEquals(allowed.filter(Boolean).length, 10);
  assertEquals(overflows(rates)["rates.keys"], 990);
  assertEquals(rates.size, 10); // What was refused is not remembered.
  assert(rates.allow("alice", 5_000, 1, "alice"));
  at.ms = 5_000;
  assert(rates.allow("m again", 5_000, 1, "mallory")); // Its own windows are over: there is room again.
});

Deno.test("RateLimiter remembers so many occasions, whatever the keys, and no key more than a 16th of them", () => {
  const { rates } = limiter({ occasionsMax: 160 });
  let allowed = 0;
  for (let count = 0; count < 100; count++) if (rates.allow("one", 1_000, 100)) allowed++;
  assertEquals(allowed, 10);
  for (let key = 0; key < 100; key++) {
    for (let count = 0; count < 10; count++) rates.allow(`${key}`, 1_000, 100);
  }
  const [, occasions] = rates.limits("rates");
  assert(occasions.inUse() <= 160 && occasions.inUse() > 100);
  assert(occasions.overflows() > 0);
});

Deno.test("RateLimiter keeps no keys whose window is over once there is no room", () => {
  const { rates, at } = limiter({ keysMax: 100 });
  for (let key = 0; key < 100; key++) rates.allow(`${key}`, 500, 1);
  at.ms = 2_000;
  rates.allow("one more", 500, 1);
  assertEquals([rates.size, overflows(rates)], [1, { "rates.keys": 0, "rates.occasions": 0 }]);
});

Deno.test("RateLimiter keeps a long key as a hash, and still tells two of them apart", () => {
  const { rates } = limiter();
  const [one, other] = ["x".repeat(60_000) + "1", "x".repeat(60_000) + "2"];
  assertEquals([one, other, one, other].map((key) => rates.allow(key, 1_000, 1)), [true, true, false, false]);
});

Deno.test("RateLimiter.limits() says how full it is, under the name that it is given", () => {
  const { rates } = limiter({ keysMax: 10, occasionsMax: 400 });
  for (const key of ["a", "a", "b"]) rates.allow(key, 1_000, 5);
  assertEquals(
    rates.limits("rates.x").map(({ name, unit, max, inUse }) => [name, unit, max, inUse()]),
    [["rates.x.keys", "keys", 10, 2], ["rates.x.occasions", "occasions", 400, 3]],
  );
});

for (const value of [0, -1, 1.5, NaN, Infinity]) {
  Deno.test(`RateLimiter refuses ${value} for any of its numbers, and names it`, () => {
    const { rates } = limiter();
    const says = (name: string) => `${name} must be a positive whole number: current value is ${value}`;
    assertThrows(() => limiter({ keysMax: value }), RangeError, says("keysMax"));
    assertThrows(() => limiter({ occasionsMax: value }), RangeError, says("occasionsMax"));
    assertThrows(() => rates.allow("a", value, 1), RangeError, says("windowMs"));
    assertThrows(() => rates.allow("a", 1, value), RangeError, says("max"));
  });
}
