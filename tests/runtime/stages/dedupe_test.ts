import { assertEquals } from "@std/assert";
import { SeenSet } from "../../../runtime/primitives/seen_set.ts";
import { continueWith, drop } from "../../../runtime/stage.ts";
import { idDedupe } from "../../../runtime/stages/dedupe.ts";
import { mallory, messageOf, stageContext } from "../../helpers/stage_context.ts";

const message = messageOf({ proof: "envelope" });

Deno.test("idDedupe() lets a message through once", () => {
  const context = stageContext();
  assertEquals(idDedupe().process(message, context), continueWith(message));
  assertEquals(idDedupe().process(message, context), drop("duplicate_id"));
  assertEquals(idDedupe().process(message.with({ inReplyTo: "other" }), context), drop("duplicate_id"));
});

Deno.test("idDedupe() asks by sender and id", () => {
  const context = stageContext();
  const theirs = messageOf({ id: message.id, fromId: mallory.id, proof: "envelope" });
  assertEquals(idDedupe().process(theirs, context), continueWith(theirs));
  assertEquals(idDedupe().process(message, context), continueWith(message));
});

Deno.test("idDedupe() belongs to its runtime: another one has seen nothing", () => {
  const stage = idDedupe();
  assertEquals(stage.process(message, stageContext()), continueWith(message));
  assertEquals(stage.process(message, stageContext()), continueWith(message));
});

Deno.test("idDedupe() drops what its memory had to forget as below the horizon", () => {
  const context = stageContext();
  const seen = new SeenSet({ clock: context.clock, perSenderMax: 2 });
  const several = [1, 2, 3].map((at) => messageOf({ payload: { text: `${at}` }, proof: "envelope" }));
  const results = several.map((each) => idDedupe().process(each, { ...context, seen }));
  assertEquals(results.map(({ outcome }) => outcome), ["continue", "continue", "drop"]);
  assertEquals(results[2], drop("below_horizon"));
});
