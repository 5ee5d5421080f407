/**
 * Upkeep: sees to it that three confidants keep the stash, also when some leave or forget.
 * @module
 */
import type { RuntimeApi } from "../../runtime/service.ts";
import { messageOf } from "../../utilities/errors.ts";
import type { NaraId } from "../../utilities/names.ts";
import type { Background } from "./background.ts";
import { type Confidants, TARGET_CONFIDANTS } from "./confidants.ts";
import type { Distributor } from "./distributor.ts";
import { Lives } from "./lives.ts";
import type { OwnStash } from "./own_stash.ts";
import type { Turns } from "./turns.ts";

/** Milliseconds between two looks after the confidants. */
const CHECK_MS = 60_000;
/** A confidant that started anew gets its copy again after this many milliseconds, */
const RESTOCK_MIN_MS = 2_000;
/** and up to this many more, so that not all its owners come at once. */
const RESTOCK_SPREAD_MS = 3_000;

/** What an upkeep works with. */
export interface UpkeepOptions {
  /** The stash. */
  readonly own: Pick<OwnStash, "current" | "sequence">;
  /** Who keeps it. */
  readonly confidants: Confidants;
  /** Brings it to them. */
  readonly distributor: Distributor;
  /** Distributions, one at a time. */
  readonly changes: Turns;
  /** Where it works. */
  readonly background: Background;
}

/** Looks after the confidants. It gives way to whoever changes the stash. */
export class Upkeep {
  readonly #rt: Pick<RuntimeApi, "clock" | "log" | "peers" | "random" | "signal">;
  readonly #options: UpkeepOptions;
  readonly #lives = new Lives();
  readonly #restocking = new Set<NaraId>();
  #topUp: AbortController | undefined;

  /**
   * @param rt What it may use.
   * @param options What to look after.
   */
  constructor(rt: Pick<RuntimeApi, "clock" | "log" | "peers" | "random" | "signal">, options: UpkeepOptions) {
    this.#rt = rt;
    this.#options = options;
  }

  /** Looks after the confidants every minute, until the service stops. */
  start(): void {
    this.#options.background.run("looking after the confidants", () => this.#rounds());
  }

  /** Somebody says hey-there. A confidant that started anew may have forgotten its copy, and gets another. */
  greetedBy(id: NaraId, startedAt: number): void {
    const { own, confidants, background } = this.#options;
    if (!this.#lives.hasBegunAnew(id, startedAt) || this.#restocking.has(id)) return;
    if (!confidants.holding(own.sequence).includes(id)) return;
    this.#restocking.add(id);
    background.run("restocking a confidant", () => this.#restock(id));
  }

  /** Brings the stash to more confidants if it has too few. */
  topUp(): void {
    const { own, confidants, background } = this.#options;
    if (this.#topUp || !own.current || confidants.holding(own.sequence).length >= TARGET_CONFIDANTS) return;
    this.#topUp = new AbortController();
    const signal = AbortSignal.any([this.#rt.signal, this.#topUp.signal]);
    background.run("distributing", () => this.#distribute(signal).finally(() => this.#topUp = undefined));
  }

  /** The stash is about to be distributed anyhow: a distribution that runs by itself ends. */
  giveWay(): void {
    this.#topUp?.abort(new Error("A newer stash is distributed"));
  }

  async #rounds(): Promise<void> {
    const { clock, log, peers, signal } = this.#rt;
    for (;;) {
      await clock.sleep(CHECK_MS, { signal });
      const gone = await this.#options.confidants.check(peers.online().map(({ id }) => id));
      for (const confidant of gone) log.info("a confidant has been away for too long", { confidant });
      this.topUp();
    }
  }

  async #restock(id: NaraId): Promise<void> {
    const { clock, log, random, signal } = this.#rt;
    const { distributor, confidants } = this.#options;
    try {
      await clock.sleep(RESTOCK_MIN_MS + random.next() * RESTOCK_SPREAD_MS, { signal });
      await distributor.storeWith(id);
    } catch (thrown) {
      if (signal.aborted) return;
      const fields = { confidant: id, error: messageOf(thrown) };
      log.info("a confidant that started anew did not take its copy again", fields);
      await confidants.keep((confidant) => confidant.id !== id);
      this.topUp();
    } finally {
      this.#restocking.delete(id);
    }
  }

  async #distribute(signal: AbortSignal): Promise<void> {
    const { changes, distributor } = this.#options;
    const { log } = this.#rt;
    try {
      const { confidants, safety } = await changes.run(() => distributor.distribute(signal));
      log.info("the stash was brought to confidants", { confidants: confidants.length, safety });
    } catch (thrown) {
      if (!signal.aborted) {
        log.warn("the stash could not be brought to confidants", { error: messageOf(thrown) });
      }
    }
  }
}
