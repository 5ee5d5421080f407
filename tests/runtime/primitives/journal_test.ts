import { timesOf } from "../../helpers/times.ts";
import { assert, assertEquals, assertFalse, assertStringIncludes, assertThrows } from "@std/assert";
import type { Message } from "../../../messages/message.ts";
import { Journal, type JournalOptions, type Passage, type Why } from "../../../runtime/primitives/journal.ts";
import { IdFingerprints } from "../../../runtime/primitives/journal_forgotten.ts";
import { VirtualClock } from "../../../runtime/testing/virtual_clock.ts";
import { messageOf } from "../../helpers/stage_context.ts";

const START_NS = new VirtualClock().nowNs();
const STAGES = ["target", "verify", "notify"];

class Bench {
  readonly clock = new VirtualClock();
  readonly journal: Journal;
  #made = 0n;

  constructor(options: Partial<JournalOptions> = {}) {
    this.journal = new Journal({ clock: this.clock, ...options });
  }

  /** A message that nothing has computed the id of yet. */
  message(): Message {
    return messageOf({ timestamp: START_NS + this.#made++ });
  }

  /** Writes down that `message` passed all stages. */
  record(message: Message = this.message(), parts: Partial<Passage> = {}): Message {
    this.journal.record({
      message,
      direction: "receive",
      passed: timesOf(this.clock.monotonicMs(), STAGES, [0, 1.5, 0.25]),
      outcome: "done",
      ...parts,
    });
    return message;
  }

  /** Writes down `count` messages that nobody asks for the id of. */
  others(count: number): void {
    for (let index = 0; index < count; index++) this.record();
  }
}

function outcomesOf(why: Why): unknown {
  return why.known === "passages" ? why.passages.map(({ outcome }) => outcome) : why.known;
}

Deno.test("Journal tells every way that a message took, in order", async () => {
  const { journal, clock, message, ...bench } = spread(new Bench());
  const one = message();
  bench.record(one, {
    direction: "emit",
    outcome: "retrying",
    stage: "verify",
    error: new TypeError("a bug"),
  });
  bench.others(3);
  await clock.advance(2_000);
  bench.record(one, { direction: "emit", receipt: { outcome: "handled" } });
  const why = journal.why(one.id);
  assert(why.known === "passages");
  assertEquals(why.passages, [
    {
      id: one.id,
      direction: "emit",
      kind: one.kind,
      fromId: one.fromId,
      toId: one.toId,
      peer: undefined,
      atNs: START_NS,
      stages: STAGES,
      durationsMs: [0, 1.5], // It ended at the second.
      handlerMs: undefined,
      outcome: "retrying",
      stage: "verify",
      reason: "a bug",
      errorName: "TypeError",
      errorCode: undefined,
      receipt: undefined,
    },
    {
      ...why.passages[0],
      atNs: START_NS + 2_000_000_000n,
      durationsMs: [0, 1.5, 0.25],
      outcome: "done",
      stage: undefined,
      reason: undefined,
      errorName: undefined,
      receipt: { outcome: "handled" },
    },
  ]);
});

Deno.test("Journal computes no id, and finds a message by the id that somebody asks for later", () => {
  const bench = new Bench();
  const early = bench.message();
  assertEquals(early.id, early.knownId);
  bench.record(early);
  const late = bench.record();
  bench.record(late, { direction: "emit" });
  assertEquals(late.knownId, undefined);
  assertEquals(outcomesOf(bench.journal.why(early.id)), ["done"]);
  assertEquals(outcomesOf(bench.journal.why(late.id)), ["done", "done"]);
});

Deno.test("Journal still knows a message that is 10 000 messages old, though each takes two places", () => {
  const bench = new Bench();
  const [asked, unasked] = [bench.record(), bench.record()];
  const { id } = asked;
  for (let count = 0; count < 10_000; count++) bench.record(bench.record(), { direction: "emit" });
  assertEquals(outcomesOf(bench.journal.why(id)), ["done"]);
  assertEquals(outcomesOf(bench.journal.why(unasked.id)), ["done"]);
});

Deno.test("Journal says forgotten of what left, even if its id is first asked for then, and unknown of what never came", () => {
  const bench = new Bench({ passagesMax: 4 });
  const [asked, unasked] = [bench.record(), bench.record()];
  assert(asked.id);
  bench.others(4);
  assertEquals(bench.journal.why(asked.id), { known: "forgotten" });
  assertEquals(bench.journal.why(unasked.id), { known: "forgotten" });
  assertEquals(bench.journal.why(bench.message().id), { known: "unknown" });
});

Deno.test("Journal forgets in the end even what it had forgotten", () => {
  const bench = new Bench({ passagesMax: 1, forgottenMax: 2 });
  const ids = Array.from({ length: 5 }, () => bench.record().id);
  assertEquals(ids.map((id) => bench.journal.why(id).known), [
    ...["unknown", "unknown"],
    ...["forgotten", "forgotten"],
    "passages",
  ]);
});

Deno.test("Journal asks where a message is that has not ended", () => {
  const bench = new Bench({ underWay: (id) => id === "here" ? "retry 2 in 4 s" : undefined });
  assertEquals(bench.journal.why("here"), { known: "passages", passages: [], underWay: "retry 2 in 4 s" });
  assertEquals(bench.journal.why("there"), { known: "unknown" });
});

Deno.test("Journal cuts what an error quotes", () => {
  const bench = new Bench();
  const message = bench.record(undefined, { outcome: "error", error: new Error("x".repeat(100_000)) });
  const why = bench.journal.why(message.id);
  assert(why.known === "passages");
  assertEquals(why.passages[0].reason?.length, 401);
});

Deno.test("Journal keeps no message alive", () => {
  const bench = new Bench();
  const seen: string[] = [];
  const message = bench.message();
  const watched = new Proxy(message, {
    get(target, name) {
      seen.push(String(name));
      return Reflect.get(target, name, target);
    },
  });
  bench.record(watched);
  assertEquals(seen, ["knownId", "idCell", "kind", "fromId", "toId"]);
  assertFalse("payload" in message.idCell);
});

Deno.test("Journal.limits() count what is kept and what had to go", () => {
  const bench = new Bench({ passagesMax: 3, forgottenMax: 2 });
  for (let count = 0; count < 6; count++) assert(bench.record().id);
  const counts = bench.journal.limits().map(({ name, max, inUse, overflows }) => [
    name,
    max,
    inUse(),
    overflows(),
  ]);
  assertEquals(counts, [["journal.passages", 3, 3, 3], ["journal.forgotten", 2, 2, 1]]);
});

Deno.test("Journal wants bounds that are positive integers, and names the one that is not", () => {
  const clock = new VirtualClock();
  for (const max of [0, -1, 1.5, NaN]) {
    const message = assertThrows(() => new Journal({ clock, passagesMax: max }), RangeError).message;
    assertStringIncludes(message, `passagesMax must be a positive integer: got ${max}`);
    assertThrows(() => new Journal({ clock, forgottenMax: max }), RangeError, `got ${max}`);
  }
});

Deno.test("IdFingerprints tell ids apart that differ in one character, at either end", () => {
  const prints = new IdFingerprints(1_000);
  prints.add("abcdefghijklmnop");
  assert(prints.has("abcdefghijklmnop"));
  for (const other of ["bbcdefghijklmnop", "abcdefghijklmnoq", "abcdefghijklmno", "", "ponmlkjihgfedcba"]) {
    assertFalse(prints.has(other), other);
  }
});

Deno.test("IdFingerprints mistake none of 100 000 other ids", () => {
  const prints = new IdFingerprints(10_000);
  for (let count = 0; count < 10_000; count++) prints.add(`seen${count}`);
  const all = Array.from({ length: 10_000 }, (_, count) => prints.has(`seen${count}`));
  assert(all.every((found) => found));
  const mistaken = Array.from({ length: 100 }, (_, count) => prints.has(`new${count}`)).filter(Boolean);
  assertEquals(mistaken, []);
});

/** The parts of a bench, its methods bound. */
function spread(bench: Bench) {
  return {
    journal: bench.journal,
    clock: bench.clock,
    message: bench.message.bind(bench),
    record: bench.record.bind(bench),
    others: bench.others.bind(bench),
  };
}
