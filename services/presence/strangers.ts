/**
 * What strangers get for their bytes: anyone can make ids without end, so what they can make this nara say is bounded over all of them.
 *
 * A hey-there that costs its sender some 430 bytes is answered by a howdy of as many, but by up to eight times as many with all the
 * neighbours that a newcomer needs. So neighbours are paid from one purse, which a minute fills and every hey-there fills a little:
 * while it holds, a stranger hears of all, and does so again when its answer was lost; once a crowd has emptied it, or it has asked
 * all too often, it hears of a few at a time, and of more as soon as its address is proven. Whoever asks again and again gets less
 * than three bytes for each that it sent.
 * @module
 */
import type { NeighbourV1 } from "../../messages/presence.ts";
import { RateLimiter } from "../../runtime/primitives/rate_limiter.ts";
import type { Clock } from "../../utilities/clock.ts";
import type { NaraId } from "../../utilities/names.ts";

/** Bytes of neighbours that strangers hear of in any minute, beside what each hey-there earns: some 450 neighbours. */
export const WELCOME_BYTES_PER_MINUTE = 96 * 1024;
/** Bytes of neighbours that a hey-there earns. Two of its size and a bare howdy are less than three times its own bytes. */
export const EARNED_BYTES = 512;
/** How often one stranger hears of all in any minute: whose answers are lost asks seven times. */
export const WELCOMES_PER_MINUTE = 8;
/** Addresses that are greeted in any minute because somebody gave them as its own, and as many because somebody mentioned them. */
export const HEARSAY_PER_MINUTE = 256;

const MINUTE_MS = 60_000;

/** Who says where somebody is: a stranger of itself, or a nara that was greeted of its neighbours. */
export type Hearsay = "claim" | "neighbour";

/** A neighbour's key, the names of its fields and what stands between them, in bytes. */
const FRAME_BYTES = 110;
/** What one unit of a text may become in JSON. */
const UNIT_BYTES_MAX = 6;

/** Counts what strangers were given. */
export class Strangers {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #welcomes: RateLimiter;
  readonly #hearsay: RateLimiter;
  #purse = WELCOME_BYTES_PER_MINUTE;
  #filledAtMs: number;

  /** @param clock The runtime's time. */
  constructor(clock: Pick<Clock, "monotonicMs">) {
    this.#clock = clock;
    this.#filledAtMs = clock.monotonicMs();
    this.#welcomes = new RateLimiter({ clock, keysMax: 1_024 });
    this.#hearsay = new RateLimiter({ clock, keysMax: 2 });
  }

  /** Of those whom the stranger `id` might hear of, as many as it is told in answer to its hey-there, which are then counted. */
  share(id: NaraId, neighbours: readonly NeighbourV1[]): NeighbourV1[] {
    this.#fill();
    const isWelcome = this.#welcomes.allow(id, MINUTE_MS, WELCOMES_PER_MINUTE);
    let leftBytes = isWelcome ? this.#purse : Math.min(this.#purse, EARNED_BYTES);
    const told: NeighbourV1[] = [];
    for (const neighbour of neighbours) {
      const bytes = bytesOf(neighbour);
      if (bytes > leftBytes) break;
      leftBytes -= bytes;
      this.#purse -= bytes;
      told.push(neighbour);
    }
    return told;
  }

  /** Whether one more address may be greeted on hearsay, which is then counted. A crowd that claims much silences no neighbours. */
  mayFollow(source: Hearsay): boolean {
    return this.#hearsay.allow(source, MINUTE_MS, HEARSAY_PER_MINUTE);
  }

  #fill(): void {
    const nowMs = this.#clock.monotonicMs();
    const passed = Math.max(0, nowMs - this.#filledAtMs) / MINUTE_MS;
    this.#filledAtMs = nowMs;
    const filled = this.#purse + EARNED_BYTES + passed * WELCOME_BYTES_PER_MINUTE;
    this.#purse = Math.min(WELCOME_BYTES_PER_MINUTE, filled);
  }
}

/** What a neighbour adds to a howdy at most. */
function bytesOf({ id, name = "", mesh_url = "" }: NeighbourV1): number {
  return FRAME_BYTES + id.length + mesh_url.length + UNIT_BYTES_MAX * name.length;
}
