/**
 * Measures nara against a floor: the least that any program would have to do on the same path. Both sides are driven
 * by the same loop and take turns within one run, as figures of different minutes say little about each other.
 * @module
 */

/** The two ways to sign and verify; every figure is taken with each. */
export const KEYPAIRS = ["node", "web"] as const;
/** One of {@linkcode KEYPAIRS}. */
export type KeypairName = typeof KEYPAIRS[number];

/** How much is asked for at once. */
export interface Load {
  /** What is added to the name of the figure, where a bench has several loads. */
  readonly label?: string;
  /** Messages under way at any moment. */
  readonly inFlight: number;
  /** Whose messages they are, in turn. */
  readonly senders: number;
}

/** Signatures made and checked. */
export interface Signatures {
  signed: number;
  verified: number;
}

/** One side, ready to run. Disposing of it ends what it started. */
export interface Rig extends AsyncDisposable {
  /** All signatures so far, on both ends of the path. */
  readonly count?: Signatures;
  /** What else is known of it, e.g. bytes per entry; of both sides or of none. */
  readonly figures?: Readonly<Record<string, number>>;
  /** Takes one message from its start to its end; rejects when it was dropped, so that no drop counts as fast. */
  once(sender: number): Promise<unknown>;
}

/** What can be measured. */
export interface Side {
  open(keypair: KeypairName): Rig | Promise<Rig>;
}

/** Something worth knowing about nara, and the floor under it. */
export interface Bench {
  readonly name: string;
  /** Cost of a message in microseconds, or messages per second. */
  readonly unit: "us" | "per second";
  readonly aim: { readonly atMost: number } | { readonly atLeast: number };
  readonly loads: readonly Load[];
  /** Whether the time that a message takes is of interest too. */
  readonly latency?: boolean;
  readonly floor: Side;
  /** nara's own side; without it the floor is measured alone. */
  readonly ours?: Side;
}

/** What one run of one side gave. */
export interface Figure {
  value: number;
  p50Ms: number;
  p99Ms: number;
  /** Signatures per message. */
  count?: Signatures;
}

/** A line of the result. */
export interface Row {
  readonly name: string;
  readonly value?: number;
  readonly unit: string;
  readonly floor: number;
  readonly ratio?: number;
  readonly aim?: string;
  /** What the floor signs and verifies per message. */
  readonly count?: Signatures;
}

/** How long a bench may take with one keypair. */
export interface Budget {
  /** In all, from opening both sides to the last run. */
  readonly seconds: number;
  /**
   * For each side, before anything is measured: with half of it nara comes out a fifth slower, the floors as fast.
   * @default {1}
   */
  readonly warmUpSeconds?: number;
}

/** Odd, so that there is a middle one. */
const ROUNDS = 5;

/** Runs one side for about `seconds`, with as many messages under way as the load says. */
export async function run(rig: Rig, seconds: number, unit: Bench["unit"], load: Load): Promise<Figure> {
  const before = { ...rig.count };
  const latencies: number[] = [];
  const started = performance.now();
  let [next, flying, inFlight] = [0, 0, 0];
  const worker = async () => {
    let at = performance.now();
    do {
      inFlight = Math.max(inFlight, ++flying);
      await rig.once(next++ % load.senders);
      flying--;
      const now = performance.now();
      latencies.push(now - at);
      at = now;
    } while (at < started + seconds * 1_000);
  };
  await Promise.all(Array.from({ length: load.inFlight }, worker));

  const elapsedMs = performance.now() - started;
  if (inFlight !== load.inFlight) {
    throw new Error(`${load.inFlight} messages must be in flight, not ${inFlight}`);
  }
  latencies.sort((a, b) => a - b);
  return {
    value: unit === "us" ? elapsedMs * 1_000 / latencies.length : latencies.length * 1_000 / elapsedMs,
    p50Ms: latencies[Math.floor(latencies.length * 0.5)],
    p99Ms: latencies[Math.floor(latencies.length * 0.99)],
    count: rig.count && {
      signed: (rig.count.signed - before.signed!) / latencies.length,
      verified: (rig.count.verified - before.verified!) / latencies.length,
    },
  };
}

