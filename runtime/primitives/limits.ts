/**
 * Limits: every queue, cache, table and file has a bound with a name, and says how full it is.
 * @module
 */

/** A bound. */
export interface Limit {
  /** Its name, as `nara limits` prints it: dotted words, e.g. `seen.messages`. */
  readonly name: string;
  /** What is counted, e.g. `messages` or `bytes`. */
  readonly unit: string;
  /** How much may be in use. */
  readonly max: number;
  /** What happens past it, in a few words. */
  readonly rule: string;
  /** How much is in use now. */
  inUse(): number;
  /** How often the bound was met since the start. */
  overflows(): number;
}

/** All bounds of one nara. */
export class Limits {
  readonly #limits = new Map<string, Limit>();

  /**
   * Adds bounds.
   *
   * @throws {RangeError} If a name is taken.
   */
  add(...limits: readonly Limit[]): void {
    for (const limit of limits) {
      if (this.#limits.has(limit.name)) throw new RangeError(`There is a limit called ${limit.name} already`);
      this.#limits.set(limit.name, limit);
    }
  }

  /** All bounds, by name. */
  all(): Limit[] {
    return [...this.#limits.values()].sort((a, b) => a.name < b.name ? -1 : 1);
  }
}
