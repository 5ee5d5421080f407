import { assert, assertEquals, assertRejects } from "@std/assert";
import { MemoryStore } from "../../../runtime/primitives/memory_store.ts";
import { ServiceStore, StoreError } from "../../../runtime/primitives/store.ts";
import { Shelf } from "../../../services/stash/shelf.ts";

const record = (mark: number) => ({
  storedAt: 1_768_472_430 + mark,
  nonce: new Uint8Array(24).fill(mark),
  ciphertext: new Uint8Array(100).fill(mark),
});

function shelfOf(ownersMax: number, { file = new MemoryStore(), bytesMax = 100_000 } = {}): Shelf {
  return new Shelf(new ServiceStore(file, "service:stash", bytesMax), ownersMax);
}

Deno.test("Shelf.put() replaces what an owner kept before", async () => {
  const shelf = shelfOf(2);
  assert(await shelf.put("alice", record(1)));
  assert(await shelf.put("alice", record(2)));
  assertEquals(shelf.get("alice"), record(2));
  assertEquals(shelf.size, 1);
  assertEquals(shelf.bytes, 100);
});

Deno.test("Shelf.put() has no room for another owner at the limit, and always room for one it knows", async () => {
  const shelf = shelfOf(2);
  await shelf.put("alice", record(1));
  await shelf.put("bob", record(2));
  assert(!await shelf.put("carol", record(3)));
  assert(!shelf.has("carol"));
  assert(await shelf.put("bob", record(4)));
  assertEquals(shelf.entries(), [["alice", record(1)], ["bob", record(4)]]);
});

Deno.test("Shelf.put() keeps to the limit when several owners come at once", async () => {
  const shelf = shelfOf(2);
  const owners = ["alice", "bob", "carol", "alice"];
  const kept = await Promise.all(owners.map((owner, mark) => shelf.put(owner, record(mark))));
  assertEquals(kept, [true, true, false, true]);
  assertEquals(shelf.entries(), [["alice", record(3)], ["bob", record(1)]]);
});

Deno.test("Shelf.put() changes nothing when the store is full", async () => {
  const file = new MemoryStore();
  const shelf = shelfOf(5, { file, bytesMax: 380 });
  await shelf.put("alice", record(1));
  await shelf.put("bob", record(2));
  await assertRejects(() => shelf.put("carol", record(3)), StoreError);
  assertEquals(shelf.size, 2);
  const again = shelfOf(5, { file });
  await again.load();
  assertEquals(again.entries(), [["alice", record(1)], ["bob", record(2)]]);
});

Deno.test("Shelf.load() takes back what was kept, also where there is room for fewer by now", async () => {
  const file = new MemoryStore();
  const before = shelfOf(3, { file });
  for (const [mark, owner] of ["alice", "bob", "carol"].entries()) await before.put(owner, record(mark));
  const after = shelfOf(2, { file });
  assertEquals(await after.load(), []);
  assertEquals(after.entries(), before.entries());
  assert(await after.put("carol", record(9)));
  assert(!await after.put("dave", record(9)));
});

Deno.test("Shelf.load() names what it cannot read and takes the rest", async () => {
  const file = new MemoryStore();
  file.setAll("service:stash", [["held:alice", Uint8Array.of(1)]]);
  await shelfOf(3, { file }).put("bob", record(1));
  const shelf = shelfOf(3, { file });
  assertEquals(await shelf.load(), ["held:alice"]);
  assertEquals(shelf.entries(), [["bob", record(1)]]);
});

Deno.test("Shelf.replaceAll() leaves nothing of what was there, also in the store", async () => {
  const file = new MemoryStore();
  const shelf = shelfOf(3, { file });
  await shelf.put("alice", record(1));
  await shelf.put("bob", record(2));
  await shelf.replaceAll([["bob", record(3)], ["carol", record(4)]]);
  const again = shelfOf(3, { file });
  await again.load();
  assertEquals(shelf.entries(), [["bob", record(3)], ["carol", record(4)]]);
  assertEquals(again.entries(), shelf.entries());
});

Deno.test("Shelf.hasNewer() knows what was made later than another, also after a restart", async () => {
  const file = new MemoryStore();
  const shelf = shelfOf(3, { file });
  assertEquals(shelf.hasNewer("alice", 1_000), false);
  await shelf.put("alice", record(1), 2_000);
  assertEquals([1_999, 2_000, 2_001].map((madeMs) => shelf.hasNewer("alice", madeMs)), [true, false, false]);
  const after = shelfOf(3, { file });
  await after.load();
  assertEquals([after.hasNewer("alice", 1_999), after.hasNewer("bob", 0)], [true, false]);
});
