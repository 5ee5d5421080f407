import { assert, assertEquals, assertRejects } from "@std/assert";
import { createLogger, type LogRecord } from "../../../runtime/primitives/logger.ts";
import { MemoryStore } from "../../../runtime/primitives/memory_store.ts";
import { ServiceStore, StoreError } from "../../../runtime/primitives/store.ts";
import { SeededRandom } from "../../../runtime/testing/seeded_random.ts";
import { VirtualClock } from "../../../runtime/testing/virtual_clock.ts";
import { type OwnCopy, OwnStash } from "../../../services/stash/own_stash.ts";
import { unixSeconds } from "../../../utilities/clock.ts";
import { createNodeKeypair } from "../../../utilities/node_keypair.ts";

const data = (text: string) => new TextEncoder().encode(text);

/** A life of the nara with this seed, on this disk. */
function life({ file = new MemoryStore(), seed = 1, bytesMax = 10_000 } = {}) {
  const clock = new VirtualClock();
  const logs: LogRecord[] = [];
  const { seal, open } = createNodeKeypair(new Uint8Array(32).fill(seed), new SeededRandom(seed));
  const store = new ServiceStore(file, "stash", bytesMax);
  const log = createLogger("stash", (record) => void logs.push(record));
  return { own: new OwnStash({ clock, store, log, seal, open }), file, logs, seal, now: unixSeconds(clock) };
}

async function copyOf(sequence: number, text: string): Promise<OwnCopy> {
  const { own } = life();
  for (let count = 1; count < sequence; count++) await own.set(data("older"));
  return await own.set(data(text));
}

Deno.test("OwnStash.set() counts up from 1 and seals what it keeps [TestStashEncryptionDecryption]", async () => {
  const { own, now } = life();
  assertEquals([own.current, own.sequence], [undefined, -1]);
  await own.set(data("tea"));
  const { stash, record } = await own.set(data("coffee"));
  assertEquals(stash, { sequence: 2, data: data("coffee") });
  assertEquals([record.nonce.length, record.storedAt], [24, now]);
  assertEquals(record.ciphertext.length, 3 + 8 + "coffee".length + 16);
  assertEquals(own.open(record), stash);
});

Deno.test("OwnStash.load() takes back what survived a restart, and counts on", async () => {
  const { own, file } = life();
  await own.set(data("tea"));
  const after = life({ file });
  await after.own.load();
  assertEquals(after.own.current, own.current);
  assertEquals((await after.own.set(data("coffee"))).stash.sequence, 2);
});

Deno.test("OwnStash.load() leaves another soul's stash alone, and says so", async () => {
  const { own, file } = life();
  await own.set(data("tea"));
  const other = life({ file, seed: 2 });
  await other.own.load();
  assertEquals([other.own.current, other.logs.map(({ level }) => level)], [undefined, ["error"]]);
});

Deno.test("OwnStash.set() changes nothing when it cannot be written", async () => {
  const { own } = life({ bytesMax: 200 });
  const before = await own.set(data("tea"));
  await assertRejects(() => own.set(new Uint8Array(500)), StoreError);
  assertEquals(own.current, before);
});

Deno.test("OwnStash.open() counts copies that another sealed, or that were altered", async () => {
  const { own } = life();
  const { record } = await own.set(data("tea"));
  const altered = record.ciphertext.slice();
  altered[0] ^= 1;
  assertEquals(own.open({ ...record, ciphertext: altered }), undefined);
  assertEquals(own.open({ ...record, nonce: new Uint8Array(23) }), undefined);
  assertEquals(own.open({ ...record, ciphertext: new Uint8Array() }), undefined);
  assertEquals(own.open(life({ seed: 2 }).seal(data("NS1 not mine"))), undefined);
  assertEquals(own.unopenable, 4);
});

Deno.test("OwnStash.adopt() takes only a higher number, and counts on from there", async () => {
  const { own, file } = life();
  assert(await own.adopt(await copyOf(5, "from an earlier life")));
  assert(!await own.adopt(await copyOf(5, "not higher")));
  assert(!await own.adopt(await copyOf(4, "older")));
  assertEquals(own.current?.stash.data, data("from an earlier life"));
  assertEquals((await own.set(data("new"))).stash.sequence, 6);
  const after = life({ file });
  await after.own.load();
  assertEquals(after.own.sequence, 6);
});

Deno.test("OwnStash.adopt() takes what the Go implementation sealed where there is nothing else", async () => {
  const { own, seal, now } = life();
  const record = { ...seal(data('{"likes":"tea"}')), storedAt: now };
  assert(await own.adopt({ stash: own.open(record)!, record }));
  assertEquals(own.current?.stash, { sequence: 0, data: data('{"likes":"tea"}') });
  assertEquals((await own.set(data("new"))).stash.sequence, 1);
});

Deno.test("OwnStash.adopt() keeps aside what was set in this life, and nothing else", async () => {
  const { own, file, logs } = life();
  await own.adopt(await copyOf(2, "found"));
  await own.adopt(await copyOf(3, "found later"));
  assertEquals([await own.replaced(), logs.length], [undefined, 0]);
  await own.set(data("set here"));
  await own.adopt(await copyOf(9, "from an earlier life"));
  assertEquals(await own.replaced(), { sequence: 4, data: data("set here") });
  assertEquals(logs.map(({ level, fields }) => ({ level, fields })), [
    { level: "warn", fields: { sequence: 4, by: 9 } },
  ]);
  await own.adopt(await copyOf(10, "found later still"));
  const after = life({ file });
  await after.own.load();
  assertEquals(after.own.sequence, 10);
  assertEquals(await after.own.replaced(), { sequence: 4, data: data("set here") });
});

Deno.test("OwnStash changes one after another, whichever comes first", async () => {
  const { own, file } = life();
  const found = await copyOf(7, "found");
  await Promise.all([own.set(data("one")), own.adopt(found), own.set(data("two"))]);
  assertEquals(own.current?.stash, { sequence: 8, data: data("two") });
  const after = life({ file });
  await after.own.load();
  assertEquals(after.own.current, own.current);
});
