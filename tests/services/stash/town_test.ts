/**
 * The stash among naras that really talk: presence, a mesh in memory, virtual time.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { createRuntime, type Runtime } from "../../../runtime/runtime.ts";
import { type Faults, FaultyMesh } from "../../../runtime/testing/faulty_mesh.ts";
import { SeededRandom } from "../../../runtime/testing/seeded_random.ts";
import { VirtualClock } from "../../../runtime/testing/virtual_clock.ts";
import { memoryAddress, MemoryMesh } from "../../../runtime/transport/memory_mesh.ts";
import { PresenceService } from "../../../services/presence/service.ts";
import { DATA_BYTES_MAX } from "../../../services/stash/sealed_stash.ts";
import { type StashOptions, StashService } from "../../../services/stash/service.ts";
import { createIdentity, type Identity } from "../../../utilities/identity.ts";

/** Some naras on one mesh, all from one seed. Each is given the first as its peer and finds the others. */
class Town implements AsyncDisposable {
  readonly clock = new VirtualClock();
  readonly random: SeededRandom;
  readonly mesh: FaultyMesh;
  readonly identities: Identity[] = [];
  readonly #runtimes = new Map<string, Runtime>();
  readonly #options: StashOptions;

  constructor({ seed = 1, faults = {}, ...options }: StashOptions & { seed?: number; faults?: Faults } = {}) {
    this.random = new SeededRandom(seed);
    this.mesh = new FaultyMesh(new MemoryMesh().join, { clock: this.clock, random: this.random, ...faults });
    this.#options = options;
  }

  async add(name: string): Promise<StashService> {
    const { identity } = await createIdentity({ name, keypair: "node", random: this.random });
    this.identities.push(identity);
    return await this.live(identity, this.identities[0]);
  }

  /** A life of `identity`, with nothing on disk and one peer. */
  async live(identity: Identity, peer: Identity): Promise<StashService> {
    const { clock, random, mesh } = this;
    const runtime = await createRuntime({
      identity,
      clock,
      random,
      mesh: mesh.join,
      services: [new PresenceService(), new StashService(this.#options)],
      peers: [memoryAddress(peer.id)],
      mayDial: () => true,
    });
    this.#runtimes.set(identity.id, runtime);
    await runtime.start();
    return this.stash(identity);
  }

  stash(identity: Identity): StashService {
    return this.#runtimes.get(identity.id)!.service(StashService);
  }

  async end(identity: Identity): Promise<void> {
    await this.#runtimes.get(identity.id)?.stop();
    this.#runtimes.delete(identity.id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#runtimes.values().map((runtime) => runtime.stop()));
  }
}

async function townOf(count: number, options?: ConstructorParameters<typeof Town>[0]): Promise<Town> {
  const town = new Town(options);
  for (let index = 0; index < count; index++) await town.add(`nara ${index}`);
  await town.clock.advance(130_000); // Two rounds of greetings: everybody knows everybody.
  return town;
}

/** What `promise` resolves with, once the clock has moved far enough. */
async function within<T>(ms: number, { clock }: Town, promise: Promise<T>): Promise<T> {
  let isOver = false;
  promise.then(() => isOver = true, () => isOver = true);
  assert(await clock.advanceUntil(() => isOver, ms), `it must end within ${ms} virtual ms`);
  return await promise;
}

Deno.test("StashService loses everything and gets it back, to the last byte", async () => {
  await using town = await townOf(5);
  const [first, , me] = town.identities;
  const data = town.random.bytes(DATA_BYTES_MAX);
  const { safety, confidants } = await within(60_000, town, town.stash(me).setStashData(data));
  assertEquals(safety, "safe");

  await town.end(me);
  const stash = await town.live(me, first);
  const report = await within(5_000, town, stash.recovered());
  assertEquals([report.copies, report.sequence, report.isRecovered], [3, 1, true]);
  assertEquals(report.confidants.toSorted(), confidants.toSorted());
  assertEquals(stash.stash, { sequence: 1, data });
  assertEquals(stash.status().safety, "safe");
  assertEquals((await within(60_000, town, stash.setStashData(data))).sequence, 2);
});

Deno.test("StashService recovers from two of three, and brings the stash to a third again", async () => {
  await using town = await townOf(6);
  const [first, , me] = town.identities;
  const before = await within(60_000, town, town.stash(me).setStashData(Uint8Array.of(1, 2, 3)));
  const lost = town.identities.find(({ id }) => id !== first.id && before.confidants.includes(id))!;
  await town.end(me);
  await town.end(lost);
  const stash = await town.live(me, first);
  const report = await within(20_000, town, stash.recovered());
  assertEquals(report.copies, 2);
  await town.clock.advance(30_000);
  const { safety, confidants } = stash.status();
  assertEquals(safety, "safe");
  assert(!confidants.some(({ id }) => id === lost.id));
});

Deno.test("StashService replaces a confidant that has been away for five minutes", async () => {
  await using town = await townOf(6);
  const [first, , me] = town.identities;
  const stash = town.stash(me);
  const { confidants } = await within(60_000, town, stash.setStashData(Uint8Array.of(1)));
  const gone = town.identities.find(({ id }) => id !== first.id && confidants.includes(id))!;
  await town.end(gone);
  await town.clock.advance(240_000);
  assert(stash.status().confidants.some(({ id }) => id === gone.id), "four minutes are no reason");
  await town.clock.advance(400_000);
  assertEquals(stash.status().safety, "safe");
  assert(!stash.status().confidants.some(({ id }) => id === gone.id));
});

Deno.test("StashService brings the stash again to a confidant that has lost it", async () => {
  await using town = await townOf(6);
  const [first, , me] = town.identities;
  const stash = town.stash(me);
  const { confidants } = await within(60_000, town, stash.setStashData(Uint8Array.of(1)));
  const forgetful = town.identities.find(({ id }) => id !== first.id && confidants.includes(id))!;
  await town.end(forgetful);
  const reborn = await town.live(forgetful, first);
  assertEquals(reborn.status().owners, 0);
  await town.clock.advance(10_000);
  assertEquals(reborn.status().owners, 1);
  assertEquals((await within(10_000, town, stash.requestFrom(forgetful.id)))?.data, Uint8Array.of(1));
});

Deno.test("StashService finds other confidants where one has no room", async () => {
  await using town = await townOf(8, { ownersMax: 2 });
  const storing = town.identities.slice(0, 4).map((me) => town.stash(me).setStashData(Uint8Array.of(1)));
  const distributions = await within(120_000, town, Promise.all(storing));
  assertEquals(distributions.map(({ safety }) => safety), ["safe", "safe", "safe", "safe"]);
  for (const identity of town.identities) assert(town.stash(identity).status().owners <= 2);
});

for (const seed of [1, 2, 3]) {
  Deno.test(`StashService recovers over a mesh that loses, doubles and reorders, seed ${seed}`, async () => {
    const faults = { lossRate: 0.2, duplicateRate: 0.1, reorderRate: 0.2, latencyMs: [5, 50] as const };
    await using town = await townOf(12, { seed, faults });
    const [first, , me] = town.identities;
    const data = town.random.bytes(1_000);
    const { safety } = await within(120_000, town, town.stash(me).setStashData(data));
    assertEquals(safety, "safe");
    await town.end(me);
    const stash = await town.live(me, first);
    const report = await within(120_000, town, stash.recovered());
    assert(report.copies >= 2, `${report.copies} copies, you can reproduce this failure with seed=${seed}`);
    assertEquals(stash.stash?.data, data);
  });
}
