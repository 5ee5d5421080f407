/**
 * Stores in memory: for tests, and for a nara that wants to forget.
 * @module
 */
import type { Change, KeyValueFile } from "./store.ts";

/** Spaces that end with the process. */
export class MemoryStore implements KeyValueFile {
  readonly #spaces = new Map<string, Map<string, Uint8Array>>();

  /** The value of `key` in `space`. */
  get(space: string, key: string): Uint8Array | undefined {
    return this.#spaces.get(space)?.get(key)?.slice();
  }

  /** Sets values in `space`. */
  setAll(space: string, entries: readonly (readonly [key: string, value: Uint8Array])[]): void {
    const values = this.#spaces.get(space) ?? new Map<string, Uint8Array>();
    this.#spaces.set(space, values);
    for (const [key, value] of entries) values.set(key, value.slice());
  }

  /** Makes changes. */
  write(changes: readonly Change[]): Promise<void> {
    for (const { space, key, value } of changes) {
      if (value) this.setAll(space, [[key, value]]);
      else this.delete(space, key);
    }
    return Promise.resolve();
  }

  /** Removes `key` from `space`. */
  delete(space: string, key: string): void {
    this.#spaces.get(space)?.delete(key);
  }

  /** Keys and values in `space` whose key starts with `prefix`, sorted by key. */
  list(space: string, prefix: string, limit: number = Infinity): [key: string, value: Uint8Array][] {
    const entries = [...this.#spaces.get(space) ?? []].filter(([key]) => key.startsWith(prefix));
    return entries.sort(([a], [b]) => a < b ? -1 : 1).slice(0, limit).map((
      [key, value],
    ) => [key, value.slice()]);
  }

  /** Nothing to close. */
  [Symbol.dispose](): void {}
}
