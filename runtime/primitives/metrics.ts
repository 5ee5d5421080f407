/**
 * Metrics in Prometheus' text form.
 *
 * Nothing is counted for them: whoever scrapes gets what the books, the limits and the ledger say at that moment, so they can
 * say nothing else. The library that writes the text is loaded at the first scrape. At most 2 000 series, whatever happens.
 * @module
 */
import type { Books } from "./books.ts";
import type { LedgerStats } from "../ledger/ledger.ts";
import type { Limit } from "./limits.ts";
import { LATENCY_BUCKETS_MS, type LatencyRow } from "./metrics_latency.ts";
import { dropRows, kindRows, type MetricRow, stageRows, totalsOf, waitingRows } from "./metrics_rows.ts";

/** Where the numbers come from. */
export interface MetricsSources {
  /** Every message by kind and outcome. */
  readonly books: Pick<Books, "totals">;
  /** Every bound: queue depths, tables, caches. */
  readonly limits?: { all(): readonly Limit[] };
  /** What the ledger holds. */
  readonly ledger?: { stats(): LedgerStats };
  /** How long calls took. */
  readonly latency?: { rows(): readonly LatencyRow[] };
  /** How often a failed message was tried again since the start. */
  readonly retries?: () => number;
  /** Messages among the dead letters now, those of earlier runs included. */
  readonly deadLetters?: () => number;
  /** Messages in quarantine now, those of earlier runs included. */
  readonly quarantined?: () => number;
  /** Requests that were refused at the port of the mesh, by reason. */
  readonly refusals?: () => ReadonlyMap<string, number>;
}

/** Bounds with rows of their own; past it the fullest. */
const LIMITS_MAX = 120;

/** A metric before it is written. */
interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge";
  readonly rows: readonly MetricRow[];
}

/** The metrics of a nara. */
export class Metrics {
  readonly #sources: MetricsSources;

  /**
   * Metrics of these sources.
   *
   * @param sources Where the numbers come from.
   */
  constructor(sources: MetricsSources) {
    this.#sources = sources;
  }

  /** All metrics as they stand, as text for `GET /metrics` (`text/plain; version=0.0.4`). */
  async text(): Promise<string> {
    const { Counter, Gauge, Registry } = await import("prom-client");
    const registry = new Registry();
    for (const { name, help, type, rows } of this.#families()) {
      const labelNames = Object.keys(rows[0]?.labels ?? {});
      const options = { name, help, labelNames, registers: [registry] };
      if (type === "counter") {
        const counter = new Counter(options);
        for (const { labels, value } of rows) counter.inc(labels, value);
      } else {
        const gauge = new Gauge(options);
        for (const { labels, value } of rows) gauge.set(labels, value);
      }
    }
    const latency = this.#sources.latency?.rows() ?? [];
    // The library's own histogram takes only single observations, and these are counted already.
    if (latency.length > 0) registry.registerMetric(histogram(latency) as never);
    return await registry.metrics();
  }

  /** The metrics that have something to say: a name without a number would only take up room. */
  #families(): Family[] {
    return [...this.#messages(), ...this.#waiting(), ...this.#ledger(), ...this.#limits()]
      .filter(({ rows }) => rows.length > 0);
  }

  #messages(): Family[] {
    const totals = totalsOf(this.#sources.books);
    const { emit, receive } = totals;
    return [
      counter(
        "nara_emitted_total",
        "Messages that services emitted",
        kindRows(emit, ({ entered }) => entered),
      ),
      counter(
        "nara_sent_total",
        "Emitted messages that went all the way",
        kindRows(emit, ({ done }) => done),
      ),
      counter("nara_received_total", "Messages that came in", kindRows(receive, ({ entered }) => entered)),
      counter(
        "nara_handled_total",
        "Received messages that went all the way",
        kindRows(receive, ({ done }) => done),
      ),
      counter("nara_dropped_total", "Messages that were dropped, by reason", dropRows(totals)),
      counter(
        "nara_errored_total",
        "Messages that failed and were given up",
        stageRows(totals, (page) => page.errored),
      ),
      counter(
        "nara_errors_total",
        "Failures, whatever became of the message",
        stageRows(totals, (page) => page.failures),
      ),
      gauge("nara_messages", "Messages that have not come to their end", waitingRows(totals)),
    ];
  }

