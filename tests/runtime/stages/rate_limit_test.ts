import { assertEquals, assertThrows } from "@std/assert";
import { continueWith, drop } from "../../../runtime/stage.ts";
import { noRateLimit, rateLimit } from "../../../runtime/stages/rate_limit.ts";
import { VirtualClock } from "../../../runtime/testing/virtual_clock.ts";
import { alice, mallory, messageOf, stageContext } from "../../helpers/stage_context.ts";

const fromAlice = messageOf({ fromId: alice.id });
const fromMallory = messageOf({ fromId: mallory.id });

Deno.test("rateLimit() lets so many messages of a sender through in any window, and drops the rest", () => {
  const context = stageContext();
  const stage = rateLimit({ max: 2, windowMs: 1_000 });
  assertEquals(stage.process(fromAlice, context), continueWith(fromAlice));
  assertEquals(stage.process(fromAlice, context), continueWith(fromAlice));
  assertEquals(stage.process(fromAlice, context), drop("rate_limited"));
  assertEquals(stage.process(fromMallory, context), continueWith(fromMallory));
});

Deno.test("rateLimit() hears a sender again exactly windowMs later, and counts no message that it dropped", async () => {
  const clock = new VirtualClock();
  const context = stageContext({ clock });
  const stage = rateLimit({ max: 1, windowMs: 1_000 });
  assertEquals(stage.process(fromAlice, context), continueWith(fromAlice));
  await clock.advance(999);
  assertEquals(stage.process(fromAlice, context), drop("rate_limited"));
  await clock.advance(1);
  assertEquals(stage.process(fromAlice, context), continueWith(fromAlice));
});

Deno.test("rateLimit() counts together what its key says", () => {
  const context = stageContext();
  const stage = rateLimit({ max: 1, windowMs: 1_000, key: () => "everybody" });
  assertEquals(stage.process(fromAlice, context), continueWith(fromAlice));
  assertEquals(stage.process(fromMallory, context), drop("rate_limited"));
});

Deno.test("rateLimit() forgets the key heard longest ago when there are too many", () => {
  const context = stageContext();
  const stage = rateLimit({ max: 1, windowMs: 1_000, keysMax: 2 });
  for (const fromId of ["a", "b", "c"]) stage.process(messageOf({ fromId }), context);
  const outcomes = ["c", "b", "a"].map((fromId) => stage.process(messageOf({ fromId }), context).outcome);
  assertEquals(outcomes, ["drop", "drop", "continue"]);
});

Deno.test("rateLimit() shares a behavior constant between runtimes, and no memory", () => {
  const stage = rateLimit({ max: 1, windowMs: 1_000 });
  assertEquals(stage.process(fromAlice, stageContext()), continueWith(fromAlice));
  assertEquals(stage.process(fromAlice, stageContext()), continueWith(fromAlice));
});

for (
  const [name, value] of [["max", 0], ["max", 1.5], ["windowMs", -1], ["windowMs", NaN], ["keysMax", 0], [
    "max",
    Infinity,
  ]]
) {
  Deno.test(`rateLimit() refuses ${name} ${value}`, () => {
    const options = { max: 1, windowMs: 1, [name]: value };
    assertThrows(
      () => rateLimit(options),
      RangeError,
      `${name} must be a positive whole number: current value is ${value}`,
    );
  });
}

Deno.test("noRateLimit() is none", () => {
  assertEquals([noRateLimit().isNone, noRateLimit().process(fromAlice, stageContext())], [
    true,
    continueWith(fromAlice),
  ]);
});
