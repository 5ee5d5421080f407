/**
 * A town of naras in one process, and everything that can go wrong with it, all from one seed.
 *
 * One seed is behind clock, chance, loss, doubles, order, latency, partitions, crashes, disks and skewed clocks, and behind a
 * hostile nara. Time moves only when everything has come to rest, so a virtual day takes seconds, and the same options
 * give the same trace in any process. A witness outside the code under test holds the invariants against the whole history.
 *
 * What a service waits for has to come from its runtime (`rt.clock`, `rt.store`, `rt.call` …): whatever waits for real time,
 * files or sockets is not waited for, and makes the trace another each time.
 *
 * @example Does my service survive a bad day?
 * ```ts
 * import { Simulation } from "@nara/nara/testing";
 * const simulation = new Simulation({
 *   seed: 7,
 *   naras: 3,
 *   hours: 0.1,
 *   services: () => [], // The services of one life, made anew each time: `() => [new TeaService()]`.
 *   act: (nara) => console.log(nara.index), // What each nara does every ten seconds or so.
 * });
 * const { violations, trace } = await simulation.run();
 * if (violations.length > 0) throw new Error(`seed 7 (${trace}): ${violations[0].detail}`);
 * ```
 * @module
 */
import { createIdentity, type Identity } from "../../utilities/identity.ts";
import { messageOf } from "../../utilities/errors.ts";
import { memoryAddress, MemoryMesh } from "../transport/memory_mesh.ts";
import { FaultyDisk } from "./faulty_disk.ts";
import { FaultyMesh } from "./faulty_mesh.ts";
import { createHashKeypair } from "./hash_keypair.ts";
import { SeededRandom } from "./seeded_random.ts";
import { Acts } from "./simulation_acts.ts";
import { drawFaults, type SimulationFaults } from "./simulation_faults.ts";
import { Hostile } from "./simulation_hostile.ts";
import { type Acquaintance, mixed, SimulatedNara } from "./simulation_nara.ts";
import type { HostilePlan, SimulatedTown, SimulationOptions } from "./simulation_options.ts";
import { Outside } from "./simulation_outside.ts";
import { Pace, Stuck } from "./simulation_pace.ts";
import type { SimulationReport } from "./simulation_report.ts";
import { Trace } from "./simulation_trace.ts";
import { Trouble } from "./simulation_trouble.ts";
import { Witness } from "./simulation_witness.ts";
import { VirtualClock } from "./virtual_clock.ts";

const HOUR_MS = 3_600_000;
const SCRAPE_MS = 60_000;
/** How long those who are away when the trouble ends may take to come back. */
const RETURN_MS = 900_000;
/** How long one check at the end may take. */
const CHECK_MS = 7_200_000;
/** How long a stop may take. */
const STOP_MS = 60_000;
/** Steps of time per virtual second and nara before a simulation gives up, */
const STEPS_PER_SECOND = 10;
/** and those that even the shortest has. */
const STEPS_MIN = 1_000_000;
/** Whose chance is whose. */
const CHANCE = { mesh: 1, faults: 2, trouble: 3, hostile: 4, disk: 5, identity: 6 } as const;

/** A town from its first to its last moment. It runs once. */
export class Simulation {
  readonly #options: SimulationOptions;
  readonly #clock = new VirtualClock();
  readonly #trace: Trace;
  readonly #pace: Pace;
  readonly #memory = new MemoryMesh();
  readonly #mesh: FaultyMesh;
  readonly #witness: Witness;
  readonly #acts: Acts;
  readonly #naras: SimulatedNara[] = [];
  readonly #identities = new Map<string, Identity>();
  readonly #faults: SimulationFaults;
  #trouble!: Trouble;
  #hostile: Hostile | undefined;
  #isOver = false;

