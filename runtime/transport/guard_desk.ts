/**
 * What all connections of one guard share: settings, time, seats, and the count of what was cut and refused.
 * @module
 */
import type { Clock } from "../../utilities/clock.ts";
import { Deadlines } from "../primitives/deadlines.ts";
import type { Limit } from "../primitives/limits.ts";
import type { Behind } from "./guard_behind.ts";
import type { GuardSettings } from "./guard_options.ts";
import { GuardSeats } from "./guard_seats.ts";
import type { RefusalCount } from "./http_refusals.ts";

/** What a guard needs. */
export interface GuardParts {
  /** The runtime's time. */
  readonly clock: Clock;
  /** Its bounds. */
  readonly settings: GuardSettings;
  /** Bytes that a body may hold. */
  readonly bodyBytesMax: number;
  /** The paths that are handed on; for all others the answer is 404. */
  readonly paths: ReadonlySet<string>;
  /** The server behind it. */
  readonly behind: Behind;
  /** Where refusals are counted. */
  readonly refusals: RefusalCount;
}

/** For what a client was too slow, or too much. */
export type GuardCut = "head" | "body" | "idle" | "drain" | "head_bytes" | "body_bytes";

const RULES: Readonly<Record<GuardCut, readonly [unit: string, rule: string]>> = {
  head: ["ms", "the answer is 408, and the connection is closed"],
  body: ["ms", "the answer is 408, and the connection is closed"],
  idle: ["ms", "the connection is closed"],
  drain: ["ms", "the connection is closed"],
  head_bytes: ["bytes", "the answer is 431, and the connection is closed"],
  body_bytes: ["bytes", "the answer is 413, and the connection is closed"],
};

/** What the connections share. Dispose of it to stop its timer. */
export class GuardDesk implements Disposable {
  /** What was given. */
  readonly parts: GuardParts;
  /** Who is connected. */
  readonly seats: GuardSeats;
  /** The timer that all connections share. */
  readonly deadlines: Deadlines;
  readonly #cuts = new Map<GuardCut, number>();

  /** @param parts What the guard needs. */
  constructor(parts: GuardParts) {
    this.parts = parts;
    this.seats = new GuardSeats(parts.settings);
    this.deadlines = new Deadlines(parts.clock);
  }

  /** Counts a connection that met a bound. */
  cut(what: GuardCut): void {
    this.#cuts.set(what, (this.#cuts.get(what) ?? 0) + 1);
  }

  /** The bounds, for `nara limits`. Those of time and size count only what met them. */
  limits(): Limit[] {
    const { headMs, bodyMs, idleMs, drainMs, headBytesMax } = this.parts.settings;
    const { bodyBytesMax } = this.parts;
    const bounds = { head: headMs, body: bodyMs, idle: idleMs, drain: drainMs };
    const all = { ...bounds, head_bytes: headBytesMax, body_bytes: bodyBytesMax };
    const rows = Object.entries(all).map(([what, max]): Limit => {
      const [unit, rule] = RULES[what as GuardCut];
      const name = `http.${what}${unit === "ms" ? "_ms" : ""}`;
      return {
        name,
        unit,
        max,
        rule,
        inUse: () => 0,
        overflows: () => this.#cuts.get(what as GuardCut) ?? 0,
      };
    });
    return [...this.seats.limits(), ...rows];
  }

  /** Stops the timer. */
  [Symbol.dispose](): void {
    this.deadlines[Symbol.dispose]();
  }
}
