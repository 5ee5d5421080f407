import { assertEquals } from "@std/assert";
import { continueWith } from "../../../runtime/stage.ts";
import { critical, noFilter } from "../../../runtime/stages/filter.ts";
import { messageOf, stageContext } from "../../helpers/stage_context.ts";

for (const stage of [critical(), noFilter()]) {
  Deno.test(`${stage.describe()}: lets everything through, and is left out of the chain`, () => {
    const message = messageOf();
    assertEquals([stage.isNone, stage.process(message, stageContext())], [true, continueWith(message)]);
  });
}
