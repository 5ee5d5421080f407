import { assert, assertEquals, assertLess, assertStringIncludes } from "@std/assert";
import { Books, isBalanced, type PageTotals } from "../../../runtime/primitives/books.ts";
import { Metrics } from "../../../runtime/primitives/metrics.ts";
import { CallLatency } from "../../../runtime/primitives/metrics_latency.ts";
import { SeededRandom } from "../../../runtime/testing/seeded_random.ts";

/** The numbers of a scrape, by metric and labels, as they stand in the text. */
function parsed(text: string): Map<string, number> {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(lines.map((line) => {
    const at = line.lastIndexOf(" ");
    return [line.slice(0, at), Number(line.slice(at + 1))];
  }));
}

/** A page put together again from a scrape. */
function pageOf(series: Map<string, number>, direction: "emit" | "receive", kind: string): PageTotals {
  const about = (metric: string, label: string) => {
    const counts: Record<string, number> = {};
    for (const [name, value] of series) {
      if (!name.startsWith(`${metric}{direction="${direction}",kind="${kind}",`)) continue;
      counts[new RegExp(`${label}="([^"]*)"`).exec(name)![1]] = value;
    }
    return counts;
  };
  const of = (metric: string) => series.get(`${metric}{kind="${kind}"}`) ?? 0;
  const { in_flight: inFlight = 0, quarantined = 0, retrying = 0, queued = 0 } = about(
    "nara_messages",
    "state",
  );
  return {
    entered: of(direction === "emit" ? "nara_emitted_total" : "nara_received_total"),
    done: of(direction === "emit" ? "nara_sent_total" : "nara_handled_total"),
    dropped: about("nara_dropped_total", "reason"),
    errored: about("nara_errored_total", "stage"),
    failures: about("nara_errors_total", "stage"),
    ...{ inFlight, quarantined, retrying, queued },
  };
}

Deno.test("Metrics.text() says what the books say, and balances as they do", async () => {
  const books = new Books();
  const page = books.page("receive", "stash:store");
  for (let count = 0; count < 9; count++) page.enter();
  page.settle({ outcome: "done" });
  page.settle({ outcome: "drop", reason: "stale" });
  page.settle({ outcome: "drop", reason: 'x:a "b"\\' });
  page.settle({ outcome: "error", stage: "verify" });
  page.settle({ outcome: "retrying", stage: "handler" });
  page.settle({ outcome: "queued", stage: "handler" });
  page.settle({ outcome: "quarantined" });
  const emitted = books.page("emit", "stash:store");
  emitted.enter();
  emitted.settle({ outcome: "done" });
  const text = await new Metrics({ books }).text();
  for (
    const line of [
      "# TYPE nara_received_total counter",
      'nara_received_total{kind="stash:store"} 9',
      'nara_handled_total{kind="stash:store"} 1',
      'nara_emitted_total{kind="stash:store"} 1',
      'nara_sent_total{kind="stash:store"} 1',
      'nara_dropped_total{direction="receive",kind="stash:store",reason="stale"} 1',
      'nara_dropped_total{direction="receive",kind="stash:store",reason="x:a \\"b\\"\\\\"} 1',
      'nara_errored_total{direction="receive",kind="stash:store",stage="verify"} 1',
      'nara_errors_total{direction="receive",kind="stash:store",stage="handler"} 2',
      "# TYPE nara_messages gauge",
      'nara_messages{direction="receive",kind="stash:store",state="in_flight"} 2',
      'nara_messages{direction="receive",kind="stash:store",state="quarantined"} 1',
      'nara_messages{direction="emit",kind="stash:store",state="in_flight"} 0',
    ]
  ) assertStringIncludes(`${text}\n`, `${line}\n`);
  for (const direction of ["emit", "receive"] as const) {
    assert(isBalanced(pageOf(parsed(text), direction, "stash:store")), text);
  }
});

