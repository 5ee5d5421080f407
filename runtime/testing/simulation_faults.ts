/**
 * What goes wrong in a simulation: rates and pauses, drawn from the seed unless they are given.
 * @module
 */
import type { Random } from "../../utilities/random.ts";
import type { DiskFaults } from "./faulty_disk.ts";
import type { Faults } from "./faulty_mesh.ts";

/** From the least to the most. */
export type Span = readonly [min: number, max: number];

/** What goes wrong, and how often. Pauses are means, in virtual milliseconds; `Infinity` is never. */
export interface SimulationFaults {
  /** Loss, doubles, reordering and latency of the mesh. */
  readonly mesh: Faults;
  /** Refusals and slowness of the disks. */
  readonly disk: DiskFaults;
  /** Between two crashes: a nara is dropped without a word. */
  readonly crashPauseMs: number;
  /** Share of writes in the middle of which their nara dies. */
  readonly crashAtWriteRate: number;
  /** Between two stops in good order. */
  readonly stopPauseMs: number;
  /** How long a nara stays away, after a crash and after a stop. */
  readonly awayMs: Span;
  /** Between two partitions of the mesh into two sides. */
  readonly partitionPauseMs: number;
  /** Between two cuts of one way between two naras. */
  readonly cutPauseMs: number;
  /** How long partitions and cuts last. */
  readonly cutMs: Span;
  /** Between two refusals of a disk that is otherwise sound. */
  readonly syncFailurePauseMs: number;
  /** How wrong clocks are, either way, in milliseconds; twice that must lie within the freshness window ahead. */
  readonly skewMs: number;
  /** Between two jumps of somebody's clock. */
  readonly jumpPauseMs: number;
  /** Share of naras that keep nothing on a disk, and forget everything when they crash or stop. */
  readonly hazyRate: number;
}

const MINUTE_MS = 60_000;

/** Nothing goes wrong: a mesh without latency, disks that commit at once, clocks that agree. */
export const NO_FAULTS: SimulationFaults = {
  mesh: {},
  disk: {},
  crashPauseMs: Infinity,
  crashAtWriteRate: 0,
  stopPauseMs: Infinity,
  awayMs: [1_000, 60_000],
  partitionPauseMs: Infinity,
  cutPauseMs: Infinity,
  cutMs: [1_000, 60_000],
  syncFailurePauseMs: Infinity,
  skewMs: 0,
  jumpPauseMs: Infinity,
  hazyRate: 0,
};

/**
 * A mix by chance: each fault is there in about two seeds of three, mild or harsh. Seeds that leave some out find what seeds with
 * everything hide.
 */
export function drawFaults(random: Pick<Random, "next">): SimulationFaults {
  const between = (min: number, max: number) => min + (max - min) * random.next();
  const maybe = (rate: () => number) => random.next() < 0.65 ? rate() : 0;
  // As often short as long: what happens every half minute and what happens twice an hour find different things.
  const pause = () => random.next() < 0.65 ? Math.round(MINUTE_MS * Math.exp(between(-0.7, 3.4))) : Infinity;
  const latencyMs = Math.round(between(1, 200));
  return {
    mesh: {
      lossRate: maybe(() => between(0, 0.25)),
      duplicateRate: maybe(() => between(0, 0.2)),
      reorderRate: maybe(() => between(0, 0.3)),
      reorderMs: Math.round(between(100, 2_000)),
      latencyMs: [1, latencyMs],
    },
    disk: {
      rejectRate: maybe(() => between(0, 0.02)),
      slowRate: maybe(() => between(0, 0.1)),
      slowMs: Math.round(between(100, 3_000)),
      commitMs: random.next() < 0.5 ? 0 : Math.round(between(1, 20)),
    },
    crashPauseMs: pause(),
    crashAtWriteRate: maybe(() => between(0, 0.000_5)),
    stopPauseMs: pause(),
    awayMs: [Math.round(between(10, 2_000)), Math.round(between(2_000, 4 * MINUTE_MS))],
    partitionPauseMs: pause(),
    cutPauseMs: pause(),
    cutMs: [1_000, Math.round(between(5_000, 5 * MINUTE_MS))],
    syncFailurePauseMs: pause(),
    skewMs: Math.round(maybe(() => between(0, 20_000))),
    jumpPauseMs: pause(),
    hazyRate: maybe(() => between(0, 0.3)),
  };
}

/** A pause by chance whose mean is `meanMs`, from a tenth to some times of it: what happens independently of all else. */
export function drawPauseMs(meanMs: number, random: Pick<Random, "next">): number {
  return Math.round(meanMs * Math.max(0.1, -Math.log(1 - random.next())));
}

/** A whole number of milliseconds within a span. */
export function drawWithin([min, max]: Span, random: Pick<Random, "next">): number {
  return Math.round(min + (max - min) * random.next());
}
