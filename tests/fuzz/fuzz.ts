/**
 * The fuzzers, for as long as one likes: `deno task fuzz [--what envelope|structure] [--inputs N] [--seed S] [--first F]`, or
 * `--input BASE64` for one envelope. A worker tries the inputs; the program watches it, and tells an input on which it hangs.
 *
 * Prints each finding with what replays it, and at the end a line of JSON; ends with exit code 1 where something was found.
 * @module
 */
import { Buffer } from "node:buffer";
import { numberOptions, runProgram, UsageError } from "../simulation/command.ts";
import { decodeWhole, type Finding, findingOf, fuzzEnvelopes, inputOf } from "./envelope_fuzz.ts";
import { envelopeMaterial } from "./material.ts";
import { fuzzStructures } from "./structure_fuzz.ts";

/** What can be fuzzed. */
export type What = "envelope" | "structure";

/** What the program is asked for. */
export interface FuzzOptions {
  /** What is fuzzed. */
  readonly what: What;
  /** How many inputs. */
  readonly inputs: number;
  /** Where all numbers come from. */
  readonly seed: number;
  /** The number of the first input. */
  readonly first: number;
  /** One envelope, as base64, in place of all that. */
  readonly input?: string;
}

/** What came of some inputs. */
export interface FuzzReport {
  readonly inputs: number;
  readonly ends: Readonly<Record<string, number>>;
  readonly findings: readonly Finding[];
}

const NUMBERS = {
  inputs: { default: 1_000_000, min: 1, isWhole: true },
  seed: { default: 1, min: 0, isWhole: true },
  first: { default: 0, min: 0, isWhole: true },
} as const;
/** Inputs between two lines that say how far it is. A multiple of a life of the structure fuzzer. */
const CHUNK = 400_000;
/** Milliseconds without a new input after which the worker hangs: far longer than any input takes on a machine that is busy. */
const HANG_MS = 60_000;

/**
 * Reads the options.
 *
 * @throws {UsageError} For an unknown option, or a value that will not do.
 */
export function fuzzOptions(args: readonly string[]): FuzzOptions {
  const words = args.flatMap((arg) =>
    arg.startsWith("--what=") || arg.startsWith("--input=") ? arg.split(/=(.*)/s, 2) : [arg]
  );
  const texts: Record<string, string | undefined> = {};
  for (const name of ["--what", "--input"]) {
    const at = words.indexOf(name);
    if (at >= 0) [, texts[name]] = words.splice(at, 2);
  }
  const { "--what": what = "envelope", "--input": input } = texts;
  if (what !== "envelope" && what !== "structure") {
    throw new UsageError(
      `Cannot fuzz as asked: expected --what envelope or --what structure, got ${JSON.stringify(what)}.`,
    );
  }
  return { what, input, ...numberOptions(words, NUMBERS) };
}

/** Tries inputs in this thread. */
export async function fuzz(
  { what, ...inputs }: FuzzOptions,
  tell?: (number: number) => void,
): Promise<FuzzReport> {
  if (what === "structure") return await fuzzStructures(inputs, { tell });
  return fuzzEnvelopes(await envelopeMaterial(), inputs, tell);
}

/** What the worker is sent. */
export interface Order {
  /** What to try. */
  readonly options: FuzzOptions;
  /** Where it says at which input it is: one 64-bit float. */
  readonly progress: SharedArrayBuffer;
}

/** Tries inputs in a worker, and gives up on it when it comes no further. */
async function watched(options: FuzzOptions): Promise<FuzzReport> {
  const progress = new SharedArrayBuffer(8);
  const numbers = new Float64Array(progress);
  numbers[0] = options.first;
  const worker = new Worker(import.meta.resolve("./fuzz_worker.ts"), { type: "module", name: "fuzz" });
  const { promise, resolve, reject } = Promise.withResolvers<FuzzReport>();
  worker.onmessage = ({ data }: MessageEvent<FuzzReport>) => resolve(data);
  worker.onerror = (event) => {
    event.preventDefault();
    reject(new Error(`the fuzzer broke at input ${numbers[0]} of seed ${options.seed}: ${event.message}`));
  };
  let last = -1;
  const watch = setInterval(async () => {
    if (numbers[0] === last) resolve(await hanging(options, last));
    last = numbers[0];
  }, HANG_MS);
  worker.postMessage({ options, progress } satisfies Order);
  try {
    return await promise;
  } finally {
    clearInterval(watch);
    worker.terminate();
  }
}

async function hanging(options: FuzzOptions, number: number): Promise<FuzzReport> {
  const what = `hung for ${HANG_MS / 1_000} s`;
  const { seed } = options;
  const finding: Finding = options.what === "envelope"
    ? findingOf(what, inputOf(await envelopeMaterial(), seed, number)[0], { seed, first: number })
    : {
      what,
      base64: "",
      command: `deno task fuzz --what structure --seed ${seed} --first ${number} --inputs 1`,
    };
  return { inputs: number - options.first, ends: {}, findings: [finding] };
}

/** Decodes one envelope with the schemas of every kind, and says how that ended. */
async function replay(base64: string): Promise<number> {
  const frame = Uint8Array.from(Buffer.from(base64, "base64"));
  const { specs } = await envelopeMaterial();
  for (let pick = 0; pick < specs.length; pick++) {
    const startMs = performance.now();
    const end = decodeWhole(frame, specs, pick === 0 ? 1 : pick * 8);
    const tookMs = (performance.now() - startMs).toFixed(2);
    console.log(`${pick === 0 ? "its own kind" : specs[pick].kind}: ${end} in ${tookMs} ms`);
  }
  return 0;
}

async function main(): Promise<number> {
  const options = fuzzOptions(Deno.args);
  if (options.input !== undefined) return await replay(options.input);
  const ends: Record<string, number> = {};
  let [inputs, found] = [0, 0];
  const last = options.first + options.inputs;
  for (let first = options.first; first < last; first += CHUNK - first % CHUNK) {
    const report = await watched({
      ...options,
      first,
      inputs: Math.min(last, first + CHUNK - first % CHUNK) - first,
    });
    inputs += report.inputs;
    found += report.findings.length;
    for (const [end, count] of Object.entries(report.ends)) ends[end] = (ends[end] ?? 0) + count;
    for (const { what, base64, command } of report.findings) {
      console.log(`${what}\n  ${base64}\n  ${command}`);
    }
    console.error(`${first + report.inputs} of ${last}, ${found} findings`);
  }
  console.log(JSON.stringify({ ...options, inputs, ends, findings: found }));
  return found > 0 ? 1 : 0;
}

if (import.meta.main) Deno.exitCode = await runProgram(main);
