/**
 * The seen-set: which messages came within the freshness window, so that each counts once.
 *
 * Per sender there are two generations of ids; when the younger is full or has grown old, the older is forgotten whole, which
 * costs next to nothing per message. What had to be forgotten too early raises its sender's horizon: nothing that old is taken
 * any more, so that a full memory costs late messages and never lets a replay through.
 * @module
 */
import type { Message } from "../../messages/message.ts";
import type { Clock } from "../../utilities/clock.ts";
import type { Limit } from "./limits.ts";

/** Options of a {@linkcode SeenSet}. */
export interface SeenSetOptions {
  /** The runtime's time. */
  clock: Pick<Clock, "nowNs">;
  /**
   * How far back a message counts as fresh, in milliseconds; {@linkcode SeenSet.cover} widens it.
   * @default {300_000}
   */
  windowMs?: number;
  /**
   * Messages remembered in all. Past it the sender with most gives up its older generation.
   * @default {131_072}
   */
  entriesMax?: number;
  /**
   * Messages remembered of one sender, both generations together.
   * @default {16_384}
   */
  perSenderMax?: number;
}

/** How long a message that was fresh when it came in may take to get here: it is verified in between. */
const UNDER_WAY_MS = 60_000;
/** The part of all entries that is forgotten at once when there is no room. */
const ROOM_MADE = 1 / 16;
/** Who is said to send what nobody proved. Anyone may forge it, so it takes no room from those who are proven. */
const UNPROVEN = "(unproven)";

/** Ids that are forgotten together. */
interface Generation {
  readonly ids: Set<string>;
  /** The latest time of any message in it. */
  newestMs: number;
}

interface Sender {
  young: Generation;
  old: Generation;
  /** When the younger generation began. */
  sinceMs: number;
  horizonMs: number;
  /** Ids that have come to no outcome yet; the lanes bound their number. */
  readonly inProgress: Set<string>;
}

/** What {@linkcode SeenSet.add} found. */
export type SeenVerdict = "new" | "duplicate_id" | "in_progress" | "below_horizon";

/** Ids by sender, for as long as a replay of them would count as fresh. */
export class SeenSet {
  readonly #clock: Pick<Clock, "nowNs">;
  #keptMs: number;
  readonly #max: number;
  readonly #perGenerationMax: number;
  readonly #senders = new Map<string, Sender>();
  #size = 0;
  /** Entries that were forgotten before their time. */
  overflows = 0;

  /**
   * An empty memory.
   *
   * @param options Bounds and time.
   */
  constructor({ clock, windowMs = 300_000, entriesMax = 131_072, perSenderMax = 16_384 }: SeenSetOptions) {
    this.#clock = clock;
    this.#keptMs = windowMs + UNDER_WAY_MS;
    this.#max = entriesMax;
    this.#perGenerationMax = Math.max(1, Math.floor(perSenderMax / 2));
  }

  /** How many messages are remembered. */
  get size(): number {
    return this.#size;
  }

  /** How far back a message counts as fresh, in milliseconds. */
  get windowMs(): number {
    return this.#keptMs - UNDER_WAY_MS;
  }

  /** Its bound, for `nara limits`. */
  limits(): Limit[] {
    return [{
      name: "seen.messages",
      unit: "messages",
      max: this.#max,
      rule: "the sender with most is taken nothing old of any more",
      inUse: () => this.#size,
      overflows: () => this.overflows,
    }];
  }

  /** From now on remembers for as long as a message may be fresh for `windowMs`, if that is longer than before. */
  cover(windowMs: number): void {
    this.#keptMs = Math.max(this.#keptMs, windowMs + UNDER_WAY_MS);
  }

  /**
   * Remembers the message, unless it was seen or lies below its sender's horizon. It counts as in progress until
   * {@linkcode SeenSet.finish} or {@linkcode SeenSet.forget}.
   */
  add(message: Message): SeenVerdict {
    const { id } = message;
    const owner = ownerOf(message);
    const sender = this.#senders.get(owner) ?? this.#meet(owner);
    if (knows(sender, id)) return sender.inProgress.has(id) ? "in_progress" : "duplicate_id";
    const verdict = this.#remember(sender, id, message.madeMs);
    if (verdict === "new") sender.inProgress.add(id);
    return verdict;
  }

  /** Whether the message was seen, or is as old as what was forgotten; nothing is remembered. */
  has(message: Message): boolean {
    const sender = this.#senders.get(ownerOf(message));
    if (!sender) return false;
    return knows(sender, message.id) || message.madeMs <= sender.horizonMs;
  }

