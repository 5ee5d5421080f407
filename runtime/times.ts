/**
 * Times: when a message was where in a chain.
 * @module
 */

/** What the ways of all messages through one chain have in common. */
export interface Route {
  /** The active stages of the chain, in order. */
  readonly stages: readonly string[];
  /** For each stage that may wait, how many stages stand before its end. */
  readonly waits: readonly number[];
}

/** The way of a message that entered no chain. */
export const NO_ROUTE: Route = { stages: [], waits: [] };

const SAVED_BEFORE_MARKS = 4;
/** Two for each of six stages that wait, more than any of our chains has; the time in later ones is told at the last. */
const MARKS_SAVED = 12;
/** Numbers that {@linkcode Times.save} writes at most. */
export const TIMES_ROOM: number = SAVED_BEFORE_MARKS + MARKS_SAVED;

/**
 * A message's way through a chain, as far as it came. It keeps nothing of the message alive, and is only worked out when somebody
 * asks.
 */
export class Times {
  /** When the message entered, by the runtime's monotonic clock. */
  enteredMs: number;
  /** When it came to its outcome. */
  endedMs: number;
  readonly #route: Route;
  /** When it began to wait in a stage, and when it came out, in turn. */
  readonly #marks: number[];
  #marked = 0;
  #endedAt = -1;

  /**
   * A way that begins now.
   *
   * @param nowMs The time.
   * @param route The chain that the message enters; left out for one that enters none, as it waits behind others or passed its
   *   pipeline in an earlier run.
   */
  constructor(nowMs: number, route: Route = NO_ROUTE) {
    this.enteredMs = this.endedMs = nowMs;
    this.#route = route;
    // No small integers, so that every array of this kind holds plain numbers from the start.
    this.#marks = blank(route.waits.length);
  }

  /** The chain that it entered. */
  get route(): Route {
    return this.#route;
  }

  /** The active stages of the chain, in order; the same array for every message. */
  get stages(): readonly string[] {
    return this.#route.stages;
  }

  /** Notes that the message begins to wait, or that it has come out. */
  mark(nowMs: number): void {
    this.#marks[this.#marked++] = nowMs;
  }

  /** Notes that it came to its outcome, at the stage of this name; at none where it passed them all. */
  end(nowMs: number, stage?: string): void {
    this.endedMs = nowMs;
    const { stages } = this.#route;
    this.#endedAt = stage === undefined ? stages.length - 1 : stages.indexOf(stage);
  }

  /** Milliseconds per stage that it passed. Neighbours that never wait are timed together, at the last of them. */
  durationsMs(): number[] {
    const { stages, waits } = this.#route;
    if (this.#endedAt < 0) return []; // It never reached a stage.
    const durations: number[] = stages.map(() => 0);
    let sinceMs = this.enteredMs;
    for (let index = 0; index < this.#marked; index++) {
      const waitingAt = waits[index >> 1] - 1;
      const at = index % 2 === 1 ? waitingAt : waitingAt - 1;
      if (at >= 0) durations[at] += this.#marks[index] - sinceMs;
      sinceMs = this.#marks[index];
    }
    durations[this.#endedAt] += this.endedMs - sinceMs;
    return durations.slice(0, this.#endedAt + 1);
  }

  /**
   * Writes these times into `room`, from `at` on: {@linkcode TIMES_ROOM} numbers. A busy nara keeps thousands of them, and numbers in
   * a row cost it the least.
   */
  save(room: Float64Array, at: number): void {
    room[at] = this.enteredMs;
    room[at + 1] = this.endedMs;
    room[at + 2] = this.#endedAt;
    const marked = room[at + 3] = Math.min(this.#marked, MARKS_SAVED);
    for (let index = 0; index < marked; index++) room[at + SAVED_BEFORE_MARKS + index] = this.#marks[index];
  }

  /** What {@linkcode Times.save} wrote, of a message that went this route. */
  static load(room: Float64Array, at: number, route: Route): Times {
    const times = new Times(room[at], route);
    times.endedMs = room[at + 1];
    times.#endedAt = room[at + 2];
    times.#marked = room[at + 3];
    for (let index = 0; index < times.#marked; index++) {
      times.#marks[index] = room[at + SAVED_BEFORE_MARKS + index];
    }
    return times;
  }
}

/** Two marks for each stage that may wait. Written out for the usual chains, as every message needs one. */
function blank(waits: number): number[] {
  switch (waits) {
    case 0:
      return [];
    case 1:
      return [0.5, 0.5];
    case 2:
      return [0.5, 0.5, 0.5, 0.5];
    default:
      return Array.from({ length: 2 * waits }, () => 0.5);
  }
}
