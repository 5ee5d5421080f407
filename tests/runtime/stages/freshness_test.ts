import { assertEquals } from "@std/assert";
import { DEFAULT_FRESHNESS } from "../../../runtime/behavior.ts";
import { continueWith, drop } from "../../../runtime/stage.ts";
import { freshness } from "../../../runtime/stages/freshness.ts";
import { formatTimestamp } from "../../../utilities/timestamp.ts";
import { messageOf, stageContext } from "../../helpers/stage_context.ts";

const { pastMs, futureMs } = DEFAULT_FRESHNESS;

/** What becomes of a message made `aheadMs` ahead of now. */
function judged(aheadMs: number, { nowNs = 1_768_472_430_000_000_000n, offsetSeconds = 0 } = {}) {
  const context = stageContext();
  const clock = {
    ...context.clock,
    nowNs: () => nowNs,
    monotonicMs: () => 0,
    sleep: () => Promise.resolve(),
  };
  const timestamp = formatTimestamp(nowNs + BigInt(Math.round(aheadMs * 1e6)), offsetSeconds);
  const message = messageOf({ timestamp });
  return { message, result: freshness(DEFAULT_FRESHNESS).process(message, { ...context, clock }) };
}

for (const nowNs of [1_768_472_430_000_000_000n, 1_768_472_430_000_500_001n, 1_768_472_430_000_999_999n]) {
  Deno.test(`freshness() takes what lies within the window at ${nowNs} ns, both edges included`, () => {
    for (const aheadMs of [0, -pastMs, -pastMs + 0.001, futureMs, futureMs - 0.001, 1, -1]) {
      const { message, result } = judged(aheadMs, { nowNs });
      assertEquals(result, continueWith(message), `${aheadMs} ms`);
    }
  });

  Deno.test(`freshness() drops what is older or newer at ${nowNs} ns, by a millisecond or by a century`, () => {
    for (const aheadMs of [-pastMs - 1, -pastMs * 2, -3e12]) {
      assertEquals(judged(aheadMs, { nowNs }).result, drop("stale"), `${aheadMs} ms`);
    }
    for (const aheadMs of [futureMs + 1, futureMs * 2, 3e12]) {
      assertEquals(judged(aheadMs, { nowNs }).result, drop("from_future"), `${aheadMs} ms`);
    }
  });
}

Deno.test("freshness() reads any offset", () => {
  for (const offsetSeconds of [3_600, -34_200, 86_340]) {
    assertEquals(judged(-pastMs, { offsetSeconds }).result.outcome, "continue");
    assertEquals(judged(-pastMs - 1, { offsetSeconds }).result, drop("stale"));
  }
});

Deno.test("freshness() keeps to the window that its kind declares", () => {
  const context = stageContext();
  const aged = (aheadMs: number) =>
    messageOf({ timestamp: context.clock.nowNs() + BigInt(aheadMs) * 1_000_000n });
  const stage = freshness({ pastMs: 10, futureMs: 0 });
  assertEquals([-11, -10, 0, 1].map((ms) => stage.process(aged(ms), context).outcome), [
    "drop",
    "continue",
    "continue",
    "drop",
  ]);
});
