/**
 * A town with presence, on a mesh in memory whose addresses are places: whoever moves has another one.
 * @module
 */
import { MemoryStore } from "../../runtime/primitives/memory_store.ts";
import { createRuntime, type Runtime, type RuntimeConfig } from "../../runtime/runtime.ts";
import { SeededRandom } from "../../runtime/testing/seeded_random.ts";
import { VirtualClock } from "../../runtime/testing/virtual_clock.ts";
import { MemoryMesh } from "../../runtime/transport/memory_mesh.ts";
import { MeshError, type MeshFactory } from "../../runtime/transport/mesh.ts";
import { PresenceService } from "../../services/presence/service.ts";
import type { Identity } from "../../utilities/identity.ts";
import { assertBalanced } from "./books.ts";
import { note, Recorder } from "./kinds.ts";
import { naraNamed } from "./stage_context.ts";

/** A nara of the town. */
export interface Resident {
  /** Who it is. */
  readonly identity: Identity;
  /** Its id. */
  readonly id: string;
  /** Where it lives. */
  readonly address: string;
  /** Its runtime. */
  readonly runtime: Runtime;
  /** Its presence. */
  readonly presence: PresenceService;
  /** A service that speaks notes. */
  readonly notes: Recorder;
  /** What outlives its process. */
  readonly store: MemoryStore;
  /** Addresses that it sent something to. */
  readonly dialled: string[];
}

/** How a nara moves in. */
export interface MoveInOptions extends Pick<RuntimeConfig, "peers" | "mayDial" | "store"> {
  /** Who it is. @default {whoever has this name} */
  readonly identity?: Identity;
  /** Where it lives. @default {a place of the same name} */
  readonly address?: string;
}

/** A place where naras find one another. Dispose of it to stop them all. */
export class PresenceTown implements AsyncDisposable {
  /** Everybody's time. */
  readonly clock: VirtualClock = new VirtualClock();
  readonly #mesh = new MemoryMesh();
  readonly #occupants = new Map<string, string>();
  readonly #residents = new Set<Resident>();

  /** A nara moves in, and starts. It may dial any place unless told otherwise. */
  async moveIn(name: string, options: MoveInOptions = {}): Promise<Resident> {
    const { address = `place:${name}`, peers, mayDial = () => true, store = new MemoryStore() } = options;
    const identity = options.identity ?? await naraNamed(name);
    const [presence, notes, dialled] = [new PresenceService(), new Recorder(note), [] as string[]];
    const runtime = await createRuntime({
      identity,
      services: [presence, notes],
      clock: this.clock,
      random: new SeededRandom(this.#residents.size + 1),
      mesh: this.#joinAt(address, dialled),
      peers,
      mayDial,
      store,
    });
    await runtime.start();
    const resident = {
      identity,
      id: identity.id,
      address,
      runtime,
      presence,
      notes,
      store: store as MemoryStore,
      dialled,
    };
    this.#residents.add(resident);
    return resident;
  }

  /** A nara stops. Its store outlives it. */
  async moveOut(resident: Resident): Promise<void> {
    await resident.runtime.stop();
    assertBalanced(resident.runtime);
    this.#occupants.delete(resident.address);
    this.#residents.delete(resident);
  }

  /** Stops everybody. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const resident of [...this.#residents]) await this.moveOut(resident);
  }

  #joinAt(address: string, dialled: string[]): MeshFactory {
    return async (host) => {
      const inner = await this.#mesh.join(host);
      this.#occupants.set(address, host.me.id);
      const occupant = (there: string): string => {
        dialled.push(there);
        const id = this.#occupants.get(there);
        if (id !== undefined) return id;
        throw new MeshError("unreachable", `Cannot reach ${there}: nobody lives there`);
      };
      return {
        name: "places",
        features: inner.features,
        address,
        inbound: inner.inbound,
        send: async (frame, to, options) => {
          const there = host.addressOf(to);
          if (!there) throw new MeshError("unreachable", `Cannot reach ${to}: it has no proven address`);
          return await inner.send(frame, occupant(there), options);
        },
        sendToAddress: async (frame, there, options) => {
          if (!host.mayDial(there)) throw new MeshError("refused", `Cannot send to ${there}: not allowed`);
          return await inner.send(frame, occupant(there), options);
        },
        [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
      };
    };
  }
}
