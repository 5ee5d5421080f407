/**
 * What a simulation is like.
 * @module
 */
import type { Service } from "../service.ts";
import type { SimulationFaults } from "./simulation_faults.ts";
import type { Hostile, Overheard, Trick } from "./simulation_hostile.ts";
import type { NaraOverrides, SimulatedNara } from "./simulation_nara.ts";
import type { CheckName } from "./simulation_report.ts";
import type { VirtualClock } from "./virtual_clock.ts";

/** A check of one's own. */
export interface SimulationCheck {
  /** Looks at the town every virtual minute; everything has come to rest. */
  scrape?(town: SimulatedTown): void;
  /** Looks at the town at the end, when nothing has gone wrong for a while. Time goes on meanwhile. */
  end?(town: SimulatedTown): Promise<void>;
}

/** What a check sees. */
export interface SimulatedTown {
  /** Everybody. */
  readonly naras: readonly SimulatedNara[];
  /** Everybody's time. */
  readonly clock: VirtualClock;
  /** Says that something should not be as it is. */
  blame(check: CheckName, detail: string, nara?: SimulatedNara): void;
}

/** How hostile the hostile nara is. */
export interface HostilePlan {
  /** Mean of the pauses between two tricks, in milliseconds. @default {10_000} */
  readonly pauseMs?: number;
  /** What it does beside what every hostile nara can do. */
  readonly tricks?: readonly Trick[];
  /** What it does at once when it hears a frame. */
  readonly onOverheard?: (hostile: Hostile, overheard: Overheard) => void;
}

/** Options of a {@linkcode Simulation}. */
export interface SimulationOptions {
  /** A whole number: the same one repeats everything. */
  readonly seed: number;
  /** How many naras. @default {5} */
  readonly naras?: number;
  /** How long, in virtual hours. @default {1} */
  readonly hours?: number;
  /** The services of one life of a nara, made anew each time. */
  readonly services: (nara: SimulatedNara) => readonly Service[];
  /** What a nara does now and then; a {@linkcode NaraError} is all right, anything else is broken. @default {nothing} */
  readonly act?: (nara: SimulatedNara) => void | Promise<void>;
  /** Mean of the pauses between two acts of one nara, in milliseconds. @default {10_000} */
  readonly actPauseMs?: number;
  /** What goes wrong, in place of what the seed draws. */
  readonly faults?: Partial<SimulationFaults>;
  /** A hostile nara, or none. @default {one with its own tricks} */
  readonly hostile?: HostilePlan | false;
  /** Whether all know each other from the start, as they would by presence. @default {true} */
  readonly isAcquainted?: boolean;
  /** Real Ed25519, or hashes in place of signatures: ten times faster. @default {real for one seed in ten} */
  readonly signatures?: "ed25519" | "hash";
  /** What is put in place of a nara's parts: how a test plants a bug. */
  readonly overrides?: (nara: SimulatedNara) => NaraOverrides;
  /** Checks of one's own. */
  readonly checks?: readonly SimulationCheck[];
  /** How long nothing goes wrong at the end, in milliseconds. @default {300_000} */
  readonly quietMs?: number;
  /** Steps of time before it gives up. @default {10 a virtual second and nara} */
  readonly stepsMax?: number;
  /** Is shown every step, to find where two traces part. @default {nobody} */
  readonly onStep?: (line: string) => void;
}
