import { assertEquals, assertStrictEquals } from "@std/assert";
import { IDLE_MS, IdleChains } from "../../runtime/idle_chains.ts";
import { Chain } from "../../runtime/pipeline.ts";
import type { Registered } from "../../runtime/registry.ts";
import { continueWith, drop } from "../../runtime/stage.ts";
import { VirtualClock } from "../../runtime/testing/virtual_clock.ts";
import { messageOf, stageContext } from "../helpers/stage_context.ts";

/** A kind whose only stage takes as long as a message says. */
function rig() {
  const clock = new VirtualClock();
  const idle = new IdleChains(clock);
  const registered = {} as Registered;
  let compiled = 0;
  const compile = () => {
    compiled++;
    return new Chain({
      stages: [{
        order: "peer",
        name: "slow",
        describe: () => "slow",
        process: async (message) => {
          await clock.sleep((message.payload as { ms: number }).ms);
          return continueWith(message);
        },
      }],
      context: stageContext({ clock }),
      laneOf: () => "",
      whenBusy: () => drop("peer_busy"),
      isOrdered: false,
    });
  };
  const send = (ms: number) =>
    new Promise<string>((resolve) =>
      idle.chain(registered, "emitChain", compile).push(
        messageOf({ payload: { ms } }),
        ({ outcome }) => resolve(outcome),
      )
    );
  return {
    clock,
    registered,
    send,
    compiled: () => compiled,
    [Symbol.asyncDispose]: async () => {
      idle[Symbol.dispose]();
      await registered.emitChain?.close();
    },
  };
}

Deno.test("IdleChains gives a chain back when no message came for two minutes, and compiles it anew for the next", async () => {
  await using one = rig();
  const first = one.send(0);
  await one.clock.advance(1);
  assertEquals(await first, "continue");
  const chain = one.registered.emitChain;
  await one.clock.advance(IDLE_MS - 2);
  assertStrictEquals(one.registered.emitChain, chain);
  await one.clock.advance(1);
  assertStrictEquals(one.registered.emitChain, undefined);
  const next = one.send(0);
  await one.clock.advance(1);
  assertEquals([await next, one.compiled()], ["continue", 2]);
});

Deno.test("IdleChains keeps a chain for as long as messages come, and while one is inside", async () => {
  await using one = rig();
  for (let count = 0; count < 3; count++) {
    const sent = one.send(0);
    await one.clock.advance(IDLE_MS / 2 + 1);
    assertEquals(await sent, "continue");
  }
  const slow = one.send(3 * IDLE_MS);
  await one.clock.advance(3 * IDLE_MS);
  assertEquals([await slow, one.compiled()], ["continue", 1]);
  await one.clock.advance(2 * IDLE_MS);
  assertStrictEquals(one.registered.emitChain, undefined);
});