  /** Remembers what an earlier run of this nara saw. */
  restore(owner: string, id: string, madeMs: number): void {
    const sender = this.#senders.get(owner) ?? this.#meet(owner);
    if (!knows(sender, id)) this.#remember(sender, id, madeMs);
  }

  /** Takes nothing any more of this sender that was made at this time or earlier. */
  raiseFloor(owner: string, madeMs: number): void {
    const sender = this.#senders.get(owner) ?? this.#meet(owner);
    sender.horizonMs = Math.max(sender.horizonMs, madeMs);
  }

  /** The message came to its outcome: from now on it is a duplicate. */
  finish(message: Message): void {
    this.#senders.get(ownerOf(message))?.inProgress.delete(message.id);
  }

  /** The message came to nothing, through no fault of its own: when it comes again, it counts as new. */
  forget(message: Message): void {
    const owner = ownerOf(message);
    this.finish(message);
    const sender = this.#senders.get(owner);
    if (!sender) return;
    for (const { ids } of [sender.young, sender.old]) if (ids.delete(message.id)) this.#size--;
  }

  #remember(sender: Sender, id: string, madeMs: number): "new" | "below_horizon" {
    if (madeMs <= sender.horizonMs) return "below_horizon";
    if (this.#hasGrownOld(sender)) this.#age(sender);
    const { young } = sender;
    young.ids.add(id);
    if (madeMs > young.newestMs) young.newestMs = madeMs;
    this.#size++;
    if (young.ids.size >= this.#perGenerationMax) this.#age(sender);
    if (this.#size > this.#max) this.#makeRoom();
    return "new";
  }

  #meet(owner: string): Sender {
    const sender: Sender = {
      young: generation(),
      old: generation(),
      sinceMs: this.#nowMs(),
      horizonMs: -Infinity,
      inProgress: new Set(),
    };
    this.#senders.set(owner, sender);
    return sender;
  }

  /** Forgets the older generation of `sender`; its younger one becomes the older. */
  #age(sender: Sender): void {
    const { young, old } = sender;
    this.#forget(sender, old);
    sender.old = young;
    sender.young = old;
    sender.sinceMs = this.#nowMs();
  }

  /** Whether a younger generation should begin, so that what is too old leaves before room is short. */
  #hasGrownOld({ old, sinceMs }: Sender): boolean {
    const nowMs = this.#nowMs();
    return nowMs - sinceMs > this.#keptMs / 2 && old.newestMs < nowMs - this.#keptMs;
  }

  /** Forgets a generation, and takes nothing any more that is as old as its newest message. */
  #forget(sender: Sender, generation: Generation): void {
    const { ids, newestMs } = generation;
    sender.horizonMs = Math.max(sender.horizonMs, newestMs);
    if (newestMs >= this.#endMs()) this.overflows += ids.size;
    this.#size -= ids.size;
    ids.clear();
    generation.newestMs = -Infinity;
  }

  /** Forgets what is too old to be replayed; where that is not enough, the senders with most pay. */
  #makeRoom(): void {
    const endMs = this.#endMs();
    for (const [owner, sender] of this.#senders) {
      for (const generation of [sender.young, sender.old]) {
        if (generation.newestMs < endMs) this.#forget(sender, generation);
      }
      const isIdle = sender.young.ids.size + sender.old.ids.size + sender.inProgress.size === 0;
      if (isIdle && sender.horizonMs < endMs) this.#senders.delete(owner);
    }
    if (this.#size <= this.#max) return;
    // More than is needed now, as to look at every sender costs something.
    const enough = Math.floor(this.#max * (1 - ROOM_MADE));
    for (const sender of [...this.#senders.values()].sort((a, b) => weight(b) - weight(a))) {
      if (this.#size <= enough) return;
      const isAllYoung = sender.old.ids.size === 0; // What came just now is spared where that can be.
      this.#age(sender);
      if (isAllYoung) this.#age(sender);
    }
  }

  /** What was made before is stale, and can no longer be under way. */
  #endMs(): number {
    return this.#nowMs() - this.#keptMs;
  }

  #nowMs(): number {
    return Number(this.#clock.nowNs() / 1_000_000n);
  }
}

function knows({ young, old }: Sender, id: string): boolean {
  return young.ids.has(id) || old.ids.has(id);
}

function generation(): Generation {
  return { ids: new Set(), newestMs: -Infinity };
}

/** Whose memory a message takes room in. */
export function ownerOf({ proof, fromId }: Pick<Message, "proof" | "fromId">): string {
  return proof === "none" ? UNPROVEN : fromId;
}

function weight({ young, old }: Sender): number {
  return old.ids.size * 2 + young.ids.size;
}
