/**
 * How many requests ended as what, of those that never became a frame.
 * @module
 */

/** Requests by the status that they were answered with. Statuses are few, so it needs no bound. */
export class RefusalCount {
  readonly #byStatus = new Map<number, number>();

  /** Counts one. */
  add(status: number): void {
    this.#byStatus.set(status, this.of(status) + 1);
  }

  /** How many so far. */
  of(status: number): number {
    return this.#byStatus.get(status) ?? 0;
  }

  /** All of them, by status. */
  all(): ReadonlyMap<number, number> {
    return this.#byStatus;
  }
}
