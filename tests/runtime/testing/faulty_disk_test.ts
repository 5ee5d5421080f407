import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { StoreError } from "../../../runtime/primitives/store.ts";
import { DiskError, type DiskFaults, FaultyDisk } from "../../../runtime/testing/faulty_disk.ts";
import { FaultyFile } from "../../../runtime/testing/faulty_file.ts";
import { SeededRandom } from "../../../runtime/testing/seeded_random.ts";
import { VirtualClock } from "../../../runtime/testing/virtual_clock.ts";
import { testKeyValueFile } from "../../helpers/store_suite.ts";

function open(faults: DiskFaults = {}, seed = 1) {
  const clock = new VirtualClock();
  const disk = new FaultyDisk({ clock, random: new SeededRandom(seed), ...faults });
  return { clock, disk, file: new FaultyFile(disk) };
}

const value = (n: number): Uint8Array => new Uint8Array([n]);
const change = (key: string, n: number) => ({ space: "a", key, value: value(n) });

testKeyValueFile("FaultyFile without faults", false, (check) => check(open().file));
testKeyValueFile("FaultyFile on a slow disk", false, (check) => check(open({ commitMs: 50 }).file));

Deno.test("FaultyFile shows a write at once, and resolves it when the disk has it", async () => {
  const { clock, disk, file } = open({ commitMs: 50 });
  let isDone = false;
  const written = file.write([change("k", 1)]).then(() => isDone = true);
  assertEquals([file.get("a", "k"), file.list("a", "")], [value(1), [["k", value(1)]]]);
  await clock.advance(49);
  assertEquals([isDone, disk.waiting], [false, 1]);
  await clock.advance(1);
  await written;
  assertEquals([file.get("a", "k"), disk.waiting], [value(1), 0]);
});

Deno.test("FaultyFile loses what was not committed when its nara dies, the last writes first", async () => {
  const seen = new Set<string>();
  for (let seed = 1; seed <= 40; seed++) {
    const { clock, disk, file } = open({ commitMs: 50 }, seed);
    const first = file.write([change("first", 1)]);
    await clock.advance(50);
    await first;
    for (const key of ["second", "third"]) file.write([change(key, 2)]);
    disk.crash();
    file.forgetUnwritten();
    disk.revive();
    await clock.advance(1_000);
    seen.add(file.list("a", "").map(([key]) => key).join());
  }
  assertEquals([...seen].sort(), ["first", "first,second", "first,second,third"]);
});

Deno.test("FaultyFile takes nothing from a nara that is dead, and a write under way never resolves", async () => {
  const { clock, disk, file } = open({ commitMs: 50 });
  let ended = "";
  file.write([change("k", 1)]).then(() => ended = "resolved", () => ended = "rejected");
  disk.crash();
  await clock.advance(1_000);
  assertEquals(ended, "");
  assertThrows(() => file.setAll("a", [["k", value(2)]]), StoreError, "this nara is dead");
});

Deno.test("FaultyFile refuses a write in the words of the port, and keeps nothing of it", async () => {
  const { disk, file } = open();
  disk.failOnce();
  const refused = await assertRejects(() => file.write([change("k", 1)]), StoreError, "the disk refused");
  assertEquals([refused.code, file.get("a", "k"), disk.refused], ["disk_full", undefined, 1]);
  await file.write([change("k", 2)]);
  disk.failOnce();
  assertThrows(() => file.delete("a", "k"), StoreError, "the disk refused");
  assertEquals(file.get("a", "k"), value(2));
});

Deno.test("FaultyFile commits in order: who cannot wait takes along what waits before it", async () => {
  const { disk, file } = open({ commitMs: 50 });
  const order: string[] = [];
  const written = file.write([change("k", 1)]).then(() => order.push("first"));
  file.setAll("a", [["k", value(2)]]);
  await written;
  assertEquals([order, file.get("a", "k"), disk.waiting], [["first"], value(2), 0]);
});

Deno.test("FaultyDisk refuses and delays at its rates", async () => {
  const { clock, disk } = open({ rejectRate: 0.2, slowRate: 0.3, slowMs: 100 });
  let slow = 0;
  for (let round = 0; round < 1_000; round++) {
    try {
      const committed = disk.commit(() => {});
      slow += disk.waiting > 0 ? 1 : 0;
      await clock.advance(100);
      await committed;
    } catch (thrown) {
      assertEquals(thrown instanceof DiskError, true);
    }
  }
  assertEquals([Math.round(disk.refused / 100), Math.round(slow / 100)], [2, 2]);
});

Deno.test("FaultyDisk lets a nara die in the middle of a write", () => {
  const { disk, file } = open();
  disk.onWrite = () => disk.crash();
  assertThrows(() => file.setAll("a", [["k", value(1)]]), StoreError, "died while it wrote");
  disk.onWrite = () => {};
  disk.revive();
  assertEquals(file.get("a", "k"), undefined);
});
