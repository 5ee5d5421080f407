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

/** Where the shelf stands in the store, and when what stands on it was made. */
const PREFIX = "held:", MADE_PREFIX = "made:";
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Others' sealed stashes, kept in the service's store. */
export class Shelf {
  readonly #store: Pick<Store, "list" | "setAll" | "delete">;
  readonly #ownersMax: number;
  readonly #records = new Map<NaraId, StashRecord>();
  /** When the message was made that brought what is kept, in milliseconds since 1970; taken when the write begins. */
  readonly #madeMs = new Map<NaraId, number>();
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
    for (const [key, value] of await this.#store.list(MADE_PREFIX)) {
      this.#madeMs.set(key.slice(MADE_PREFIX.length), Number(decoder.decode(value)) || 0);
    }
    return unreadable;
  }

  /** Whether there is a stash of `owner`. */
  has(owner: NaraId): boolean {
    return this.#records.has(owner);
  }

  /**
   * Whether something that `owner` made later is kept, or being written: a store that was held up, or that somebody held back to
   * send it again, must not take its place.
   */
  hasNewer(owner: NaraId, madeMs: number): boolean {
    return (this.#madeMs.get(owner) ?? -Infinity) > madeMs;
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
   * @param madeMs When its owner made the message that brought it, in milliseconds since 1970.
   * @returns `false` when there is no room for another owner; then nothing has changed.
   * @throws {StoreError} When it cannot be written; then nothing has changed either.
   */
  async put(owner: NaraId, record: StashRecord, madeMs: number = record.storedAt * 1000): Promise<boolean> {
    const isKnown = this.#records.has(owner) || this.#arriving.has(owner);
    if (!isKnown && this.#records.size + this.#arriving.size >= this.#ownersMax) return false;
    if (!this.#records.has(owner)) this.#arriving.add(owner);
    const before = this.#madeMs.get(owner);
    this.#madeMs.set(owner, madeMs);
    try {
      await this.#store.setAll([
        [PREFIX + owner, encodeRecord(record)],
        [MADE_PREFIX + owner, encoder.encode(String(madeMs))],
      ]);
      this.#records.set(owner, record);
    } catch (thrown) {
      if (before === undefined) this.#madeMs.delete(owner);
      else this.#madeMs.set(owner, before);
      throw thrown;
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
    for (const owner of this.#madeMs.keys()) await this.#store.delete(MADE_PREFIX + owner);
    this.#madeMs.clear();
    this.#records.clear();
    for (const [owner, record] of records) this.#records.set(owner, record);
  }
}
