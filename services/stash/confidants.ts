/**
 * Confidants: who keeps this nara's stash, and who should be asked next.
 *
 * The list is kept in the store, so that a restart finds its confidants again.
 * @module
 */
import type { OnlinePeer } from "../../runtime/primitives/peer_directory.ts";
import type { Store } from "../../runtime/primitives/store.ts";
import type { Clock } from "../../utilities/clock.ts";
import type { NaraId } from "../../utilities/names.ts";
import { type Random, shuffled } from "../../utilities/random.ts";
import { StashError } from "./stash_error.ts";

/** Confidants that a stash should have. */
export const TARGET_CONFIDANTS = 3;
/** Milliseconds after which a confidant that nobody hears is replaced. */
export const CONFIDANT_GONE_MS = 300_000;

const KEY = "confidants";
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A confidant and what it acknowledged. */
export interface Confidant {
  /** The confidant's id. */
  readonly id: NaraId;
  /** The sequence number of the stash that it acknowledged last. */
  readonly sequence: number;
}

interface Known {
  readonly sequence: number;
  lastOnlineMs: number;
}

/** Who keeps the stash. */
export class Confidants {
  readonly #store: Pick<Store, "get" | "set">;
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #known = new Map<NaraId, Known>();

  /**
   * @param store Where the list is kept.
   * @param clock The runtime's time.
   */
  constructor(store: Pick<Store, "get" | "set">, clock: Pick<Clock, "monotonicMs">) {
    this.#store = store;
    this.#clock = clock;
  }

  /** All of them. */
  list(): Confidant[] {
    return [...this.#known].map(([id, { sequence }]) => ({ id, sequence }));
  }

  /** Those who acknowledged the stash with this sequence number. */
  holding(sequence: number): NaraId[] {
    return this.list().filter((confidant) => confidant.sequence === sequence).map(({ id }) => id);
  }

  /**
   * Takes back the list of an earlier run. All count as heard just now: they get the time to be heard again.
   *
   * @throws {StashError} `bad_state`, when it cannot be read.
   */
  async load(): Promise<void> {
    const value = await this.#store.get(KEY);
    if (value) this.#fill(parse(value));
  }

  /** Notes that `id` acknowledged the stash with this sequence number; a late word on an older one changes none. */
  async confirm(id: NaraId, sequence: number): Promise<void> {
    const highest = Math.max(sequence, this.#known.get(id)?.sequence ?? sequence);
    this.#known.set(id, { sequence: highest, lastOnlineMs: this.#clock.monotonicMs() });
    await this.#save();
  }

  /** Forgets those for whom `isKept` does not hold. */
  async keep(isKept: (confidant: Confidant) => boolean): Promise<void> {
    const left = this.list().filter((confidant) => !isKept(confidant));
    for (const { id } of left) this.#known.delete(id);
    if (left.length > 0) await this.#save();
  }

  /** Replaces the list. */
  async replaceAll(confidants: readonly Confidant[]): Promise<void> {
    this.#fill(confidants);
    await this.#save();
  }

  /**
   * Looks who is online, and forgets those who have not been for {@linkcode CONFIDANT_GONE_MS}.
   *
   * @returns Who was forgotten.
   */
  async check(online: Iterable<NaraId>): Promise<NaraId[]> {
    const nowMs = this.#clock.monotonicMs();
    const here = new Set(online);
    for (const [id, known] of this.#known) if (here.has(id)) known.lastOnlineMs = nowMs;
    const gone = [...this.#known].filter(([, known]) => nowMs - known.lastOnlineMs >= CONFIDANT_GONE_MS)
      .map(([id]) => id);
    await this.keep(({ id }) => !gone.includes(id));
    return gone;
  }

  #fill(confidants: readonly Confidant[]): void {
    const lastOnlineMs = this.#clock.monotonicMs();
    this.#known.clear();
    for (const { id, sequence } of confidants) this.#known.set(id, { sequence, lastOnlineMs });
  }

  #save(): Promise<void> {
    return this.#store.set(KEY, encoder.encode(JSON.stringify(this.list())));
  }
}

/**
 * Whom to ask to keep a stash, in order: those who kept it before, the longest online first; then the peer
 * that has been online for longest; then the others by chance, so that the elders of a town do not keep
 * everything.
 *
 * @param online Peers that could be asked, the longest online first.
 */
export function candidates(
  { kept, online, random }: {
    readonly kept: readonly NaraId[];
    readonly online: readonly OnlinePeer[];
    readonly random: Pick<Random, "next">;
  },
): NaraId[] {
  const ids = online.map(({ id }) => id);
  const rank = (id: NaraId) => ids.includes(id) ? ids.indexOf(id) : ids.length;
  const [eldest, ...others] = ids.filter((id) => !kept.includes(id));
  const fresh = eldest === undefined ? [] : [eldest, ...shuffled(others, random)];
  return [...[...kept].sort((one, other) => rank(one) - rank(other)), ...fresh];
}

function parse(value: Uint8Array): Confidant[] {
  try {
    return JSON.parse(decoder.decode(value)) as Confidant[];
  } catch (cause) {
    throw new StashError("bad_state", "Cannot read the list of confidants: the data folder is damaged", {
      cause,
    });
  }
}
