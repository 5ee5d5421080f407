import { assert, assertEquals } from "@std/assert";
import { createLogger, type LogRecord } from "../../../runtime/primitives/logger.ts";
import { MemoryStore } from "../../../runtime/primitives/memory_store.ts";
import { ServiceStore } from "../../../runtime/primitives/store.ts";
import type { RuntimeApi } from "../../../runtime/service.ts";
import { SeededRandom } from "../../../runtime/testing/seeded_random.ts";
import { VirtualClock } from "../../../runtime/testing/virtual_clock.ts";
import { Background } from "../../../services/stash/background.ts";
import { Confidants } from "../../../services/stash/confidants.ts";
import type { Distributor } from "../../../services/stash/distributor.ts";
import type { OwnCopy } from "../../../services/stash/own_stash.ts";
import { StashError } from "../../../services/stash/stash_error.ts";
import { Turns } from "../../../services/stash/turns.ts";
import { Upkeep } from "../../../services/stash/upkeep.ts";

/** An upkeep over a distributor that notes what it should do. */
function setUp() {
  const clock = new VirtualClock();
  const controller = new AbortController();
  const { signal } = controller;
  const logs: LogRecord[] = [];
  const log = createLogger("stash", (record) => void logs.push(record));
  const steps: string[] = [];
  const online: string[] = [];
  const copy: OwnCopy = {
    stash: { sequence: 1, data: new Uint8Array() },
    record: { nonce: new Uint8Array(24), ciphertext: Uint8Array.of(1), storedAt: 0 },
  };
  const own = { current: copy as OwnCopy | undefined, sequence: 1 };
  const confidants = new Confidants(new ServiceStore(new MemoryStore(), "stash"), clock);
  const world = { forgets: false, distributing: () => Promise.resolve() };
  const distributor: Pick<Distributor, "storeWith" | "distribute"> = {
    storeWith: (id) => {
      steps.push(`store with ${id}`);
      return world.forgets ? Promise.reject(new StashError("refused", "no")) : Promise.resolve();
    },
    distribute: async (signal) => {
      steps.push("distribute");
      signal?.addEventListener("abort", () => steps.push("give way"));
      await world.distributing();
      return { sequence: 1, confidants: [], target: 3, safety: "unsafe" };
    },
  };
  const background = new Background({ log, signal });
  const upkeep = new Upkeep({
    clock,
    log,
    signal,
    random: new SeededRandom(1),
    peers: { online: () => online.map((id) => ({ id, name: id, uptimeMs: 0 })) } as RuntimeApi["peers"],
  }, { own, confidants, distributor: distributor as Distributor, changes: new Turns(4), background });
  return { upkeep, clock, controller, own, confidants, steps, online, world, background, logs };
}

Deno.test("Upkeep looks every minute, and distributes where fewer than three keep the stash", async () => {
  const { upkeep, clock, confidants, steps, own, controller, background } = setUp();
  for (const id of ["ada", "ben"]) await confidants.confirm(id, 1);
  upkeep.start();
  await clock.advance(59_999);
  assertEquals(steps, []);
  await clock.advance(1);
  assertEquals(steps, ["distribute"]);
  await confidants.confirm("cleo", 1);
  await clock.advance(60_000);
  assertEquals(steps, ["distribute"]);
  await confidants.confirm("cleo", 0);
  own.current = undefined;
  await clock.advance(60_000);
  assertEquals(steps, ["distribute"]);
  controller.abort();
  await background.idle();
  assertEquals(clock.pending, 0);
});

Deno.test("Upkeep forgets confidants who are away for five minutes", async () => {
  const { upkeep, clock, confidants, online, controller, steps } = setUp();
  for (const id of ["ada", "ben", "cleo"]) await confidants.confirm(id, 1);
  online.push("ada", "ben");
  upkeep.start();
  await clock.advance(299_999);
  assertEquals(steps, []);
  await clock.advance(60_000);
  assertEquals(confidants.holding(1), ["ada", "ben"]);
  assertEquals(steps[0], "distribute");
  controller.abort();
});

Deno.test("Upkeep.greetedBy() brings the stash again to a confidant that started anew, once and not at once", async () => {
  const { upkeep, clock, confidants, steps } = setUp();
  await confidants.confirm("ada", 1);
  await confidants.confirm("old", 0);
  for (const id of ["ada", "old", "nobody"]) {
    upkeep.greetedBy(id, 10);
    upkeep.greetedBy(id, 20);
    upkeep.greetedBy(id, 30);
  }
  await clock.advance(1_999);
  assertEquals(steps, []);
  await clock.advance(3_001);
  assertEquals(steps, ["store with ada"]);
  upkeep.greetedBy("ada", 40);
  await clock.advance(5_000);
  assertEquals(steps, ["store with ada", "store with ada"]);
});

Deno.test("Upkeep.greetedBy() replaces a confidant that started anew and takes no copy", async () => {
  const { upkeep, clock, confidants, steps, world, logs } = setUp();
  for (const id of ["ada", "ben", "cleo"]) await confidants.confirm(id, 1);
  world.forgets = true;
  upkeep.greetedBy("ada", 10);
  upkeep.greetedBy("ada", 20);
  await clock.advance(5_000);
  assertEquals(steps, ["store with ada", "distribute"]);
  assertEquals(confidants.holding(1), ["ben", "cleo"]);
  assertEquals(logs.map(({ level }) => level), ["info", "info"]);
});

Deno.test("Upkeep forgets nobody because it is stopped", async () => {
  const { upkeep, clock, confidants, steps, controller, background, logs } = setUp();
  await confidants.confirm("ada", 1);
  upkeep.greetedBy("ada", 10);
  upkeep.greetedBy("ada", 20);
  controller.abort(new Error("stopping"));
  await background.idle();
  assertEquals([confidants.holding(1), steps, logs, clock.pending], [["ada"], [], [], 0]);
});

Deno.test("Upkeep.giveWay() ends a distribution that runs by itself, and there is only one of them", async () => {
  const { upkeep, clock, steps, world, background, logs } = setUp();
  const { promise, reject } = Promise.withResolvers<void>();
  world.distributing = () => promise;
  upkeep.giveWay();
  upkeep.topUp();
  upkeep.topUp();
  await clock.advance(1);
  assertEquals(steps, ["distribute"]);
  upkeep.giveWay();
  reject(new Error("aborted"));
  await background.idle();
  assertEquals([steps, logs], [["distribute", "give way"], []]);
  world.distributing = () => Promise.reject(new StashError("busy", "too much"));
  upkeep.topUp();
  await background.idle();
  assert(logs.some(({ level }) => level === "warn"));
});
