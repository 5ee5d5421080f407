/**
 * Overload (R07): a nara gets five times as much as it can take, from others than those whom it served before, and still does nearly
 * as much work as ever, serves those others too, and is as it was soon after.
 *
 * `deno task overload [--minutes N]`, 5 if left out; its last line is the report as JSON. It exits with 1 when a bar was missed.
 * @module
 */
import { identityOf, type LoadReport } from "./load_nara.ts";
import { send, type SenderOptions, type Sent } from "./load_sender.ts";

/** Requests at once of whoever is honest; with the flood it is five times as many. */
const HONEST = 48;
const FLOOD = 4 * HONEST;
/** How many naras flood, all from one address: together they are to get no more than the honest one. */
const FLOODERS = 2;
/** Milliseconds in which all is to be as before. */
const RECOVERY_MS = 30_000;

/** How long each part takes, in milliseconds. */
export interface OverloadOptions {
  /** Before and after the flood, each. */
  readonly quietMs: number;
  /** The flood. */
  readonly floodMs: number;
  /** A folder for the nara, removed by whoever made it. */
  readonly folder: string;
}

/** One part of it. */
export interface Part {
  /** Parcels that were acknowledged in a second, whoever sent them. */
  readonly goodput: number;
  /** Those of the honest sender. */
  readonly honest: number;
  /** 99 in 100 of its parcels were acknowledged within this, in milliseconds. */
  readonly p99Ms: number;
  /** Requests that were refused, and those of them without a reason. */
  readonly refused: number;
  readonly unexplained: number;
  /** What else went wrong. */
  readonly failed: number;
  /** Bytes that the nara held at its end. */
  readonly rss: number;
}

/** What came of it. */
export interface OverloadReport {
  readonly quiet: Part;
  readonly flood: Part;
  /** After the flood. */
  readonly after: Part;
  /** Milliseconds after the flood until the honest sender was served as before. */
  readonly recoveredMs: number;
  /** What the nara refused, by reason. */
  readonly reasons: Readonly<Record<string, number>>;
  /** Bounds that were passed. */
  readonly passed: readonly string[];
}

/** What must hold; the first that does not, in words. */
export function missed(report: OverloadReport): string | undefined {
  const { quiet, flood, after, recoveredMs, passed } = report;
  const failed = quiet.failed + flood.failed + after.failed;
  const bars: readonly (readonly [boolean, string])[] = [
    [failed === 0, `${failed} requests got no answer, or a wrong one`],
    [flood.refused > 0, "nothing was refused: it was no overload"],
    [flood.unexplained === 0, `${flood.unexplained} refusals gave no reason`],
    [passed.length === 0, `bounds were passed: ${passed.join(", ")}`],
    [flood.goodput >= 0.8 * quiet.goodput, `goodput fell from ${quiet.goodput} to ${flood.goodput}`],
    // Half is its due, for it has an address to itself; without shares it would be a fifth.
    [flood.honest >= 0.35 * flood.goodput, `the honest got only ${flood.honest} of ${flood.goodput}`],
    [flood.p99Ms <= 3 * quiet.p99Ms, `p99 of the honest rose from ${quiet.p99Ms} to ${flood.p99Ms} ms`],
    [recoveredMs <= RECOVERY_MS, `it took ${recoveredMs} ms to recover`],
  ];
  return bars.find(([holds]) => !holds)?.[1];
}

