/**
 * The shelf: what this nara keeps for others, one sealed stash per owner.
 *
 * Bounded by the number of owners. Whoever is on the shelf can always replace what is there; for others it
 * may be full.
 * @module
 */
import type { Store } from "../../runtime/primitives/store.ts";
import type { NaraId } from "../../utilities/names.ts";
import { decodeRecord, encodeRecord, type StashRecord } from "./record.ts";

/** Where the shelf stands in the store. */
const PREFIX = "held:";

/** Others' sealed stashes, kept in the service's store. */
export class Shelf {
  readonly #store: Pick<Store, "list" | "setAll" | "delete">;
  readonly #ownersMax: number;
  readonly #records = new Map<NaraId, StashRecord>();
  /** New owners whose first record is being written: their places are taken. */
  readonly #arriving = new Set<NaraId>();

  /**
   * @param store Where records are kept.
   * @param ownersMax Owners for whom there is room.
   */
  constructor(store: Pick<Store, "list" | "setAll" | "delete">, ownersMax: number) {
    this.#store = store;
    this.#ownersMax = ownersMax;
  }

  /** Owners on the shelf. */
  get size(): number {
    return this.#records.size;
  }

  /** Owners for whom there is room. */
  get ownersMax(): number {
    return this.#ownersMax;
  }

  /** Bytes of ciphertext on the shelf. */
  get bytes(): number {
    return this.#records.values().reduce((sum, { ciphertext }) => sum + ciphertext.length, 0);
  }

  /**
   * Takes back what earlier runs kept. What was kept stays, even where there is room for fewer by now.
   *
   * @returns Keys of records that cannot be read; they are left out.
   */
  async load(): Promise<string[]> {
    const unreadable: string[] = [];
    for (const [key, value] of await this.#store.list(PREFIX)) {
      const record = decodeRecord(value);
      if (record) this.#records.set(key.slice(PREFIX.length), record);
      else unreadable.push(key);
    }
    return unreadable;
  }

  /** Whether there is a stash of `owner`. */
  has(owner: NaraId): boolean {
    return this.#records.has(owner);
  }

  /** The stash of `owner`. */
  get(owner: NaraId): StashRecord | undefined {
    return this.#records.get(owner);
  }

  /** All owners and their stashes. */
  entries(): [owner: NaraId, record: StashRecord][] {
    return [...this.#records];
  }

  /**
   * Keeps the stash of `owner` in place of the one before. Once resolved it survives `kill -9`.
   *
   * @returns `false` when there is no room for another owner; then nothing has changed.
   * @throws {StoreError} When it cannot be written; then nothing has changed either.
   */
  async put(owner: NaraId, record: StashRecord): Promise<boolean> {
    const isKnown = this.#records.has(owner) || this.#arriving.has(owner);
    if (!isKnown && this.#records.size + this.#arriving.size >= this.#ownersMax) return false;
    if (!this.#records.has(owner)) this.#arriving.add(owner);
    try {
      await this.#store.setAll([[PREFIX + owner, encodeRecord(record)]]);
      this.#records.set(owner, record);
    } finally {
      this.#arriving.delete(owner);
    }
    return true;
  }

  /** Replaces the whole shelf. */
  async replaceAll(entries: Iterable<readonly [owner: NaraId, record: StashRecord]>): Promise<void> {
    const records = new Map(entries);
    await this.#store.setAll(
      records.entries().map(([owner, record]) => [PREFIX + owner, encodeRecord(record)] as const),
    );
    for (const owner of this.#records.keys()) {
      if (!records.has(owner)) await this.#store.delete(PREFIX + owner);
    }
    this.#records.clear();
    for (const [owner, record] of records) this.#records.set(owner, record);
  }
}
