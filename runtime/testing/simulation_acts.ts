/**
 * What naras do in a simulation, again and again, and whether it comes to an end.
 * @module
 */
import { messageOf, NaraError } from "../../utilities/errors.ts";
import { drawPauseMs } from "./simulation_faults.ts";
import type { SimulatedNara } from "./simulation_nara.ts";
import type { Witness } from "./simulation_witness.ts";
import type { VirtualClock } from "./virtual_clock.ts";

/** What takes longer hangs: longer than every deadline together, and shorter than the quiet at the end. */
const ACT_MS = 120_000;

/** Options of {@linkcode Acts}. */
export interface ActsOptions {
  /** Everybody's time. */
  readonly clock: VirtualClock;
  /** Told of it. */
  readonly witness: Witness;
  /** Whether nobody should begin anything more. */
  readonly isOver: () => boolean;
}

/** Something that a nara began. */
interface Act {
  readonly nara: SimulatedNara;
  readonly life: number;
  readonly sinceMs: number;
}

/** Everything that was begun and has not ended. */
export class Acts {
  readonly #options: ActsOptions;
  readonly #open = new Set<Act>();

  /**
   * Nothing was begun yet.
   *
   * @param options What it needs.
   */
  constructor(options: ActsOptions) {
    this.#options = options;
  }

  /** From now on a nara does something now and then, while it is up. */
  async repeat(
    nara: SimulatedNara,
    { act, pauseMs }: {
      readonly act: (nara: SimulatedNara) => void | Promise<void>;
      readonly pauseMs: number;
    },
  ): Promise<void> {
    const { clock, isOver } = this.#options;
    for (;;) {
      await clock.sleep(drawPauseMs(pauseMs, nara.random));
      if (isOver()) return;
      if (nara.isAlive) this.#begin(nara, act);
    }
  }

  /** Says what should have ended long ago. */
  findHanging(): void {
    const { clock, witness } = this.#options;
    for (const { nara, sinceMs } of this.#living()) {
      const ms = clock.monotonicMs() - sinceMs;
      if (ms > ACT_MS) witness.blame("hang", `what it did ${ms / 1_000} s ago has not ended`, nara);
    }
  }

  /** What has not ended. */
  inWords(): string[] {
    return this.#living().map(({ nara, sinceMs }) => `an act of nara ${nara.index} since ${sinceMs} ms`);
  }

  async #begin(nara: SimulatedNara, act: (nara: SimulatedNara) => void | Promise<void>): Promise<void> {
    const { clock, witness } = this.#options;
    const open: Act = { nara, life: nara.lives, sinceMs: clock.monotonicMs() };
    this.#open.add(open);
    try {
      await act(nara);
    } catch (thrown) {
      if (!this.#isLiving(open)) return;
      witness.note(nara, `act: ${thrown instanceof NaraError ? thrown.code : messageOf(thrown)}`);
      if (!(thrown instanceof NaraError)) witness.blame("I8", `an act failed: ${messageOf(thrown)}`, nara);
    } finally {
      this.#open.delete(open);
    }
  }

  /** What a dead nara began will never end, and nobody waits for it. */
  #living(): Act[] {
    for (const act of this.#open) if (!this.#isLiving(act)) this.#open.delete(act);
    return [...this.#open];
  }

  #isLiving({ nara, life }: Act): boolean {
    return nara.isAlive && nara.lives === life;
  }
}