/** Floods a nara. */
export async function overload({ quietMs, floodMs, folder }: OverloadOptions): Promise<OverloadReport> {
  await using nara = await LoadedNara.start(folder, FLOODERS + 1);
  const to = (await identityOf(0)).id;
  const sender = async (who: number, host: number, connections: number): Promise<SenderOptions> => ({
    from: await identityOf(who),
    to,
    address: nara.address,
    localAddress: `127.0.0.${host}`,
    connections,
  });
  const honest = await sender(1, 1, HONEST);
  const flooders = await Promise.all(
    Array.from({ length: FLOODERS }, (_, index) => sender(index + 2, 2, FLOOD / FLOODERS)),
  );
  await part(nara, quietMs / 2, honest); // Warm by now.
  const quiet = await part(nara, quietMs, honest);
  const flood = await part(nara, floodMs, honest, flooders);
  const endedMs = performance.now();
  let after = await part(nara, quietMs, honest);
  while (!isAsBefore(after, quiet) && performance.now() - endedMs < RECOVERY_MS) {
    after = await part(nara, quietMs, honest);
  }
  const recoveredMs = isAsBefore(after, quiet) ? performance.now() - endedMs : Infinity;
  const { refused: reasons, passed } = await nara.report();
  return { quiet, flood, after, recoveredMs, reasons, passed };
}

function isAsBefore(after: Part, before: Part): boolean {
  return after.goodput >= 0.8 * before.goodput && after.p99Ms <= 2 * before.p99Ms;
}

async function part(
  nara: LoadedNara,
  ms: number,
  honest: SenderOptions,
  flooders: readonly SenderOptions[] = [],
): Promise<Part> {
  const ending = new AbortController();
  const startMs = performance.now();
  const sending = [honest, ...flooders].map((options) => send(options, ending.signal));
  await new Promise((resolve) => setTimeout(resolve, ms));
  ending.abort();
  const all = await Promise.all(sending);
  const seconds = (performance.now() - startMs) / 1_000;
  const { rss } = await nara.report();
  const sum = (count: (sent: Sent) => number) => all.reduce((total, sent) => total + count(sent), 0);
  const latencies = all[0].latenciesMs.sort((a, b) => a - b);
  return {
    goodput: Math.round(sum(({ accepted }) => accepted) / seconds),
    honest: Math.round(all[0].accepted / seconds),
    p99Ms: latencies[Math.floor(latencies.length * 0.99)] ?? Infinity,
    refused: sum(({ refused }) => refused),
    unexplained: sum(({ unexplained }) => unexplained),
    failed: sum(({ failed }) => failed),
    rss,
  };
}

/** Messages that its ledger keeps. */
const LEDGER_MAX = 20_000;

/** The nara under load. Dispose of it to end it. */
export class LoadedNara implements AsyncDisposable {
  /** Where it listens. */
  readonly address: string;
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: ReadableStreamDefaultReader<string>;

  private constructor(
    address: string,
    child: Deno.ChildProcess,
    lines: ReadableStreamDefaultReader<string>,
  ) {
    this.address = address;
    this.#child = child;
    this.#lines = lines;
    this.#input = child.stdin.getWriter();
  }

  /** Starts it with a folder of its own; it knows so many senders. */
  static async start(folder: string, senders: number, messagesMax = LEDGER_MAX): Promise<LoadedNara> {
    const main = new URL("load_nara.ts", import.meta.url).href;
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-check", "-A", main, folder, String(senders), String(messagesMax)],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const { value } = await lines.read();
    return new LoadedNara(JSON.parse(value ?? "").address, child, lines);
  }

  /** What it says of itself. */
  async report(): Promise<LoadReport> {
    await this.#input.write(new TextEncoder().encode("\n"));
    const { value } = await this.#lines.read();
    return JSON.parse(value ?? "");
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {});
    await this.#child.status;
    await this.#lines.cancel();
  }
}

async function main(args: readonly string[]): Promise<number> {
  const minutes = args[0] === "--minutes" && args.length === 2 ? Number(args[1]) : args.length ? NaN : 5;
  if (!(minutes > 0)) {
    console.error(
      `Cannot flood a nara that long: expected --minutes N with a number above 0, got ${
        JSON.stringify(args.join(" "))
      }`,
    );
    return 2;
  }
  const folder = await Deno.makeTempDir({ prefix: "nara-overload-" });
  try {
    const report = await overload({ quietMs: 10_000, floodMs: minutes * 60_000, folder });
    const miss = missed(report);
    if (miss) console.error(miss);
    console.log(JSON.stringify(report));
    return miss ? 1 : 0;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
