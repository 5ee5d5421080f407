/**
 * Quotas: how many messages and bytes one verified peer may bring in a minute, over all kinds.
 *
 * Each peer has two buckets that fill up again evenly. To be forgotten takes nothing from anybody: a bucket begins full.
 * @module
 */
import type { Clock } from "../../utilities/clock.ts";
import type { NaraId } from "../../utilities/names.ts";
import type { Limit } from "./limits.ts";

/** What one peer may bring. */
export interface PeerQuotaOptions {
  /** Messages in a minute. @default {1_200_000, more than a machine verifies} */
  readonly messagesPerMinute?: number;
  /** Bytes in a minute, by the payloads and a fixed part for each envelope. @default {1 GiB} */
  readonly bytesPerMinute?: number;
  /** Peers remembered; past it the one that came first is forgotten. @default {4_096} */
  readonly peersMax?: number;
}

interface Bucket {
  messages: number;
  bytes: number;
  atMs: number;
}

const MINUTE_MS = 60_000;

/** The quotas of all peers. */
export class PeerQuotas {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #max: Required<PeerQuotaOptions>;
  readonly #buckets = new Map<NaraId, Bucket>();
  #refusedMessages = 0;
  #refusedBytes = 0;

  /**
   * Quotas of which nobody has used anything.
   *
   * @throws {RangeError} If a bound is not a positive whole number.
   */
  constructor(clock: Pick<Clock, "monotonicMs">, options: PeerQuotaOptions = {}) {
    const { messagesPerMinute = 1_200_000, bytesPerMinute = 1024 ** 3, peersMax = 4_096 } = options;
    this.#clock = clock;
    this.#max = { messagesPerMinute, bytesPerMinute, peersMax };
    for (const [name, value] of Object.entries(this.#max)) {
      if (Number.isSafeInteger(value) && value >= 1) continue;
      throw new RangeError(`${name} must be a positive whole number: current value is ${value}`);
    }
  }

  /**
   * Whether `id` may bring a message of that size, which is then counted. What is refused counts for nothing.
   *
   * @param isCopy Whether the message came before. Asked only once half of the quota is used: whoever has heard a message can send it
   *   again, and must not use up what is left to its sender.
   */
  take(id: NaraId, bytes: number, isCopy: () => boolean = () => false): boolean {
    const bucket = this.#buckets.get(id) ?? this.#meet(id);
    if (this.#isHalfUsed(bucket)) {
      this.#refill(bucket, this.#clock.monotonicMs());
      if (this.#isHalfUsed(bucket) && isCopy()) return true;
    }
    if (bucket.messages < 1) {
      this.#refusedMessages++;
      return false;
    }
    if (bucket.bytes < bytes) {
      this.#refusedBytes++;
      return false;
    }
    bucket.messages--;
    bucket.bytes -= bytes;
    return true;
  }

  /** Its bounds, for `nara limits`. */
  limits(): Limit[] {
    const { messagesPerMinute, bytesPerMinute } = this.#max;
    const rule = "its messages are dropped with quota_exceeded";
    const most = (left: (bucket: Bucket) => number, max: number) => () => {
      const nowMs = this.#clock.monotonicMs();
      let least = max;
      for (const bucket of this.#buckets.values()) {
        this.#refill(bucket, nowMs);
        least = Math.min(least, left(bucket));
      }
      return Math.ceil(max - least);
    };
    return [{
      name: "peers.quota.messages",
      unit: "messages of a peer in a minute",
      max: messagesPerMinute,
      rule,
      inUse: most(({ messages }) => messages, messagesPerMinute),
      overflows: () => this.#refusedMessages,
    }, {
      name: "peers.quota.bytes",
      unit: "bytes of a peer in a minute",
      max: bytesPerMinute,
      rule,
      inUse: most(({ bytes }) => bytes, bytesPerMinute),
      overflows: () => this.#refusedBytes,
    }];
  }

  /** Below half of either, the time is looked at and what has come back is added. */
  #isHalfUsed({ messages, bytes }: Bucket): boolean {
    return messages * 2 <= this.#max.messagesPerMinute || bytes * 2 <= this.#max.bytesPerMinute;
  }

  #meet(id: NaraId): Bucket {
    if (this.#buckets.size >= this.#max.peersMax) this.#buckets.delete(this.#buckets.keys().next().value!);
    const { messagesPerMinute: messages, bytesPerMinute: bytes } = this.#max;
    const bucket = { messages, bytes, atMs: this.#clock.monotonicMs() };
    this.#buckets.set(id, bucket);
    return bucket;
  }

  #refill(bucket: Bucket, nowMs: number): void {
    const { messagesPerMinute, bytesPerMinute } = this.#max;
    const part = (nowMs - bucket.atMs) / MINUTE_MS;
    if (part <= 0) return;
    bucket.messages = Math.min(messagesPerMinute, bucket.messages + part * messagesPerMinute);
    bucket.bytes = Math.min(bytesPerMinute, bucket.bytes + part * bytesPerMinute);
    bucket.atMs = nowMs;
  }
}
