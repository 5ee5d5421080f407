/**
 * Stamps: when a message of ours was made. No two bear the same instant, so no two have the same id.
 * @module
 */
import type { Clock } from "../../utilities/clock.ts";

/** Gives out instants that only go forward. */
export class Stamper {
  readonly #clock: Pick<Clock, "nowNs">;
  #lastNs = 0n;

  /** @param clock The runtime's time. */
  constructor(clock: Pick<Clock, "nowNs">) {
    this.#clock = clock;
  }

  /** Now, in nanoseconds since 1970, or a little later where that was given out already. */
  next(): bigint {
    const nowNs = this.#clock.nowNs();
    this.#lastNs = nowNs > this.#lastNs ? nowNs : this.#lastNs + 1n;
    return this.#lastNs;
  }
}
