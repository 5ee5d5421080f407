import { assertEquals, assertGreater, assertLessOrEqual } from "@std/assert";
import * as z from "zod";
import {
  CallError,
  createRuntime,
  meshRequest,
  type Runtime,
  type RuntimeApi,
  type Service,
} from "../../runtime/mod.ts";
import {
  FaultyMesh,
  memoryAddress,
  MemoryMesh,
  SeededRandom,
  VirtualClock,
} from "../../runtime/testing/mod.ts";
import { createIdentity, type Identity } from "../../utilities/identity.ts";
import { assertBalanced } from "../helpers/books.ts";

const Empty = z.strictObject({});
const pong = meshRequest("test:pong", "Answers a ping").withVersion(1, Empty);
const ping = meshRequest("test:ping", "Asks for a pong").withVersion(1, Empty).withReplies(pong);
/** Healthy peers beside the two that are not. */
const HEALTHY = 63;
const ROUNDS = 12;

/** Answers pings, but never those of the naras in `stuckOn`. */
class PingService implements Service {
  readonly name = "ping";
  readonly net: readonly string[] = [];
  readonly stuckOn = new Set<string>();
  rt!: RuntimeApi;

  registerBehaviors(rt: RuntimeApi): void {
    this.rt = rt;
    rt.register(pong);
    rt.register(ping, {
      1: async (message, { signal }) => {
        if (this.stuckOn.has(message.fromId)) {
          return await new Promise((_, reject) => untilAborted(signal, reject));
        }
        await rt.emit(pong.reply(message, {}));
      },
    });
  }
}

function untilAborted(signal: AbortSignal, end: (reason: unknown) => void): void {
  if (signal.aborted) end(signal.reason);
  else signal.addEventListener("abort", () => end(signal.reason), { once: true });
}

interface Nara {
  readonly identity: Identity;
  readonly service: PingService;
  readonly runtime: Runtime;
}

/** A hub and its peers, who know one another, on a mesh where every frame takes 1 to 20 ms. */
async function openTown(clock: VirtualClock): Promise<{ hub: Nara; peers: Nara[]; mesh: FaultyMesh }> {
  const random = new SeededRandom(7);
  const mesh = new FaultyMesh(new MemoryMesh().join, { clock, random, latencyMs: [1, 20], timeoutMs: 5_000 });
  const open = async (index: number): Promise<Nara> => {
    const { identity } = await createIdentity({
      name: `n${index}`,
      keypair: "node",
      random: new SeededRandom(index),
    });
    const service = new PingService();
    const runtime = await createRuntime({ identity, clock, random, mesh: mesh.join, services: [service] });
    await runtime.start();
    return { identity, service, runtime };
  };
  const [hub, ...peers] = await Promise.all(Array.from({ length: HEALTHY + 3 }, (_, index) => open(index)));
  for (const peer of peers) {
    introduce(hub, peer);
    introduce(peer, hub);
  }
  return { hub, peers, mesh };
}

function introduce({ runtime }: Nara, { identity: { id, name, keypair } }: Nara): void {
  runtime.keyring.pin(id, keypair.publicKey, name);
  runtime.keyring.markOurs(id);
  runtime.peers.prove(id, memoryAddress(id), name);
}

/** The 99th percentile, in virtual milliseconds, of pings between the hub and its healthy peers, both ways. */
async function p99Ms(withSick: boolean): Promise<number> {
  const clock = new VirtualClock();
  const { hub, peers, mesh } = await openTown(clock);
  const [dead, sticky, ...healthy] = peers;
  if (withSick) {
    mesh.partition([dead.identity.id], [hub.identity.id]);
    hub.service.stuckOn.add(sticky.identity.id);
  }
  const latencies: number[] = [];
  const measure = async (from: Nara, to: Nara): Promise<void> => {
    const startMs = clock.monotonicMs();
    const draft = ping.draft({}, { to: to.identity.id });
    await from.service.rt.call(draft, pong, { deadlineMs: 10_000 });
    latencies.push(clock.monotonicMs() - startMs);
  };
  const annoy = async (from: Nara, to: Nara): Promise<void> => {
    const draft = ping.draft({}, { to: to.identity.id });
    await from.service.rt.call(draft, pong, { deadlineMs: 10_000 }).catch(() => {});
  };
  const work: Promise<void>[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    for (const peer of healthy) work.push(measure(hub, peer), measure(peer, hub));
    for (let burst = 0; burst < 64; burst++) {
      if (withSick) work.push(annoy(hub, dead), annoy(sticky, hub));
    }
    await clock.advance(100);
  }
  await clock.advance(60_000);
  await Promise.all(work);
  await Promise.all([hub, ...peers].map(async ({ runtime }) => {
    assertBalanced(runtime);
    await runtime.stop();
  }));
  assertEquals(latencies.length, 2 * HEALTHY * ROUNDS);
  return latencies.toSorted((a, b) => a - b)[Math.floor(latencies.length * 0.99)];
}

Deno.test("Runtime: a dead peer and a handler that never ends at most double the p99 of 63 healthy peers", async () => {
  const quietMs = await p99Ms(false);
  const sickMs = await p99Ms(true);
  assertGreater(quietMs, 2); // Two trips of at least a millisecond: the figures are figures.
  assertLessOrEqual(sickMs, 2 * quietMs, `p99 ${sickMs} ms with the two, ${quietMs} ms without`);
});

Deno.test("Runtime: a call to a dead peer fails with a reason, and the next ones at once", async () => {
  const clock = new VirtualClock();
  const { hub, peers: [dead, ...others], mesh } = await openTown(clock);
  mesh.partition([dead.identity.id], [hub.identity.id]);
  const call = () =>
    hub.service.rt.call(ping.draft({}, { to: dead.identity.id }), pong, { deadlineMs: 10_000 }).catch((
      error,
    ) => error);
  const first = call();
  await clock.advance(5_000);
  assertEquals([(await first).code, clock.monotonicMs()], ["unreachable", 5_000]);
  const second = await call(); // Without moving the clock.
  assertEquals([second.code, second instanceof CallError], ["unreachable", false]);
  await Promise.all([hub, dead, ...others].map(({ runtime }) => runtime.stop()));
});
