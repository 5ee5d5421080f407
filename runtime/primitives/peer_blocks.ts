/**
 * The block list: peers with whom this nara has nothing to do, by its operator's word. It survives restarts.
 *
 * Whoever hands its place on stays blocked under every later id. Those are not on the list: nobody but the operator adds to it.
 * @module
 */
import type { Keyring } from "../../utilities/keyring.ts";
import { isId, type NaraId } from "../../utilities/names.ts";
import type { Limit } from "./limits.ts";
import { PeerError } from "./peer_error.ts";

/** Peers that may be blocked. */
export const BLOCKS_MAX = 4_096;

/** A blocked peer. */
export interface BlockedPeer {
  /** Whom nothing is taken from, and nothing is sent to. */
  readonly id: NaraId;
  /** Where it was reached: not dialled either. */
  readonly address?: string;
}

/** Where the block list is kept. */
export interface BlockMemory {
  /** What earlier runs kept. */
  all(): readonly BlockedPeer[];
  /** Keeps a block. */
  keep(blocked: BlockedPeer): void;
  /** Forgets a block. */
  forget(id: NaraId): void;
}

/** Who follows whom. */
export type Succession = Pick<Keyring, "predecessorOf" | "successorOf" | "keepWhile">;

/** A list that ends with its process. */
const NO_MEMORY: BlockMemory = { all: () => [], keep: () => {}, forget: () => {} };

/** The block list of one nara. */
export class PeerBlocks {
  readonly #memory: BlockMemory;
  readonly #succession: Succession | undefined;
  readonly #blocked = new Map<NaraId, BlockedPeer>();
  readonly #addresses = new Map<string, NaraId>();
  #overflows = 0;

  /**
   * A list as earlier runs kept it.
   *
   * @param memory Where it is kept. @default {nowhere}
   * @param succession Who follows whom; the pins of those on the list stay. @default {nobody follows}
   */
  constructor(memory: BlockMemory = NO_MEMORY, succession?: Succession) {
    this.#memory = memory;
    this.#succession = succession;
    succession?.keepWhile((id) => this.#blocked.has(id));
    for (const blocked of memory.all()) this.#enter(blocked);
  }

  /** How many are blocked. */
  get size(): number {
    return this.#blocked.size;
  }

  /** All of them, in the order in which they were blocked or found. */
  all(): BlockedPeer[] {
    return [...this.#blocked.values()];
  }

  /** Whether `id` is blocked, or anybody whom it follows. */
  has(id: NaraId): boolean {
    if (this.#blocked.size === 0) return false;
    return this.#chain(id, (each) => this.#succession?.predecessorOf(each)).some((each) =>
      this.#blocked.has(each)
    );
  }

  /** `id` and all who followed it, the last one first. */
  heirsOf(id: NaraId): NaraId[] {
    return this.#chain(id, (each) => this.#succession?.successorOf(each)?.id).toReversed();
  }

  /** Whether somebody who is blocked was reached at `address`. */
  hasAddress(address: string): boolean {
    return this.#addresses.has(address);
  }

  /**
   * Blocks a peer.
   *
   * @returns Whether that is news.
   * @throws {PeerError} `bad_id` or `blocks_full`.
   * @throws {StoreError} When it cannot be kept; then nothing has changed.
   */
  add(blocked: BlockedPeer): boolean {
    const { id, address } = blocked;
    if (!isId(id)) {
      throw new PeerError(
        "bad_id",
        "Cannot block what is no id: expected 1 to 64 letters, digits, - and _, as `nara peers` shows them",
      );
    }
    const before = this.#blocked.get(id);
    if (before && (address === undefined || before.address === address)) return false;
    if (!before && this.#blocked.size >= BLOCKS_MAX) {
      this.#overflows++;
      throw new PeerError(
        "blocks_full",
        `Cannot block more than ${BLOCKS_MAX} peers: unblock some, or narrow --mesh-allow`,
      );
    }
    this.#memory.keep(blocked);
    this.#leave(id);
    this.#enter(blocked);
    return before === undefined;
  }

  /**
   * Unblocks a peer, and whom it follows: it would stay blocked for their sake.
   *
   * @returns Whether it was blocked.
   * @throws {StoreError} When that cannot be kept; then it is still blocked.
   */
  remove(id: NaraId): boolean {
    const listed = this.#chain(id, (each) => this.#succession?.predecessorOf(each)).filter((each) =>
      this.#blocked.has(each)
    );
    for (const each of listed) {
      this.#memory.forget(each);
      this.#leave(each);
    }
    return listed.length > 0;
  }

  /** Its bound, for `nara limits`. */
  limits(): Limit[] {
    return [{
      name: "peers.blocked",
      unit: "peers",
      max: BLOCKS_MAX,
      rule: "no more are blocked, and whoever asks is told",
      inUse: () => this.size,
      overflows: () => this.#overflows,
    }];
  }

  #chain(id: NaraId, next: (id: NaraId) => NaraId | undefined): NaraId[] {
    const chain = new Set<NaraId>(); // A ring, should ever one come to be, ends where it began.
    for (let each: NaraId | undefined = id; each !== undefined && !chain.has(each); each = next(each)) {
      chain.add(each);
    }
    return [...chain];
  }

  #enter(blocked: BlockedPeer): void {
    this.#blocked.set(blocked.id, blocked);
    if (blocked.address !== undefined) this.#addresses.set(blocked.address, blocked.id);
  }

  #leave(id: NaraId): void {
    const address = this.#blocked.get(id)?.address;
    this.#blocked.delete(id);
    if (address === undefined || this.#addresses.get(address) !== id) return;
    this.#addresses.delete(address);
    const other = this.#blocked.values().find((blocked) => blocked.address === address);
    if (other) this.#addresses.set(address, other.id);
  }
}
