/**
 * Refusals that are held back: one costs little, but not nothing, and whoever floods asks again at once, whatever it was told.
 *
 * The first of a second are given at once, for whoever meets a full port by chance. The rest wait a moment each, and meanwhile
 * nobody can ask again by the same connection.
 * @module
 */
import type { Clock } from "../../utilities/clock.ts";
import { Deadlines } from "../primitives/deadlines.ts";
import type { Limit } from "../primitives/limits.ts";

/** What {@linkcode HeldRefusals} work with. */
export interface HeldRefusalsOptions {
  /** The runtime's time. */
  readonly clock: Clock;
  /** Refusals in a second that are given at once. */
  readonly promptMax: number;
  /** Milliseconds that the others are held. */
  readonly holdMs: number;
  /** How many are held; past it they are given at once too. */
  readonly heldMax: number;
}

const SECOND_MS = 1_000;

/** The refusals of one port. Dispose of it to give all of them. */
export class HeldRefusals implements Disposable {
  readonly #options: HeldRefusalsOptions;
  readonly #deadlines: Deadlines;
  readonly #held = new Set<() => void>();
  /** Refusals that may still be given at once, as of when. */
  #prompt: number;
  #promptMs = 0;
  #overflows = 0;
  #isClosed = false;

  /** @param options Time and bounds. */
  constructor(options: HeldRefusalsOptions) {
    this.#options = options;
    this.#deadlines = new Deadlines(options.clock);
    this.#prompt = options.promptMax;
  }

  /** Waits until a refusal may be given, if it may not at once. */
  wait(): true | Promise<void> {
    const { clock, promptMax, heldMax, holdMs } = this.#options;
    const nowMs = clock.monotonicMs();
    this.#prompt = Math.min(promptMax, this.#prompt + (nowMs - this.#promptMs) / SECOND_MS * promptMax);
    this.#promptMs = nowMs;
    if (this.#isClosed) return true;
    if (this.#prompt >= 1) {
      this.#prompt--;
      return true;
    }
    if (this.#held.size >= heldMax) {
      this.#overflows++;
      return true;
    }
    return new Promise((resolve) => {
      const end = () => {
        this.#held.delete(end);
        resolve();
      };
      this.#held.add(end);
      this.#deadlines.add(holdMs, end);
    });
  }

  /** Its bound, for `nara limits`. */
  limits(): Limit[] {
    return [{
      name: "http.refusals_held",
      unit: "refusals",
      max: this.#options.heldMax,
      rule: "they are given at once",
      inUse: () => this.#held.size,
      overflows: () => this.#overflows,
    }];
  }

  /** Gives all of them. */
  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#deadlines[Symbol.dispose]();
    for (const end of this.#held) end();
  }
}
