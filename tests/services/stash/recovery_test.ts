import { assertEquals, assertRejects } from "@std/assert";
import { VirtualClock } from "../../../runtime/testing/virtual_clock.ts";
import type { OwnCopy } from "../../../services/stash/own_stash.ts";
import { type Asked, BATCH_MS, Recovery, RECOVERY_MS } from "../../../services/stash/recovery.ts";

/** A recovery among `peers`; what each is asked, and when, is noted. */
function setUp(
  { peers = [] as string[], retries = 2, answer = (_peer: string): Asked | Promise<Asked> => "reached" } = {},
) {
  const clock = new VirtualClock();
  const controller = new AbortController();
  const asked: [peer: string, atMs: number][] = [];
  const recovery = new Recovery({
    rt: { clock, signal: controller.signal },
    retries,
    peers: () => peers,
    ask: (peer) => {
      asked.push([peer, clock.monotonicMs()]);
      return Promise.resolve(answer(peer));
    },
  });
  const running = recovery.run();
  const end = { found: undefined as Awaited<typeof running> | undefined };
  running.then((found) => end.found = found, () => {});
  return { clock, controller, peers, asked, recovery, running, end };
}

function copy(sequence: number): OwnCopy {
  return {
    stash: { sequence, data: Uint8Array.of(sequence) },
    record: { nonce: new Uint8Array(24), ciphertext: Uint8Array.of(sequence), storedAt: 0 },
  };
}

const names = (count: number) => Array.from({ length: count }, (_, index) => `peer ${index}`);

Deno.test("Recovery asks eight at a time, and the next eight when two copies have not come in five seconds", async () => {
  const { clock, asked, recovery, controller } = setUp({ peers: names(20) });
  await clock.advance(BATCH_MS - 1);
  assertEquals(asked.map(([peer]) => peer), names(8));
  recovery.add("peer 0", copy(1));
  await clock.advance(BATCH_MS);
  assertEquals(asked.map(([peer]) => peer), names(16));
  await clock.advance(BATCH_MS);
  assertEquals(asked.slice(0, 20).map(([peer]) => peer), names(20));
  controller.abort();
});

Deno.test("Recovery is over at once when all who were asked answered: the highest number counts, whoever has it", async () => {
  const { clock, recovery, running, asked } = setUp({
    peers: names(4),
    answer: (peer) => peer === "peer 3" ? "none" : "reached",
  });
  await clock.advance(10);
  recovery.add("peer 0", copy(4));
  recovery.add("peer 1", copy(7));
  recovery.add("peer 2", copy(5));
  const { best, holders, copies } = await running;
  assertEquals([best, holders, copies], [copy(7), ["peer 1"], 3]);
  assertEquals(asked.length, 4);
  assertEquals(clock.pending, 0);
});

Deno.test("Recovery with copies of some waits half a second for the others who were asked", async () => {
  const { clock, recovery, end } = setUp({ peers: names(20) });
  await clock.advance(10);
  for (const holder of names(3)) recovery.add(holder, copy(4));
  await clock.advance(400);
  assertEquals(end.found, undefined);
  await clock.advance(1_000);
  assertEquals(end.found?.holders, names(3));
});

Deno.test("Recovery is brought no nearer to its end by old copies that strangers push unasked", async () => {
  const { clock, recovery, peers, end } = setUp({ peers: ["honest", "other"] });
  for (const stranger of names(100)) recovery.add(stranger, copy(1));
  await clock.advance(2_000);
  assertEquals(end.found, undefined);
  recovery.add("honest", copy(5));
  recovery.add("other", copy(5));
  await clock.advance(10);
  assertEquals([end.found?.best, end.found?.holders], [copy(5), ["honest", "other"]]);
  assertEquals(peers.length, 2);
});

Deno.test("Recovery asks those who pushed a copy before it asks others", async () => {
  const { clock, asked, recovery, running } = setUp({ peers: names(40) });
  const holders = ["peer 30", "peer 39"];
  for (const holder of holders) recovery.add(holder, copy(5));
  await clock.advance(BATCH_MS + 1_000);
  assertEquals(asked.slice(8, 10).map(([peer]) => peer), holders);
  await clock.advance(BATCH_MS);
  assertEquals((await running).holders, holders);
});

Deno.test("Recovery takes an unasked copy if it is newer, however many strangers pushed before", async () => {
  const { clock, recovery, running } = setUp({ peers: names(2) });
  for (let index = 0; index < 100; index++) recovery.add(`stranger ${index}`, copy(1));
  recovery.add("unasked", copy(9));
  for (const peer of names(2)) recovery.add(peer, copy(5));
  await clock.advance(10);
  assertEquals((await running).best, copy(9));
});

