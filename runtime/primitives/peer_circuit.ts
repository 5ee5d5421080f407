/**
 * The circuit breaker of a peer: who cannot be reached is left alone for a while, and then one try shows whether it is back.
 * @module
 */
import type { Random } from "../../utilities/random.ts";
import { backoffMs } from "./backoff.ts";

/** `closed`: all goes through. `open`: nothing does. `half_open`: one try may, which decides. */
export type CircuitState = "closed" | "open" | "half_open";

/** Milliseconds after which a try of which nothing was heard counts as over. Longer than a request may take. */
const PROBE_MS = 10_000;
/** The longest pause for a peer that is away, and for one that is shunned, in milliseconds. */
const PAUSE_MS_MAX = 60_000, SHUNNED_PAUSE_MS_MAX = 600_000;

/** The breaker of one peer. */
export class PeerCircuit {
  readonly #random: Pick<Random, "next">;
  #failures = 0;
  #retryAtMs = 0;
  #probeUntilMs = -Infinity;
  /** It was heard since it failed: then it lives, and whatever waits for it may go at once. */
  #wasHeard = false;

  /** @param random Spreads the tries of many who lost the same peer. */
  constructor(random: Pick<Random, "next">) {
    this.#random = random;
  }

  /** Failures in a row. */
  get failures(): number {
    return this.#failures;
  }

  /** How it stands. */
  state(nowMs: number): CircuitState {
    if (this.#failures === 0) return "closed";
    return nowMs < this.#retryAtMs ? "open" : "half_open";
  }

  /** Milliseconds until something may be tried: 0 for now. Whoever hears 0 while it is half open is the one try. */
  waitMs(nowMs: number): number {
    if (this.#failures === 0 || this.#wasHeard) return 0;
    const leftMs = Math.max(this.#retryAtMs, this.#probeUntilMs) - nowMs;
    if (leftMs > 0) return leftMs;
    this.#probeUntilMs = nowMs + PROBE_MS;
    return 0;
  }

  /** A try failed for want of a connection or of an answer. */
  fail(nowMs: number, { isShunned = false }: { isShunned?: boolean } = {}): void {
    if (this.#failures > 0 && nowMs < this.#retryAtMs) return; // Tries that were under way together count as one.
    this.#failures++;
    this.#probeUntilMs = -Infinity;
    this.#wasHeard = false;
    const maxMs = isShunned ? SHUNNED_PAUSE_MS_MAX : PAUSE_MS_MAX;
    this.#retryAtMs = nowMs + backoffMs(this.#failures, this.#random, { maxMs });
  }

  /** A try ended without a word on whether the peer is there: the next may be the one. */
  release(): void {
    this.#probeUntilMs = -Infinity;
  }

  /** A try came through. */
  reach(): void {
    this.#failures = 0;
    this.#probeUntilMs = -Infinity;
    this.#wasHeard = false;
  }

  /** The peer was heard by another way: it lives. */
  hear(nowMs: number): void {
    if (this.#failures === 0) return;
    this.#wasHeard = true;
    this.#retryAtMs = Math.min(this.#retryAtMs, nowMs);
  }
}
