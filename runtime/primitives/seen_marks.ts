/**
 * Seen marks: which messages were handled, on disk for as long as a replay of them would count as fresh, so that a restart
 * forgets none.
 *
 * Keys begin with the minute in which the message was made, so that a whole minute is found, and removed, at once.
 * @module
 */
import type { Message } from "../../messages/message.ts";
import type { Clock } from "../../utilities/clock.ts";
import type { Limit } from "./limits.ts";
import { ownerOf, type SeenSet } from "./seen_set.ts";
import type { Change, KeyValueFile } from "./store.ts";

const SPACE = "runtime:seen";
/** Before the owner, where its floor is kept: sorts behind every minute. */
const FLOOR = "~floor";
const BUCKET_MS = 60_000;
/** Marks removed along with one write, so that no write takes long. */
const REMOVED_MAX = 256;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Options of {@linkcode SeenMarks}. */
export interface SeenMarksOptions {
  /** Where they are kept. */
  readonly file: KeyValueFile;
  /** The runtime's time. */
  readonly clock: Pick<Clock, "nowNs">;
  /** How far back a message counts as fresh, in milliseconds; asked whenever marks are removed. */
  readonly windowMs: () => number;
  /**
   * Marks kept. Past it the sender with most loses its oldest minute, and nothing that old is taken from it any more.
   * @default {262_144}
   */
  readonly entriesMax?: number;
}

/** What was handled, on disk. */
export class SeenMarks {
  readonly #file: KeyValueFile;
  readonly #clock: Pick<Clock, "nowNs">;
  readonly #windowMs: () => number;
  readonly #max: number;
  /** Marks by minute and owner. */
  readonly #buckets = new Map<number, Map<string, number>>();
  #size = 0;
  #overflows = 0;

  /**
   * Marks in this file.
   *
   * @param options Where, and how many.
   */
  constructor({ file, clock, windowMs, entriesMax = 262_144 }: SeenMarksOptions) {
    this.#file = file;
    this.#clock = clock;
    this.#windowMs = windowMs;
    this.#max = entriesMax;
  }

  /** Tells `seen` what earlier runs handled. What is too old to be replayed is left out, and removed in time. */
  restore(seen: SeenSet): void {
    const endMs = this.#endMs();
    for (const [key, value] of this.#file.list(SPACE, "")) {
      const [minute, owner, id] = key.split(" ");
      if (owner === undefined) continue; // Damaged: nobody could be meant.
      if (minute === FLOOR) {
        seen.raiseFloor(owner, numberIn(value) ?? this.#nowMs());
        continue;
      }
      const bucket = /^[0-9a-z]{7}$/.test(minute) ? parseInt(minute, 36) : NaN;
      if (id === undefined || Number.isNaN(bucket)) continue;
      this.#count(owner, bucket);
      const madeMs = numberIn(value) ?? (bucket + 1) * BUCKET_MS - 1;
      if (madeMs >= endMs) seen.restore(owner, id, madeMs);
    }
  }

  /** What to write when `message` has been handled: its mark, and the end of some that are too old. */
  changesFor(message: Message, seen: SeenSet): Change[] {
    const madeMs = message.madeMs;
    const bucket = Math.floor(madeMs / BUCKET_MS);
    const owner = ownerOf(message);
    const key = `${nameOf(bucket)} ${owner} ${message.id}`;
    const removals = this.#removals(seen);
    this.#count(owner, bucket);
    return [{ space: SPACE, key, value: encoder.encode(String(madeMs)) }, ...removals];
  }

  /** Its bound. */
  limit(): Limit {
    return {
      name: "seen.marks",
      unit: "marks",
      max: this.#max,
      rule: "the sender with most loses its oldest minute, and nothing that old is taken from it any more",
      inUse: () => this.#size,
      overflows: () => this.#overflows,
    };
  }

  #count(owner: string, bucket: number): void {
    const owners = this.#buckets.get(bucket) ?? new Map<string, number>();
    this.#buckets.set(bucket, owners.set(owner, (owners.get(owner) ?? 0) + 1));
    this.#size++;
  }

  /** What makes room for one more. */
  #removals(seen: SeenSet): Change[] {
    const oldest = Math.min(...this.#buckets.keys());
    if ((oldest + 1) * BUCKET_MS < this.#endMs()) return this.#remove(oldest);
    if (this.#size < this.#max) return [];
    // Whoever fills the file pays for it alone, or anybody could shut the door for all.
    const owner = this.#heaviest();
    const bucket = Math.min(
      ...[...this.#buckets].filter(([, owners]) => owners.has(owner)).map(([minute]) => minute),
    );
    const floorMs = (bucket + 1) * BUCKET_MS - 1;
    this.#overflows++;
    seen.raiseFloor(owner, floorMs);
    const floor = { space: SPACE, key: `${FLOOR} ${owner}`, value: encoder.encode(String(floorMs)) };
    return [...this.#remove(bucket, owner), floor];
  }

  #heaviest(): string {
    const totals = new Map<string, number>();
    for (const owners of this.#buckets.values()) {
      for (const [owner, count] of owners) totals.set(owner, (totals.get(owner) ?? 0) + count);
    }
    return [...totals].reduce((most, one) => one[1] > most[1] ? one : most)[0];
  }

  /** Removes a minute, of one owner or of all, as far as one write may. */
  #remove(bucket: number, owner?: string): Change[] {
    const prefix = owner === undefined ? `${nameOf(bucket)} ` : `${nameOf(bucket)} ${owner} `;
    const keys = this.#file.list(SPACE, prefix, REMOVED_MAX).map(([key]) => key);
    for (const key of keys) this.#discount(key.split(" ")[1], bucket, 1);
    if (keys.length < REMOVED_MAX) {
      // That was all of it. What is counted still was marked twice, or its write was refused.
      const owners = owner === undefined ? [...this.#buckets.get(bucket)?.keys() ?? []] : [owner];
      for (const one of owners) this.#discount(one, bucket, Infinity);
    }
    return keys.map((key) => ({ space: SPACE, key }));
  }

  #discount(owner: string, bucket: number, count: number): void {
    const owners = this.#buckets.get(bucket);
    const counted = owners?.get(owner) ?? 0;
    this.#size -= Math.min(counted, count);
    if (counted > count) owners!.set(owner, counted - count);
    else owners?.delete(owner);
    if (owners?.size === 0) this.#buckets.delete(bucket);
  }

  /** What was made before is too old to be taken. */
  #endMs(): number {
    return this.#nowMs() - this.#windowMs() - BUCKET_MS;
  }

  #nowMs(): number {
    return Number(this.#clock.nowNs() / 1_000_000n);
  }
}

/** A time in milliseconds; `undefined` where it is damaged. */
function numberIn(value: Uint8Array): number | undefined {
  const text = decoder.decode(value);
  return /^\d{1,16}$/.test(text) ? Number(text) : undefined;
}

/** As many characters for every minute, so that they sort by time. */
function nameOf(bucket: number): string {
  return Math.max(0, bucket).toString(36).padStart(7, "0");
}
