import { assertEquals, assertRejects } from "@std/assert";
import { MemoryStore } from "../../../runtime/primitives/memory_store.ts";
import { ServiceStore } from "../../../runtime/primitives/store.ts";
import { SeededRandom } from "../../../runtime/testing/seeded_random.ts";
import { VirtualClock } from "../../../runtime/testing/virtual_clock.ts";
import { candidates, CONFIDANT_GONE_MS, Confidants } from "../../../services/stash/confidants.ts";
import { StashError } from "../../../services/stash/stash_error.ts";

const town = ["ada", "ben", "cleo", "dan", "eve", "fay", "gus"];
const online = town.map((id, index) => ({ id, name: id, uptimeMs: 1_000 * (town.length - index) }));

function setUp() {
  const clock = new VirtualClock();
  const store = new ServiceStore(new MemoryStore(), "stash");
  return { clock, store, confidants: new Confidants(store, clock) };
}

Deno.test("candidates() begins with the longest online, then goes by chance", () => {
  const orders = Array.from(
    { length: 20 },
    (_, seed) => candidates({ kept: [], online, random: new SeededRandom(seed) }),
  );
  for (const order of orders) {
    assertEquals(order[0], "ada");
    assertEquals(order.toSorted(), town);
  }
  assertEquals(new Set(orders.map(([, second]) => second)).size, town.length - 1, "all are second at times");
});

Deno.test("candidates() keeps those who kept it before, the longest online first, those away last", () => {
  const order = candidates({ kept: ["away", "eve", "ben"], online, random: new SeededRandom(1) });
  assertEquals(order.slice(0, 4), ["ben", "eve", "away", "ada"]);
  assertEquals(order.toSorted(), [...town, "away"].toSorted());
});

Deno.test("candidates() finds nobody where nobody is", () => {
  assertEquals(candidates({ kept: [], online: [], random: new SeededRandom(1) }), []);
  assertEquals(candidates({ kept: ["ada"], online: [], random: new SeededRandom(1) }), ["ada"]);
});

Deno.test("Confidants.load() takes back who acknowledged what", async () => {
  const { store, clock, confidants } = setUp();
  await confidants.confirm("ada", 3);
  await confidants.confirm("ben", 4);
  await confidants.confirm("ada", 4);
  await confidants.confirm("cleo", 2);
  await confidants.keep(({ id }) => id !== "cleo");
  const again = new Confidants(store, clock);
  await again.load();
  assertEquals(again.list(), [{ id: "ada", sequence: 4 }, { id: "ben", sequence: 4 }]);
  assertEquals(again.holding(4), ["ada", "ben"]);
  assertEquals(again.holding(3), []);
});

Deno.test("Confidants.confirm() never goes back to an older stash", async () => {
  const { confidants } = setUp();
  await confidants.confirm("ada", 2);
  await confidants.confirm("ada", 1);
  assertEquals(confidants.list(), [{ id: "ada", sequence: 2 }]);
});

Deno.test("Confidants.load() says when the list is damaged", async () => {
  const { store, confidants } = setUp();
  await store.set("confidants", Uint8Array.of(1, 2, 3));
  assertEquals((await assertRejects(() => confidants.load(), StashError)).code, "bad_state");
});

Deno.test("Confidants.check() forgets who has not been online for five minutes", async () => {
  const { clock, confidants } = setUp();
  await confidants.confirm("ada", 1);
  await confidants.confirm("ben", 1);
  await clock.advance(CONFIDANT_GONE_MS - 1);
  assertEquals(await confidants.check(["ada"]), []);
  await clock.advance(1);
  assertEquals(await confidants.check([]), ["ben"]);
  assertEquals(confidants.holding(1), ["ada"]);
  await clock.advance(CONFIDANT_GONE_MS - 1);
  assertEquals(await confidants.check([]), ["ada"]);
});
