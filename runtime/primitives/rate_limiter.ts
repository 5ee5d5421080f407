/**
 * The rate limiter: how often something may happen per key, in a window that slides.
 *
 * To be forgotten takes nothing from anybody: whoever is forgotten is heard again. So a full memory locks nobody out; it
 * forgets first what said least, since a loud key would gain most by it, and lets no single owner fill it.
 * @module
 */
import { createHash } from "node:crypto";
import type { Clock } from "../../utilities/clock.ts";
import type { Limit } from "./limits.ts";

/** Options of a {@linkcode RateLimiter}. */
export interface RateLimiterOptions {
  /** The runtime's time. Only its monotonic part is read: what a message says of its time does not matter. */
  readonly clock: Pick<Clock, "monotonicMs">;
  /**
   * Keys remembered. More than a keyring has pins, so that keys which are verified senders never meet it.
   * @default {16_384}
   */
  readonly keysMax?: number;
  /**
   * Occasions remembered over all keys, 8 bytes each.
   * @default {1_048_576}
   */
  readonly occasionsMax?: number;
}

/** What one owner, and one key, may take of the whole. */
const SHARE = 16;
/** Keys that are compared when one has to be forgotten. */
const COMPARED_MAX = 16;
/** Characters of a key that are kept; a longer one is kept as its hash, so that keys of strangers' making stay small. */
const KEY_LENGTH_MAX = 128;
/** Milliseconds between two searches for keys whose window is over. */
const SWEEP_MS = 1_000;

/** What is remembered of a key. */
interface Heard {
  readonly key: string;
  readonly owner: string | undefined;
  /** When something was allowed, in order. */
  readonly atMs: number[];
  windowMs: number;
}

/** Counts by key in sliding windows. */
export class RateLimiter {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #keysMax: number;
  readonly #occasionsMax: number;
  /** The key asked for longest ago comes first. */
  readonly #heard = new Map<string, Heard>();
  readonly #keysOf = new Map<string, number>();
  #occasions = 0;
  #sweptMs = -Infinity;
  #keyOverflows = 0;
  #occasionOverflows = 0;

  /**
   * A limiter that has heard nothing.
   *
   * @throws {RangeError} If a bound is not a positive whole number.
   */
  constructor({ clock, keysMax = 16_384, occasionsMax = 1_048_576 }: RateLimiterOptions) {
    assertPositive("keysMax", keysMax);
    assertPositive("occasionsMax", occasionsMax);
    this.#clock = clock;
    this.#keysMax = keysMax;
    this.#occasionsMax = occasionsMax;
  }

  /** Keys that are remembered. */
  get size(): number {
    return this.#heard.size;
  }

  /**
   * Whether `key` may once more, which is then counted. What is refused counts for nothing.
   *
   * @param windowMs Length of the window, in milliseconds: what happened longer ago, or exactly as long ago, is forgotten.
   * @param max How often in any window; at most a 16th of `occasionsMax`.
   * @param owner Who made the key, where one may make many: the proven sender. Its new keys are refused once it has a 16th
   * of all keys. Left out, nobody is charged.
   * @throws {RangeError} If `windowMs` or `max` is not a positive whole number.
   */
  allow(key: string, windowMs: number, max: number, owner?: string): boolean {
    assertPositive("windowMs", windowMs);
    assertPositive("max", max);
    const nowMs = this.#clock.monotonicMs();
    const name = key.length > KEY_LENGTH_MAX ? createHash("sha256").update(key).digest("base64") : key;
    const heard = this.#heard.get(name) ?? this.#meet({ key: name, owner, atMs: [], windowMs }, nowMs);
    if (!heard) return false;
    heard.windowMs = windowMs;
    this.#forgetBefore(heard, nowMs);
    this.#heard.delete(name); // A Map keeps insertion order: a key that is asked for moves to the end.
    this.#heard.set(name, heard);
    if (heard.atMs.length >= Math.min(max, share(this.#occasionsMax))) return false;
    heard.atMs.push(nowMs);
    this.#occasions++;
    this.#makeRoom(heard, nowMs);
    return true;
  }

  /** Its bounds; `name` goes before theirs. */
  limits(name: string): Limit[] {
    return [{
      name: `${name}.keys`,
      unit: "keys",
      max: this.#keysMax,
      rule:
        "of those asked for longest ago the one that said least is forgotten; one sender gets no more than a 16th",
      inUse: () => this.#heard.size,
      overflows: () => this.#keyOverflows,
    }, {
      name: `${name}.occasions`,
      unit: "occasions",
      max: this.#occasionsMax,
      rule: "of the keys asked for longest ago the one that said least is forgotten",
      inUse: () => this.#occasions,
      overflows: () => this.#occasionOverflows,
    }];
  }

  #meet(heard: Heard, nowMs: number): Heard | undefined {
    const { key, owner } = heard;
    if (owner !== undefined) {
      if (this.#hasItsShare(owner)) this.#sweep(nowMs);
      if (this.#hasItsShare(owner)) {
        this.#keyOverflows++;
        return undefined;
      }
      this.#keysOf.set(owner, (this.#keysOf.get(owner) ?? 0) + 1);
    }
    this.#heard.set(key, heard);
    return heard;
  }

  #hasItsShare(owner: string): boolean {
    return (this.#keysOf.get(owner) ?? 0) >= share(this.#keysMax);
  }

  #makeRoom(spared: Heard, nowMs: number): void {
    if (!this.#isFull()) return;
    this.#sweep(nowMs);
    while (this.#isFull()) {
      if (this.#heard.size > this.#keysMax) this.#keyOverflows++;
      else this.#occasionOverflows++;
      this.#forget(this.#quietest(spared)!); // There is another: one key alone fills no more than its share.
    }
  }

  #isFull(): boolean {
    return this.#heard.size > this.#keysMax || this.#occasions > this.#occasionsMax;
  }

  /** Of some keys asked for longest ago, the one that said least. */
  #quietest(spared: Heard): Heard | undefined {
    let quietest: Heard | undefined;
    let compared = 0;
    for (const heard of this.#heard.values()) {
      if (heard === spared) continue;
      if (!quietest || heard.atMs.length < quietest.atMs.length) quietest = heard;
      if (++compared === COMPARED_MAX) break;
    }
    return quietest;
  }

  /** Forgets keys whose window is over. */
  #sweep(nowMs: number): void {
    if (nowMs - this.#sweptMs < SWEEP_MS) return;
    this.#sweptMs = nowMs;
    for (const heard of this.#heard.values()) {
      const lastMs = heard.atMs.at(-1);
      if (lastMs !== undefined && nowMs - lastMs >= heard.windowMs) this.#forget(heard);
    }
  }

  #forgetBefore({ atMs, windowMs }: Heard, nowMs: number): void {
    let over = 0;
    while (over < atMs.length && nowMs - atMs[over] >= windowMs) over++;
    if (over === 0) return;
    atMs.splice(0, over);
    this.#occasions -= over;
  }

  #forget({ key, owner, atMs }: Heard): void {
    this.#heard.delete(key);
    this.#occasions -= atMs.length;
    if (owner === undefined) return;
    const left = this.#keysOf.get(owner)! - 1;
    if (left > 0) this.#keysOf.set(owner, left);
    else this.#keysOf.delete(owner);
  }
}

function share(max: number): number {
  return Math.max(1, Math.floor(max / SHARE));
}

function assertPositive(name: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 1) return;
  throw new RangeError(
    `Cannot limit a rate as ${name} must be a positive whole number: current value is ${value}`,
  );
}
