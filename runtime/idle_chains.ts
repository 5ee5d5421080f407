/**
 * Idle chains: the streams of a pipeline are most of what a quiet nara holds in memory, so those of a kind of which no message came
 * for a while are given back. The next message compiles them anew.
 * @module
 */
import type { Clock } from "../utilities/clock.ts";
import type { Chain } from "./pipeline.ts";
import { Deadlines } from "./primitives/deadlines.ts";
import type { Registered } from "./registry.ts";

/** Milliseconds without a message after which a chain is given back. */
export const IDLE_MS = 120_000;

/** Where a kind keeps its compiled chains. */
export type ChainSlot = "emitChain" | "receiveChain" | "futureChain";

/** Watches compiled chains. Dispose of it to watch them no more. */
export class IdleChains implements Disposable {
  readonly #clock: Clock;
  readonly #deadlines: Deadlines;

  /** @param clock The runtime's time. */
  constructor(clock: Clock) {
    this.#clock = clock;
    this.#deadlines = new Deadlines(clock);
  }

  /** The chain of a kind, compiled now if there is none. */
  chain(registered: Registered, slot: ChainSlot, compile: () => Chain): Chain {
    const known = registered[slot];
    if (known) return known;
    const chain = registered[slot] = compile();
    this.#look(registered, slot, chain, IDLE_MS);
    return chain;
  }

  #look(registered: Registered, slot: ChainSlot, chain: Chain, inMs: number): void {
    this.#deadlines.add(inMs, () => {
      const leftMs = chain.underWay > 0 ? IDLE_MS : chain.usedMs + IDLE_MS - this.#clock.monotonicMs();
      if (leftMs > 0) return this.#look(registered, slot, chain, leftMs);
      registered[slot] = undefined;
      chain.close(); // Nothing is inside.
    });
  }

  /** Watches no more. The chains stay as they are. */
  [Symbol.dispose](): void {
    this.#deadlines[Symbol.dispose]();
  }
}
