/**
 * Quarantine: messages of a version above ours. Their sender is proven, for a signature needs no schema; what they say is for an
 * upgrade of this nara to read.
 * @module
 */
import type { Clock } from "../../utilities/clock.ts";
import { messageOf } from "../../utilities/errors.ts";
import type { MessageId, NaraId } from "../../utilities/names.ts";
import {
  decodeKept,
  encodeKept,
  type KeptMeta,
  keyOf,
  numberIn,
  sequenceAfter,
  textIn,
} from "./kept_message.ts";
import type { Limit } from "./limits.ts";
import type { Logger } from "./logger.ts";
import type { Change, KeyValueFile } from "./store.ts";

/** Where quarantined messages lie in the data folder. */
export const QUARANTINE_SPACE = "runtime:quarantine";

/** One sender may take this part of the space, so that nobody fills it alone. */
const SHARES = 8;

/** What a quarantined message is. */
export interface FutureMessage {
  /** Its kind, which is spoken here. */
  readonly kind: string;
  /** Its version, which is not. */
  readonly version: number;
  /** Its id. */
  readonly id: MessageId;
  /** Its proven sender. */
  readonly fromId: NaraId;
}

/** A message that comes out of quarantine. */
export interface Released extends FutureMessage {
  /** The whole envelope, as it came. */
  readonly frame: Uint8Array;
  /** The address that it came from. */
  readonly peer: string;
  /** When it came, in milliseconds since 1970: by then it was fresh. */
  readonly receivedAtMs: number;
  /** What removes it: for whoever writes that it was handled, at once with that. */
  readonly removal: Change;
}

/** Options of {@linkcode Quarantine}. */
export interface QuarantineOptions {
  /** The runtime's time. */
  readonly clock: Pick<Clock, "nowNs">;
  /** Where they are kept. */
  readonly file: KeyValueFile;
  /** Where it is said what went wrong. */
  readonly log: Logger;
  /** Messages kept; past it new ones are refused. One sender has an eighth of it. @default {1_024} */
  readonly messagesMax?: number;
  /** Bytes kept; past it new ones are refused. One sender has an eighth of it. @default {8 MiB} */
  readonly bytesMax?: number;
}

interface Held extends FutureMessage {
  readonly key: string;
  readonly peer: string;
  readonly receivedAtMs: number;
  readonly bytes: number;
  /** Resolves when it is on disk. */
  readonly written: Promise<void>;
  isLeaving: boolean;
}

interface Usage {
  messages: number;
  bytes: number;
}

/** The quarantined messages of one nara. */
export class Quarantine {
  readonly #options: Required<QuarantineOptions>;
  /** By sender and id, in the order in which they came. */
  readonly #held = new Map<string, Held>();
  readonly #senders = new Map<NaraId, Usage>();
  #next = 1;
  #bytes = 0;
  readonly #overflows = { messages: 0, bytes: 0, messagesOfSender: 0, bytesOfSender: 0 };

  /**
   * Those that earlier runs left, and room for more.
   *
   * @param options Where they are kept, and how many.
   */
  constructor({ messagesMax = 1_024, bytesMax = 8 * 1024 * 1024, ...options }: QuarantineOptions) {
    this.#options = { messagesMax, bytesMax, ...options };
    const entries = options.file.list(QUARANTINE_SPACE, "");
    for (const [key, value] of entries) this.#recall(key, value);
    this.#next = sequenceAfter(entries);
  }

  /** How many there are. */
  get size(): number {
    return this.#held.size;
  }

