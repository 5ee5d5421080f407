import { assert, assertEquals, assertGreater, assertLess, assertNotEquals, assertRejects } from "@std/assert";
import { type Faults, FaultyMesh } from "../../../runtime/testing/faulty_mesh.ts";
import { meshHost } from "../../../runtime/testing/mesh_town.ts";
import { SeededRandom } from "../../../runtime/testing/seeded_random.ts";
import { VirtualClock } from "../../../runtime/testing/virtual_clock.ts";
import { MemoryMesh } from "../../../runtime/transport/memory_mesh.ts";
import { MeshError, type MeshTransport } from "../../../runtime/transport/mesh.ts";
import { alice, mallory, me } from "../../helpers/stage_context.ts";

/** Three naras on a mesh with these faults; each takes every frame and answers at once. */
async function town(faults: Faults = {}, seed = 1) {
  const clock = new VirtualClock();
  const mesh = new FaultyMesh(new MemoryMesh().join, { clock, random: new SeededRandom(seed), ...faults });
  const arrived: string[] = [];
  const join = async (identity: typeof me): Promise<MeshTransport> => {
    const transport = await mesh.join(meshHost({ identity, clock, mayDial: () => true }));
    void (async () => {
      for await (const { frame, settle } of transport.inbound) {
        arrived.push(`${frame[0]} at ${clock.monotonicMs()}`);
        settle({ outcome: "handled" }, new Uint8Array([frame[0]]));
      }
    })();
    return transport;
  };
  const [mine, hers, third] = [await join(me), await join(alice), await join(mallory)];
  return {
    clock,
    mesh,
    arrived,
    mine,
    hers,
    third,
    /** Sends frames from me to alice, all at once, and tells how each ended. */
    async send(count: number, to = alice.id): Promise<string[]> {
      const sends = Array.from({ length: count }, (_, at) =>
        mine.send(new Uint8Array([at]), to).then(
          ({ receipt }) => `${receipt.outcome} at ${clock.monotonicMs()}`,
          (thrown) => `${thrown.code} at ${clock.monotonicMs()}`,
        ));
      await clock.advance(20_000);
      return await Promise.all(sends);
    },
    async [Symbol.asyncDispose](): Promise<void> {
      for (const transport of [mine, hers, third]) await transport[Symbol.asyncDispose]();
    },
  };
}

function numbers(arrived: readonly string[]): number[] {
  return arrived.map((text) => parseInt(text));
}

Deno.test("FaultyMesh without faults is the mesh that it wraps", async () => {
  await using made = await town();
  assertEquals(await made.send(5), Array(5).fill("handled at 0"));
  assertEquals(made.arrived, ["0 at 0", "1 at 0", "2 at 0", "3 at 0", "4 at 0"]);
  assertEquals([made.mesh.frames, made.mesh.lost, made.mine.name, made.mine.address], [
    5,
    0,
    "faulty memory",
    `memory:${me.id}`,
  ]);
  const toAddress = made.mine.sendToAddress(new Uint8Array([9]), `memory:${alice.id}`);
  await made.clock.advance(0);
  assertEquals((await toAddress).reply, new Uint8Array([9]));
  assertEquals((await made.send(1, "nobody"))[0].split(" ")[0], "unreachable");
});

Deno.test("FaultyMesh loses everything at a rate of 1: nothing arrives, and the sender times out", async () => {
  await using made = await town({ lossRate: 1, timeoutMs: 3_000 });
  assertEquals(await made.send(3), Array(3).fill("unreachable at 3000"));
  assertEquals([made.arrived, made.mesh.frames, made.mesh.lost], [[], 3, 3]);
});

Deno.test("FaultyMesh loses frames and answers, each at its rate", async () => {
  await using made = await town({ lossRate: 0.2 });
  let failed = 0;
  for (let round = 0; round < 20; round++) {
    failed += (await made.send(50)).filter((outcome) => outcome.startsWith("unreachable")).length;
  }
  const lostFrames = 1_000 - made.arrived.length;
  assertGreater(lostFrames, 150);
  assertLess(lostFrames, 250);
  assertGreater(failed - lostFrames, 110); // Of the 800 answers.
  assertLess(failed - lostFrames, 210);
  assertEquals(made.mesh.lost, failed);
});

Deno.test("FaultyMesh doubles frames: everything arrives twice at a rate of 1, and is answered once", async () => {
  await using made = await town({ duplicateRate: 1, latencyMs: [10, 10] });
  assertEquals(await made.send(3), Array(3).fill("handled at 20"));
  assertEquals([numbers(made.arrived).toSorted(), made.mesh.frames], [[0, 0, 1, 1, 2, 2], 6]);
});

Deno.test("FaultyMesh delays frames and answers by its latency, each way", async () => {
  await using made = await town({ latencyMs: [100, 200] });
  const outcomes = await made.send(20);
  const times = outcomes.map((outcome) => Number(outcome.split(" at ")[1]));
  assert(times.every((ms) => ms >= 200 && ms <= 400), times.join());
  assert(made.arrived.map((text) => Number(text.split(" at ")[1])).every((ms) => ms >= 100 && ms <= 200));
  assertGreater(new Set(times).size, 5);
});

Deno.test("FaultyMesh holds frames back, so that later ones overtake them", async () => {
  await using made = await town({ reorderRate: 0.5, reorderMs: 300 });
  await made.send(30);
  const order = numbers(made.arrived);
  assertEquals(order.toSorted((a, b) => a - b), Array.from({ length: 30 }, (_, at) => at));
  assertNotEquals(order, order.toSorted((a, b) => a - b));
});

