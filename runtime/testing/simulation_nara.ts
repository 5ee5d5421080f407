/**
 * One nara of a simulation: a machine with a disk and a clock, on which a runtime lives, dies and lives again.
 * @module
 */
import type { Identity } from "../../utilities/identity.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { MemoryLedger } from "../ledger/memory_ledger.ts";
import { type KeyValueFile, StoreError } from "../primitives/store.ts";
import { createRuntime, type Runtime } from "../runtime.ts";
import type { RuntimeConfig } from "../runtime_config.ts";
import type { Service } from "../service.ts";
import { memoryAddress } from "../transport/memory_mesh.ts";
import type { FaultyDisk } from "./faulty_disk.ts";
import { FaultyFile } from "./faulty_file.ts";
import { FaultyLedger } from "./faulty_ledger.ts";
import type { FaultyMesh } from "./faulty_mesh.ts";
import { SeededRandom } from "./seeded_random.ts";
import { never, SimulatedClock, type Skew } from "./simulation_clock.ts";
import { observed, type ServiceOverrides } from "./simulation_service.ts";
import { tapped } from "./simulation_wire.ts";
import type { Witness } from "./simulation_witness.ts";
import type { VirtualClock } from "./virtual_clock.ts";

/** What is put in place of a nara's parts: how a test plants a bug without a switch in the code that it tests. */
export interface NaraOverrides extends ServiceOverrides {
  /** Changes what its runtime is made of. */
  readonly config?: (config: RuntimeConfig) => RuntimeConfig;
}

/** How a nara is made. */
export interface SimulatedNaraOptions {
  /** Its place among the naras, from 0. */
  readonly index: number;
  /** Who it is. */
  readonly identity: Identity;
  /** Everybody's time. */
  readonly clock: VirtualClock;
  /** Everybody's mesh. */
  readonly mesh: FaultyMesh;
  /** Its disk; without one it forgets everything when it ends. */
  readonly disk: FaultyDisk | undefined;
  /** The seed of the whole simulation. */
  readonly seed: number;
  /** Sees everything. */
  readonly witness: Witness;
  /** The services of one life. */
  readonly services: (nara: SimulatedNara) => readonly Service[];
  /** Addresses of its first peers. */
  readonly peers: readonly string[];
  /** Whom it knows before it starts. */
  readonly known: readonly Acquaintance[];
  /** What is put in place of its parts. */
  readonly overrides: (nara: SimulatedNara) => NaraOverrides;
}

/** Somebody whom a nara knows. */
export interface Acquaintance {
  /** Who it is. */
  readonly identity: Identity;
  /** Where it is reached, if that is known. */
  readonly address?: string;
}

/** How a life is going. A dead one does nothing any more, whatever is still under way in it. */
export type LifeState = "starting" | "alive" | "stopping" | "over" | "dead";

/** One run of a nara's runtime. */
export class Life {
  readonly #over = Promise.withResolvers<void>();
  /** Whose it is. */
  readonly nara: SimulatedNara;
  /** The first is 1. */
  readonly number: number;
  /** Its time. */
  readonly clock: SimulatedClock;
  /** How it is going. */
  state: LifeState = "starting";
  /** Its runtime, once it is made. */
  runtime!: Runtime;
  /** Frames and replies that reached it. */
  frames = 0;

  /** Use {@linkcode SimulatedNara.start}. */
  constructor(nara: SimulatedNara, number: number, clock: SimulatedClock) {
    this.nara = nara;
    this.number = number;
    this.clock = clock;
  }

  /** Whether nothing that it does counts any more. */
  get isDead(): boolean {
    return this.state === "dead";
  }

  /** Resolves when it is over, one way or the other. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  /** It is over. */
  end(state: "over" | "dead"): void {
    this.state = state;
    this.clock.stop();
    this.#over.resolve();
  }
}

/** A nara of a simulation. */
export class SimulatedNara implements Skew {
  readonly #options: SimulatedNaraOptions;
  readonly #file: FaultyFile | undefined;
  readonly #ledgerFile: FaultyLedger | undefined;
  #ledger: Ledger | undefined;
  /** Chance for whoever makes it do something. */
  readonly random: SeededRandom;
  /** Milliseconds by which its wall clock is ahead. */
  skewMs = 0;
  /** The life that it lives; `undefined` while it is away. */
  life: Life | undefined;
  /** Lives that have begun. */
  lives = 0;
  /** Lives that ended in a crash. */
  readonly crashed: Set<number> = new Set();
  /** Lives after which the next one knew nothing, for it stood on another file. */
  readonly forgotten: Set<number> = new Set();

  /**
   * A nara before its first life.
   *
   * @param options How it is made.
   */
  constructor(options: SimulatedNaraOptions) {
    const { disk, seed, index } = options;
    this.#options = options;
    this.#file = disk && new FaultyFile(disk);
    this.#ledgerFile = disk && new FaultyLedger(disk);
    this.random = new SeededRandom(mixed(seed, index, 0));
  }

  /** Its place among the naras, from 0. */
  get index(): number {
    return this.#options.index;
  }

  /** Who it is. */
  get identity(): Identity {
    return this.#options.identity;
  }

