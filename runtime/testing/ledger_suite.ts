/**
 * The acceptance suite of the ledger: what every {@linkcode Ledger} has to do, wherever it keeps its records.
 *
 * @example A suite for an adapter of one's own
 * ```ts ignore
 * import { testLedger } from "@nara/nara/testing";
 * testLedger("stone", (capacity) => ({ ledger: stoneLedger({ quarry: "north", ...capacity }) }));
 * ```
 * @module
 */
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import {
  type Ledger,
  type LedgerRecord,
  OBSERVERS_MAX,
  WATCH_BEHIND_MAX,
  WATCHERS_MAX,
} from "../ledger/ledger.ts";
import type { LedgerCapacity } from "../ledger/ledger_capacity.ts";
import { testLedgerAgainstModel } from "./ledger_model.ts";
import { testLedgerQuestions } from "./ledger_query_suite.ts";
import {
  addAll,
  assertLedgerError,
  idsIn,
  ledgerObserver as observer,
  ledgerRecord as record,
} from "./ledger_records.ts";
import { testLedgerRoom } from "./ledger_room_suite.ts";

/** A ledger under test, and what has to go away with it. */
export interface LedgerPlace extends Partial<AsyncDisposable> {
  /** The ledger. The suite disposes of it first. */
  readonly ledger: Ledger;
}

/** Makes an empty ledger of that capacity: a new one for each test. */
export type OpenLedgerPlace = (capacity: LedgerCapacity) => LedgerPlace | Promise<LedgerPlace>;

/** Options for {@linkcode testLedger}. */
export interface LedgerSuiteOptions {
  /** Skips the suite, e.g. where the right to write files is missing. @default {false} */
  readonly ignore?: boolean;
}

/** Registers one test, on a ledger of a capacity. */
export type LedgerTest = (
  says: string,
  fn: (ledger: Ledger) => void | Promise<void>,
  capacity?: Partial<LedgerCapacity>,
) => void;

/** Registers the suite's tests for the ledger called `name`. */
export function testLedger(
  name: string,
  open: OpenLedgerPlace,
  { ignore = false }: LedgerSuiteOptions = {},
): void {
  const test: LedgerTest = (says, fn, { messagesMax = 10_000, bytesMax = 10_000_000 } = {}) =>
    Deno.test({
      name: `${name} ledger ${says}`,
      ignore,
      fn: async () => {
        const place = await open({ messagesMax, bytesMax });
        try {
          await fn(place.ledger);
        } finally {
          await place.ledger[Symbol.asyncDispose]();
          await place[Symbol.asyncDispose]?.();
        }
      },
    });
  testKeeping(test);
  testAdding(test);
  testObservers(test);
  testLedgerQuestions(test);
  testWatching(test);
  testEnd(test);
  testLedgerRoom(test);
  testLedgerAgainstModel(test);
}

function testKeeping(test: LedgerTest): void {
  test("is empty at first", (ledger) => {
    assertEquals([ledger.hasId("a"), ledger.get("a"), ledger.hasContentKey("c")], [false, undefined, false]);
    assertEquals([ledger.query(), ledger.count(), ledger.oldestMs(2)], [{ records: [] }, 0, undefined]);
    assertEquals(ledger.stats(), {
      messages: 0,
      messagesMax: 10_000,
      bytes: 0,
      bytesMax: 10_000_000,
      byPriority: [0, 0, 0, 0, 0],
      pruned: 0,
      refused: 0,
    });
  });

  test("add() keeps a record whole, and get() and query() give it back", async (ledger) => {
    const whole = record({
      id: "whole",
      kind: "test:whole",
      version: 3,
      fromId: "zoë",
      toId: "bob",
      subject: "carol",
      contentKey: "key\u0000 日本 😀",
      atMs: -5_000_000_000_000,
      priority: 4,
      frame: Uint8Array.from({ length: 256 }, (_, byte) => byte),
    });
    const plain = record({ id: "plain", frame: 0, priority: 0 });
    assertEquals([await ledger.add(whole), await ledger.add(plain)], ["added", "added"]);
    assertEquals([ledger.get("whole"), ledger.get("plain")], [whole, plain]);
    assertEquals(ledger.query(), { records: [whole, plain] });
    assertEquals([ledger.hasId("whole"), ledger.hasId("plain"), ledger.hasId("w")], [true, true, false]);
  });
}

