/**
 * R72: a rate limit holds whoever is loud, whatever it says of the time and of its name, and holds for nobody else.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import type { Message } from "../../messages/message.ts";
import { type Behavior, DEFAULT_FRESHNESS } from "../../runtime/behavior.ts";
import { storedEvent } from "../../runtime/templates.ts";
import {
  type Everything,
  everything,
  type Sample,
  samplesOfSpec,
  saying,
  tease,
} from "../helpers/all_kinds.ts";
import { alice, ENTRY_POINTS, type FrameOfOptions, gopher, mallory, Target } from "../helpers/hostile.ts";
import { lacking } from "../helpers/permissions.ts";
import { stageContext } from "../helpers/stage_context.ts";

const MAX = 5;
const WINDOW_MS = 60_000;

const teaseOf = ({ samples }: Target): Sample => samples.find(({ spec }) => spec.kind === tease.kind)!;

/** How many of these were handled. */
async function handledOf(target: Target, frames: Iterable<FrameOfOptions>): Promise<number> {
  const before = target.service.handled.length;
  for (const options of frames) await target.attempt(await target.frameOf(teaseOf(target), options));
  return target.service.handled.length - before;
}

const many = (options: (at: number) => FrameOfOptions, count = 60) =>
  Array.from({ length: count }, (_, at) => options(at));

for (const entry of ENTRY_POINTS) {
  Deno.test({
    name: `rateLimit() limits a liar, and nobody at whom it aims, over ${entry.name} [R72]`,
    ignore: lacking(...entry.rights),
    fn: async () => {
      await using target = await Target.open(entry);
      // Its own messages, spread over all the time that counts as fresh, under another name each.
      const span = DEFAULT_FRESHNESS.pastMs + DEFAULT_FRESHNESS.futureMs;
      const lying = many((at) => ({
        from: { ...mallory, name: `mallory ${at}` },
        ageMs: DEFAULT_FRESHNESS.pastMs - (span * at) / 60,
      }));
      assertEquals(await handledOf(target, lying), MAX);
      // In the victim's name: nobody counts what is not proven.
      for (const victim of [alice, gopher]) {
        assertEquals(
          await handledOf(target, many(() => ({ from: { ...mallory, id: victim.id, name: victim.name } }))),
          0,
        );
      }
      assertEquals(await handledOf(target, many(() => ({ from: { ...mallory, name: alice.name } }))), 0);
      assertEquals(await handledOf(target, many(() => ({ from: alice }), MAX)), MAX, "the victim's");
      assertEquals(
        await handledOf(target, many(() => ({ from: alice }), 3)),
        0,
        "the victim is loud by itself",
      );
    },
  });
}

Deno.test("rateLimit() counts by this nara's own clock: a new window opens when the time has passed here [R72]", async () => {
  await using target = await Target.open();
  for (let window = 0; window < 4; window++) {
    const ahead = many((at) => ({ from: mallory, ageMs: -1_000 * at }), 50);
    const behind = many((at) => ({ from: mallory, ageMs: 5_000 * at }), 50);
    assertEquals(await handledOf(target, [...ahead, ...behind]), MAX, `window ${window}`);
    await target.clock.advance(WINDOW_MS);
  }
});

Deno.test("rateLimit() by sender and subject does not let a liar use up what others may say of a victim [R72]", () => {
  const gossip =
    (storedEvent("sec:gossip", "Says something of somebody", 3).withVersion(1, everything) as Behavior<
      Everything,
      { readonly 1: Everything }
    >)
      .withRateLimit({
        max: MAX,
        windowMs: WINDOW_MS,
        key: ({ fromId, payload }) => `${fromId} ${(payload as Everything).text}`,
      });
  const { rateLimit } = gossip.spec.receive;
  const context = stageContext({ kind: gossip as unknown as Behavior });
  const [sample] = samplesOfSpec(gossip.spec);
  assert(sample.payload(alice));
  const says = (fromId: string, subject: string) => {
    const message = { fromId, payload: saying(subject) } as unknown as Message;
    const result = rateLimit.process(message, context);
    assert(!(result instanceof Promise));
    return result.outcome === "continue";
  };
  const heard = Array.from({ length: 100 }, () => says(mallory.id, "victim")).filter(Boolean).length;
  assertEquals(heard, MAX);
  for (let at = 0; at < MAX; at++) {
    assert(says(alice.id, "victim"), "others speak of the victim");
    assert(says("victim", "victim"), "the victim speaks for itself");
  }
});
