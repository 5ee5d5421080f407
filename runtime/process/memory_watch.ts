/**
 * The watch over memory: above its bound a nara takes nothing in, until it is back below nine tenths of it.
 *
 * The bound is looked at every second. It is no wall: what was admitted before may still need some, which is why every queue has a
 * bound of its own. What the process holds does not shrink by itself when less is needed, so rubbish is collected before anybody
 * is refused, and again and again while somebody is.
 * @module
 */
import process from "node:process";
import type { Clock } from "../../utilities/clock.ts";
import type { Limit } from "../primitives/limits.ts";
import type { Logger } from "../primitives/logger.ts";

/** Milliseconds between two looks. */
const LOOK_MS = 1_000;
/** Between two collections: each stops everything for a while. */
const COLLECT_MS = 5_000;
/** Part of the bound below which messages are taken in again. */
const ENOUGH = 0.9;
const MIB = 1024 * 1024;

/** What a watch works with. */
export interface MemoryWatchOptions {
  /** Bytes that the process may hold. */
  readonly bytesMax: number;
  /** Time. */
  readonly clock: Clock;
  /** Where it says that memory is short. */
  readonly log: Logger;
  /** Bytes that the process holds. @default {what the system says} */
  readonly bytes?: () => number;
  /**
   * Bytes of that which are in use, as far as that can be told: what a peak left behind the system counts for hours, though it is free.
   * @default {what V8 says, and 64 MiB for all else; where `bytes` is given, the same}
   */
  readonly used?: () => number;
  /** Collects rubbish. @default {V8's} */
  readonly collect?: () => void | Promise<void>;
}

/** Looks at the memory of the process every second. Dispose of it to stop. */
export class MemoryWatch implements AsyncDisposable {
  readonly #options: Required<MemoryWatchOptions>;
  readonly #stopping = new AbortController();
  readonly #watching: Promise<void>;
  #isShort = false;
  #overflows = 0;
  #collectedMs = -Infinity;

  /** Looks for the first time in a second. */
  constructor(options: MemoryWatchOptions) {
    const { bytes = () => process.memoryUsage.rss(), used = options.bytes ?? bytesInUse } = options;
    this.#options = { collect: collectRubbish, ...options, bytes, used };
    this.#watching = this.#watch();
  }

  /** Whether memory is short: then nothing is to be taken in. */
  get isShort(): boolean {
    return this.#isShort;
  }

  /** Its bound, for `nara limits`. */
  limits(): Limit[] {
    return [{
      name: "process.memory",
      unit: "bytes",
      max: this.#options.bytesMax,
      rule: "messages are refused with 503 until it is back below nine tenths",
      inUse: this.#options.bytes,
      overflows: () => this.#overflows,
    }];
  }

  /** Stops looking. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await this.#watching;
  }

  async #watch(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.#options.clock.sleep(LOOK_MS, { signal }).catch(() => {});
      if (!signal.aborted) await this.#look();
    }
  }

  async #look(): Promise<void> {
    const { bytesMax, log } = this.#options;
    const bound = this.#isShort ? bytesMax * ENOUGH : bytesMax;
    if (await this.#measure(bound) <= bound) {
      if (this.#isShort) log.info("memory suffices again: messages are taken in");
      this.#isShort = false;
    } else if (!this.#isShort) {
      this.#isShort = true;
      this.#overflows++;
      const mib = (bytes: number) => Math.round(bytes / MIB);
      log.warn("memory is short: no messages are taken in; a larger --memory-max allows more", {
        mib: mib(this.#options.bytes()),
        mibMax: mib(bytesMax),
      });
    }
  }

  /** What is held; after a collection where that is too much. */
  async #measure(bound: number): Promise<number> {
    const { bytes, used, clock, collect } = this.#options;
    const held = bytes();
    const nowMs = clock.monotonicMs();
    if (held <= bound) return held;
    if (nowMs - this.#collectedMs >= COLLECT_MS) {
      this.#collectedMs = nowMs;
      await collect();
    }
    return Math.min(bytes(), used());
  }
}

/** What V8 does not count: the program itself, its threads, and what is compiled. */
const UNCOUNTED = 64 * MIB;

function bytesInUse(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external + UNCOUNTED;
}

let gc: (() => void) | undefined;

/** Makes V8 give back what nobody uses: by itself it may hold on to it for hours, where little is done. */
async function collectRubbish(): Promise<void> {
  try {
    if (!gc) {
      const [{ setFlagsFromString }, { runInNewContext }] = await Promise.all([
        import("node:v8"),
        import("node:vm"),
      ]);
      setFlagsFromString("--expose-gc");
      gc = runInNewContext("gc") as () => void;
    }
    gc();
  } catch {
    // A Deno that has no such way: it will collect when it likes.
  }
}
