import { assert, assertEquals, assertGreaterOrEqual, assertLessOrEqual } from "@std/assert";
import { HOWDY_NEIGHBOURS_MAX, type NeighbourV1 } from "../../../messages/presence.ts";
import { VirtualClock } from "../../../runtime/testing/virtual_clock.ts";
import {
  EARNED_BYTES,
  HEARSAY_PER_MINUTE,
  Strangers,
  WELCOME_BYTES_PER_MINUTE,
  WELCOMES_PER_MINUTE,
} from "../../../services/presence/strangers.ts";

const neighbour = (name: string): NeighbourV1 => ({
  id: "n".repeat(44),
  name,
  public_key: new Uint8Array(32).fill(255),
  mesh_url: "http://192.168.100.100:17433",
});
const all = Array.from({ length: HOWDY_NEIGHBOURS_MAX }, (_, at) => neighbour(`neighbour ${at}`));
const wireBytes = (told: readonly NeighbourV1[]) =>
  told.reduce(
    (sum, { public_key, ...rest }) =>
      sum + JSON.stringify({ ...rest, public_key: public_key.toBase64() }).length + 1,
    0,
  );

Deno.test("Strangers.share() tells a stranger of all neighbours, again and again while its answers are lost", () => {
  const strangers = new Strangers(new VirtualClock());
  for (let times = 0; times < WELCOMES_PER_MINUTE; times++) assertEquals(strangers.share("a", all), all);
  const [more, other] = [strangers.share("a", all), strangers.share("b", all)];
  assertEquals([more.length < all.length / 2, more.length > 0, other.length], [true, true, all.length]);
});

Deno.test("Strangers.share() tells a crowd of no more than its purse and what each hey-there earns, and each in turn of some", async () => {
  const clock = new VirtualClock();
  const strangers = new Strangers(clock);
  const told = Array.from({ length: 1_000 }, (_, at) => strangers.share(`s${at}`, all));
  const bytes = told.reduce((sum, each) => sum + wireBytes(each), 0);
  assertLessOrEqual(bytes, WELCOME_BYTES_PER_MINUTE + 1_000 * EARNED_BYTES);
  const late = told.slice(900);
  assert(late.every(({ length }) => length < HOWDY_NEIGHBOURS_MAX));
  assertGreaterOrEqual(late.flat().length, 100, "newcomers in a crowd hear of some all the same");
  await clock.advance(60_000);
  assertEquals(strangers.share("late", all), all);
});

Deno.test("Strangers.share() counts a name as what it becomes at most", () => {
  const strangers = new Strangers(new VirtualClock());
  const long = Array.from({ length: HOWDY_NEIGHBOURS_MAX }, () => neighbour("<".repeat(64)));
  const told = Array.from({ length: 100 }, (_, at) => strangers.share(`s${at}`, long)).flat();
  assert(told.length > 0);
  assertLessOrEqual(
    wireBytes(told) + told.length * 64 * 5,
    WELCOME_BYTES_PER_MINUTE + 100 * EARNED_BYTES,
    "each < is six bytes on the wire",
  );
});

Deno.test("Strangers.mayFollow() lets so much hearsay be followed in a minute, and claims leave room for neighbours", async () => {
  const clock = new VirtualClock();
  const strangers = new Strangers(clock);
  const followed = Array.from({ length: 1_000 }, () => strangers.mayFollow("claim")).filter(Boolean).length;
  assertEquals([followed, strangers.mayFollow("neighbour")], [HEARSAY_PER_MINUTE, true]);
  await clock.advance(60_000);
  assertEquals(strangers.mayFollow("claim"), true);
});
