/**
 * The simulated town: every built-in service, and one that speaks a kind of every promise, under everything that can go wrong.
 * @module
 */
import { Simulation } from "../../runtime/testing/simulation.ts";
import type { SimulatedNara } from "../../runtime/testing/simulation_nara.ts";
import type {
  SimulatedTown,
  SimulationCheck,
  SimulationOptions,
} from "../../runtime/testing/simulation_options.ts";
import type { SimulationReport } from "../../runtime/testing/simulation_report.ts";
import { PresenceService } from "../../services/presence/mod.ts";
import { StashService } from "../../services/stash/mod.ts";
import { StashCheck } from "./stash_check.ts";
import { TownService } from "./town_service.ts";
import { answerForAnother, townTricks } from "./tricks.ts";

/** What a run is like; the rest follows from the seed. */
export interface TownOptions
  extends Pick<SimulationOptions, "overrides" | "faults" | "onStep" | "signatures"> {
  /** A whole number from 0. */
  readonly seed: number;
  /** Virtual hours. */
  readonly hours: number;
  /** How many naras. */
  readonly naras: number;
  /** Whether presence greets again whoever does not answer. @default {true} */
  readonly isPersistent?: boolean;
}

/** Acts that set the stash. */
const STASH_RATE = 0.05;

/** Runs the town once. */
export function simulateTown(options: TownOptions): Promise<SimulationReport> {
  const { isPersistent = true, ...rest } = options;
  const stashes = new StashCheck();
  const everybody = new Set<SimulatedNara>();
  const simulation = new Simulation({
    ...rest,
    isAcquainted: false,
    services: (nara) => {
      everybody.add(nara);
      return [
        new PresenceService({ isPersistent }),
        new StashService({ isFirstLife: nara.lives === 1 }),
        new TownService(),
      ];
    },
    act: (nara) =>
      nara.random.next() < STASH_RATE
        ? stashes.set(nara, [...everybody])
        : nara.runtime.service(TownService).act(),
    hostile: { tricks: townTricks, onOverheard: answerForAnother },
    checks: [meeting, stashes],
  });
  return simulation.run();
}

/** When nothing has gone wrong for a while, everybody knows everybody. */
const meeting: SimulationCheck = {
  end: ({ naras, blame }: SimulatedTown): Promise<void> => {
    for (const nara of naras) {
      const known = new Set(nara.isAlive ? nara.runtime.peers.online().map(({ id }) => id) : []);
      const missing = naras.filter(({ id }) => id !== nara.id && !known.has(id));
      if (missing.length > 0) blame("presence", `it has not met ${missing.map(({ index }) => index)}`, nara);
    }
    return Promise.resolve();
  },
};
