import { assertEquals } from "@std/assert";
import { FairQueue } from "../../../runtime/transport/fair_queue.ts";

/** Takes all that waits. */
function taken(queue: FairQueue<string>, max = Infinity): string[] {
  const items: string[] = [];
  while (items.length < max && queue.size > 0) items.push(queue.shift()!);
  return items;
}

Deno.test("FairQueue serves houses in turn, however many one of them brings", () => {
  const queue = new FairQueue<string>();
  for (let index = 0; index < 4; index++) queue.push("a", "", `a${index}`);
  queue.push("b", "", "b0");
  queue.push("b", "", "b1");
  queue.push("c", "", "c0");
  assertEquals(queue.size, 7);
  assertEquals(taken(queue), ["a0", "b0", "c0", "a1", "b1", "a2", "a3"]);
  assertEquals([queue.size, queue.shift()], [0, undefined]);
});

Deno.test("FairQueue serves the members of a house in turn, and the house no more for having many", () => {
  const queue = new FairQueue<string>();
  for (let index = 0; index < 3; index++) {
    queue.push("a", "x", `x${index}`);
    queue.push("a", "y", `y${index}`);
    queue.push("b", "z", `z${index}`);
  }
  assertEquals(taken(queue), ["x0", "z0", "y0", "z1", "x1", "z2", "y1", "x2", "y2"]);
});

Deno.test("FairQueue counts what is large for what it costs", () => {
  const queue = new FairQueue<string>();
  for (let index = 0; index < 2; index++) queue.push("a", "", `A${index}`, 3);
  for (let index = 0; index < 6; index++) queue.push("b", "", `b${index}`);
  assertEquals(taken(queue), ["A0", "b0", "b1", "b2", "A1", "b3", "b4", "b5"]);
});

Deno.test("FairQueue lets nobody save up a claim by being away, nor lose a debt by it", () => {
  const queue = new FairQueue<string>();
  for (let index = 0; index < 9; index++) queue.push("a", "", `a${index}`);
  assertEquals(taken(queue, 4), ["a0", "a1", "a2", "a3"]);
  for (let index = 0; index < 3; index++) queue.push("b", "", `b${index}`);
  assertEquals(taken(queue, 4), ["b0", "a4", "b1", "a5"], "b comes late, and has no claim for before");
  queue.push("c", "", "C", 10);
  assertEquals(taken(queue, 2).toSorted(), ["C", "b2"]);
  queue.push("c", "", "c1"); // It has nothing waiting, and owes for what it had.
  assertEquals(taken(queue), ["a6", "a7", "a8", "c1"]);
});

Deno.test("FairQueue forgets those who wait for nothing, for it has no room for all who ever came", () => {
  const queue = new FairQueue<string>();
  for (let index = 0; index < 5_000; index++) {
    queue.push(`house ${index}`, "", "one");
    queue.shift();
  }
  queue.push("a", "", "last");
  assertEquals([queue.shift(), queue.size], ["last", 0]);
});
