/**
 * Who sits at the mesh port: so many connections in all, and so many of one address.
 *
 * When all seats are taken, whoever has been longest without a complete head gets up for the one who comes; where everybody has
 * one, whoever has been longest without a complete body, then whoever has been reading an answer for longest. Nobody gets up whose
 * request is being worked on: where there are only such, the newcomer is turned away.
 * @module
 */
import type { Limit } from "../primitives/limits.ts";
import type { GuardSettings } from "./guard_options.ts";

/** What a connection waits for: a head, a body, the work that it asked for, or the client that reads its answer. */
export type GuardPhase = "head" | "body" | "work" | "answer";

/** Whoever sits. */
export interface Seated {
  /** Its address without the port; `undefined` for one that is bounded only as all are. */
  readonly address: string | undefined;
  /** What it waits for. Only {@linkcode GuardSeats} sets it. */
  phase: GuardPhase;
  /** Gets up, now; it calls {@linkcode GuardSeats.leave}. */
  end(): void;
}

/** In which order seats are cleared. */
const CLEARED: readonly GuardPhase[] = ["head", "body", "answer"];

/** The seats. */
export class GuardSeats {
  readonly #settings: Pick<GuardSettings, "connectionsMax" | "addressConnectionsMax">;
  /** By phase, longest in it first: a Set keeps the order in which its members came. */
  readonly #phases: Readonly<Record<GuardPhase, Set<Seated>>> = {
    head: new Set(),
    body: new Set(),
    work: new Set(),
    answer: new Set(),
  };
  readonly #byAddress = new Map<string, number>();
  #size = 0;
  #overflows = 0;
  #addressOverflows = 0;

  /** @param settings How many seats there are. */
  constructor(settings: Pick<GuardSettings, "connectionsMax" | "addressConnectionsMax">) {
    this.#settings = settings;
  }

  /** How many wait for this. */
  count(phase: GuardPhase): number {
    return this.#phases[phase].size;
  }

  /** Everybody who sits. */
  all(): Seated[] {
    return Object.values(this.#phases).flatMap((seated) => [...seated]);
  }

  /** Gives a seat to a newcomer, if need be somebody else's. Returns whether there was one. */
  take(newcomer: Seated): boolean {
    const { address } = newcomer;
    if (address !== undefined && this.#of(address) >= this.#settings.addressConnectionsMax) {
      this.#addressOverflows++;
      if (!this.#clear((seated) => seated.address === address)) return false;
    }
    if (this.#size >= this.#settings.connectionsMax) {
      this.#overflows++;
      if (!this.#clear(() => true)) return false;
    }
    this.#size++;
    if (address !== undefined) this.#byAddress.set(address, this.#of(address) + 1);
    this.#phases[newcomer.phase].add(newcomer);
    return true;
  }

  /** Notes what somebody waits for from now on. */
  move(seated: Seated, phase: GuardPhase): void {
    if (!this.#phases[seated.phase].delete(seated)) return; // It has left.
    seated.phase = phase;
    this.#phases[phase].add(seated);
  }

  /** Notes that somebody has left. */
  leave(seated: Seated): void {
    if (!this.#phases[seated.phase].delete(seated)) return;
    this.#size--;
    const { address } = seated;
    if (address === undefined) return;
    const left = this.#of(address) - 1;
    if (left > 0) this.#byAddress.set(address, left);
    else this.#byAddress.delete(address);
  }

  /** The bounds, for `nara limits`. */
  limits(): Limit[] {
    const rule = "the one longest without a complete head is closed";
    return [{
      name: "http.connections",
      unit: "connections",
      max: this.#settings.connectionsMax,
      rule,
      inUse: () => this.#size,
      overflows: () => this.#overflows,
    }, {
      name: "http.connections_of_one_address",
      unit: "connections",
      max: this.#settings.addressConnectionsMax,
      rule: `of that address ${rule}`,
      inUse: () => Math.max(0, ...this.#byAddress.values()),
      overflows: () => this.#addressOverflows,
    }];
  }

  #of(address: string): number {
    return this.#byAddress.get(address) ?? 0;
  }

  #clear(fits: (seated: Seated) => boolean): boolean {
    for (const phase of CLEARED) {
      for (const seated of this.#phases[phase]) {
        if (!fits(seated)) continue;
        seated.end();
        return true;
      }
    }
    return false;
  }
}
