import { assertEquals } from "@std/assert";
import { NO_ROUTE, Times, TIMES_ROOM } from "../../runtime/times.ts";

const ROUTE = { stages: ["a", "b", "c", "d", "e"], waits: [2, 4] };

/** A way that waits 30 ms in b and 5 in d. */
function way(endedMs: number, stage?: string): Times {
  const times = new Times(10, ROUTE);
  for (const nowMs of [11, 41, 43, 48]) times.mark(nowMs);
  times.end(endedMs, stage);
  return times;
}

Deno.test("Times tells the time between two stages that wait at the last of those that never do", () => {
  const times = way(52);
  assertEquals(times.stages, ROUTE.stages);
  assertEquals([times.enteredMs, times.endedMs], [10, 52]);
  assertEquals(times.durationsMs(), [1, 30, 2, 5, 4]);
});

Deno.test("Times ends at the stage where the message did", () => {
  const times = new Times(10, ROUTE);
  times.mark(11);
  times.mark(41);
  times.end(42, "b");
  assertEquals(times.durationsMs(), [1, 31]);
});

Deno.test("Times of a message that entered no chain tells of no stage", () => {
  const times = new Times(10);
  assertEquals([times.stages, times.durationsMs(), times.enteredMs, times.endedMs], [[], [], 10, 10]);
  const refused = new Times(10, ROUTE);
  refused.end(11, "pipeline");
  assertEquals(refused.durationsMs(), []);
});

Deno.test("Times.load() gives back what Times.save() wrote, beside others", () => {
  const room = new Float64Array(3 * TIMES_ROOM).fill(NaN);
  way(52).save(room, TIMES_ROOM);
  assertEquals([room[TIMES_ROOM - 1], room[2 * TIMES_ROOM]], [NaN, NaN]);
  const kept = Times.load(room, TIMES_ROOM, ROUTE);
  assertEquals([kept.enteredMs, kept.endedMs, kept.stages], [10, 52, ROUTE.stages]);
  assertEquals(kept.durationsMs(), [1, 30, 2, 5, 4]);
  new Times(60).save(room, TIMES_ROOM);
  const next = Times.load(room, TIMES_ROOM, NO_ROUTE);
  assertEquals([next.durationsMs(), next.enteredMs], [[], 60]);
});

Deno.test("Times.save() takes no more room than it says, however many stages wait", () => {
  const waits = Array.from({ length: 9 }, (_, at) => at + 1);
  const route = { stages: waits.map(String), waits };
  const times = new Times(0, route);
  waits.forEach((at) => [times.mark(at), times.mark(at)]);
  times.end(20); // What it waited before its first stage is told at none.
  const room = new Float64Array(TIMES_ROOM + 1).fill(NaN);
  times.save(room, 0);
  assertEquals(room[TIMES_ROOM], NaN);
  assertEquals(Times.load(room, 0, route).durationsMs().reduce((sum, ms) => sum + ms), 19);
});