function testAdding(test: LedgerTest): void {
  test("add() of an id that is there changes nothing", async (ledger) => {
    const first = record({ id: "a", contentKey: "fact", frame: 10 });
    await ledger.add(first, { observer: observer("alice") });
    const again = record({ id: "a", contentKey: "other", atMs: 9, priority: 0, frame: 99 });
    const outcome = await ledger.add(again, { observer: observer("bob"), perKey: { key: "k", max: 1 } });
    assertEquals([outcome, ledger.get("a"), ledger.count()], ["exists", first, 1]);
    assertEquals([ledger.hasContentKey("other"), ledger.observers("fact").length], [false, 1]);
    assertEquals([ledger.stats().bytes, ledger.stats().byPriority], [10, [0, 0, 1, 0, 0]]);
  });

  test("add() counts at once, before it is awaited", async (ledger) => {
    const adding = [record({ id: "a", contentKey: "fact" }), record({ id: "b" }), record({ id: "a" })]
      .map((each) => ledger.add(each));
    assertEquals([ledger.hasId("b"), ledger.hasContentKey("fact"), ledger.count(), idsIn(ledger)], [
      true,
      true,
      2,
      "a b",
    ]);
    assertEquals(await Promise.all(adding), ["added", "added", "exists"]);
  });

  test("add() keeps nothing of what a record is given beside its fields, and gives lists away", async (ledger) => {
    const more = { ...record({ id: "a", contentKey: "c" }), secret: "not for the ledger" };
    await ledger.add(more, { observer: observer("alice") });
    ledger.observers("c").pop();
    const { secret: _, ...plain } = more;
    assertEquals([ledger.get("a"), ledger.query().records, ledger.observers("c")], [plain, [plain], [
      observer("alice"),
    ]]);
  });

  test("add() refuses a record that cannot be, and keeps nothing of it", async (ledger) => {
    const wrong: Partial<Record<keyof LedgerRecord, unknown>>[] = [
      { id: "" },
      { kind: "" },
      { priority: 5 },
      { priority: -1 },
      { priority: 1.5 },
      { timestampMs: NaN },
      { timestampMs: 0.5 },
      { frame: "text" },
    ];
    for (const parts of wrong) {
      await assertLedgerError(
        () => ledger.add({ ...record({ id: "x" }), ...parts } as LedgerRecord),
        "bad_record",
      );
    }
    const perKey = { key: "k", max: 0 };
    await assertLedgerError(() => ledger.add(record({ id: "x" }), { perKey }), "bad_record");
    assertEquals([ledger.count(), ledger.stats().refused], [0, 0]);
  });
}

function testObservers(test: LedgerTest): void {
  test("add() notes the first observer, observe() others, each once", async (ledger) => {
    await ledger.add(record({ id: "a", contentKey: "fact" }), { observer: observer("alice", "a") });
    assertEquals(await ledger.observe("fact", observer("bob")), true);
    assertEquals(await ledger.observe("fact", observer("bob", "another")), false);
    assertEquals(await ledger.observe("fact", observer("alice", "another")), false);
    assertEquals(ledger.observers("fact"), [observer("alice", "a"), observer("bob")]);
  });

  test("add() without an observer notes none, and one without a content key notes nobody", async (ledger) => {
    await ledger.add(record({ id: "a", contentKey: "fact" }));
    await ledger.add(record({ id: "b" }), { observer: observer("alice") });
    assertEquals([ledger.hasContentKey("fact"), ledger.observers("fact")], [true, []]);
    await ledger.observe("fact", observer("bob"));
    assertEquals(ledger.observers("fact"), [observer("bob")]);
  });

  test(`observe() notes up to ${OBSERVERS_MAX}, in order`, async (ledger) => {
    const all = Array.from({ length: OBSERVERS_MAX + 2 }, (_, nth) => observer(`nara-${nth}`));
    await ledger.add(record({ id: "a", contentKey: "fact" }), { observer: all[0] });
    const noted: boolean[] = [];
    for (const each of all.slice(1)) noted.push(await ledger.observe("fact", each));
    assertEquals(noted.filter((isNoted) => isNoted).length, OBSERVERS_MAX - 1);
    assertEquals(ledger.observers("fact"), all.slice(0, OBSERVERS_MAX));
  });

  test("observe() of a fact that is not kept notes nothing", async (ledger) => {
    await ledger.add(record({ id: "a", contentKey: "fact" }));
    assertEquals(
      [await ledger.observe("other", observer("bob")), await ledger.observe("a", observer("bob"))],
      [false, false],
    );
    assertEquals([ledger.observers("other"), ledger.hasContentKey("other")], [[], false]);
  });

  test("observe() counts at once, before it is awaited", async (ledger) => {
    await ledger.add(record({ id: "a", contentKey: "fact" }));
    const observing = [ledger.observe("fact", observer("bob")), ledger.observe("fact", observer("bob"))];
    assertEquals(ledger.observers("fact"), [observer("bob")]);
    assertEquals(await Promise.all(observing), [true, false]);
  });

  test("observers go with the last record of their fact", async (ledger) => {
    await ledger.add(record({ id: "a", contentKey: "fact", kind: "test:a" }), {
      observer: observer("alice"),
    });
    await ledger.add(record({ id: "b", contentKey: "fact", kind: "test:b" }), { observer: observer("bob") });
    await ledger.prune({ kinds: ["test:a"] });
    assertEquals([ledger.hasContentKey("fact"), ledger.observers("fact").length], [true, 2]);
    await ledger.prune({ kinds: ["test:b"] });
    assertEquals([ledger.hasContentKey("fact"), ledger.observers("fact")], [false, []]);
    assertEquals(await ledger.observe("fact", observer("carol")), false);
    await ledger.add(record({ id: "c", contentKey: "fact" }));
    assertEquals(ledger.observers("fact"), []);
  });
}

