/**
 * Recovery: after a total loss, asks around until copies of the stash come back.
 *
 * Peers are asked eight at a time, the next eight when two copies have not come in five seconds; one that
 * could not be reached is asked again later. It ends when two copies came, or when everybody was asked and 30
 * seconds went by. Of the copies the one with the highest sealed sequence number counts; when they came, and
 * from whom, does not.
 * @module
 */
import type { RuntimeApi } from "../../runtime/service.ts";
import type { NaraId } from "../../utilities/names.ts";
import type { OwnCopy } from "./own_stash.ts";
import { TARGET_CONFIDANTS } from "./confidants.ts";
import { sleepUnless } from "./waiting.ts";

/** Copies that are enough. */
export const COPIES_WANTED = 2;
/** Peers that are asked at a time. */
export const BATCH_PEERS = 8;
/** Milliseconds that a peer has before another is asked in its place. */
export const BATCH_MS = 5_000;
/** Milliseconds after which recovery ends if everybody was asked, and storing begins anyhow. */
export const RECOVERY_MS = 30_000;
/** Milliseconds between two looks whether there are new peers. */
const RECHECK_MS = 500;
/** Milliseconds that a third copy is waited for: it may be newer than the first two. */
const GRACE_MS = 500;
/** Holders that are remembered. */
const HOLDERS_MAX = 64;

/** What came of asking a peer: `none` says that it has no copy. */
export type Asked = "reached" | "unreachable" | "none";

/** What a recovery may touch. */
export interface RecoveryContext {
  /** The part of the runtime that it uses. */
  readonly rt: Pick<RuntimeApi, "clock" | "signal">;
  /** Peers that can be asked, the best first. */
  readonly peers: () => readonly NaraId[];
  /** Asks one of them. The copy itself comes by {@linkcode Recovery.add}. It never rejects. */
  readonly ask: (peer: NaraId) => Promise<Asked>;
  /** How often a peer that cannot be reached is asked again; 0 asks everybody exactly once. */
  readonly retries: number;
}

/** What a recovery found. */
export interface Found {
  /** The copy with the highest sequence number. */
  readonly best: OwnCopy | undefined;
  /** Who had it. */
  readonly holders: readonly NaraId[];
  /** Copies that came, older ones included. */
  readonly copies: number;
}

interface AskedPeer {
  tries: number;
  /** When it was asked last. Its place is taken for {@linkcode BATCH_MS}. */
  lastMs: number;
  /** When it may be asked again. */
  againMs: number;
  /** Whether an ask is under way. */
  isOpen: boolean;
  /** Whether nothing more is to be learned from it, unless a copy gets lost on its way. */
  isDone: boolean;
}

/** One recovery. */
export class Recovery {
  readonly #context: RecoveryContext;
  readonly #asked = new Map<NaraId, AskedPeer>();
  readonly #sequences = new Map<NaraId, number>();
  #best: OwnCopy | undefined;
  #startedMs: number | undefined;
  #news = Promise.withResolvers<void>();

  /** @param context What it may touch. */
  constructor(context: RecoveryContext) {
    this.#context = context;
  }

  /** When the first peers were asked, on the monotonic clock; `undefined` while nobody is known. */
  get startedMs(): number | undefined {
    return this.#startedMs;
  }

  /** A copy came that this nara sealed. Each holder counts once. */
  add(holder: NaraId, copy: OwnCopy): void {
    if (this.#sequences.size >= HOLDERS_MAX && !this.#sequences.has(holder)) return;
    this.#sequences.set(holder, Math.max(copy.stash.sequence, this.#sequences.get(holder) ?? 0));
    if (!this.#best || copy.stash.sequence > this.#best.stash.sequence) this.#best = copy;
    this.#news.resolve();
  }

  /**
   * Asks around until the end.
   *
   * @throws The signal's reason.
   */
  async run(): Promise<Found> {
    while (!this.#isOver()) {
      for (const peer of this.#nextBatch()) this.#ask(peer);
      await this.#wait(RECHECK_MS, COPIES_WANTED);
    }
    if (this.#copies >= COPIES_WANTED) await this.#wait(GRACE_MS, TARGET_CONFIDANTS);
    return this.#found();
  }

  get #copies(): number {
    return this.#sequences.size;
  }

  #isOver(): boolean {
    if (this.#copies >= COPIES_WANTED) return true;
    const { peers } = this.#context;
    if (!this.#isTimeUp() || this.#asked.values().some((asked) => asked.isOpen || this.#isBusy(asked))) {
      return false;
    }
    return peers().every((peer) => this.#sequences.has(peer) || this.#asked.get(peer)?.isDone);
  }

  #isTimeUp(): boolean {
    return this.#startedMs !== undefined && this.#nowMs() - this.#startedMs >= RECOVERY_MS;
  }

  /** How many more peers may be asked just now. */
  #places(): number {
    const busy = this.#asked.values().filter((asked) => this.#isBusy(asked)).toArray();
    return BATCH_PEERS - busy.length;
  }

  #isBusy({ lastMs }: AskedPeer): boolean {
    return this.#nowMs() - lastMs < BATCH_MS;
  }

  /**
   * Those asked least often, as long as something is to be learned from them; then, with retries, everybody
   * again.
   */
  #nextBatch(): NaraId[] {
    const { peers, retries } = this.#context;
    const free = peers().filter((peer) => {
      const asked = this.#asked.get(peer);
      return !this.#sequences.has(peer) && (!asked || !asked.isOpen && this.#nowMs() >= asked.againMs);
    });
    const left = free.filter((peer) => !this.#asked.get(peer)?.isDone);
    const pool = left.length > 0 || retries === 0 || this.#isTimeUp() ? left : free;
    const tries = (peer: NaraId) => this.#asked.get(peer)?.tries ?? 0;
    return pool.toSorted((one, other) => tries(one) - tries(other)).slice(0, this.#places());
  }

  async #ask(peer: NaraId): Promise<void> {
    const { ask, retries } = this.#context;
    const lastMs = this.#nowMs();
    this.#startedMs ??= lastMs;
    const asked = this.#asked.get(peer) ?? { tries: 0, lastMs, againMs: 0, isOpen: false, isDone: false };
    this.#asked.set(peer, asked);
    asked.tries++;
    asked.lastMs = lastMs;
    asked.isOpen = true;
    const outcome = await ask(peer);
    asked.isOpen = false;
    // A peer that cannot be reached is left alone for a while by the peer directory: earlier would be no try
    // at all.
    asked.againMs = BATCH_MS + (outcome === "unreachable" ? this.#nowMs() : asked.lastMs);
    asked.isDone ||= outcome !== "unreachable" || asked.tries > retries;
  }

  /** Waits `ms` milliseconds, or until so many copies came. */
  async #wait(ms: number, copies: number): Promise<void> {
    const { clock, signal } = this.#context.rt;
    const untilMs = this.#nowMs() + ms;
    while (this.#copies < copies && this.#nowMs() < untilMs) {
      this.#news = Promise.withResolvers();
      await sleepUnless(clock, untilMs - this.#nowMs(), { event: this.#news.promise, signal });
    }
  }

  #nowMs(): number {
    return this.#context.rt.clock.monotonicMs();
  }

  #found(): Found {
    const best = this.#best;
    const holders = [...this.#sequences].filter(([, sequence]) => sequence === best?.stash.sequence).map((
      [id],
    ) => id);
    return { best, holders, copies: this.#copies };
  }
}
