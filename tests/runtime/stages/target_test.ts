import { assertEquals } from "@std/assert";
import { continueWith, drop } from "../../../runtime/stage.ts";
import { target } from "../../../runtime/stages/target.ts";
import { me, messageOf, stageContext } from "../../helpers/stage_context.ts";

Deno.test("target() lets through what is for me or for nobody in particular, whatever name stands beside it", () => {
  for (const toId of [me.id, undefined, ""]) {
    const message = messageOf({ toId, to: "somebody else" });
    assertEquals(target().process(message, stageContext()), continueWith(message));
  }
});

Deno.test("target() drops what is for somebody else, my name beside it or not", () => {
  for (const toId of ["another", me.id.slice(1), me.id.toLowerCase()]) {
    assertEquals(target().process(messageOf({ toId, to: me.name }), stageContext()), drop("not_for_me"));
  }
});
