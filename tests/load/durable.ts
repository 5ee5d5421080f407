/**
 * Durable messages (R02): one nara sends as fast as it is answered, another stores each message on disk before it acknowledges it,
 * and what was acknowledged is counted again where it was stored.
 *
 * `deno task durable [--minutes N]`, 10 if left out; its last line is the report as JSON. It exits with 1 when a bar was missed.
 * @module
 */
import { identityOf } from "./load_nara.ts";
import { send } from "./load_sender.ts";
import { LoadedNara } from "./overload.ts";

/** Requests at once. */
const CONNECTIONS = 48;
/** Before anything is measured. */
const WARM_UP_MS = 2_000;
/** Rows that the ledger can keep: more than come in a quarter of an hour. */
const MESSAGES_MAX = 5_000_000;
/** The aims of R02, on the machine that it names: told, and not asserted of this one. */
const RATE_AIM = 3_000, P99_AIM_MS = 50;

/** What came of it. */
interface DurableReport {
  readonly minutes: number;
  /** Messages acknowledged in a second. */
  readonly rate: number;
  /** Milliseconds from asking to being acknowledged. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly acknowledged: number;
  /** Acknowledged, and not in the ledger. */
  readonly lost: number;
  readonly handledTwice: number;
  /** Requests that got no answer, a wrong one, or were refused. */
  readonly failed: number;
  /** The most memory that the nara held at the end, in bytes. */
  readonly rss: number;
}

async function durable(minutes: number, folder: string): Promise<DurableReport> {
  await using nara = await LoadedNara.start(folder, 1, MESSAGES_MAX);
  const sender = {
    from: await identityOf(1),
    to: (await identityOf(0)).id,
    address: nara.address,
    localAddress: "127.0.0.1",
    connections: CONNECTIONS,
  };
  const during = async (ms: number) => {
    const ending = new AbortController();
    const sending = send(sender, ending.signal);
    await new Promise((resolve) => setTimeout(resolve, ms));
    ending.abort();
    return await sending;
  };
  const warmUp = await during(WARM_UP_MS);
  const startMs = performance.now();
  const sent = await during(minutes * 60_000);
  const seconds = (performance.now() - startMs) / 1_000;
  const { stored, handledTwice, rss } = await nara.report();
  const latencies = sent.latenciesMs.sort((a, b) => a - b);
  const acknowledged = warmUp.accepted + sent.accepted;
  return {
    minutes,
    rate: Math.round(sent.accepted / seconds),
    p50Ms: latencies[Math.floor(latencies.length * 0.5)] ?? Infinity,
    p99Ms: latencies[Math.floor(latencies.length * 0.99)] ?? Infinity,
    acknowledged,
    lost: Math.max(0, acknowledged - stored),
    handledTwice,
    failed: sent.failed + sent.refused,
    rss,
  };
}

async function main(args: readonly string[]): Promise<number> {
  const minutes = args[0] === "--minutes" && args.length === 2 ? Number(args[1]) : args.length ? NaN : 10;
  if (!(minutes > 0)) {
    console.error(
      `Cannot send messages that long: expected --minutes N with a number above 0, got ${
        JSON.stringify(args.join(" "))
      }`,
    );
    return 2;
  }
  const folder = await Deno.makeTempDir({ prefix: "nara-durable-" });
  try {
    const report = await durable(minutes, folder);
    const { rate, p99Ms, lost, handledTwice, failed } = report;
    if (rate < RATE_AIM || p99Ms > P99_AIM_MS) {
      console.error(
        `aimed at ${RATE_AIM} a second and a p99 of ${P99_AIM_MS} ms: got ${rate} and ${p99Ms.toFixed(1)} ms`,
      );
    }
    console.log(JSON.stringify(report));
    return lost + handledTwice + failed > 0 ? 1 : 0;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
