/**
 * A disk that misbehaves: it refuses and delays writes, and loses what was not committed when its nara dies, all from one
 * seed. A `FaultyFile` and a `FaultyLedger` stand on it.
 * @module
 */
import { NaraError } from "../../utilities/errors.ts";
import type { Random } from "../../utilities/random.ts";
import type { VirtualClock } from "./virtual_clock.ts";

/** The disk refused a write; who stands on it says so in its own words. */
export class DiskError extends NaraError<"disk_full"> {}

/** How a disk misbehaves. Rates are from 0 to 1. */
export interface DiskFaults {
  /** Writes that the disk refuses. @default {0} */
  readonly rejectRate?: number;
  /** Writes that take long. @default {0} */
  readonly slowRate?: number;
  /** How long a slow write takes, in milliseconds. @default {2_000} */
  readonly slowMs?: number;
  /** How long every other write takes, in milliseconds; 0 commits at once. @default {0} */
  readonly commitMs?: number;
}

/** Options of a {@linkcode FaultyDisk}. */
export interface FaultyDiskOptions extends DiskFaults {
  /** Virtual time. */
  readonly clock: Pick<VirtualClock, "set">;
  /** Seeded chance. */
  readonly random: Pick<Random, "next">;
}

/** A write that was accepted and is not yet safe. */
interface Commit {
  readonly apply: () => void;
  readonly resolve: () => void;
}

/**
 * The disk under a `FaultyFile` and a `FaultyLedger`: decides about every write, and commits them in order.
 */
export class FaultyDisk {
  readonly #clock: Pick<VirtualClock, "set">;
  readonly #random: Pick<Random, "next">;
  #faults: Required<DiskFaults>;
  #commits: Commit[] = [];
  #failsNext = false;
  #isDead = false;
  /** Writes that were asked for. */
  writes = 0;
  /** Writes that were refused. */
  refused = 0;
  /** Told before every write; may crash the nara in the middle of it. @default {nobody} */
  onWrite: () => void = () => {};

  /**
   * An empty disk.
   *
   * @param options How it misbehaves.
   */
  constructor({ clock, random, ...faults }: FaultyDiskOptions) {
    this.#clock = clock;
    this.#random = random;
    this.#faults = { rejectRate: 0, slowRate: 0, slowMs: 2_000, commitMs: 0, ...faults };
  }

  /** Misbehaves differently from now on. */
  set(faults: DiskFaults): void {
    this.#faults = { ...this.#faults, ...faults };
  }

  /** The next write is refused, whatever the rates say: a sync that fails once. */
  failOnce(): void {
    this.#failsNext = true;
  }

  /** Whether a nara died while it wrote; nothing it writes any more arrives. */
  get isDead(): boolean {
    return this.#isDead;
  }

  /** Writes that wait to be committed. */
  get waiting(): number {
    return this.#commits.length;
  }

  /**
   * Commits at once, everything that waits before it: the way of a caller that cannot wait.
   *
   * @throws {DiskError} When the disk refuses.
   */
  commitNow(apply: () => void): void {
    this.#begin();
    this.flush();
    apply();
  }

  /**
   * Commits in the time that the disk takes. It resolves when `apply` was done, and never when the nara dies before.
   *
   * @throws {DiskError} At once, when the disk refuses.
   */
  commit(apply: () => void): Promise<void> {
    this.#begin();
    const { slowRate, slowMs, commitMs } = this.#faults;
    const ms = this.#random.next() < slowRate ? slowMs : commitMs;
    if (ms === 0 && this.#commits.length === 0) {
      apply();
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const commit: Commit = { apply, resolve };
      this.#commits.push(commit);
      this.#clock.set(ms, () => this.#finish(commit));
    });
  }

  /** Commits everything that waits. */
  flush(): void {
    const commits = this.#commits;
    this.#commits = [];
    for (const { apply, resolve } of commits) {
      apply();
      resolve();
    }
  }

  /**
   * The nara dies. Of what waits some may have reached the disk: the first so many, by chance. Nobody hears of it.
   */
  crash(): void {
    const kept = Math.floor(this.#random.next() * (this.#commits.length + 1));
    for (const { apply } of this.#commits.slice(0, kept)) apply();
    this.#commits = [];
    this.#isDead = true;
  }

  /** The nara comes back. */
  revive(): void {
    this.#isDead = false;
    this.#failsNext = false;
  }

  #begin(): void {
    if (this.#isDead) throw refused("this nara is dead");
    this.writes++;
    this.onWrite();
    if (this.#isDead) throw refused("this nara died while it wrote");
    if (!this.#failsNext && this.#random.next() >= this.#faults.rejectRate) return;
    this.#failsNext = false;
    this.refused++;
    throw refused("the disk refused");
  }

  /** What was accepted before is committed before. */
  #finish(commit: Commit): void {
    const at = this.#commits.indexOf(commit);
    if (at < 0) return; // A crash, or somebody who could not wait, was faster.
    for (const { apply, resolve } of this.#commits.splice(0, at + 1)) {
      apply();
      resolve();
    }
  }
}

function refused(why: string): DiskError {
  return new DiskError("disk_full", `Cannot write: ${why}`);
}
