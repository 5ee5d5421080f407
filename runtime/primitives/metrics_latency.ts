/**
 * How long calls take, by kind, in a few buckets: for a histogram of Prometheus.
 * @module
 */

/** Upper bounds of the buckets, in milliseconds; what takes longer is counted in the sum and the count only. */
export const LATENCY_BUCKETS_MS: readonly number[] = [
  1,
  2,
  5,
  10,
  25,
  50,
  100,
  250,
  500,
  1_000,
  5_000,
  30_000,
];

/** Kinds with a row of their own; those that are called first. */
const KINDS_MAX = 16;
/** The row of all others. */
const OTHER = "(other)";

/** The calls of one kind. */
export interface LatencyRow {
  /** The kind of the request. */
  readonly kind: string;
  /** How many took at most as long as each of {@linkcode LATENCY_BUCKETS_MS}. */
  readonly cumulative: readonly number[];
  /** How many there were. */
  readonly count: number;
  /** Milliseconds that all took together. */
  readonly sumMs: number;
}

interface Row {
  readonly counts: number[];
  count: number;
  sumMs: number;
}

/** Counts how long calls took, those that failed included. */
export class CallLatency {
  readonly #rows = new Map<string, Row>();

  /** A call of this kind was over after `ms` milliseconds. */
  observe(kind: string, ms: number): void {
    const row = this.#rows.get(kind) ?? this.#add(this.#rows.size < KINDS_MAX ? kind : OTHER);
    const bucket = LATENCY_BUCKETS_MS.findIndex((boundMs) => ms <= boundMs);
    if (bucket >= 0) row.counts[bucket]++;
    row.count++;
    row.sumMs += ms;
  }

  /** The counts as they stand. */
  rows(): LatencyRow[] {
    return [...this.#rows].map(([kind, { counts, count, sumMs }]) => {
      let sum = 0;
      return { kind, cumulative: counts.map((one) => sum += one), count, sumMs };
    });
  }

  #add(kind: string): Row {
    const row = this.#rows.get(kind) ?? { counts: LATENCY_BUCKETS_MS.map(() => 0), count: 0, sumMs: 0 };
    this.#rows.set(kind, row);
    return row;
  }
}
