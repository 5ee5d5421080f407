/**
 * Which input was slow, or took much memory: both are measured while all inputs run, where a pause of the garbage collector or of the
 * machine looks the same. Whatever looks bad is tried again alone, and only what is bad every time is a finding.
 * @module
 */
import v8 from "node:v8";
import vm from "node:vm";

/** What an input may take: ten times what it takes to parse a mebibyte of JSON here and now, some 50 ms. */
const FLOORS_MAX = 10;
/** Bytes that an input may take, and that all of them may leave behind. */
const BYTES_MAX = 16 * 1024 * 1024;
/** How often a suspect is tried again. */
const TRIES = 5;

const MEBIBYTE = JSON.stringify(
  Array.from({ length: 8_192 }, (_, at) => ({ key: "x".repeat(90), at: 1e7 + at })),
);

/** Milliseconds that it takes to parse a mebibyte of JSON, the least of a few times. */
export function floorMs(mebibyte: string = MEBIBYTE): number {
  return Math.min(...Array.from({ length: TRIES }, () => timeOf(() => void JSON.parse(mebibyte))));
}

/** Watches inputs that run one after the other. */
export class Suspicions {
  readonly #again: (number: number) => () => void;
  readonly #found: (number: number, what: string) => void;
  readonly #limitMs: number;
  readonly #keptBefore: number;
  #startMs = 0;
  #allocated = 0;

  /**
   * Starts watching.
   *
   * @param again What tries an input once more.
   * @param found Told of every input that took too much.
   */
  constructor(again: (number: number) => () => void, found: (number: number, what: string) => void) {
    this.#again = again;
    this.#found = found;
    this.#limitMs = FLOORS_MAX * floorMs();
    this.#keptBefore = bytesKept();
  }

  /** An input begins. */
  begin(): void {
    this.#allocated = bytesAllocated();
    this.#startMs = performance.now();
  }

  /** It ended. */
  end(number: number): void {
    if (performance.now() - this.#startMs > this.#limitMs) this.#time(number);
    if (bytesAllocated() - this.#allocated > BYTES_MAX) this.#weigh(number);
  }

  /** All ended; the last one was the one before `number`. */
  close(number: number): void {
    const kept = bytesKept() - this.#keptBefore;
    if (kept > BYTES_MAX) {
      this.#found(number - 1, `was the last of inputs that left ${kept} bytes behind together`);
    }
  }

  #time(number: number): void {
    const run = this.#again(number);
    let leastMs = Infinity;
    let limitMs = 0;
    for (let nth = 0; nth < TRIES; nth++) {
      leastMs = Math.min(leastMs, timeOf(() => attempt(run)));
      limitMs = FLOORS_MAX * floorMs();
      if (leastMs <= limitMs) return;
    }
    this.#found(number, `took ${leastMs} ms, where ${limitMs} are allowed`);
  }

  #weigh(number: number): void {
    const run = this.#again(number);
    let least = Infinity;
    for (let nth = 0; nth < TRIES; nth++) {
      const before = bytesAllocated();
      attempt(run);
      least = Math.min(least, bytesAllocated() - before);
    }
    if (least > BYTES_MAX) this.#found(number, `took ${least} bytes, where ${BYTES_MAX} are allowed`);
  }
}

/** V8 tells what was ever allocated; `@types/node` does not know of it. */
type HeapStatistics = { readonly total_allocated_bytes?: number; readonly external_memory: number };

/** Bytes allocated since the start, whatever became of them; buffers count while they live. */
function bytesAllocated(): number {
  const { total_allocated_bytes = 0, external_memory } = v8.getHeapStatistics() as unknown as HeapStatistics;
  return total_allocated_bytes + external_memory;
}

/** Bytes that are still in use when all garbage is gone. */
function bytesKept(): number {
  collectGarbage();
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}

let gc: (() => void) | undefined;

function collectGarbage(): void {
  if (!gc) {
    v8.setFlagsFromString("--expose-gc");
    gc = vm.runInNewContext("gc") as () => void;
  }
  gc();
  gc(); // What was only reachable from what the first one found.
}

function timeOf(run: () => void): number {
  const startMs = performance.now();
  run();
  return performance.now() - startMs;
}

function attempt(run: () => void): void {
  try {
    run();
  } catch {
    // What it throws was found before.
  }
}