function testWatching(test: LedgerTest): void {
  test("watch() shows what fits and is added from then on, in order and once", async (ledger) => {
    await ledger.add(record({ id: "before" }));
    const all = ledger.watch().getReader();
    const some = ledger.watch({ kinds: ["test:a"], fromId: "bob" }).getReader();
    const hit = record({ id: "hit", kind: "test:a", fromId: "bob" });
    await addAll(ledger, record({ id: "miss", kind: "test:a" }), record({ id: "miss", kind: "test:a" }), hit);
    assertEquals([(await all.read()).value?.id, (await all.read()).value], ["miss", hit]);
    assertEquals((await some.read()).value, hit);
    await Promise.all([all.cancel(), some.cancel()]);
    await ledger.add(record({ id: "after", kind: "test:a", fromId: "bob" }));
    assertEquals((await all.read()).done, true);
  });

  test(`watch() lets a reader be ${WATCH_BEHIND_MAX} behind, and ends one that is more`, async (ledger) => {
    const [patient, slow, other] = [ledger.watch(), ledger.watch(), ledger.watch({ fromId: "nobody" })];
    const reader = patient.getReader();
    const add = (from: number, to: number) =>
      Promise.all(Array.from({ length: to - from }, (_, at) => ledger.add(record({ id: `${from + at}` }))));
    await add(0, WATCH_BEHIND_MAX);
    await reader.read();
    await add(WATCH_BEHIND_MAX, WATCH_BEHIND_MAX + 1);
    await assertLedgerError(() => slow.getReader().read(), "slow_reader");
    for (let at = 1; at <= WATCH_BEHIND_MAX; at++) assertEquals((await reader.read()).value?.id, `${at}`);
    const next = reader.read();
    await ledger.add(record({ id: "next" }));
    assertEquals((await next).value?.id, "next");
    await Promise.all([reader.cancel(), other.cancel()]);
  });

  test(`watch() takes ${WATCHERS_MAX} readers, and another when one has left`, async (ledger) => {
    const streams = Array.from({ length: WATCHERS_MAX }, () => ledger.watch());
    await assertLedgerError(() => ledger.watch(), "too_many_readers");
    await streams[0].cancel();
    assert(ledger.watch());
  });
}

function testEnd(test: LedgerTest): void {
  test("disposal closes streams, which can be read to their end; twice is once", async (ledger) => {
    const reader = ledger.watch().getReader();
    await ledger.add(record({ id: "a" }));
    await ledger[Symbol.asyncDispose]();
    await ledger[Symbol.asyncDispose]();
    assertEquals([(await reader.read()).value?.id, (await reader.read()).done], ["a", true]);
    assertStrictEquals(await reader.closed, undefined);
  });

  test("after disposal every method is closed", async (ledger) => {
    await ledger.add(record({ id: "a", contentKey: "fact" }));
    await ledger[Symbol.asyncDispose]();
    const calls: (() => unknown)[] = [
      () => ledger.add(record({ id: "b" })),
      () => ledger.observe("fact", observer("bob")),
      () => ledger.hasId("a"),
      () => ledger.hasContentKey("fact"),
      () => ledger.observers("fact"),
      () => ledger.get("a"),
      () => ledger.query(),
      () => ledger.count(),
      () => ledger.oldestMs(2),
      () => ledger.prune({}),
      () => ledger.stats(),
      () => ledger.watch(),
    ];
    for (const call of calls) await assertLedgerError(call, "closed");
  });
}
