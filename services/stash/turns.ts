/**
 * Turns: work that must not overlap, one after another.
 * @module
 */
import { StashError } from "./stash_error.ts";

/** A bounded queue of work. */
export class Turns {
  readonly #waitingMax: number;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** @param waitingMax Pieces of work that may wait, the one under way included. */
  constructor(waitingMax: number) {
    this.#waitingMax = waitingMax;
  }

  /**
   * Does `work` when all that came before has ended, however it ended.
   *
   * @throws {StashError} `busy`, when too much waits already.
   */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#waiting >= this.#waitingMax) {
      throw new StashError(
        "busy",
        `Cannot change the stash as ${this.#waiting} changes wait already: await one before the next`,
      );
    }
    this.#waiting++;
    const turn = this.#last.then(work).finally(() => this.#waiting--);
    this.#last = turn.catch(() => {});
    return await turn;
  }
}
