/**
 * A town of naras on a faulty mesh, all of which stash something; then some of them lose everything.
 * @module
 */
import { createRuntime, type Runtime } from "../../runtime/mod.ts";
import {
  type Faults,
  FaultyMesh,
  memoryAddress,
  MemoryMesh,
  SeededRandom,
  VirtualClock,
} from "../../runtime/testing/mod.ts";
import { PresenceService } from "../../services/presence/mod.ts";
import { StashService } from "../../services/stash/mod.ts";
import { createHashKeypair } from "../../runtime/testing/hash_keypair.ts";
import { createIdentity, type Identity } from "../../utilities/identity.ts";
import { assertBalanced } from "./books.ts";

/** What a town is like. */
export interface TownOptions {
  readonly seed: number;
  readonly naras: number;
  /** How many lose everything, one for every so many naras. */
  readonly losers: number;
  readonly faults: Faults;
  /** The stash's own retries. */
  readonly retries?: number;
  /** Virtual milliseconds in which every loser has to have its stash again. */
  readonly recoverMs: number;
}

/** What became of a town. */
export interface TownReport {
  /** Losers that did not get their stash back, or not the right one. */
  readonly missing: string[];
  /** Losers that never had their stash with two others at least, and so could not lose it by fault of recovery. */
  readonly unsafe: string[];
  /** Virtual milliseconds until the last had it. */
  readonly recoveredMs: number;
  /** Frames per nara, from the start to the end. */
  readonly framesPerNara: number;
}

interface Nara {
  readonly index: number;
  readonly identity: Identity;
  readonly stash: StashService;
  readonly runtime: Runtime;
}

/** Runs a town from its first hey-there to the last recovery. */
export async function runTown(options: TownOptions): Promise<TownReport> {
  const clock = new VirtualClock();
  const mesh = new FaultyMesh(new MemoryMesh().join, {
    clock,
    random: new SeededRandom(options.seed),
    ...options.faults,
  });
  const town = new Town(options, clock, mesh);
  const naras = await town.settle();
  const unsafe = naras.filter(({ stash }) => stash.status().safety !== "safe").map(({ identity }) =>
    identity.name
  );
  const losers = naras.filter(({ index }) => index < options.losers);
  await Promise.all(losers.map(({ runtime }) => runtime.stop()));
  const startMs = clock.monotonicMs();
  const reborn = await Promise.all(losers.map(({ index }) => town.open(index)));
  const isBack = ({ index, stash }: Nara) => sameBytes(stash.stash?.data, dataOf(index));
  await clock.advanceUntil(() => reborn.every(isBack), options.recoverMs);
  const recoveredMs = clock.monotonicMs() - startMs;
  const missing = reborn.filter((nara) => !isBack(nara)).map(({ identity }) => identity.name);
  const living = [...reborn, ...naras.slice(options.losers)];
  await Promise.all(living.map(({ runtime }) => runtime.stop()));
  living.forEach(({ runtime }) => assertBalanced(runtime));
  return { missing, unsafe, recoveredMs, framesPerNara: mesh.frames / options.naras };
}

class Town {
  readonly #options: TownOptions;
  readonly #clock: VirtualClock;
  readonly #mesh: FaultyMesh;

  constructor(options: TownOptions, clock: VirtualClock, mesh: FaultyMesh) {
    this.#options = options;
    this.#clock = clock;
    this.#mesh = mesh;
  }

  /** Opens all, lets them meet, and gives each a stash. */
  async settle(): Promise<Nara[]> {
    const { naras } = this.#options;
    const all = await Promise.all(Array.from({ length: naras }, (_, index) => this.open(index)));
    await this.#clock.advance(60_000);
    const stored = all.map(({ index, stash }) => stash.setStashData(dataOf(index)).catch(() => {}));
    await this.#clock.advance(90_000);
    await Promise.race([Promise.all(stored), this.#clock.advance(60_000)]);
    return all;
  }

  /** Opens a nara with nothing but its soul and one peer. */
  async open(index: number): Promise<Nara> {
    const { seed, naras, retries } = this.#options;
    const identity = await identityOf(index);
    const peer = await identityOf((index + naras - 1) % naras === index ? 0 : (index + naras - 1) % naras);
    const stash = new StashService({ retries });
    const runtime = await createRuntime({
      identity,
      clock: this.#clock,
      random: new SeededRandom(seed * 1_000 + index),
      mesh: this.#mesh.join,
      mayDial: () => true,

      memoryMode: "hog",
      peers: [memoryAddress(peer.id)],
      services: [new PresenceService(), stash],
    });
    await runtime.start();
    return { index, identity, stash, runtime };
  }
}

const identities = new Map<number, Identity>();

/** The same nara in every town. */
async function identityOf(index: number): Promise<Identity> {
  const known = identities.get(index);
  if (known) return known;
  const random = new SeededRandom(1_000_000 + index);
  const { identity } = await createIdentity({ name: `nara ${index}`, keypair: "node", random });
  const cheap = { ...identity, keypair: createHashKeypair(identity.keypair) };
  identities.set(index, cheap);
  return cheap;
}

function dataOf(index: number): Uint8Array {
  return new TextEncoder().encode(`what nara ${index} must not forget`);
}

function sameBytes(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && a.length === b.length && a.every((byte, at) => byte === b[at]);
}
