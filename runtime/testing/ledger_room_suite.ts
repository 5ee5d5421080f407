/**
 * A part of the acceptance suite of the ledger: who makes room for whom, and what is refused.
 * @module
 */
import { assertEquals } from "@std/assert";
import type { AddOptions, Ledger, StorePriority } from "../ledger/ledger.ts";
import {
  addAll,
  assertLedgerError,
  idsIn,
  ledgerObserver as observer,
  ledgerRecord as record,
  type RecordParts,
} from "./ledger_records.ts";
import type { LedgerTest } from "./ledger_suite.ts";

/** Registers the tests of capacity, of the share of priority 0, and of `perKey`. */
export function testLedgerRoom(test: LedgerTest): void {
  testMessages(test);
  testBytes(test);
  testShare(test);
  testPerKey(test);
}

/** Asserts that a record is refused as `ledger_full`, which is counted and changes nothing else. */
async function assertRefused(ledger: Ledger, parts: RecordParts, options?: AddOptions): Promise<void> {
  const [ids, before] = [idsIn(ledger), ledger.stats()];
  await assertLedgerError(() => ledger.add(record(parts), options), "ledger_full");
  assertEquals([idsIn(ledger), ledger.hasId(parts.id)], [ids, false]);
  assertEquals(ledger.stats(), { ...before, refused: before.refused + 1 });
}

function testMessages(test: LedgerTest): void {
  test("add() to a full ledger lets the oldest go, by its time and not by when it came", async (ledger) => {
    await addAll(
      ledger,
      record({ id: "b", atMs: 20 }),
      record({ id: "a", atMs: 10 }),
      record({ id: "c", atMs: 30 }),
    );
    await ledger.add(record({ id: "d", atMs: 40 }));
    assertEquals([idsIn(ledger), ledger.hasId("a"), ledger.get("a")], ["b c d", false, undefined]);
    await ledger.add(record({ id: "old", atMs: 5 })); // Older than all of them: the new one is kept all the same.
    assertEquals([idsIn(ledger), ledger.stats().pruned, ledger.stats().messages], ["old c d", 2, 3]);
    assertEquals(await ledger.add(record({ id: "a", atMs: 50 })), "added");
  }, { messagesMax: 3 });

  test("add() lets equally old records go in the order of their ids", async (ledger) => {
    await addAll(ledger, ...["b", "c", "a"].map((id) => record({ id })));
    await ledger.add(record({ id: "0" }));
    assertEquals(idsIn(ledger), "0 b c");
  }, { messagesMax: 3 });

  test("add() takes room from the least important, be it the newest", async (ledger) => {
    const priorities: StorePriority[] = [3, 1, 4, 2, 4, 0];
    await addAll(
      ledger,
      ...priorities.map((priority, at) => record({ id: `${at}:${priority}`, atMs: at, priority })),
    );
    const seen: string[] = [];
    for (const id of ["a", "b", "c", "d", "e"]) {
      await ledger.add(record({ id, atMs: 100, priority: 1 }));
      seen.push(idsIn(ledger).replace(/ [a-e]/g, ""));
    }
    assertEquals(seen, ["0:3 1:1 3:2 4:4 5:0", "0:3 1:1 3:2 5:0", "1:1 3:2 5:0", "1:1 5:0", "5:0"]);
    assertEquals(ledger.stats().byPriority, [1, 5, 0, 0, 0]);
  }, { messagesMax: 6 });

  test("add() refuses what is less important than all that is kept", async (ledger) => {
    await addAll(ledger, record({ id: "a", priority: 2 }), record({ id: "b", priority: 0 }));
    await assertRefused(ledger, { id: "c", priority: 3, atMs: 9, contentKey: "fact" }, {
      observer: observer("alice"),
    });
    assertEquals([ledger.hasContentKey("fact"), ledger.observers("fact")], [false, []]);
    await ledger.add(record({ id: "d", priority: 2 }));
    assertEquals(idsIn(ledger), "b d");
  }, { messagesMax: 2 });

  test("add() that is refused is not shown to who watches", async (ledger) => {
    await ledger.add(record({ id: "a", priority: 1 }));
    const reader = ledger.watch().getReader();
    await assertRefused(ledger, { id: "b", priority: 2 });
    await ledger.add(record({ id: "c", priority: 1 }));
    assertEquals((await reader.read()).value?.id, "c");
    await reader.cancel();
  }, { messagesMax: 1 });

  test("a fact and its observers go with the record that makes room", async (ledger) => {
    await ledger.add(record({ id: "a", contentKey: "fact" }), { observer: observer("alice") });
    await ledger.add(record({ id: "b", atMs: 1 }));
    assertEquals([ledger.hasContentKey("fact"), ledger.observers("fact")], [false, []]);
  }, { messagesMax: 1 });
}

