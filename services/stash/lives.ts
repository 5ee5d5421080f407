/**
 * Lives: who has started anew since it was heard last.
 *
 * A confidant that starts anew may have forgotten everything, as naras do.
 * @module
 */
import type { NaraId } from "../../utilities/names.ts";

/** How many naras are remembered. Past it the one heard longest ago is forgotten. */
const NARAS_MAX = 1_024;

/** When the naras around started, by their own word. */
export class Lives {
  readonly #startedAt = new Map<NaraId, number>();

  /**
   * Notes that `id` says it started at this time.
   *
   * @param startedAt Unix seconds.
   * @returns Whether it had said an earlier one before. What goes back is no new life.
   */
  hasBegunAnew(id: NaraId, startedAt: number): boolean {
    const before = this.#startedAt.get(id);
    this.#startedAt.delete(id); // A Map keeps insertion order: the one heard last moves to the end.
    this.#startedAt.set(id, Math.max(startedAt, before ?? startedAt));
    const [longestSilent] = this.#startedAt.keys();
    if (this.#startedAt.size > NARAS_MAX) this.#startedAt.delete(longestSilent);
    return before !== undefined && startedAt > before;
  }
}
