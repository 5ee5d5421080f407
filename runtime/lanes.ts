/**
 * Lanes: where messages wait for something, one lane per peer, so that a slow peer holds up nobody else.
 *
 * The one place in the pipelines where anything is awaited. Tasks of a lane start in order, up to 64 at once;
 * past the bounds a task is refused at once rather than queued without end.
 * @module
 */

/** Bounds of one set of lanes. */
export interface LanesOptions {
  /**
   * Tasks in all lanes together. More keeps more peers busy, and costs memory when all are slow.
   * @default {1_024}
   */
  stageMax?: number;
  /**
   * Tasks in one lane, running and waiting.
   * @default {128}
   */
  laneMax?: number;
  /**
   * Tasks of one lane that run at once. 1 makes a lane strictly one after another, at half the rate or less.
   * @default {64}
   */
  width?: number;
  /**
   * `start`: results are released in the order in which their tasks started. `finish`: as they come.
   * @default {"start"}
   */
  release?: "start" | "finish";
}

interface Entry<R> {
  readonly task: () => R | Promise<R>;
  readonly release: (result: R) => void;
  started: boolean;
  finished: boolean;
  result: R | undefined;
}

interface Lane<R> {
  readonly entries: Entry<R>[];
  running: number;
  /** Index of the first entry that has not started. */
  next: number;
}

/** Runs tasks in lanes. A task must not throw or reject: whoever makes it turns failures into results. */
export class Lanes<R> {
  readonly #stageMax: number;
  readonly #laneMax: number;
  readonly #width: number;
  readonly #inOrder: boolean;
  readonly #lanes = new Map<string, Lane<R>>();
  readonly #idlers: (() => void)[] = [];
  #size = 0;
  /** Tasks that were refused, as their lane or the stage was full. */
  overflows = 0;

  /**
   * Empty lanes.
   *
   * @param options Bounds and order.
   */
  constructor({ stageMax = 1_024, laneMax = 128, width = 64, release = "start" }: LanesOptions = {}) {
    this.#stageMax = stageMax;
    this.#laneMax = laneMax;
    this.#width = width;
    this.#inOrder = release === "start";
  }

  /** Tasks that all lanes together may hold. */
  get stageMax(): number {
    return this.#stageMax;
  }

  /** Tasks that one lane may hold. */
  get laneMax(): number {
    return this.#laneMax;
  }

  /** Tasks in the fullest lane. */
  get longest(): number {
    let longest = 0;
    for (const { entries } of this.#lanes.values()) longest = Math.max(longest, entries.length);
    return longest;
  }

  /** Tasks in all lanes, running and waiting. */
  get size(): number {
    return this.#size;
  }

  /** Tasks in the lane `key`, running and waiting. */
  laneSize(key: string): number {
    return this.#lanes.get(key)?.entries.length ?? 0;
  }

  /**
   * Runs `task` in the lane `key`, and hands its result to `release`.
   *
   * @returns `false` when the lane or the stage is full; then neither is called.
   */
  run(key: string, task: () => R | Promise<R>, release: (result: R) => void): boolean {
    const lane = this.#lanes.get(key);
    if (this.#size >= this.#stageMax || (lane && lane.entries.length >= this.#laneMax)) {
      this.overflows++;
      return false;
    }
    if (!lane) {
      const result = task();
      if (!(result instanceof Promise)) {
        release(result); // Nothing waits and nothing is before it: no bookkeeping.
        return true;
      }
      this.#size++;
      const fresh: Lane<R> = { entries: [], running: 0, next: 0 };
      this.#lanes.set(key, fresh);
      this.#await(key, fresh, this.#enter(fresh, task, release), result);
      fresh.next = 1;
      return true;
    }
    this.#size++;
    this.#enter(lane, task, release);
    this.#pump(key, lane);
    return true;
  }

  /** Resolves when no task runs or waits. */
  idle(): Promise<void> {
    if (this.#size === 0) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#idlers.push(resolve);
    return promise;
  }

  #enter(lane: Lane<R>, task: () => R | Promise<R>, release: (result: R) => void): Entry<R> {
    const entry: Entry<R> = { task, release, started: false, finished: false, result: undefined };
    lane.entries.push(entry);
    return entry;
  }

  #pump(key: string, lane: Lane<R>): void {
    while (lane.running < this.#width && lane.next < lane.entries.length) {
      const entry = lane.entries[lane.next++];
      const result = entry.task();
      if (result instanceof Promise) this.#await(key, lane, entry, result);
      else this.#finish(lane, entry, result);
    }
    if (lane.entries.length === 0) this.#lanes.delete(key);
  }

  #await(key: string, lane: Lane<R>, entry: Entry<R>, result: Promise<R>): void {
    lane.running++;
    result.then((value) => {
      lane.running--;
      this.#finish(lane, entry, value);
      this.#pump(key, lane);
    });
  }

  #finish(lane: Lane<R>, entry: Entry<R>, result: R): void {
    entry.finished = true;
    entry.result = result;
    if (!this.#inOrder) {
      this.#leave(lane, lane.entries.indexOf(entry));
      entry.release(result);
    } else {
      while (lane.entries.length > 0 && lane.entries[0].finished) {
        const first = lane.entries[0];
        this.#leave(lane, 0);
        first.release(first.result as R);
      }
    }
    if (this.#size === 0) { for (const wake of this.#idlers.splice(0)) wake(); }
  }

  #leave(lane: Lane<R>, index: number): void {
    lane.entries.splice(index, 1);
    lane.next--;
    this.#size--;
  }
}