  #waiting(): Family[] {
    const { retries, deadLetters, quarantined, refusals } = this.#sources;
    const refused = [...refusals?.() ?? []].map(([reason, value]): MetricRow => ({
      labels: { reason },
      value,
    }));
    return [
      counter("nara_mesh_refused_total", "Requests refused at the port of the mesh, by reason", refused),
      counter("nara_retries_total", "How often a failed message was tried again", single(retries)),
      gauge("nara_dead_letters", "Messages that failed and wait for a person", single(deadLetters)),
      gauge("nara_quarantined", "Messages of newer versions that wait for an upgrade", single(quarantined)),
    ];
  }

  #ledger(): Family[] {
    const stats = this.#sources.ledger?.stats();
    if (!stats) return [];
    const byPriority = stats.byPriority.map((value, priority): MetricRow => ({
      labels: { priority: String(priority) },
      value,
    }));
    return [
      gauge("nara_ledger_messages", "Messages in the ledger", byPriority),
      gauge("nara_ledger_messages_max", "Messages that the ledger may hold", [row(stats.messagesMax)]),
      gauge("nara_ledger_bytes", "Bytes of the messages in the ledger", [row(stats.bytes)]),
      counter("nara_ledger_pruned_total", "Messages that made room for others", [row(stats.pruned)]),
      counter("nara_ledger_refused_total", "Messages for which there was no room", [row(stats.refused)]),
    ];
  }

  #limits(): Family[] {
    const limits = (this.#sources.limits?.all() ?? []).map((limit) => ({
      labels: { limit: limit.name },
      max: limit.max,
      inUse: limit.inUse(),
      overflows: limit.overflows(),
    }));
    if (limits.length > LIMITS_MAX) limits.sort((a, b) => b.inUse / b.max - a.inUse / a.max);
    const shown = limits.slice(0, LIMITS_MAX);
    const rows = (count: "max" | "inUse" | "overflows") =>
      shown.map(({ labels, [count]: value }): MetricRow => ({ labels, value }));
    return [
      gauge("nara_limit_in_use", "How much of a bound is in use", rows("inUse")),
      gauge("nara_limit_max", "How much may be in use", rows("max")),
      counter("nara_limit_overflows_total", "How often a bound was met", rows("overflows")),
    ];
  }
}

function counter(name: string, help: string, rows: readonly MetricRow[]): Family {
  return { name, help, type: "counter", rows };
}

function gauge(name: string, help: string, rows: readonly MetricRow[]): Family {
  return { name, help, type: "gauge", rows };
}

function row(value: number): MetricRow {
  return { labels: {}, value };
}

function single(count: (() => number) | undefined): MetricRow[] {
  return count ? [row(count())] : [];
}

/** A histogram in the form in which the library writes it. */
function histogram(rows: readonly LatencyRow[]): object {
  const name = "nara_call_seconds";
  const values = rows.flatMap(({ kind, cumulative, count, sumMs }) => [
    ...cumulative.map((value, index) => ({
      metricName: `${name}_bucket`,
      labels: { le: LATENCY_BUCKETS_MS[index] / 1_000, kind },
      value,
    })),
    { metricName: `${name}_bucket`, labels: { le: "+Inf", kind }, value: count },
    { metricName: `${name}_sum`, labels: { kind }, value: sumMs / 1_000 },
    { metricName: `${name}_count`, labels: { kind }, value: count },
  ]);
  const metric = { name, help: "How long calls took", type: "histogram", aggregator: "sum", values };
  return { name, get: () => Promise.resolve(metric) };
}
