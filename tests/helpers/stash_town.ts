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
import { shuffled } from "../../utilities/random.ts";
import { assertBalanced } from "./books.ts";

/** What a town is like. */
export interface TownOptions {
  readonly seed: number;
  readonly naras: number;
  /** How many lose everything at once; of each one's confidants two at least live on. */
  readonly losers: number;
  readonly faults: Faults;
  /** Whether anything is tried twice. */
  readonly isPersistent: boolean;
  /** Virtual milliseconds in which every loser has to have its stash again. */
  readonly recoverMs: number;
}

/** What became of a town. */
export interface TownReport {
  /** How many have their stash with fewer than two others when disaster strikes. */
  readonly unsafe: number;
  /** Losers that did not get their stash back, or not the right one. */
  readonly missing: string[];
  /** Virtual seconds until the last had it. */
  readonly recoveredS: number;
  /** Frames per nara and virtual minute, from the start to the end. */
  readonly framesPerMinute: number;
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
  const random = new SeededRandom(options.seed);
  const mesh = new FaultyMesh(new MemoryMesh().join, { clock, random, ...options.faults });
  const town = new Town(options, clock, mesh);
  const naras = await town.settle();
  const unsafe = naras.filter(({ stash }) => stash.status().safety === "unsafe").length;
  const losers = chosenLosers(naras, options.losers, random);
  await Promise.all(losers.map(({ runtime }) => runtime.stop()));
  const startMs = clock.monotonicMs();
  const reborn = await Promise.all(losers.map(({ index }) => town.open(index, false)));
  const isBack = ({ index, stash }: Nara) => sameBytes(stash.stash?.data, dataOf(index));
  await clock.advanceUntil(() => reborn.every(isBack), options.recoverMs);
  const recoveredS = Math.round((clock.monotonicMs() - startMs) / 1_000);
  const missing = reborn.filter((nara) => !isBack(nara)).map(({ identity }) => identity.name);
  const living = [...reborn, ...naras.filter((nara) => !losers.includes(nara))];
  await Promise.all(living.map(({ runtime }) => runtime.stop()));
  living.forEach(({ runtime }) => assertBalanced(runtime));
  const minutes = clock.monotonicMs() / 60_000;
  return { missing, unsafe, recoveredS, framesPerMinute: Math.round(mesh.frames / options.naras / minutes) };
}

/** Some naras, such that two holders of each one's stash are not among them. */
function chosenLosers(naras: readonly Nara[], count: number, random: SeededRandom): Nara[] {
  const losers: Nara[] = [];
  for (const nara of shuffled(naras, random)) {
    const all = [...losers, nara];
    const isLost = (id: string) => all.some(({ identity }) => identity.id === id);
    const survives = ({ stash }: Nara) =>
      stash.status().confidants.filter(({ id }) => !isLost(id)).length >= 2;
    if (losers.length < count && all.every(survives)) losers.push(nara);
  }
  return losers;
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
    const all = await Promise.all(Array.from({ length: naras }, (_, index) => this.open(index, true)));
    await this.#clock.advance(SETTLE_MS);
    for (const { index, stash } of all) stash.setStashData(dataOf(index)).catch(() => {}); // Its status tells.
    await this.#clock.advance(SETTLE_MS);
    return all;
  }

  /** Opens a nara with nothing but its soul and one peer. */
  async open(index: number, isFirstLife: boolean): Promise<Nara> {
    const { seed, naras, isPersistent } = this.#options;
    const identity = await identityOf(index);
    const peer = await identityOf((index + naras - 1) % naras);
    const stash = new StashService({ isFirstLife, retries: isPersistent ? undefined : 0 });
    const runtime = await createRuntime({
      identity,
      clock: this.#clock,
      random: new SeededRandom(seed * 1_000 + index),
      mesh: this.#mesh.join,
      mayDial: () => true,
      memoryMode: "hog",
      peers: [memoryAddress(peer.id)],
      services: [new PresenceService({ isPersistent }), stash],
    });
    await runtime.start();
    return { index, identity, stash, runtime };
  }
}

/** Virtual milliseconds in which all have met, and again in which all have confidants. */
const SETTLE_MS = 25_000;

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