Deno.test("FaultyMesh.partition() cuts one side off from the other until it heals; who is on no side reaches everybody", async () => {
  await using made = await town({ timeoutMs: 1_000 });
  made.mesh.partition([me.id], [alice.id]);
  assertEquals(await made.send(1), ["unreachable at 1000"]);
  assertEquals((await made.send(1, mallory.id))[0].split(" ")[0], "handled");
  const back = assertRejects(
    () => made.hers.sendToAddress(new Uint8Array([1]), `memory:${me.id}`),
    MeshError,
  );
  await made.clock.advance(1_000);
  assertEquals((await back).code, "unreachable");
  assertEquals(made.arrived.length, 1);
  made.mesh.heal();
  assertEquals((await made.send(1))[0].split(" ")[0], "handled");
  made.mesh.partition([me.id, alice.id], [mallory.id]);
  assertEquals((await made.send(1))[0].split(" ")[0], "handled");
});

Deno.test("FaultyMesh.set() changes what it is told, from now on", async () => {
  await using made = await town({ lossRate: 1, latencyMs: [50, 50] });
  assertEquals((await made.send(1))[0].split(" ")[0], "unreachable");
  made.mesh.set({ lossRate: 0 });
  const before = made.clock.monotonicMs();
  assertEquals(await made.send(1), [`handled at ${before + 100}`]);
});

Deno.test("FaultyMesh takes a receiver that never answers for one that is not there", async () => {
  const clock = new VirtualClock();
  const mesh = new FaultyMesh(new MemoryMesh().join, {
    clock,
    random: new SeededRandom(1),
    timeoutMs: 2_000,
  });
  const mine = await mesh.join(meshHost({ identity: me, clock }));
  const hers = await mesh.join(meshHost({ identity: alice, clock }));
  const failed = assertRejects(
    () => mine.send(new Uint8Array([1]), alice.id),
    MeshError,
    "no answer within 2000 ms",
  );
  await clock.advance(2_000);
  assertEquals((await failed).code, "unreachable");
  assertEquals(clock.pending, 0);
  await mine[Symbol.asyncDispose]();
  await hers[Symbol.asyncDispose]();
});

Deno.test("FaultyMesh gives up when the sender's signal aborts, and refuses who has left", async () => {
  await using made = await town({ lossRate: 1 });
  const controller = new AbortController();
  const failed = assertRejects(
    () => made.mine.send(new Uint8Array([1]), alice.id, controller),
    Error,
    "enough",
  );
  await made.clock.advance(10);
  controller.abort(new Error("enough"));
  await failed;
  assertEquals(made.clock.pending, 0);
  await made.mine[Symbol.asyncDispose]();
  assertEquals(
    (await assertRejects(() => made.mine.send(new Uint8Array([1]), alice.id), MeshError)).code,
    "closed",
  );
});

Deno.test("FaultyMesh fails what is under way when its sender leaves, lost or late, and leaves no timer behind", async () => {
  for (
    const faults of [{ lossRate: 1 }, { latencyMs: [1_000, 1_000] }, {
      duplicateRate: 1,
      reorderRate: 1,
    }] as Faults[]
  ) {
    await using made = await town(faults);
    const failed = assertRejects(() => made.mine.send(new Uint8Array([1]), alice.id), MeshError);
    await made.clock.advance(10);
    await made.mine[Symbol.asyncDispose]();
    assertEquals((await failed).code, "closed");
    await made.clock.advance(0);
    assertEquals(made.clock.pending, 0);
  }
});

Deno.test("FaultyMesh runs the same again from the same seed, and differently from another", async () => {
  const faults: Faults = { lossRate: 0.2, duplicateRate: 0.3, reorderRate: 0.3, latencyMs: [5, 50] };
  const run = async (seed: number) => {
    await using made = await town(faults, seed);
    const outcomes = await made.send(40);
    return { outcomes, arrived: made.arrived, frames: made.mesh.frames, lost: made.mesh.lost };
  };
  assertEquals(await run(42), await run(42));
  assertNotEquals(await run(42), await run(43));
});

Deno.test("FaultyMesh.cut() loses what goes one way: the frame arrives, and its answer does not", async () => {
  await using made = await town({ timeoutMs: 3_000 });
  made.mesh.cut(alice.id, me.id);
  assertEquals(await made.send(1), ["unreachable at 3000"]);
  assertEquals(made.arrived, ["0 at 0"]);
  made.mesh.cut(me.id, alice.id);
  assertEquals((await made.send(1)).length, 1);
  assertEquals(made.arrived.length, 1);
  made.mesh.mend(alice.id, me.id);
  made.mesh.mend(me.id, alice.id);
  assertEquals((await made.send(1))[0].split(" ")[0], "handled");
});

Deno.test("FaultyMesh.isolate() makes a nara silent, whatever is healed, until it rejoins", async () => {
  await using made = await town({ timeoutMs: 3_000 });
  made.mesh.isolate(alice.id);
  made.mesh.heal();
  assertEquals((await made.send(1))[0].split(" ")[0], "unreachable");
  assertEquals(made.arrived, []);
  made.mesh.rejoin(alice.id);
  assertEquals((await made.send(1))[0].split(" ")[0], "handled");
});
