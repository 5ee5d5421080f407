/**
 * The books as rows of metrics, folded so that their number is bounded whatever happens; no sum changes by that.
 * @module
 */
import type { Books, Direction, PageTotals } from "./books.ts";

/** One number of one metric. */
export interface MetricRow {
  /** What it is about; in all rows of a metric the same names. */
  readonly labels: Readonly<Record<string, string>>;
  /** How much. */
  readonly value: number;
}

/** Kinds with rows of their own: those with most messages. */
const KINDS_MAX = 48;
/** Pairs of kind and reason with a row of their own, in both directions together. */
const REASONS_MAX = 300;
/** Pairs of kind and stage with a row of their own. */
const STAGES_MAX = 100;
/** The row of what has none of its own. */
const OTHER = "(other)";
const DIRECTIONS: readonly Direction[] = ["emit", "receive"];

/** Pages by kind. */
export type Totals = ReadonlyMap<string, PageTotals>;

/** The books, each direction with at most 49 kinds. */
export function totalsOf(books: Pick<Books, "totals">): Readonly<Record<Direction, Totals>> {
  return { emit: fewKinds(books.totals("emit")), receive: fewKinds(books.totals("receive")) };
}

/** One number per kind, of one direction. */
export function kindRows(totals: Totals, count: (page: PageTotals) => number): MetricRow[] {
  return [...totals].map(([kind, page]) => ({ labels: { kind }, value: count(page) }));
}

/** Drops by direction, kind and reason. */
export function dropRows(totals: Readonly<Record<Direction, Totals>>): MetricRow[] {
  return namedRows(totals, "reason", ({ dropped }) => dropped, REASONS_MAX);
}

/** Failures by direction, kind and stage. */
export function stageRows(
  totals: Readonly<Record<Direction, Totals>>,
  counts: (page: PageTotals) => Readonly<Record<string, number>>,
): MetricRow[] {
  return namedRows(totals, "stage", counts, STAGES_MAX);
}

/** Messages that have not come to their end, by direction, kind and state. */
export function waitingRows(totals: Readonly<Record<Direction, Totals>>): MetricRow[] {
  const rows: MetricRow[] = [];
  for (const direction of DIRECTIONS) {
    for (const [kind, page] of totals[direction]) {
      for (const state of ["inFlight", "quarantined", "retrying", "queued"] as const) {
        if (page[state] === 0 && state !== "inFlight") continue;
        const label = state === "inFlight" ? "in_flight" : state;
        rows.push({ labels: { direction, kind, state: label }, value: page[state] });
      }
    }
  }
  return rows;
}

function fewKinds(totals: Readonly<Record<string, PageTotals>>): Totals {
  const busiestFirst = Object.entries(totals).sort(([, a], [, b]) => b.entered - a.entered);
  const kept = new Map(busiestFirst.slice(0, KINDS_MAX));
  const rest = busiestFirst.slice(KINDS_MAX).map(([, page]) => page);
  if (rest.length > 0) kept.set(OTHER, rest.reduce(added));
  return kept;
}

function added(one: PageTotals, other: PageTotals): PageTotals {
  return {
    entered: one.entered + other.entered,
    done: one.done + other.done,
    inFlight: one.inFlight + other.inFlight,
    quarantined: one.quarantined + other.quarantined,
    retrying: one.retrying + other.retrying,
    queued: one.queued + other.queued,
    dropped: addedCounts(one.dropped, other.dropped),
    errored: addedCounts(one.errored, other.errored),
    failures: addedCounts(one.failures, other.failures),
  };
}

type Counts = Readonly<Record<string, number>>;

function addedCounts(one: Counts, other: Counts): Counts {
  const sums = new Map(Object.entries(one));
  for (const [name, count] of Object.entries(other)) sums.set(name, (sums.get(name) ?? 0) + count);
  return Object.fromEntries(sums);
}

/** Counts by kind and name; past `max` the smallest of a kind are counted together. */
function namedRows(
  totals: Readonly<Record<Direction, Totals>>,
  name: "reason" | "stage",
  countsOf: (page: PageTotals) => Counts,
  max: number,
): MetricRow[] {
  const all = DIRECTIONS.flatMap((direction) =>
    [...totals[direction]].flatMap(([kind, page]) =>
      Object.entries(countsOf(page)).map(([word, value]) => ({ direction, kind, word, value }))
    )
  ).sort((a, b) => b.value - a.value);
  const rows = all.slice(0, max).map(({ direction, kind, word, value }): MetricRow => ({
    labels: { direction, kind, [name]: word },
    value,
  }));
  const others = new Map<string, { direction: Direction; kind: string; value: number }>();
  for (const { direction, kind, value } of all.slice(max)) {
    const sum = others.get(`${direction} ${kind}`)?.value ?? 0;
    others.set(`${direction} ${kind}`, { direction, kind, value: sum + value });
  }
  for (const { direction, kind, value } of others.values()) {
    rows.push({ labels: { direction, kind, [name]: OTHER }, value });
  }
  return rows;
}
