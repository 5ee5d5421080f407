/**
 * A thousand naras on the memory mesh in one process, each of which sends signed messages to the next.
 * @module
 */
import { createRuntime, type Runtime } from "../../../runtime/mod.ts";
import { memoryAddress, MemoryMesh } from "../../../runtime/testing/mod.ts";
import { IDLE_MS } from "../../../runtime/idle_chains.ts";
import { type Clock, systemClock } from "../../../utilities/clock.ts";
import { createIdentity } from "../../../utilities/identity.ts";
import { heapKiB, NARAS } from "../floors/mesh_1000.ts";
import type { KeypairName, Rig, Signatures } from "../harness.ts";
import { counted } from "./counted_keypair.ts";
import { BenchService, parcel, PAYLOAD } from "./service.ts";

/** The machine's time, with a jump: so that idle chains need not be waited for. */
class JumpingClock implements Clock {
  readonly #sleepers = new Set<{ readonly atMs: number; readonly wake: () => void }>();
  #aheadMs = 0;

  nowNs(): bigint {
    return systemClock.nowNs();
  }

  monotonicMs(): number {
    return systemClock.monotonicMs() + this.#aheadMs;
  }

  sleep(ms: number, { signal }: { signal?: AbortSignal } = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      const sleeper = { atMs: this.monotonicMs() + ms, wake: resolve };
      this.#sleepers.add(sleeper);
      signal?.addEventListener("abort", () => {
        this.#sleepers.delete(sleeper);
        reject(signal.reason);
      }, { once: true });
    });
  }

  /** Lets `ms` pass at once, for all who sleep. */
  jump(ms: number): void {
    this.#aheadMs += ms;
    for (const sleeper of this.#sleepers) {
      if (sleeper.atMs > this.monotonicMs()) continue;
      this.#sleepers.delete(sleeper);
      sleeper.wake();
    }
  }
}

interface Citizen {
  readonly runtime: Runtime;
  readonly service: BenchService;
}

/** Makes the town, and measures what it holds before and after everybody has said something. */
export async function open(keypair: KeypairName): Promise<Rig> {
  const count: Signatures = { signed: 0, verified: 0 };
  const clock = new JumpingClock();
  const identities = await Promise.all(
    Array.from({ length: NARAS }, (_, index) => createIdentity({ name: `nara-${index}`, keypair })),
  );
  const before = await heapKiB();
  const startedMs = performance.now();
  const mesh = new MemoryMesh();
  const citizens: Citizen[] = [];
  for (const { identity } of identities) {
    const service = new BenchService();
    const me = { ...identity, keypair: counted(identity.keypair, count) };
    const runtime = await createRuntime({ identity: me, services: [service], mesh: mesh.join, clock });
    await runtime.start();
    citizens.push({ runtime, service });
  }
  const startMs = performance.now() - startedMs;
  const quiet = await heapKiB();
  citizens.forEach(({ runtime: { peers, keyring } }, index) => {
    const [before, behind] = [index - 1, index + 1].map((at) => citizens.at(at % NARAS)!.runtime.me);
    for (const { id, publicKey, name } of [before, behind]) {
      keyring.pin(id, publicKey, name);
      keyring.markOurs(id);
    }
    peers.prove(behind.id, memoryAddress(behind.id), behind.name);
  });
  let next = 0;
  const once = async () => {
    const index = next++ % NARAS;
    const { me: { id: to } } = citizens[(index + 1) % NARAS].runtime;
    const { receipt } = await citizens[index].service.rt.emit(parcel.draft(PAYLOAD, { to }));
    if (receipt?.outcome !== "handled") {
      throw new Error(`a message was not handled: ${JSON.stringify(receipt)}`);
    }
  };
  for (let index = 0; index < NARAS; index++) await once();
  const busy = await heapKiB();
  clock.jump(2 * IDLE_MS);
  const idle = await heapKiB();
  const each = (kib: number) => (kib - before) / NARAS;
  return {
    count,
    once,
    figures: {
      "start-ms": startMs,
      "kib-per-nara": each(quiet),
      "kib-with-chains": each(busy),
      "kib-when-idle": each(idle),
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(citizens.map(({ runtime }) => runtime.stop()));
    },
  };
}
