/**
 * The peer directory: who is out there, where, and since when.
 *
 * An address is used for an id only after an answer of that id came from it; what others say about addresses is
 * hearsay. A peer that cannot be reached is left alone for a while, and what is sent to it meanwhile fails at once.
 * @module
 */
import type { Clock } from "../../utilities/clock.ts";
import type { Random } from "../../utilities/random.ts";
import type { NaraId, NaraName } from "../../utilities/names.ts";
import { MeshError } from "../transport/mesh.ts";
import { backoffMs } from "./backoff.ts";
import type { Limit } from "./limits.ts";

/** How long a peer counts as online after the last that was heard of it, in milliseconds. */
export const ONLINE_MS = 150_000;

/** Within this time a second message of a peer is no news. */
const HEARD_MS = 100;

/** What is known of a peer whose address is proven. */
export interface ProvenPeer {
  /** The peer's id. */
  readonly id: NaraId;
  /** Its name, for display only. */
  readonly name: NaraName | undefined;
  /** Where it answered. */
  readonly address: string;
}

/** A peer that was heard of lately. */
export interface OnlinePeer {
  /** The peer's id. */
  readonly id: NaraId;
  /** Its name, for display only. */
  readonly name: NaraName | undefined;
  /** Milliseconds since it was first heard without a longer silence in between. */
  readonly uptimeMs: number;
}

/** Options of a {@linkcode PeerDirectory}. */
export interface PeerDirectoryOptions {
  /** The runtime's time. */
  clock: Pick<Clock, "monotonicMs">;
  /** The runtime's chance. */
  random: Pick<Random, "next">;
  /** Addresses given by the operator or remembered: they may always be dialled. */
  addresses?: Iterable<string>;
  /** Whether an address that was only heard of may be dialled. @default {never} */
  mayDial?: (address: string) => boolean;
  /** Told when an address of a peer was proven or replaced, to remember it. */
  onProven?: (peer: ProvenPeer) => void;
  /**
   * Peers kept. Past it the one heard longest ago is forgotten, those without a proven address first.
   * @default {1_024}
   */
  peersMax?: number;
}

interface Peer {
  readonly id: NaraId;
  name: NaraName | undefined;
  address: string | undefined;
  onlineSinceMs: number;
  lastHeardMs: number;
  failures: number;
  retryAtMs: number;
}

/** Peers by id, and the addresses worth greeting. */
export class PeerDirectory {
  readonly #options: Required<Omit<PeerDirectoryOptions, "addresses">>;
  readonly #peers = new Map<NaraId, Peer>();
  readonly #owners = new Map<string, NaraId>();
  readonly #addresses: Set<string>;
  readonly #strangerListeners = new Set<(id: NaraId) => void>();
  #overflows = 0;

  /**
   * A directory of nobody.
   *
   * @param options Time, chance, and what may be dialled.
   */
  constructor(options: PeerDirectoryOptions) {
    const { clock, random, addresses = [], peersMax = 1_024 } = options;
    const { mayDial = () => false, onProven = () => {} } = options;
    this.#options = { clock, random, mayDial, onProven, peersMax };
    this.#addresses = new Set(addresses);
  }

