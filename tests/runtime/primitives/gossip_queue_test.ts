import { assertEquals } from "@std/assert";
import { GossipQueue } from "../../../runtime/primitives/gossip_queue.ts";
import { messageOf } from "../../helpers/stage_context.ts";

const messages = Array.from({ length: 5 }, (_, at) => messageOf({ payload: { text: `${at}` } }));

Deno.test("GossipQueue.take() gives everything that waits, in its order, once", () => {
  const queue = new GossipQueue();
  for (const message of messages) queue.add(message);
  assertEquals(queue.size, 5);
  assertEquals(queue.take(), messages);
  assertEquals([queue.size, queue.take(), queue.overflows], [0, [], 0]);
});

Deno.test("GossipQueue that is full lets the oldest go, and counts it", () => {
  const queue = new GossipQueue(3);
  for (const message of messages) queue.add(message);
  assertEquals([queue.size, queue.overflows], [3, 2]);
  assertEquals(queue.take(), messages.slice(2));
});

Deno.test("GossipQueue holds 1024 messages unless told otherwise", () => {
  const queue = new GossipQueue();
  for (let count = 0; count < 1025; count++) queue.add(messages[0]);
  assertEquals([queue.size, queue.overflows], [1024, 1]);
});
