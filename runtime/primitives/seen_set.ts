/**
 * The seen-set: which messages came within the freshness window, so that each counts once.
 *
 * Per sender there are two generations of ids; when the younger is full or has grown old, the older is forgotten whole, which
 * costs next to nothing per message. What had to be forgotten too early raises its sender's horizon: nothing that old is taken
 * any more, so that a full memory costs late messages and never lets a replay through.
 * @module
 */
import type { Message } from "../../messages/message.ts";
import { timestampMs } from "../../utilities/timestamp.ts";
import type { Clock } from "../../utilities/clock.ts";

/** Options of a {@linkcode SeenSet}. */
export interface SeenSetOptions {
  /** The runtime's time. */
  clock: Pick<Clock, "nowNs">;
  /**
   * How long a message is remembered, counted from its own time, in milliseconds. At least the longest freshness window.
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

/** Ids that are forgotten together. */
interface Generation {
  readonly ids: Set<string>;
  /** The latest time of any message in it. */
  newestMs: number;
}

interface Sender {
  young: Generation;
  old: Generation;
  horizonMs: number;
}

/** What {@linkcode SeenSet.add} found. */
export type SeenVerdict = "new" | "duplicate_id" | "below_horizon";

/** Ids by sender, for as long as a replay of them would count as fresh. */
export class SeenSet {
  readonly #clock: Pick<Clock, "nowNs">;
  readonly #windowMs: number;
  readonly #max: number;
  readonly #perGenerationMax: number;
  readonly #senders = new Map<string, Sender>();
  #size = 0;
  /** Entries that were forgotten before their time. */
  overflows = 0;

  /** @param options Bounds and time. */
  constructor({ clock, windowMs = 300_000, entriesMax = 131_072, perSenderMax = 16_384 }: SeenSetOptions) {
    this.#clock = clock;
    this.#windowMs = windowMs;
    this.#max = entriesMax;
    this.#perGenerationMax = Math.max(1, Math.floor(perSenderMax / 2));
  }

  /** How many messages are remembered. */
  get size(): number {
    return this.#size;
  }

  /** Remembers the message, unless it was seen or lies below its sender's horizon. */
  add(message: Message): SeenVerdict {
    const { fromId, id } = message;
    const sender = this.#senders.get(fromId) ?? this.#meet(fromId);
    const { young, old } = sender;
    if (young.ids.has(id) || old.ids.has(id)) return "duplicate_id";
    const madeMs = timestampMs(message.timestamp);
    if (madeMs <= sender.horizonMs) return "below_horizon";
    young.ids.add(id);
    if (madeMs > young.newestMs) young.newestMs = madeMs;
    this.#size++;
    if (young.ids.size >= this.#perGenerationMax) this.#age(sender);
    if (this.#size > this.#max) this.#makeRoom();
    return "new";
  }

  #meet(fromId: string): Sender {
    const sender: Sender = { young: generation(), old: generation(), horizonMs: -Infinity };
    this.#senders.set(fromId, sender);
    return sender;
  }

  /** Forgets the older generation of `sender`; its younger one becomes the older. */
  #age(sender: Sender): void {
    const { old } = sender;
    const endMs = Number(this.#clock.nowNs() / 1_000_000n) - this.#windowMs;
    if (old.newestMs >= endMs) {
      sender.horizonMs = Math.max(sender.horizonMs, old.newestMs);
      this.overflows += old.ids.size;
    }
    this.#size -= old.ids.size;
    sender.old = sender.young;
    sender.young = generation();
  }

  /** Forgets what is too old to be replayed; where that is not enough, the sender with most pays. */
  #makeRoom(): void {
    const endMs = Number(this.#clock.nowNs() / 1_000_000n) - this.#windowMs;
    let heaviest: Sender | undefined; // In its older generation, so that what came just now is spared.
    for (const [fromId, sender] of this.#senders) {
      if (sender.young.newestMs < endMs) this.#age(sender);
      if (sender.old.newestMs < endMs) this.#age(sender);
      const isIdle = sender.young.ids.size + sender.old.ids.size === 0;
      if (isIdle && sender.horizonMs < endMs) this.#senders.delete(fromId);
      else if (!heaviest || weight(sender) > weight(heaviest)) heaviest = sender;
    }
    if (this.#size <= this.#max || !heaviest) return;
    const isAllYoung = heaviest.old.ids.size === 0;
    this.#age(heaviest);
    if (isAllYoung) this.#age(heaviest);
  }
}

function generation(): Generation {
  return { ids: new Set(), newestMs: -Infinity };
}

function weight({ young, old }: Sender): number {
  return old.ids.size * 2 + young.ids.size;
}
