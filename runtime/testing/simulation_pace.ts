/**
 * How time passes in a simulation: from timer to timer, and only when everything has come to rest.
 * @module
 */
import { nextTurn } from "../primitives/event_loop.ts";
import type { VirtualClock } from "./virtual_clock.ts";

/** Turns of the event loop in which something may happen at one instant of virtual time. Past it something runs in circles. */
const TURNS_MAX = 10_000;

/** Options of a {@linkcode Pace}. */
export interface PaceOptions {
  /** Everybody's time. */
  readonly clock: VirtualClock;
  /** Grows with everything that happens. */
  readonly activity: () => number;
  /** Steps of time before the simulation gives up. */
  readonly stepsMax: number;
}

/** Time goes on no more: something never comes to rest, or there are too many steps. */
export class Stuck extends Error {
  /** Always `Stuck`. */
  override readonly name = "Stuck";
}

/** Moves the clock. */
export class Pace {
  readonly #options: PaceOptions;
  /** Steps of time so far. */
  steps = 0;

  /**
   * Time that stands.
   *
   * @param options What it moves.
   */
  constructor(options: PaceOptions) {
    this.#options = options;
  }

  /**
   * Resolves when everything that can go on without the clock has come to rest: a whole turn of the event loop, in which every
   * promise ran that could, brought nothing new. What waits for the world outside is not waited for.
   *
   * @throws {Stuck} When it never does.
   */
  async rest(): Promise<void> {
    const { activity, clock } = this.#options;
    for (let turns = 0; turns < TURNS_MAX; turns++) {
      const before = activity() + clock.timersSet;
      await nextTurn();
      if (activity() + clock.timersSet === before) return;
    }
    throw new Stuck(`something went on for ${TURNS_MAX} turns without waiting for the clock`);
  }

  /**
   * Lets time pass until `endMs`, or until `isEnough`.
   *
   * @throws {Stuck} When it cannot.
   */
  async until(endMs: number, isEnough: () => boolean = () => false): Promise<void> {
    const { clock, stepsMax } = this.#options;
    for (;;) {
      await this.rest();
      if (isEnough()) return;
      if (!clock.fireNext(endMs)) break;
      if (++this.steps > stepsMax) throw new Stuck(`${stepsMax} steps of time were not enough`);
    }
    await clock.advance(endMs - clock.monotonicMs());
  }

  /**
   * Lets time pass until `work` has settled, by at most `maxMs`. Returns whether it has.
   *
   * @throws {Stuck} When time cannot pass.
   */
  async finish(work: Promise<unknown>, maxMs: number): Promise<boolean> {
    let isDone = false;
    work.then(() => isDone = true, () => isDone = true);
    await this.until(this.#options.clock.monotonicMs() + maxMs, () => isDone);
    return isDone;
  }
}