  /**
   * A town that is about to begin.
   *
   * @param options What it is like.
   * @throws {RangeError} If an option is not a number within its bounds.
   */
  constructor(options: SimulationOptions) {
    const { seed, naras = 5, hours = 1 } = options;
    const { stepsMax = Math.ceil(hours * 3_600 * naras * STEPS_PER_SECOND + STEPS_MIN) } = options;
    assertWhole("seed", seed, 0);
    assertWhole("naras", naras, 2);
    if (!(hours > 0 && hours < Infinity)) throw new RangeError(`hours must be above 0: got ${hours}`);
    this.#options = options;
    this.#trace = new Trace(options.onStep);
    const clock = this.#clock;
    this.#faults = { ...drawFaults(this.#random("faults")), ...options.faults };
    const random = this.#random("mesh");
    this.#mesh = new FaultyMesh(this.#memory.join, { clock, random, ...this.#faults.mesh });
    this.#pace = new Pace({ clock, activity: () => this.#trace.steps, stepsMax });
    this.#witness = new Witness({
      clock,
      trace: this.#trace,
      keyOf: (id) => this.#trueKey(id),
      overhear: (from, to, frame) => this.#hostile?.overhear({ from, to, frame }),
    });
    this.#acts = new Acts({ clock, witness: this.#witness, isOver: () => this.#isOver });
  }

  /** Lives through it all. What is broken is in the report; nothing is thrown for it. */
  async run(): Promise<SimulationReport> {
    const witness = this.#witness;
    using _outside = new Outside(
      (what) => witness.blame("outside", what),
      (reason) => witness.blame("I8", `a rejection that nobody handled: ${messageOf(reason)}`),
    );
    try {
      await this.#settle();
      if (witness.violations.length === 0) await this.#live();
      await this.#end();
    } catch (thrown) {
      if (!(thrown instanceof Stuck)) throw thrown;
      witness.blame("steps", `${thrown.message}; under way: ${this.#underWay()}`);
    }
    return this.#report();
  }

  /** Makes everybody, and lets them begin. */
  async #settle(): Promise<void> {
    const { naras = 5, hostile = {} } = this.#options;
    const identities: Identity[] = [];
    for (let index = 0; index < naras; index++) identities.push(await this.#identity(`nara ${index}`, index));
    if (hostile) this.#hostile = await this.#invite(hostile, naras);
    const known = this.#acquaintances(identities);
    for (const [index, identity] of identities.entries()) {
      const before = identities.at(index - 1)!;
      this.#naras.push(this.#make(index, identity, { known, peers: [memoryAddress(before.id)] }));
    }
    this.#trouble = new Trouble({
      clock: this.#clock,
      random: this.#random("trouble"),
      faults: this.#faults,
      naras: this.#naras,
      mesh: this.#mesh,
      witness: this.#witness,
    });
    const started = Promise.all(this.#naras.map((nara) => this.#trouble.revive(nara)));
    await this.#finish(started, STOP_MS, "the start");
  }

  async #live(): Promise<void> {
    const { hours = 1, quietMs = 300_000, act = () => {}, actPauseMs = 10_000 } = this.#options;
    const [clock, pace, naras] = [this.#clock, this.#pace, this.#naras];
    this.#trouble.start();
    for (const nara of naras) this.#acts.repeat(nara, { act, pauseMs: actPauseMs });
    this.#scrapeAgain();
    this.#hostile?.run(() => this.#isOver);
    await pace.until(clock.monotonicMs() + hours * HOUR_MS);
    this.#trouble.end();
    await pace.until(clock.monotonicMs() + RETURN_MS, () => naras.every(({ isAlive }) => isAlive));
    await pace.until(clock.monotonicMs() + quietMs / 2);
    this.#isOver = true;
    await pace.until(clock.monotonicMs() + quietMs / 2);
  }

  async #end(): Promise<void> {
    this.#acts.findHanging();
    this.#witness.findOwed();
    for (const nara of this.#naras) {
      if (!nara.isAlive) this.#witness.blame("hang", `it is ${nara.life?.state ?? "away"} at the end`, nara);
    }
    for (const check of this.#options.checks ?? []) {
      if (check.end) await this.#finish(check.end(this.#town), CHECK_MS, "a check at the end");
    }
    this.#scrape();
    for (const nara of this.#naras) {
      const { life } = nara;
      await this.#finish(nara.stop(), STOP_MS, "a stop");
      const left = life ? this.#witness.underWay(life) : [];
      if (left.length > 0) this.#witness.blame("I6", `under way after the stop: ${left.join(", ")}`, nara);
    }
    await this.#hostile?.leave();
    await this.#pace.rest();
  }

  async #invite(
    { tricks = [], onOverheard, pauseMs = 10_000 }: HostilePlan,
    index: number,
  ): Promise<Hostile> {
    const hostile = new Hostile({
      identity: await this.#identity("hostile", index),
      clock: this.#clock,
      random: this.#random("hostile"),
      join: this.#memory.join,
      naras: this.#naras,
      witness: this.#witness,
      tricks,
      onOverheard,
      pauseMs,
    });
    await hostile.join();
    return hostile;
  }

  /** Whom everybody knows from the start: the hostile one always, for it was a friend once. */
  #acquaintances(identities: readonly Identity[]): Acquaintance[] {
    const { isAcquainted = true } = this.#options;
    const friends = identities.map((identity) => ({ identity, address: memoryAddress(identity.id) }));
    const hostile = this.#hostile ? [{ identity: this.#hostile.identity }] : [];
    return isAcquainted ? [...friends, ...hostile] : hostile;
  }

  #make(
    index: number,
    identity: Identity,
    others: { readonly known: readonly Acquaintance[]; readonly peers: readonly string[] },
  ): SimulatedNara {
    const { seed, services, overrides = () => ({}) } = this.#options;
    const clock = this.#clock;
    const random = new SeededRandom(mixed(seed, CHANCE.disk, index));
    const isHazy = random.next() < this.#faults.hazyRate;
    const disk = isHazy ? undefined : new FaultyDisk({ clock, random, ...this.#faults.disk });
    const parts = { index, identity, clock, mesh: this.#mesh, disk, seed, witness: this.#witness };
    return new SimulatedNara({ ...parts, services, overrides, ...others });
  }

  async #identity(name: string, index: number): Promise<Identity> {
    const { seed, signatures = seed % 10 === 0 ? "ed25519" : "hash" } = this.#options;
    const random = new SeededRandom(mixed(seed, CHANCE.identity, index));
    const { identity } = await createIdentity({ name, keypair: "node", random });
    const made = signatures === "hash"
      ? { ...identity, keypair: createHashKeypair(identity.keypair) }
      : identity;
    this.#identities.set(identity.id, made);
    return made;
  }

  #trueKey(id: string) {
    const keypair = this.#identities.get(id)?.keypair;
    return keypair && { publicKey: keypair.publicKey, verify: keypair.verify.bind(keypair) };
  }

  #random(whose: keyof typeof CHANCE): SeededRandom {
    return new SeededRandom(mixed(this.#options.seed, CHANCE[whose], 0));
  }

  async #scrapeAgain(): Promise<void> {
    for (;;) {
      await this.#clock.sleep(SCRAPE_MS);
      if (this.#isOver) return;
      this.#scrape();
    }
  }

  #scrape(): void {
    this.#witness.scrape(this.#naras);
    for (const check of this.#options.checks ?? []) check.scrape?.(this.#town);
  }

  get #town(): SimulatedTown {
    const witness = this.#witness;
    return {
      naras: this.#naras,
      clock: this.#clock,
      blame: (check, detail, nara) => witness.blame(check, detail, nara),
    };
  }

  /** Lets time pass until `work` is done. What does not end, or is broken, is in the report. */
  async #finish(work: Promise<unknown>, maxMs: number, what: string): Promise<void> {
    work.catch((thrown) => this.#witness.blame("I8", `${what} failed: ${messageOf(thrown)}`));
    if (await this.#pace.finish(work, maxMs)) return;
    this.#witness.blame("hang", `${what} did not end within ${maxMs / 1_000} s: ${this.#underWay()}`);
  }

  /** What waits, for whoever has to find out why it does. */
  #underWay(): string {
    const naras = this.#naras.flatMap((nara) => {
      const { life, disk } = nara;
      if (!life) return [];
      const counts = [`${life.clock.pending} sleep`, `${disk?.waiting ?? 0} writes wait`];
      return [
        `nara ${nara.index} (${life.state}): ${[...counts, ...this.#witness.underWay(life)].join(", ")}`,
      ];
    });
    return [...naras, ...this.#acts.inWords(), `${this.#clock.pending} timers`].join("; ");
  }

  #report(): SimulationReport {
    const { messages, repeatedAcrossCrash, repeatedWithoutDisk, repeatedAfterRefusal, violations } =
      this.#witness;
    return {
      seed: this.#options.seed,
      trace: this.#trace.digest(),
      steps: this.#trace.steps,
      messages,
      frames: this.#mesh.frames,
      virtualMs: this.#clock.monotonicMs(),
      crashes: this.#trouble?.crashes ?? 0,
      stops: this.#trouble?.stops ?? 0,
      repeatedAcrossCrash,
      repeatedWithoutDisk,
      repeatedAfterRefusal,
      hostile: { ...this.#hostile?.outcomes },
      violations,
    };
  }
}

function assertWhole(name: string, value: number, min: number): void {
  if (Number.isSafeInteger(value) && value >= min) return;
  throw new RangeError(`${name} must be a whole number from ${min}: got ${value}`);
}