Deno.test("Recovery with two old copies gives the others of the first batch their five seconds", async () => {
  const slow = Promise.withResolvers<Asked>();
  for (const honest of [slow.promise, Promise.resolve<Asked>("unreachable")]) {
    const { clock, recovery, end } = setUp({
      peers: [...names(3), "honest"],
      answer: (peer) => peer === "honest" ? honest : "reached",
    });
    for (const sybil of names(3)) recovery.add(sybil, copy(1));
    await clock.advance(BATCH_MS - 100);
    assertEquals(end.found, undefined);
    recovery.add("honest", copy(5));
    slow.resolve("reached");
    await clock.advance(10);
    assertEquals(end.found?.best, copy(5));
  }
  const { clock, recovery, end } = setUp({ peers: names(3), answer: () => "unreachable" });
  for (const holder of names(2)) recovery.add(holder, copy(1));
  await clock.advance(BATCH_MS + 500);
  assertEquals(end.found?.best, copy(1));
});

Deno.test("Recovery with two old copies still asks who becomes known while the first batch is under way", async () => {
  const { clock, recovery, peers, end } = setUp({ peers: ["slow", ...names(2)] });
  for (const sybil of names(2)) recovery.add(sybil, copy(1));
  await clock.advance(300);
  peers.push("honest");
  await clock.advance(300);
  recovery.add("honest", copy(5));
  await clock.advance(500);
  assertEquals([end.found?.best, end.found?.holders], [copy(5), ["honest"]]);
});

Deno.test("Recovery with two copies waits half a second for a third that may be newer", async () => {
  const { clock, recovery, running, end } = setUp({ peers: names(3) });
  await clock.advance(10);
  recovery.add("peer 0", copy(1));
  recovery.add("peer 1", copy(1));
  await clock.advance(400);
  recovery.add("peer 2", copy(2));
  assertEquals((await running).best, copy(2));

  const other = setUp({ peers: names(3) });
  await other.clock.advance(10);
  other.recovery.add("peer 0", copy(3));
  other.recovery.add("peer 1", copy(3));
  await other.clock.advance(1_000);
  assertEquals(other.end.found?.holders, ["peer 0", "peer 1"]);
  assertEquals(end.found?.copies, 3);
});

Deno.test("Recovery counts a holder once, however often it hands over its copy", async () => {
  const { clock, recovery, end, controller } = setUp({ peers: names(3) });
  for (let times = 0; times < 5; times++) recovery.add("peer 0", copy(1));
  await clock.advance(10_000);
  assertEquals(end.found, undefined);
  controller.abort();
});

Deno.test("Recovery ends with what it has when everybody was asked and thirty seconds went by", async () => {
  const { clock, recovery, end } = setUp({ peers: names(3) });
  recovery.add("peer 1", copy(6));
  await clock.advance(RECOVERY_MS - 1_000);
  assertEquals(end.found, undefined);
  await clock.advance(1_000 + BATCH_MS);
  assertEquals([end.found?.best, end.found?.copies], [copy(6), 1]);
  assertEquals(clock.pending, 0);
});

Deno.test("Recovery does not wait for a holder that handed over its copy before it was asked", async () => {
  const { clock, recovery, peers, end } = setUp({ peers: names(3) });
  await clock.advance(1_000);
  recovery.add("early", copy(6));
  peers.push("early");
  await clock.advance(RECOVERY_MS + BATCH_MS);
  assertEquals(end.found?.holders, ["early"]);
});

Deno.test("Recovery does not end before everybody was asked, however long that takes", async () => {
  const { clock, asked, end } = setUp({ peers: names(80) });
  await clock.advance(RECOVERY_MS + BATCH_MS);
  assertEquals(end.found, undefined);
  await clock.advance(20_000);
  assertEquals(end.found?.copies, 0);
  assertEquals(new Set(asked.map(([peer]) => peer)).size, 80);
});

Deno.test("Recovery asks again those who hand over nothing, and those who could not be reached", async () => {
  const { clock, asked, recovery } = setUp({
    peers: names(3),
    answer: (peer) => peer === "peer 1" ? "unreachable" : "reached",
  });
  recovery.add("peer 0", copy(1));
  await clock.advance(RECOVERY_MS + 2 * BATCH_MS);
  const times = (wanted: string) => asked.filter(([peer]) => peer === wanted).length;
  assertEquals([times("peer 0"), times("peer 1") >= 3, times("peer 2") >= 3], [1, true, true]);
});

Deno.test("Recovery without retries asks everybody exactly once", async () => {
  const { clock, asked, end } = setUp({ peers: names(10), retries: 0, answer: () => "unreachable" });
  await clock.advance(RECOVERY_MS + BATCH_MS);
  assertEquals(asked.map(([peer]) => peer), names(10));
  assertEquals(end.found?.copies, 0);
});

Deno.test("Recovery waits until somebody is known, and asks newcomers within half a second", async () => {
  const { clock, peers, asked, end, controller, recovery } = setUp();
  await clock.advance(10 * RECOVERY_MS);
  assertEquals([end.found, recovery.startedMs], [undefined, undefined]);
  peers.push("ada");
  await clock.advance(500);
  peers.push("ben");
  await clock.advance(500);
  assertEquals(asked.map(([peer]) => peer), ["ada", "ben"]);
  controller.abort();
});

Deno.test("Recovery ends with its signal and leaves no timer", async () => {
  const { clock, controller, running } = setUp({ peers: names(3) });
  await clock.advance(10);
  controller.abort(new RangeError("enough"));
  await assertRejects(() => running, RangeError, "enough");
  assertEquals(clock.pending, 0);
});
