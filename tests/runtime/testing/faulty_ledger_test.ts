import { assertEquals, assertRejects } from "@std/assert";
import { LedgerError } from "../../../runtime/ledger/ledger.ts";
import { MemoryLedger } from "../../../runtime/ledger/memory_ledger.ts";
import { FaultyDisk } from "../../../runtime/testing/faulty_disk.ts";
import { FaultyLedger } from "../../../runtime/testing/faulty_ledger.ts";
import { ledgerRecord } from "../../../runtime/testing/ledger_records.ts";
import { testLedger } from "../../../runtime/testing/ledger_suite.ts";
import { SeededRandom } from "../../../runtime/testing/seeded_random.ts";
import { VirtualClock } from "../../../runtime/testing/virtual_clock.ts";

function open(commitMs: number, seed = 1) {
  const clock = new VirtualClock();
  const disk = new FaultyDisk({ clock, random: new SeededRandom(seed), commitMs });
  return { clock, disk, file: new FaultyLedger(disk) };
}

testLedger("faulty, without faults", (capacity) => {
  const disk = new FaultyDisk({ clock: new VirtualClock(), random: new SeededRandom(1) });
  return { ledger: new FaultyLedger(disk, () => new MemoryLedger(capacity)).open() };
});

Deno.test("FaultyLedger shows a record at once, and resolves when the disk has it", async () => {
  const { clock, file } = open(50);
  const ledger = file.open();
  let isDone = false;
  const added = Promise.resolve(ledger.add(ledgerRecord({ id: "one" }))).then(() => isDone = true);
  assertEquals([ledger.hasId("one"), isDone], [true, false]);
  await clock.advance(50);
  await added;
  assertEquals([file.open().hasId("one"), await ledger.add(ledgerRecord({ id: "one" }))], [true, "exists"]);
});

Deno.test("FaultyLedger has after a crash what was acknowledged, and perhaps more", async () => {
  const seen = new Set<string>();
  for (let seed = 1; seed <= 20; seed++) {
    const { clock, disk, file } = open(50, seed);
    const ledger = file.open();
    const kept = ledger.add(ledgerRecord({ id: "kept" }));
    await clock.advance(50);
    await kept;
    ledger.add(ledgerRecord({ id: "lost" }));
    disk.crash();
    file.forgetUnwritten();
    disk.revive();
    const next = file.open();
    seen.add(`${next.hasId("kept")} ${next.hasId("lost")}`);
  }
  assertEquals([...seen].sort(), ["true false", "true true"]);
});

Deno.test("FaultyLedger keeps nothing that the disk refused, and says so in the words of the port", async () => {
  const { disk, file } = open(0);
  const ledger = file.open();
  disk.failOnce();
  const add = async () => await ledger.add(ledgerRecord({ id: "one" }));
  const refused = await assertRejects(add, LedgerError, "the disk refused");
  assertEquals([refused.code, ledger.hasId("one"), file.open().hasId("one")], ["disk_full", false, false]);
  assertEquals([await add(), file.open().hasId("one")], ["added", true]);
});

Deno.test("FaultyLedger forgets on the disk too what made room for others", async () => {
  const disk = new FaultyDisk({ clock: new VirtualClock(), random: new SeededRandom(1) });
  const file = new FaultyLedger(disk, () => new MemoryLedger({ messagesMax: 10 }));
  const ledger = file.open();
  for (let n = 0; n < 3_000; n++) await ledger.add(ledgerRecord({ id: `${n}`, atMs: n }));
  const again = file.open();
  assertEquals([again.count(), again.hasId("2999"), again.hasId("0")], [10, true, false]);
});
