/**
 * Seen marks: which messages were handled, on disk for as long as a replay of them would count as fresh, so that a restart
 * forgets none.
 *
 * Keys begin with the minute in which the message was made, so that a whole minute is found, and removed, at once.
 * @module
 */
import type { Message } from "../../messages/message.ts";
import type { Clock } from "../../utilities/clock.ts";
import { timestampMs } from "../../utilities/timestamp.ts";
import type { Limit } from "./limits.ts";
import { ownerOf, type SeenSet } from "./seen_set.ts";
import type { Change, KeyValueFile } from "./store.ts";

const SPACE = "runtime:seen";
/** Where the floor is kept: sorts behind every minute. */
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
   * Marks kept. Past it the oldest minute goes, and nothing that old is taken any more.
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
  /** Marks by minute. */
  readonly #buckets = new Map<number, number>();
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
      if (key === FLOOR) {
        seen.raiseFloor(Number(decoder.decode(value)));
        continue;
      }
      const [bucket, owner, id] = key.split(" ");
      this.#count(parseInt(bucket, 36));
      const madeMs = Number(decoder.decode(value));
      if (madeMs >= endMs) seen.restore(owner, id, madeMs);
    }
  }

  /** What to write when `message` has been handled: its mark, and the end of some that are too old. */
  changesFor(message: Message, seen: SeenSet): Change[] {
    const madeMs = timestampMs(message.timestamp);
    const bucket = Math.floor(madeMs / BUCKET_MS);
    this.#count(bucket);
    const key = `${nameOf(bucket)} ${ownerOf(message)} ${message.id}`;
    return [{ space: SPACE, key, value: encoder.encode(String(madeMs)) }, ...this.#removals(seen)];
  }

  /** Its bound. */
  limit(): Limit {
    return {
      name: "seen.marks",
      unit: "marks",
      max: this.#max,
      rule: "the oldest minute goes, and nothing that old is taken any more",
      inUse: () => this.#size,
      overflows: () => this.#overflows,
    };
  }

  #count(bucket: number): void {
    this.#buckets.set(bucket, (this.#buckets.get(bucket) ?? 0) + 1);
    this.#size++;
  }

  #removals(seen: SeenSet): Change[] {
    const oldest = Math.min(...this.#buckets.keys());
    const isOver = this.#size > this.#max;
    if (!isOver && (oldest + 1) * BUCKET_MS >= this.#endMs()) return [];
    const keys = this.#file.list(SPACE, `${nameOf(oldest)} `).slice(0, REMOVED_MAX);
    const left = (this.#buckets.get(oldest) ?? 0) - keys.length;
    this.#size -= keys.length;
    if (left > 0 && keys.length > 0) this.#buckets.set(oldest, left);
    else {
      this.#size -= Math.max(0, left);
      this.#buckets.delete(oldest);
    }
    const removals: Change[] = keys.map(([key]) => ({ space: SPACE, key }));
    if (!isOver) return removals;
    this.#overflows++;
    const floorMs = (oldest + 1) * BUCKET_MS - 1;
    seen.raiseFloor(floorMs);
    return [...removals, { space: SPACE, key: FLOOR, value: encoder.encode(String(floorMs)) }];
  }

  /** What was made before is too old to be taken. */
  #endMs(): number {
    return Number(this.#clock.nowNs() / 1_000_000n) - this.#windowMs() - BUCKET_MS;
  }
}

/** As many characters for every minute, so that they sort by time. */
function nameOf(bucket: number): string {
  return Math.max(0, bucket).toString(36).padStart(7, "0");
}
