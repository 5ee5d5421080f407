/**
 * What goes wrong in a simulation, as it goes on: crashes, stops, partitions, cuts, disks and clocks.
 * @module
 */
import { messageOf, NaraError } from "../../utilities/errors.ts";
import { shuffled } from "../../utilities/random.ts";
import type { FaultyMesh } from "./faulty_mesh.ts";
import type { SeededRandom } from "./seeded_random.ts";
import { drawPauseMs, drawWithin, NO_FAULTS, type SimulationFaults } from "./simulation_faults.ts";
import type { SimulatedNara } from "./simulation_nara.ts";
import type { Witness } from "./simulation_witness.ts";
import type { VirtualClock } from "./virtual_clock.ts";

/** Milliseconds until a nara that could not start is started again. */
const START_AGAIN_MS = 1_000;
/** How far a clock jumps in a simulation whose clocks agree otherwise. */
const JUMP_MS = 5_000;

/** What a {@linkcode Trouble} needs. */
export interface TroubleOptions {
  /** Everybody's time. */
  readonly clock: VirtualClock;
  /** Its chance. */
  readonly random: SeededRandom;
  /** What goes wrong. */
  readonly faults: SimulationFaults;
  /** Whom it happens to. */
  readonly naras: readonly SimulatedNara[];
  /** Everybody's mesh. */
  readonly mesh: FaultyMesh;
  /** Told of it. */
  readonly witness: Witness;
}

/** Makes things go wrong, until it ends. */
export class Trouble {
  readonly #options: TroubleOptions;
  /** Crashes so far. */
  crashes = 0;
  /** Stops in good order so far. */
  stops = 0;
  #isOver = false;

  /**
   * Trouble that has not begun.
   *
   * @param options What it needs.
   */
  constructor(options: TroubleOptions) {
    this.#options = options;
  }

  /** Things go wrong from now on. */
  start(): void {
    const { faults, naras } = this.#options;
    for (const nara of naras) this.#skew(nara, faults.skewMs);
    this.#again(faults.crashPauseMs, () => this.#crash());
    this.#again(faults.stopPauseMs, () => this.#stop());
    this.#again(faults.partitionPauseMs, () => this.#partition());
    this.#again(faults.cutPauseMs, () => this.#cut());
    this.#again(faults.syncFailurePauseMs, () => this.#failSync());
    this.#again(faults.jumpPauseMs, () => this.#jump());
    for (const nara of naras) this.#watchWrites(nara);
  }

  /** From now on nothing goes wrong. Who is away comes back in its time. */
  end(): void {
    this.#isOver = true;
    const { mesh, naras } = this.#options;
    mesh.set({ lossRate: 0, duplicateRate: 0, reorderRate: 0 });
    mesh.heal();
    for (const { disk } of naras) disk?.set({ ...NO_FAULTS.disk, rejectRate: 0, slowRate: 0, commitMs: 0 });
  }

  /**
   * Starts a nara, again and again while its disk refuses. Resolves when it is up, or died on the way.
   *
   * @throws Whatever else is in its way.
   */
  async revive(nara: SimulatedNara): Promise<void> {
    const { clock, witness } = this.#options;
    for (;;) {
      try {
        return await nara.start();
      } catch (thrown) {
        if (!(thrown instanceof NaraError) || thrown.code !== "disk_full") throw thrown;
        witness.note(nara, "did not start");
      }
      await clock.sleep(START_AGAIN_MS);
    }
  }

  async #again(meanMs: number, happen: () => Promise<void> | void): Promise<void> {
    if (meanMs === Infinity) return;
    const { clock, random } = this.#options;
    for (;;) {
      await clock.sleep(drawPauseMs(meanMs, random));
      if (this.#isOver) return;
      await happen();
    }
  }

  #oneAlive(): SimulatedNara | undefined {
    const alive = this.#options.naras.filter(({ isAlive }) => isAlive);
    return alive[Math.floor(this.#options.random.next() * alive.length)];
  }

  #crash(nara: SimulatedNara | undefined = this.#oneAlive()): void {
    if (!nara) return;
    this.crashes++;
    nara.crash();
    this.#comeBack(nara);
  }

  async #stop(): Promise<void> {
    const nara = this.#oneAlive();
    if (!nara) return;
    this.stops++;
    await nara.stop();
    if (!nara.life && !nara.crashed.has(nara.lives)) this.#comeBack(nara);
  }

  async #comeBack(nara: SimulatedNara): Promise<void> {
    const { clock, faults, random } = this.#options;
    await clock.sleep(drawWithin(faults.awayMs, random));
    try {
      await this.revive(nara);
    } catch (thrown) {
      this.#options.witness.blame("I8", `it did not come back: ${messageOf(thrown)}`, nara);
    }
  }

  /** Now and then a nara dies in the middle of a write; half of those get as far as the disk. */
  #watchWrites(nara: SimulatedNara): void {
    const { faults, random } = this.#options;
    if (!nara.disk || faults.crashAtWriteRate === 0) return;
    nara.disk.onWrite = () => {
      if (!this.#isOver && random.next() < faults.crashAtWriteRate) this.#crash(nara);
    };
  }

  async #partition(): Promise<void> {
    const { clock, faults, mesh, naras, random, witness } = this.#options;
    const ids = shuffled(naras.map(({ id }) => id), random);
    const half = 1 + Math.floor(random.next() * (ids.length - 1));
    witness.note(undefined, `parted ${half}`);
    mesh.partition(ids.slice(0, half), ids.slice(half));
    await clock.sleep(drawWithin(faults.cutMs, random));
    mesh.partition();
    witness.note(undefined, "together");
  }

  async #cut(): Promise<void> {
    const { clock, faults, mesh, naras, random, witness } = this.#options;
    const [from, to] = shuffled(naras, random);
    if (!to) return;
    witness.note(from, `cut to ${to.index}`);
    mesh.cut(from.id, to.id);
    await clock.sleep(drawWithin(faults.cutMs, random));
    mesh.mend(from.id, to.id);
  }

  #failSync(): void {
    const nara = this.#oneAlive();
    if (!nara?.disk) return;
    this.#options.witness.note(nara, "disk fails once");
    nara.disk.failOnce();
  }

  #jump(): void {
    const nara = this.#oneAlive();
    if (nara) this.#skew(nara, this.#options.faults.skewMs || JUMP_MS);
  }

  #skew(nara: SimulatedNara, maxMs: number): void {
    if (maxMs === 0) return;
    nara.skewMs = Math.round((2 * this.#options.random.next() - 1) * maxMs);
    this.#options.witness.note(nara, `clock at ${nara.skewMs}`);
  }
}
