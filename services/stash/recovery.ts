/**
 * Recovery: after a total loss, asks around until copies of the stash come back.
 *
 * Peers are asked eight at a time, the next eight when two copies have not come in five seconds; one that
 * could not be reached is asked again later. It ends when two of those who were asked handed over a copy and
 * the others of their batch had their chance, or when everybody was asked and 30 seconds went by. Of the copies
 * the one with the highest sealed sequence number is taken, asked for or not; an old one that strangers push
 * unasked brings the end no nearer.
 * @module
 */
import type { RuntimeApi } from "../../runtime/service.ts";
import type { NaraId } from "../../utilities/names.ts";
import type { OwnCopy } from "./own_stash.ts";
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
/** Milliseconds that another copy is waited for: it may be newer than the first two. */
const GRACE_MS = 500;
/** Holders that are remembered, beyond those who were asked. */
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
  /** When the last ask was over, */
  endedMs: number;
  /** and what came of it. */
  outcome: Asked | undefined;
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
  /** When there were enough copies. */
  #enoughMs: number | undefined;
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
    const { sequence } = copy.stash;
    if (!this.#best || sequence > this.#best.stash.sequence) this.#best = copy;
    const before = this.#sequences.get(holder);
    const isWelcome = before !== undefined || this.#asked.has(holder);
    if (!isWelcome && this.#sequences.size >= HOLDERS_MAX) return;
    this.#sequences.set(holder, Math.max(sequence, before ?? 0));
    this.#news.resolve();
  }

  /**
   * Asks around until the end.
   *
   * @throws The signal's reason.
   */
  async run(): Promise<Found> {
    for (;;) {
      if (!this.#hasEnough || this.#isFirstBatch()) {
        for (const peer of this.#nextBatch()) this.#ask(peer);
      }
      if (this.#hasEnough) this.#enoughMs ??= this.#nowMs();
      if (this.#isOver()) return this.#found();
      await this.#wait();
    }
  }

  /** Whether this peer handed over a copy and was asked for it. */
  #isCounted(peer: NaraId): boolean {
    return this.#sequences.has(peer) && this.#asked.has(peer);
  }

  get #hasEnough(): boolean {
    return this.#sequences.keys().filter((peer) => this.#isCounted(peer)).toArray().length >= COPIES_WANTED;
  }

  #isOver(): boolean {
    const { peers } = this.#context;
    if (this.#hasEnough) return !this.#isNewerAwaited();
    if (!this.#isTimeUp() || this.#asked.values().some((asked) => asked.isOpen || this.#isBusy(asked))) {
      return false;
    }
    return peers().every((peer) => this.#isCounted(peer) || this.#asked.get(peer)?.isDone);
  }

  /**
   * Whether one of those who were asked may still hand over a copy that is newer. Whoever was reached has half
   * a second from then on, or from the second copy on; whoever was not has the rest of its five seconds.
   */
  #isNewerAwaited(): boolean {
    const nowMs = this.#nowMs();
    return this.#asked.entries().some(([peer, asked]) => {
      if (this.#isCounted(peer) || asked.outcome === "none" || !this.#isBusy(asked)) return false;
      const sinceMs = Math.max(asked.endedMs, this.#enoughMs ?? nowMs);
      return asked.isOpen || asked.outcome === "unreachable" || nowMs - sinceMs < GRACE_MS;
    });
  }

  #isFirstBatch(): boolean {
    return this.#startedMs === undefined || this.#nowMs() - this.#startedMs < BATCH_MS;
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
      return !this.#isCounted(peer) && (!asked || !asked.isOpen && this.#nowMs() >= asked.againMs);
    });
    const left = free.filter((peer) => !this.#asked.get(peer)?.isDone);
    const pool = left.length > 0 || retries === 0 || this.#isTimeUp() ? left : free;
    // Between two peers asked equally often, one that pushed a copy comes first.
    const rank = (peer: NaraId) =>
      2 * (this.#asked.get(peer)?.tries ?? 0) - Number(this.#sequences.has(peer));
    return pool.toSorted((one, other) => rank(one) - rank(other)).slice(0, this.#places());
  }

  async #ask(peer: NaraId): Promise<void> {
    const { ask, retries } = this.#context;
    const lastMs = this.#nowMs();
    this.#startedMs ??= lastMs;
    const asked = this.#asked.get(peer) ?? newcomer(lastMs);
    this.#asked.set(peer, asked);
    asked.tries++;
    asked.lastMs = lastMs;
    asked.isOpen = true;
    const outcome = await ask(peer);
    asked.isOpen = false;
    asked.endedMs = this.#nowMs();
    asked.outcome = outcome;
    // A peer that cannot be reached is left alone for a while by the peer directory: earlier would be no try
    // at all.
    asked.againMs = BATCH_MS + (outcome === "unreachable" ? asked.endedMs : asked.lastMs);
    asked.isDone ||= outcome !== "unreachable" || asked.tries > retries;
    this.#news.resolve();
  }

  /** Waits until a copy came or an ask is over, but not longer than until the next look. */
  async #wait(): Promise<void> {
    const { clock, signal } = this.#context.rt;
    this.#news = Promise.withResolvers();
    await sleepUnless(clock, RECHECK_MS, { event: this.#news.promise, signal });
  }

  #nowMs(): number {
    return this.#context.rt.clock.monotonicMs();
  }

  #found(): Found {
    const best = this.#best;
    const holders = [...this.#sequences].filter(([, sequence]) => sequence === best?.stash.sequence).map((
      [id],
    ) => id);
    return { best, holders, copies: this.#sequences.size };
  }
}

function newcomer(nowMs: number): AskedPeer {
  return {
    tries: 0,
    lastMs: nowMs,
    againMs: 0,
    isOpen: false,
    endedMs: nowMs,
    outcome: undefined,
    isDone: false,
  };
}
