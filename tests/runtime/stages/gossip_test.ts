import { assertEquals } from "@std/assert";
import { continueWith } from "../../../runtime/stage.ts";
import { gossip, noGossip } from "../../../runtime/stages/gossip.ts";
import { messageOf, stageContext } from "../../helpers/stage_context.ts";

Deno.test("gossip() queues the message and passes it on; noGossip() only passes it on", () => {
  const context = stageContext();
  const message = messageOf();
  assertEquals(noGossip().process(message, context), continueWith(message));
  assertEquals(context.gossip.size, 0);
  assertEquals(gossip().process(message, context), continueWith(message));
  assertEquals(context.gossip.take(), [message]);
  assertEquals([gossip().remembers, noGossip().isNone], [true, true]);
});
