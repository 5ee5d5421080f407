import { assertEquals } from "@std/assert";
import { Times } from "../../runtime/times.ts";

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

Deno.test("Times.copy() takes over all of another way, and keeps it when that one goes on", () => {
  const kept = new Times(0.5);
  const other = way(52);
  kept.copy(other);
  other.end(99, "a");
  assertEquals([kept.enteredMs, kept.endedMs, kept.stages], [10, 52, ROUTE.stages]);
  assertEquals(kept.durationsMs(), [1, 30, 2, 5, 4]);
  kept.copy(new Times(60));
  assertEquals([kept.durationsMs(), kept.enteredMs], [[], 60]);
});
