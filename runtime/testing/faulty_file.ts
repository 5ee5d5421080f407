/**
 * A store on a disk that misbehaves: what was not committed when its nara dies may be lost.
 * @module
 */
import { MemoryStore } from "../primitives/memory_store.ts";
import { type Change, type KeyValueFile, StoreError } from "../primitives/store.ts";
import { DiskError, type FaultyDisk } from "./faulty_disk.ts";

/**
 * What one nara keeps, on a {@linkcode FaultyDisk}. It outlives crashes: open it again for the next life.
 *
 * @example A write that a crash may lose
 * ```ts
 * import { FaultyDisk, FaultyFile, SeededRandom, VirtualClock } from "@nara/nara/testing";
 * const clock = new VirtualClock();
 * const disk = new FaultyDisk({ clock, random: new SeededRandom(1), commitMs: 5 });
 * const file = new FaultyFile(disk);
 * file.write([{ space: "tea", key: "cups", value: new Uint8Array([3]) }]);
 * disk.crash(); // Before its five milliseconds were over.
 * ```
 */
export class FaultyFile implements KeyValueFile {
  readonly #disk: FaultyDisk;
  readonly #durable = new MemoryStore();
  /** What counts for readers, and is not yet on the disk; the last of a key is the newest. */
  #written: Change[] = [];

  /**
   * An empty file.
   *
   * @param disk What it stands on.
   */
  constructor(disk: FaultyDisk) {
    this.#disk = disk;
  }

  /** The value of `key` in `space`. */
  get(space: string, key: string): Uint8Array | undefined {
    const change = this.#written.findLast((change) => change.space === space && change.key === key);
    return change ? change.value?.slice() : this.#durable.get(space, key);
  }

  /** Sets values in `space`, on the disk at once. */
  setAll(space: string, entries: readonly (readonly [key: string, value: Uint8Array])[]): void {
    this.#now(() => this.#durable.setAll(space, entries));
  }

  /** Makes changes. */
  write(changes: readonly Change[]): Promise<void> {
    try {
      const made: Change[] = changes.map(({ space, key, value }) => ({ space, key, value: value?.slice() }));
      const done = this.#disk.commit(() => {
        this.#written = this.#written.filter((change) => !made.includes(change));
        this.#durable.write(made);
      });
      if (this.#disk.waiting > 0) this.#written.push(...made);
      return done;
    } catch (thrown) {
      return Promise.reject(asStoreError(thrown));
    }
  }

  /** Removes `key` from `space`, on the disk at once. */
  delete(space: string, key: string): void {
    this.#now(() => this.#durable.delete(space, key));
  }

  /** Keys and values in `space` whose key starts with `prefix`, sorted by key. */
  list(space: string, prefix: string, limit: number = Infinity): [key: string, value: Uint8Array][] {
    const values = new Map(this.#durable.list(space, prefix));
    for (const { space: where, key, value } of this.#written) {
      if (where !== space || !key.startsWith(prefix)) continue;
      if (value) values.set(key, value.slice());
      else values.delete(key);
    }
    return [...values].sort(([a], [b]) => a < b ? -1 : 1).slice(0, limit);
  }

  /** What was written and is not on the disk is gone: the nara that wrote it has died. */
  forgetUnwritten(): void {
    this.#written = [];
  }

  #now(apply: () => void): void {
    try {
      this.#disk.commitNow(apply);
    } catch (thrown) {
      throw asStoreError(thrown);
    }
  }

  /** Commits what waits. The nara has stopped in good order. */
  [Symbol.dispose](): void {
    if (!this.#disk.isDead) this.#disk.flush();
  }
}

/** In the words of the port. */
function asStoreError(thrown: unknown): unknown {
  if (!(thrown instanceof DiskError)) return thrown;
  return new StoreError("disk_full", `Cannot write to the store: ${thrown.message}`, { cause: thrown });
}