  /** What is held, by kind and version: `kind v2` to how many. */
  counts(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { kind, version } of this.#held.values()) {
      const name = `${kind} v${version}`;
      counts[name] = (counts[name] ?? 0) + 1;
    }
    return counts;
  }

  /**
   * Keeps a verified frame; on disk when resolved.
   *
   * @param peer The address that it came from.
   * @throws {StoreError} When the disk refused; then it is not kept.
   */
  async add(frame: Uint8Array, peer: string, future: FutureMessage): Promise<"kept" | "exists" | "full"> {
    const { kind, version, id, fromId } = future;
    const known = this.#held.get(nameOf(future));
    if (known) {
      await known.written;
      return "exists";
    }
    const receivedAtMs = Number(this.#options.clock.nowNs() / 1_000_000n);
    const meta = { kind, version, id, fromId, peer, receivedAtMs };
    const value = encodeKept(meta, frame);
    if (!this.#hasRoom(fromId, value.length)) return "full";
    const key = keyOf(this.#next++);
    const written = this.#options.file.write([{ space: QUARANTINE_SPACE, key, value }]);
    const held: Held = { ...meta, key, bytes: value.length, written, isLeaving: false };
    this.#put(held);
    try {
      await written;
      return "kept";
    } catch (thrown) {
      this.#take(held);
      throw thrown;
    }
  }

  /**
   * Hands over all that is understood now, in the order in which it came. Each is removed when `deliver` has resolved, and stays
   * when that rejects; a process that ends in between delivers it again, unless `deliver` had written its `removal`.
   *
   * @param understands Whether a version of a kind can be read now.
   * @param deliver Takes a message to its end, also one that turns out to be dropped. Judge its freshness by when it came.
   * @returns How many were delivered.
   */
  async release(
    understands: (kind: string, version: number) => boolean,
    deliver: (message: Released) => Promise<void>,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<number> {
    let delivered = 0;
    for (const held of [...this.#held.values()]) {
      if (signal?.aborted) break;
      if (held.isLeaving || !understands(held.kind, held.version)) continue;
      held.isLeaving = true;
      if (await this.#deliver(held, deliver)) delivered++;
      held.isLeaving = false;
    }
    return delivered;
  }

  /** Its bounds. */
  limits(): Limit[] {
    const { messagesMax, bytesMax } = this.#options;
    const overflows = this.#overflows;
    const most = (unit: keyof Usage) => () =>
      [...this.#senders.values()].reduce((max, usage) => Math.max(max, usage[unit]), 0);
    const all = { rule: "a new one is refused" };
    const sender = { rule: "a new one of that sender is refused" };
    return [
      {
        name: "quarantine.messages",
        unit: "messages",
        max: messagesMax,
        inUse: () => this.size,
        overflows: () => overflows.messages,
        ...all,
      },
      {
        name: "quarantine.bytes",
        unit: "bytes",
        max: bytesMax,
        inUse: () => this.#bytes,
        overflows: () => overflows.bytes,
        ...all,
      },
      {
        name: "quarantine.messages_of_sender",
        unit: "messages",
        max: shareOf(messagesMax),
        inUse: most("messages"),
        overflows: () => overflows.messagesOfSender,
        ...sender,
      },
      {
        name: "quarantine.bytes_of_sender",
        unit: "bytes",
        max: shareOf(bytesMax),
        inUse: most("bytes"),
        overflows: () => overflows.bytesOfSender,
        ...sender,
      },
    ];
  }

  async #deliver(held: Held, deliver: (message: Released) => Promise<void>): Promise<boolean> {
    const { file, log } = this.#options;
    const { key, kind, version, id, fromId, peer, receivedAtMs } = held;
    try {
      await held.written;
      const { frame } = decodeKept(file.get(QUARANTINE_SPACE, key) ?? new Uint8Array());
      const removal = { space: QUARANTINE_SPACE, key };
      await deliver({ frame, peer, receivedAtMs, removal, kind, version, id, fromId });
    } catch (thrown) {
      log.error("a quarantined message could not be delivered", { kind, id, error: messageOf(thrown) });
      return false;
    }
    this.#take(held);
    try {
      await file.write([{ space: QUARANTINE_SPACE, key }]);
    } catch (thrown) {
      // The next run delivers it again, unless it was removed as it was handled.
      log.warn("a delivered message could not be removed", { kind, id, error: messageOf(thrown) });
    }
    return true;
  }

  #recall(key: string, value: Uint8Array): void {
    const { file, log } = this.#options;
    try {
      const { meta } = decodeKept(value);
      this.#put({ ...heldIn(meta), key, bytes: value.length, written: Promise.resolve(), isLeaving: false });
    } catch (thrown) {
      log.error("a quarantined message is damaged, and is removed", { key, error: messageOf(thrown) });
      try {
        file.delete(QUARANTINE_SPACE, key);
      } catch (refused) {
        log.warn("a damaged message could not be removed", { key, error: messageOf(refused) });
      }
    }
  }

  /** Whether there is room. Counts when there is none. */
  #hasRoom(fromId: NaraId, bytes: number): boolean {
    const { messagesMax, bytesMax } = this.#options;
    const used = this.#senders.get(fromId) ?? { messages: 0, bytes: 0 };
    if (used.messages >= shareOf(messagesMax)) this.#overflows.messagesOfSender++;
    else if (used.bytes + bytes > shareOf(bytesMax)) this.#overflows.bytesOfSender++;
    else if (this.size >= messagesMax) this.#overflows.messages++;
    else if (this.#bytes + bytes > bytesMax) this.#overflows.bytes++;
    else return true;
    return false;
  }

  #put(held: Held): void {
    const used = this.#senders.get(held.fromId) ?? { messages: 0, bytes: 0 };
    this.#held.set(nameOf(held), held);
    this.#senders.set(held.fromId, { messages: used.messages + 1, bytes: used.bytes + held.bytes });
    this.#bytes += held.bytes;
  }

  #take(held: Held): void {
    const used = this.#senders.get(held.fromId)!;
    this.#held.delete(nameOf(held));
    this.#bytes -= held.bytes;
    if (used.messages === 1) this.#senders.delete(held.fromId);
    else {
      this.#senders.set(held.fromId, { messages: used.messages - 1, bytes: used.bytes - held.bytes });
    }
  }
}

function nameOf({ fromId, id }: FutureMessage): string {
  return `${fromId} ${id}`;
}

function shareOf(max: number): number {
  return Math.ceil(max / SHARES);
}

function heldIn(meta: KeptMeta): FutureMessage & Pick<Held, "peer" | "receivedAtMs"> {
  return {
    kind: textIn(meta, "kind"),
    version: numberIn(meta, "version"),
    id: textIn(meta, "id"),
    fromId: textIn(meta, "fromId"),
    peer: textIn(meta, "peer"),
    receivedAtMs: numberIn(meta, "receivedAtMs"),
  };
}
