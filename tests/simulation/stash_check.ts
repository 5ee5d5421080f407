/**
 * What must hold of stashes, whatever happens: who acknowledged one keeps it, nobody keeps what its owner did not seal, and the
 * last one that was called safe comes back.
 * @module
 */
import { MemoryStore } from "../../runtime/primitives/memory_store.ts";
import type { SimulatedNara } from "../../runtime/testing/simulation_nara.ts";
import type { SimulatedTown, SimulationCheck } from "../../runtime/testing/simulation_options.ts";
import { StashService } from "../../services/stash/mod.ts";
import type { StashRecord } from "../../services/stash/record.ts";
import { type Stash, stashCodec } from "../../services/stash/sealed_stash.ts";
import { decodeState } from "../../services/stash/state.ts";

/** Scrapes between two looks at the shelves. */
const SHELVES_EVERY = 10;
/** Milliseconds that a recovery may take when nothing goes wrong. */
const RECOVERY_MS = 120_000;
/** Milliseconds between two looks whether it is over. */
const LOOK_MS = 2_000;

interface Acknowledged {
  readonly sequence: number;
  readonly data: string;
  readonly holders: readonly { readonly nara: SimulatedNara; readonly life: number }[];
}

interface Owner {
  readonly attempts: Set<string>;
  safe: Acknowledged | undefined;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Sets stashes, and knows what became of them. */
export class StashCheck implements SimulationCheck {
  readonly #owners = new Map<SimulatedNara, Owner>();
  #scrapes = 0;
  #count = 0;

  /** A nara sets its stash. */
  async set(nara: SimulatedNara, everybody: readonly SimulatedNara[]): Promise<void> {
    const service = nara.runtime.service(StashService);
    const owner = this.#ownerOf(nara);
    const data = `number ${this.#count++} of nara ${nara.index}`;
    owner.attempts.add(data);
    await service.ready();
    // A life that began with nothing and found nothing in time has started over, as it is allowed to.
    if (!nara.disk && (service.status().sequence ?? 0) < (owner.safe?.sequence ?? 0)) owner.safe = undefined;
    const { sequence, safety, confidants } = await service.setStashData(encoder.encode(data));
    if (safety !== "safe") return;
    const holders = everybody.filter(({ id }) => confidants.includes(id));
    owner.safe = { sequence, data, holders: holders.map((holder) => ({ nara: holder, life: holder.lives })) };
  }

  /** Now and then looks at every shelf. */
  scrape(town: SimulatedTown): void {
    if (this.#scrapes++ % SHELVES_EVERY === 0) this.#lookAtShelves(town);
  }

  /** Everybody loses everything once, and has to get its stash back. Those without a disk come last, for they lose what they hold. */
  async end(town: SimulatedTown): Promise<void> {
    this.#lookAtShelves(town);
    for (const nara of town.naras.toSorted((a, b) => Number(!a.disk) - Number(!b.disk))) {
      const { safe } = this.#ownerOf(nara);
      if (!safe?.holders.some((holder) => isIntact(holder)) || !nara.isAlive) continue;
      await nara.stop();
      await nara.start(new MemoryStore());
      for (let ms = 0; ms < RECOVERY_MS && !this.#isBack(nara, safe); ms += LOOK_MS) {
        await town.clock.sleep(LOOK_MS);
      }
      this.#judge(town, nara, nara.runtime.service(StashService).stash, safe);
      await nara.stop();
      await nara.start();
    }
  }

  #isBack(nara: SimulatedNara, { sequence }: Acknowledged): boolean {
    return (nara.runtime.service(StashService).stash?.sequence ?? -1) >= sequence;
  }

  #judge(town: SimulatedTown, nara: SimulatedNara, stash: Stash | undefined, safe: Acknowledged): void {
    const data = stash && decoder.decode(stash.data);
    const what = `number ${safe.sequence} was called safe`;
    if (!stash || data === undefined) return town.blame("stash", `${what}, and nothing came back`, nara);
    if (!this.#ownerOf(nara).attempts.has(data) || stash.sequence < safe.sequence) {
      return town.blame("stash", `${what}, and number ${stash.sequence} came back: ${data}`, nara);
    }
    const isOther = nara.disk && stash.sequence === safe.sequence && data !== safe.data;
    if (isOther) town.blame("stash", `${what} as "${safe.data}", and came back as "${data}"`, nara);
  }

  #lookAtShelves(town: SimulatedTown): void {
    const shelves = new Map(
      town.naras.filter(({ isAlive }) => isAlive).map((nara) => [nara, new Map(shelfOf(nara))]),
    );
    for (const [holder, shelf] of shelves) {
      for (const [id, record] of shelf) {
        const owner = town.naras.find((nara) => nara.id === id);
        if (owner && sequenceOf(owner, record) !== undefined) continue;
        town.blame("stash", `it keeps something for ${id} that this one did not seal`, holder);
      }
    }
    for (const [owner, { safe }] of this.#owners) {
      for (const holder of safe?.holders ?? []) {
        const record = shelves.get(holder.nara)?.get(owner.id);
        if (!shelves.has(holder.nara) || !isIntact(holder)) continue;
        const sequence = record && sequenceOf(owner, record);
        if (sequence !== undefined && (!owner.disk || sequence >= safe!.sequence)) continue;
        const what = `it acknowledged number ${safe!.sequence} of nara ${owner.index}`;
        town.blame("stash", `${what}, and has ${sequence ?? "nothing"}`, holder.nara);
      }
    }
  }

  #ownerOf(nara: SimulatedNara): Owner {
    let owner = this.#owners.get(nara);
    if (!owner) this.#owners.set(nara, owner = { attempts: new Set(), safe: undefined });
    return owner;
  }
}

/** Whether a holder can still have what it acknowledged. */
function isIntact({ nara, life }: { readonly nara: SimulatedNara; readonly life: number }): boolean {
  return nara.disk !== undefined || nara.lives === life;
}

function shelfOf(nara: SimulatedNara): readonly (readonly [string, StashRecord])[] {
  return decodeState(nara.runtime.service(StashService).marshalState()).shelf;
}

/** The number that the owner sealed; nothing when it did not seal this. */
function sequenceOf({ identity }: SimulatedNara, record: StashRecord): number | undefined {
  try {
    return stashCodec.decode(identity.keypair.open(record)).sequence;
  } catch {
    return undefined;
  }
}