Deno.test("Metrics.text() says what waits, what the ledger holds, and how full every bound is", async () => {
  const stats = {
    messages: 7,
    messagesMax: 10,
    bytes: 900,
    byPriority: [1, 0, 4, 2, 0],
    pruned: 3,
    refused: 2,
  };
  const limit = {
    name: "calls.waiting",
    unit: "calls",
    max: 8,
    rule: "",
    inUse: () => 5,
    overflows: () => 6,
  };
  const text = await new Metrics({
    books: new Books(),
    ledger: { stats: () => ({ ...stats, bytesMax: 1_000 }) },
    limits: { all: () => [limit] },
    retries: () => 11,
    deadLetters: () => 12,
    quarantined: () => 13,
  }).text();
  assertEquals([...parsed(text)], [
    ["nara_retries_total", 11],
    ["nara_dead_letters", 12],
    ["nara_quarantined", 13],
    ...[1, 0, 4, 2, 0].map((count, priority) =>
      [`nara_ledger_messages{priority="${priority}"}`, count] as const
    ),
    ["nara_ledger_messages_max", 10],
    ["nara_ledger_bytes", 900],
    ["nara_ledger_pruned_total", 3],
    ["nara_ledger_refused_total", 2],
    ['nara_limit_in_use{limit="calls.waiting"}', 5],
    ['nara_limit_max{limit="calls.waiting"}', 8],
    ['nara_limit_overflows_total{limit="calls.waiting"}', 6],
  ]);
});

Deno.test("Metrics.text() has the latency of calls as a histogram", async () => {
  const latency = new CallLatency();
  for (const ms of [0.5, 4, 4, 700, 90_000]) latency.observe("stash:store", ms);
  const series = parsed(await new Metrics({ books: new Books(), latency }).text());
  const bucket = (le: string) => series.get(`nara_call_seconds_bucket{le="${le}",kind="stash:store"}`);
  assertEquals(["0.001", "0.002", "0.005", "0.5", "1", "30", "+Inf"].map(bucket), [1, 1, 3, 3, 4, 4, 5]);
  assertEquals(series.get('nara_call_seconds_count{kind="stash:store"}'), 5);
  assertEquals(series.get('nara_call_seconds_sum{kind="stash:store"}'), 90.7085);
});

Deno.test("CallLatency counts further kinds together, and each call once", () => {
  const latency = new CallLatency();
  for (let kind = 0; kind < 40; kind++) latency.observe(`test:kind${kind}`, 1);
  const rows = latency.rows();
  assertEquals([rows.length, rows.at(-1)!.kind, rows.at(-1)!.count], [17, "(other)", 24]);
  assertEquals(rows.reduce((sum, { count }) => sum + count, 0), 40);
});

Deno.test("Metrics.text() stays under 2 000 series and balances, whatever kinds, reasons and stages there are", async () => {
  const books = new Books();
  const random = new SeededRandom(7);
  const latency = new CallLatency();
  for (let kind = 0; kind < 200; kind++) {
    latency.observe(`test:kind${kind}`, kind);
    for (const direction of ["emit", "receive"] as const) {
      const page = books.page(direction, `test:kind${kind}`);
      for (let word = 0; word < 60; word++) {
        for (let count = 0; count < 6; count++) page.enter();
        page.settle({ outcome: "drop", reason: `x:reason${Math.floor(random.next() * 100)}` });
        page.settle({ outcome: "error", stage: `stage${word}` });
        page.settle({ outcome: "retrying", stage: `stage${word}` });
        page.settle({ outcome: "queued", stage: `stage${word}` });
        page.settle({ outcome: "quarantined" });
      }
    }
  }
  const limits = Array.from({ length: 500 }, (_, index) => ({
    name: `limit${index}`,
    unit: "things",
    rule: "",
    max: 10,
    inUse: () => index % 10,
    overflows: () => index,
  }));
  const text = await new Metrics({ books, latency, limits: { all: () => limits } }).text();
  const series = parsed(text);
  assertLess(series.size, 2_000);
  const kinds = new Set([...series.keys()].map((name) => /kind="([^"]*)"/.exec(name)?.[1]).filter(Boolean));
  assert(kinds.has("(other)"));
  let entered = 0;
  for (const kind of kinds) {
    for (const direction of ["emit", "receive"] as const) {
      const page = pageOf(series, direction, kind!);
      assert(isBalanced(page), `${direction} ${kind}: ${JSON.stringify(page)}`);
      entered += page.entered;
    }
  }
  assertEquals(entered, 200 * 2 * 60 * 6);
});

Deno.test("Metrics.text() has nothing to say of a nara that has done nothing", async () => {
  assertEquals(parsed(await new Metrics({ books: new Books() }).text()).size, 0);
});