function testBytes(test: LedgerTest): void {
  test("add() makes room for bytes: as many go as are needed, and no more", async (ledger) => {
    await addAll(ledger, ...[0, 1, 2, 3, 4].map((at) => record({ id: `${at}`, atMs: at, frame: 200 })));
    await ledger.add(record({ id: "5", atMs: 5, frame: 300 }));
    assertEquals([idsIn(ledger), ledger.stats().bytes, ledger.stats().pruned], ["2 3 4 5", 900, 2]);
    await ledger.add(record({ id: "6", atMs: 6, frame: 100 }));
    assertEquals([idsIn(ledger), ledger.stats().bytes], ["2 3 4 5 6", 1_000]);
  }, { bytesMax: 1_000 });

  test("add() refuses a frame for which not enough can go, and then nothing goes", async (ledger) => {
    await addAll(
      ledger,
      record({ id: "a", frame: 600, priority: 1 }),
      record({ id: "b", frame: 300, priority: 4 }),
    );
    await assertRefused(ledger, { id: "c", frame: 500, priority: 3 });
    await assertRefused(ledger, { id: "c", frame: 1_001, priority: 1 });
    await ledger.add(record({ id: "d", frame: 1_000, priority: 1 }));
    assertEquals(idsIn(ledger), "d");
  }, { bytesMax: 1_000 });
}

function testShare(test: LedgerTest): void {
  const zero = (id: string, parts: Partial<RecordParts> = {}) =>
    record({ id, fromId: id, priority: 0, kind: "test:fact", ...parts });

  test("priority 0 has half the ledger, and never makes room", async (ledger) => {
    await addAll(ledger, ...["a", "b", "c", "d", "e", "f"].map((id) => record({ id, priority: 1 })));
    await addAll(ledger, zero("0"), zero("1"), zero("2"));
    assertEquals([idsIn(ledger), ledger.stats().byPriority], ["0 1 2 c d e f", [3, 4, 0, 0, 0]]);
    await assertRefused(ledger, { id: "3", fromId: "3", priority: 0 });
    for (let at = 0; at < 9; at++) await ledger.add(record({ id: `x${at}`, atMs: at, priority: 1 }));
    assertEquals(idsIn(ledger), "0 1 2 x5 x6 x7 x8");
    await ledger.prune({ kinds: ["test:fact"], fromId: "1" });
    assertEquals(await ledger.add(zero("3")), "added");
    await assertRefused(ledger, { id: "4", fromId: "4", priority: 0 });
  }, { messagesMax: 7 });

  test("one sender has 1% of the ledger for priority 0, and other priorities beside it", async (ledger) => {
    await addAll(ledger, ...["a", "b", "c"].map((id) => zero(id, { fromId: "alice" })));
    await assertRefused(ledger, { id: "d", fromId: "alice", priority: 0 });
    await addAll(ledger, zero("e", { fromId: "bob" }), record({ id: "d", fromId: "alice", priority: 1 }));
    await ledger.prune({ kinds: ["test:fact"], fromId: "alice" });
    assertEquals([await ledger.add(zero("f", { fromId: "alice" })), idsIn(ledger)], ["added", "d e f"]);
  }, { messagesMax: 399 });

  test("every sender may have one record of priority 0, be the ledger as small as it may", async (ledger) => {
    assertEquals(await ledger.add(zero("a", { fromId: "alice", frame: 400 })), "added");
    await assertRefused(ledger, { id: "b", fromId: "alice", priority: 0 });
    assertEquals(await ledger.add(zero("c", { fromId: "bob" })), "added");
  }, { messagesMax: 10, bytesMax: 1_000 });

  test("priority 0 has half the bytes", async (ledger) => {
    await addAll(ledger, zero("a", { frame: 300 }), zero("b", { frame: 200 }));
    await assertRefused(ledger, { id: "c", fromId: "c", priority: 0, frame: 1 });
    await assertRefused(ledger, { id: "c", fromId: "c", priority: 1, frame: 502 });
    assertEquals(await ledger.add(record({ id: "c", priority: 1, frame: 500 })), "added");
  }, { bytesMax: 1_001 });

  test("one sender has 1% of the bytes for priority 0", async (ledger) => {
    await addAll(
      ledger,
      zero("a", { fromId: "alice", frame: 60 }),
      zero("b", { fromId: "alice", frame: 40 }),
    );
    await assertRefused(ledger, { id: "c", fromId: "alice", priority: 0, frame: 1 });
    assertEquals(await ledger.add(zero("c", { fromId: "bob", frame: 1_000 })), "added");
  }, { bytesMax: 10_000 });

  test("a ledger of one record takes one of priority 0", async (ledger) => {
    await addAll(ledger, record({ id: "a", priority: 1 }), zero("b"));
    assertEquals(idsIn(ledger), "b");
    await assertRefused(ledger, { id: "c", priority: 1 });
    await assertRefused(ledger, { id: "c", fromId: "c", priority: 0 });
  }, { messagesMax: 1 });
}