  /** Its id. */
  get id(): string {
    return this.#options.identity.id;
  }

  /** Where it is reached. */
  get address(): string {
    return memoryAddress(this.id);
  }

  /** Its disk; without one it forgets everything when it ends. */
  get disk(): FaultyDisk | undefined {
    return this.#options.disk;
  }

  /** The ledger of its latest life, if that stood on its own file. */
  get ledger(): Ledger | undefined {
    return this.#ledger;
  }

  /** Whether it is up, and neither starting nor stopping. */
  get isAlive(): boolean {
    return this.life?.state === "alive";
  }

  /**
   * Its runtime.
   *
   * @throws {Error} While it is away.
   */
  get runtime(): Runtime {
    if (this.life?.runtime) return this.life.runtime;
    throw new Error(`The nara ${this.index} is away: look at isAlive first`);
  }

  /**
   * A life begins. Resolves when it is up, or over before that.
   *
   * @param file What it stands on. @default {its own file}
   * @throws What `createRuntime` and `start` throw; it is away again then.
   */
  async start(file?: KeyValueFile): Promise<void> {
    const { clock, disk, identity, mesh, witness } = this.#options;
    if (file) this.forgotten.add(this.lives).add(this.lives + 1);
    const life = new Life(this, ++this.lives, new SimulatedClock(clock, this));
    this.life = life;
    disk?.revive();
    mesh.rejoin(identity.id);
    witness.began(life);
    try {
      await Promise.race([this.#start(life, file), life.over]);
    } catch (thrown) {
      if (this.life === life) this.life = undefined;
      life.end("over");
      throw thrown;
    }
  }

  /** A life ends in good order. */
  async stop(): Promise<void> {
    const { life } = this;
    if (life?.state !== "alive") return;
    life.state = "stopping";
    await Promise.race([life.runtime.stop("the simulation asked to"), life.over]);
    if (life.isDead) return;
    this.#options.witness.ended(life);
    life.end("over");
    this.life = undefined;
  }

  /** It is dropped without a word: nothing of what is under way in it will ever count, and only what was committed stays. */
  crash(): void {
    const { life } = this;
    if (!life || life.isDead) return;
    const { disk, identity, mesh, witness } = this.#options;
    witness.ended(life);
    this.crashed.add(life.number);
    life.end("dead");
    this.life = undefined;
    mesh.isolate(identity.id);
    disk?.crash();
    this.#file?.forgetUnwritten();
    this.#ledgerFile?.forgetUnwritten();
  }

  async #start(life: Life, file: KeyValueFile | undefined): Promise<void> {
    const { known, witness } = this.#options;
    const overrides = this.#options.overrides(this);
    const config = this.#config(life, overrides, file);
    const runtime = await createRuntime(overrides.config?.(config) ?? config);
    if (life.isDead) return await never();
    life.runtime = runtime;
    for (const each of known) introduce(runtime, each);
    runtime.stopped.then((reason) => {
      if (life.state === "starting" || life.state === "alive") witness.stoppedByItself(life, reason);
    });
    await runtime.start();
    if (life.isDead) return await never();
    life.state = "alive";
    witness.started(life);
  }

  #config(life: Life, overrides: NaraOverrides, file: KeyValueFile | undefined): RuntimeConfig {
    const { identity, index, mesh, peers, seed, services, witness } = this.#options;
    const ledger = !file && this.#ledgerFile?.open() || new MemoryLedger();
    this.#ledger = file ? undefined : ledger;
    return {
      identity,
      clock: life.clock,
      random: new SeededRandom(mixed(seed, index, life.number)),
      mesh: async (host) => tapped(await mesh.join(host), life, witness),
      mayDial: () => true,
      memoryMode: "hog",
      peers,
      store: file ?? this.#file,
      ledger,
      services: services(this).map((service) => observed(service, life, witness, overrides)),
      log: (record) => {
        if (!life.isDead) witness.logged(life, record);
      },
      tap: (message) => {
        if (!life.isDead) witness.accepted(life, message);
      },
      onPassage: (passage) => {
        if (!life.isDead) witness.passed(life, passage);
      },
    };
  }
}

/** A disk that refuses to remember it changes nothing for this life. */
function introduce({ keyring, me, peers }: Runtime, { identity, address }: Acquaintance): void {
  const { id, name, keypair } = identity;
  if (id === me.id) return;
  for (
    const step of [
      () => keyring.pin(id, keypair.publicKey, name),
      () => keyring.markOurs(id),
      () => address !== undefined && peers.prove(id, address, name),
    ]
  ) {
    try {
      step();
    } catch (thrown) {
      if (!(thrown instanceof StoreError)) throw thrown;
    }
  }
}

/** One seed out of three numbers, far apart also where they are close. */
export function mixed(seed: number, one: number, other: number): number {
  let mix = seed >>> 0;
  for (const each of [one + 1, other + 1]) {
    mix = Math.imul(mix ^ Math.imul(each, 0x9e3779b1), 0x85ebca6b) >>> 0;
    mix ^= mix >>> 13;
  }
  return mix >>> 0;
}