  /** Addresses that the operator gave or an earlier run proved. */
  get addresses(): string[] {
    return [...this.#addresses];
  }

  /** How many peers are known. */
  get size(): number {
    return this.#peers.size;
  }

  /** Its bound, for `nara limits`. */
  limits(): Limit[] {
    return [{
      name: "peers.known",
      unit: "peers",
      max: this.#options.peersMax,
      rule: "the one heard longest ago is forgotten, those without a proven address first",
      inUse: () => this.size,
      overflows: () => this.#overflows,
    }];
  }

  /** Whether `address` may be dialled before anything came from it. */
  mayDial(address: string): boolean {
    return this.#addresses.has(address) || this.#options.mayDial(address);
  }

  /** Where `id` answered, if it ever did. */
  addressOf(id: NaraId): string | undefined {
    return this.#peers.get(id)?.address;
  }

  /** Who answered at `address`, if anybody did. */
  ownerOf(address: string): NaraId | undefined {
    return this.#owners.get(address);
  }

  /** The last name that `id` gave itself. */
  nameOf(id: NaraId): NaraName | undefined {
    return this.#peers.get(id)?.name;
  }

  /** Peers whose address is proven, the one heard last first. */
  proven(): ProvenPeer[] {
    return [...this.#peers.values()].filter(({ address }) => address !== undefined)
      .sort((a, b) => b.lastHeardMs - a.lastHeardMs)
      .map(({ id, name, address }) => ({ id, name, address: address! }));
  }

  /** Peers that were heard within {@linkcode ONLINE_MS} and can be reached, the longest online first. */
  online(): OnlinePeer[] {
    const nowMs = this.#options.clock.monotonicMs();
    return [...this.#peers.values()]
      .filter((peer) =>
        peer.address !== undefined && peer.failures === 0 && nowMs - peer.lastHeardMs <= ONLINE_MS
      )
      .sort((a, b) => a.onlineSinceMs - b.onlineSinceMs)
      .map(({ id, name, onlineSinceMs }) => ({ id, name, uptimeMs: nowMs - onlineSinceMs }));
  }

  /** A verified message of `id` came in, whichever way. */
  heard(id: NaraId, name?: NaraName): void {
    const nowMs = this.#options.clock.monotonicMs();
    const known = this.#peers.get(id);
    if (known && known.name === (name ?? known.name) && nowMs - known.lastHeardMs < HEARD_MS) return;
    const peer = known ?? this.#add(id, nowMs);
    if (nowMs - peer.lastHeardMs > ONLINE_MS) peer.onlineSinceMs = nowMs;
    peer.lastHeardMs = nowMs;
    if (peer.failures > 0) peer.retryAtMs = nowMs; // It lives: there is no need to wait before the next try.
    if (name) peer.name = name;
    this.#peers.delete(id); // A Map keeps insertion order: the one heard last moves to the end.
    this.#peers.set(id, peer);
  }

  /** A verified answer of `id` came from `address`: from now on it is reached there. */
  prove(id: NaraId, address: string, name?: NaraName): void {
    this.heard(id, name);
    const peer = this.#peers.get(id)!;
    const isNews = peer.address !== address;
    const before = this.#peers.get(this.#owners.get(address) ?? id);
    if (before && before !== peer) before.address = undefined; // It moved out.
    if (isNews && peer.address !== undefined) this.#owners.delete(peer.address);
    this.#owners.set(address, id);
    peer.address = address;
    peer.failures = 0;
    if (isNews) this.#options.onProven({ id, name: peer.name, address });
  }

  /**
   * Fails at once while `id` is left alone after a failure.
   *
   * @throws {MeshError} `unreachable`.
   */
  assertReachable(id: NaraId): void {
    const peer = this.#peers.get(id);
    if (!peer || peer.failures === 0) return;
    const leftMs = peer.retryAtMs - this.#options.clock.monotonicMs();
    if (leftMs <= 0) return;
    throw new MeshError(
      "unreachable",
      `Cannot reach ${peer.name ?? id}: the last ${peer.failures} tries failed, the next is in ${
        Math.ceil(leftMs / 1000)
      } s`,
    );
  }

  /** A send to `id` failed for want of a connection. */
  reportUnreachable(id: NaraId): void {
    const peer = this.#peers.get(id);
    if (!peer) return;
    const nowMs = this.#options.clock.monotonicMs();
    if (peer.failures > 0 && nowMs < peer.retryAtMs) return; // Sends that were under way together count as one.
    peer.failures++;
    peer.retryAtMs = nowMs + backoffMs(peer.failures, this.#options.random);
  }

  /** A send to `id` came through. */
  reportReached(id: NaraId): void {
    const peer = this.#peers.get(id);
    if (peer) peer.failures = 0;
  }

  /** `id` answered that it does not know this nara's key: whoever greets should greet it again. */
  reportStranger(id: NaraId): void {
    for (const listener of this.#strangerListeners) listener(id);
  }

  /** Hears of every {@linkcode PeerDirectory.reportStranger}, until disposed. */
  onStranger(listener: (id: NaraId) => void): Disposable {
    this.#strangerListeners.add(listener);
    return { [Symbol.dispose]: () => void this.#strangerListeners.delete(listener) };
  }

  #add(id: NaraId, nowMs: number): Peer {
    if (this.#peers.size >= this.#options.peersMax) {
      // Anyone can be heard under as many ids as they like; an address has to be answered at.
      const [longestSilent] = this.#peers.values();
      const leaves = this.#peers.values().find(({ address }) => address === undefined) ?? longestSilent;
      this.#peers.delete(leaves.id);
      this.#overflows++;
      if (leaves.address !== undefined) this.#owners.delete(leaves.address);
    }
    return {
      id,
      name: undefined,
      address: undefined,
      onlineSinceMs: nowMs,
      lastHeardMs: nowMs,
      failures: 0,
      retryAtMs: 0,
    };
  }
}