function testPerKey(test: LedgerTest): void {
  const two = { perKey: { key: "k", max: 2 } };

  test("add() with perKey keeps so many under a key: the oldest make room", async (ledger) => {
    await ledger.add(record({ id: "other", atMs: 0 }));
    await ledger.add(record({ id: "elsewhere", atMs: 0 }), { perKey: { key: "K", max: 1 } });
    for (const [id, atMs] of [["b", 20], ["a", 10], ["c", 30]] as const) {
      await ledger.add(record({ id, atMs }), two);
    }
    assertEquals([idsIn(ledger), ledger.stats().pruned], ["elsewhere other b c", 1]);
    await ledger.add(record({ id: "old", atMs: 5 }), two);
    assertEquals(idsIn(ledger), "elsewhere other old c");
    await ledger.add(record({ id: "e", atMs: 50 }), { perKey: { key: "k", max: 1 } });
    assertEquals(idsIn(ledger), "elsewhere other e");
  });

  test("add() with perKey lets a record go whatever its priority, with its fact", async (ledger) => {
    await ledger.add(record({ id: "a", priority: 0, contentKey: "fact" }), {
      ...two,
      observer: observer("alice"),
    });
    await ledger.add(record({ id: "b", priority: 1, atMs: 1 }), two);
    await ledger.add(record({ id: "c", priority: 4, atMs: 2 }), two);
    assertEquals([idsIn(ledger), ledger.hasContentKey("fact"), ledger.observers("fact")], ["b c", false, []]);
  });

  test("add() with perKey replaces priority 0 within a share that is full", async (ledger) => {
    await ledger.add(record({ id: "a", priority: 0 }), two);
    await ledger.add(record({ id: "b", priority: 0, fromId: "bob" }), two);
    await ledger.add(record({ id: "c", priority: 0, atMs: 1 }), two);
    assertEquals(idsIn(ledger), "b c");
    await assertRefused(ledger, { id: "d", priority: 0, atMs: 1 }, { perKey: { key: "other", max: 2 } });
  }, { messagesMax: 4 });

  test("add() with perKey that is refused lets nothing go", async (ledger) => {
    await ledger.add(record({ id: "a", priority: 3, frame: 10 }), { perKey: { key: "k", max: 1 } });
    await ledger.add(record({ id: "b", priority: 1, frame: 90 }));
    await assertRefused(ledger, { id: "c", priority: 3, frame: 11 }, { perKey: { key: "k", max: 1 } });
    assertEquals(
      await ledger.add(record({ id: "c", priority: 3, frame: 10 }), { perKey: { key: "k", max: 1 } }),
      "added",
    );
    assertEquals(idsIn(ledger), "b c");
  }, { bytesMax: 100 });
}