/** Both sides' figures of one load in one round. */
interface Round {
  floor: Figure;
  ours?: Figure;
}

/**
 * Measures a bench with one keypair.
 *
 * @throws {Error} If a message was dropped, too few were in flight, or the two sides did not sign equally often.
 */
export async function measure(bench: Bench, keypair: KeypairName, budget: Budget): Promise<Row[]> {
  const { seconds, warmUpSeconds = 1 } = budget;
  const deadlineMs = performance.now() + seconds * 1_000;
  await using floor = await bench.floor.open(keypair);
  await using ours = await bench.ours?.open(keypair);
  const sides = ours ? [floor, ours] : [floor];
  const fullest = bench.loads.toSorted((a, b) => b.inFlight - a.inFlight)[0];
  for (const side of sides) await run(side, warmUpSeconds, bench.unit, fullest);

  const runs = ROUNDS * bench.loads.length * sides.length;
  const runSeconds = (deadlineMs - performance.now()) / 1_000 / runs;
  const rounds = bench.loads.map((): Round[] => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, load] of bench.loads.entries()) {
      const oursFirst = ours && round % 2 === 1 ? await run(ours, runSeconds, bench.unit, load) : undefined;
      const floorFigure = await run(floor, runSeconds, bench.unit, load);
      const oursFigure = oursFirst ?? (ours && await run(ours, runSeconds, bench.unit, load));
      assertSameSignatures(bench.name, floorFigure, oursFigure);
      rounds[index].push({ floor: floorFigure, ours: oursFigure });
    }
  }
  const rows = bench.loads.flatMap((load, index) => rowsOf(bench, keypair, load, rounds[index]));
  return [...rows, ...figureRows(bench, keypair, floor, ours)];
}

/** The lines of what was not measured by running. */
function figureRows({ name }: Bench, keypair: KeypairName, floor: Rig, ours?: Rig): Row[] {
  return Object.entries(floor.figures ?? {}).map(([label, value]) => {
    const own = ours?.figures?.[label];
    const ratio = own === undefined ? undefined : own / value;
    return { name: `${name}/${keypair}/${label}`, value: own, unit: "", floor: value, ratio };
  });
}

/** A comparison with a floor that signs less often, or more often, would say nothing. */
function assertSameSignatures(name: string, { count: floor }: Figure, ours?: Figure): void {
  if (!floor || !ours?.count) return;
  const same = floor.signed === ours.count.signed && floor.verified === ours.count.verified;
  if (!same) {
    throw new Error(
      `${name}: the floor signs and verifies ${floor.signed} and ${floor.verified} times per message, ` +
        `nara ${ours.count.signed} and ${ours.count.verified} times: they must be equal`,
    );
  }
}

/** The lines of one load; ratios are taken inside each round. */
function rowsOf(bench: Bench, keypair: KeypairName, load: Load, rounds: readonly Round[]): Row[] {
  const name = [bench.name, ...load.label ? [load.label] : [], keypair].join("/");
  const row = (suffix: string, unit: string, pick: (figure: Figure) => number): Row => ({
    name: name + suffix,
    value: median(rounds.flatMap(({ ours }) => ours ? [pick(ours)] : [])),
    unit,
    floor: median(rounds.map(({ floor }) => pick(floor)))!,
    ratio: median(rounds.flatMap(({ ours, floor }) => ours ? [pick(ours) / pick(floor)] : [])),
  });
  const aim = "atMost" in bench.aim ? `at most ${bench.aim.atMost}` : `at least ${bench.aim.atLeast}`;
  const rows = [{ ...row("", bench.unit, ({ value }) => value), aim, count: rounds[0].floor.count }];
  if (!bench.latency) return rows;
  return [...rows, row("/p50", "ms", ({ p50Ms }) => p50Ms), row("/p99", "ms", ({ p99Ms }) => p99Ms)];
}

/** The middle one of some numbers, of which there should be an odd count; `undefined` if there are none. */
export function median(numbers: readonly number[]): number | undefined {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
}
