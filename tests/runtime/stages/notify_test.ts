import { assertEquals } from "@std/assert";
import { continueWith } from "../../../runtime/stage.ts";
import { notify } from "../../../runtime/stages/notify.ts";
import { messageOf, stageContext } from "../../helpers/stage_context.ts";

Deno.test("notify() tells the subscribers of the kind and passes the message on, also when one of them throws", () => {
  const context = stageContext();
  const heard: unknown[] = [];
  context.bus.subscribe("test:note", () => {
    throw new Error("boom");
  });
  context.bus.subscribe("test:note", (message) => heard.push(message));
  const message = messageOf();
  assertEquals(notify().process(message, context), continueWith(message));
  assertEquals(heard, [message]);
});
