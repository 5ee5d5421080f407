/**
 * The peer directory: who is out there, where, and since when.
 *
 * An address is used for an id only after an answer of that id came from it; what others say about addresses is
 * hearsay. A peer that cannot be reached is left alone for a while, and what is sent to it meanwhile fails at once. Whoever answers
 * with nonsense is shunned, and with whom the operator blocks there is nothing to do at all.
 * @module
 */
import type { Clock } from "../../utilities/clock.ts";
import type { Random } from "../../utilities/random.ts";
import type { NaraId, NaraName } from "../../utilities/names.ts";
import { AnswerError, MeshError, type Receipt } from "../transport/mesh.ts";
import type { Limit } from "./limits.ts";
import { type BlockMemory, PeerBlocks, type Succession } from "./peer_blocks.ts";
import { PeerCircuit } from "./peer_circuit.ts";
import { ownId } from "./peer_error.ts";
import type { PeerEvidence } from "./peer_evidence.ts";
import { type PeerQuotaOptions, PeerQuotas } from "./peer_quotas.ts";
import { FORGED, type PeerConduct, PeerScore } from "./peer_score.ts";
import type { PeerState, PeerView } from "./peer_view.ts";

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
  /** Told each time when a peer answered from its address. */
  onMet?: (id: NaraId) => void;
  /** Where an earlier run reached `id`, so that it is not dialled there once it is blocked. @default {nowhere} */
  rememberedAddressOf?: (id: NaraId) => string | undefined;
  /** Where the block list is kept. @default {nowhere} */
  blocks?: BlockMemory;
  /** Who follows whom: a block goes along. @default {nobody follows} */
  succession?: Succession;
  /** What is known of keys that were refused. @default {nothing} */
  evidence?: PeerEvidence;
  /** What one peer may bring in a minute. */
  quotas?: PeerQuotaOptions;
  /** Whose directory it is: nobody can block themselves. */
  ownId?: NaraId;
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
  readonly circuit: PeerCircuit;
  readonly score: PeerScore;
  bytesIn: number;
  bytesOut: number;
}

type Settings =
  & Required<Pick<PeerDirectoryOptions, "clock" | "random" | "mayDial" | "onProven" | "onMet" | "peersMax">>
  & Pick<PeerDirectoryOptions, "ownId" | "rememberedAddressOf">;

const NO_BYTES = { bytesIn: 0, bytesOut: 0 };

/** Peers by id, and the addresses worth greeting. */
export class PeerDirectory {
  readonly #options: Settings;
  readonly #peers = new Map<NaraId, Peer>();
  readonly #owners = new Map<string, NaraId>();
  readonly #addresses: Set<string>;
  readonly #strangerListeners = new Set<(id: NaraId) => void>();
  readonly #blocks: PeerBlocks;
  readonly #quotas: PeerQuotas;
  /** What is known of keys that were refused, where that is kept. */
  readonly evidence: PeerEvidence | undefined;
  #overflows = 0;

  /**
   * A directory of nobody.
   *
   * @param options Time, chance, what may be dialled, and what is remembered.
   */
  constructor(options: PeerDirectoryOptions) {
    const { clock, random, addresses = [], peersMax = 1_024, ownId, rememberedAddressOf } = options;
    const { mayDial = () => false, onProven = () => {}, onMet = () => {} } = options;
    this.#options = { clock, random, mayDial, onProven, onMet, peersMax, ownId, rememberedAddressOf };
    this.#addresses = new Set(addresses);
    this.#blocks = new PeerBlocks(options.blocks, options.succession);
    this.#quotas = new PeerQuotas(clock, options.quotas);
    this.evidence = options.evidence;
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
    return [
      {
        name: "peers.known",
        unit: "peers",
        max: this.#options.peersMax,
        rule: "the one heard longest ago is forgotten, those without a proven address first",
        inUse: () => this.size,
        overflows: () => this.#overflows,
      },
      ...this.#blocks.limits(),
      ...this.#quotas.limits(),
      ...this.evidence?.limits() ?? [],
    ];
  }

  /** Whether `address` may be dialled before anything came from it. */
  mayDial(address: string): boolean {
    const owner = this.#owners.get(address);
    if (this.#blocks.hasAddress(address) || owner !== undefined && this.#blocks.has(owner)) return false;
    return this.#addresses.has(address) || this.#options.mayDial(address);
  }

  /** Where `id` answered, if it ever did. */
  addressOf(id: NaraId): string | undefined {
    return this.#blocks.has(id) ? undefined : this.#peers.get(id)?.address;
  }

  /** Who answered at `address`, if anybody did. */
  ownerOf(address: string): NaraId | undefined {
    return this.#owners.get(address);
  }

  /** The last name that `id` gave itself. */
  nameOf(id: NaraId): NaraName | undefined {
    return this.#peers.get(id)?.name;
  }

  /** Peers whose address is proven, the one heard last first; without those that are blocked or shunned. */
  proven(): ProvenPeer[] {
    const nowMs = this.#options.clock.monotonicMs();
    return [...this.#peers.values()].filter((peer) =>
      peer.address !== undefined && this.#isWelcome(peer, nowMs)
    )
      .sort((a, b) => b.lastHeardMs - a.lastHeardMs)
      .map(({ id, name, address }) => ({ id, name, address: address! }));
  }

  /** Peers that were heard within {@linkcode ONLINE_MS} and can be reached, the longest online first. */
  online(): OnlinePeer[] {
    const nowMs = this.#options.clock.monotonicMs();
    return [...this.#peers.values()]
      .filter((peer) =>
        peer.address !== undefined && peer.circuit.failures === 0 && this.#isWelcome(peer, nowMs) &&
        nowMs - peer.lastHeardMs <= ONLINE_MS
      )
      .sort((a, b) => a.onlineSinceMs - b.onlineSinceMs)
      .map(({ id, name, onlineSinceMs }) => ({ id, name, uptimeMs: nowMs - onlineSinceMs }));
  }

  /** A verified message of `id` came in, whichever way. */
  heard(id: NaraId, name?: NaraName, nowMs: number = this.#options.clock.monotonicMs()): void {
    const known = this.#peers.get(id);
    if (known && known.name === (name ?? known.name) && nowMs - known.lastHeardMs < HEARD_MS) return;
    const peer = known ?? this.#add(id, nowMs);
    if (nowMs - peer.lastHeardMs > ONLINE_MS) peer.onlineSinceMs = nowMs;
    peer.lastHeardMs = nowMs;
    peer.circuit.hear(nowMs); // It lives: there is no need to wait before the next try.
    if (name) peer.name = name;
    this.#peers.delete(id); // A Map keeps insertion order: the one heard last moves to the end.
    this.#peers.set(id, peer);
  }

  /** A verified answer of `id` came from `address`: from now on it is reached there. */
  prove(id: NaraId, address: string, name?: NaraName): void {
    if (this.#blocks.has(id)) return;
    this.heard(id, name);
    const peer = this.#peers.get(id)!;
    const isNews = peer.address !== address;
    const before = this.#peers.get(this.#owners.get(address) ?? id);
    if (before && before !== peer) before.address = undefined; // It moved out.
    if (isNews && peer.address !== undefined) this.#owners.delete(peer.address);
    this.#owners.set(address, id);
    peer.address = address;
    this.#reached(peer);
    if (isNews) this.#options.onProven({ id, name: peer.name, address });
    this.#options.onMet(id);
  }

  /**
   * Fails at once for whoever is blocked, and while `id` is left alone after a failure. When the pause is over, one try passes;
   * the others wait for what becomes of it.
   *
   * @throws {MeshError} `unreachable`; `refused` for whoever is blocked.
   */
  assertReachable(id: NaraId): void {
    if (this.#blocks.has(id)) {
      throw new MeshError("refused", `Cannot send to ${id} as it is blocked here: nara unblock ${id}`);
    }
    const peer = this.#peers.get(id);
    const leftMs = peer?.circuit.waitMs(this.#options.clock.monotonicMs()) ?? 0;
    if (!peer || leftMs <= 0) return;
    throw new MeshError(
      "unreachable",
      `Cannot reach ${peer.name ?? id}: the last ${peer.circuit.failures} tries failed, the next is in ${
        Math.ceil(leftMs / 1000)
      } s`,
    );
  }

  /** A send to `id` failed: for want of a connection or of a sensible answer, or for a reason that says nothing of the peer. */
  reportUnreachable(id: NaraId, why: unknown = new MeshError("unreachable", "")): void {
    const peer = this.#peers.get(id);
    if (!peer) return;
    const nowMs = this.#options.clock.monotonicMs();
    if (!(why instanceof MeshError)) return peer.circuit.release();
    if (why.code === "peer_busy" || why.code === "frame_too_large") return peer.circuit.reach(); // It answered.
    if (why.code !== "unreachable") return peer.circuit.release();
    if (peer.circuit.state(nowMs) === "open") return; // Tries that were under way together count as one.
    peer.score.note(why.cause instanceof AnswerError ? "garbage" : "unreachable", nowMs);
    peer.circuit.fail(nowMs, { isShunned: peer.score.isShunned(nowMs) });
  }

  /** A send of `bytes` to `id` came through, and this is what it said of it. */
  reportReached(id: NaraId, { receipt, bytes = 0 }: { receipt?: Receipt; bytes?: number } = {}): void {
    const peer = this.#peers.get(id);
    if (!peer) return;
    peer.bytesOut += bytes;
    if (receipt?.outcome === "handled") this.#reached(peer);
    else peer.circuit.reach();
  }

  /** So many bytes went to `id` on another way than {@linkcode PeerDirectory.reportReached} tells: by its address, or in a response. */
  noteSent(id: NaraId | undefined, bytes: number): void {
    const peer = id === undefined ? undefined : this.#peers.get(id);
    if (peer) peer.bytesOut += bytes;
  }

  /**
   * What became of the reply in a response from `address`. Who answers there is answerable for it, whomever the reply names: a bad
   * signature on its own says nothing of the nara in whose name it came.
   */
  reportReply(address: string, receipt: Receipt): void {
    const peer = this.#peers.get(this.#owners.get(address) ?? "");
    if (peer && "reason" in receipt && FORGED.has(receipt.reason)) this.#note(peer, "forged");
  }

  /**
   * Whether a verified message of `id`, of so many bytes, may go on; then it is counted. A message that nobody verified is told with
   * 0 bytes: it can be blocked, and uses up nobody's quota.
   *
   * @returns Why not.
   */
  refusalOf(id: NaraId, bytes: number, isCopy?: () => boolean): "blocked" | "quota_exceeded" | undefined {
    if (this.#blocks.has(id)) return "blocked";
    if (bytes === 0) return undefined;
    if (!this.#quotas.take(id, bytes, isCopy)) return "quota_exceeded";
    const peer = this.#peers.get(id);
    if (peer) peer.bytesIn += bytes;
    return undefined;
  }

  /** Whether `id` is blocked, or anybody whom it follows. */
  isBlocked(id: NaraId): boolean {
    return this.#blocks.has(id);
  }

  /**
   * From now on nothing is taken from `id` and whoever follows it or sent there, and its last address is not dialled.
   *
   * @returns Whether that is news.
   * @throws {PeerError} `bad_id`, `own_id` or `blocks_full`.
   * @throws {StoreError} When it cannot be kept.
   */
  block(id: NaraId): boolean {
    if (id === this.#options.ownId) throw ownId();
    const addressOf = (heir: NaraId) =>
      this.#peers.get(heir)?.address ?? this.#options.rememberedAddressOf?.(heir);
    const address = this.#blocks.heirsOf(id).values().map(addressOf).find(Boolean);
    return this.#blocks.add({ id, ...address !== undefined && { address } });
  }

  /**
   * Takes a block back.
   *
   * @returns Whether there was one.
   * @throws {StoreError} When that cannot be kept.
   */
  unblock(id: NaraId): boolean {
    return this.#blocks.remove(id);
  }

  /** All that is known of every peer, the one heard last first; blocked ones that were not heard come last. */
  view(): PeerView[] {
    const known = [...this.#peers.values()].reverse().map((peer) => this.#viewOf(peer));
    const others = this.#blocks.all().filter(({ id }) => !this.#peers.has(id)).map(
      ({ id, address }): PeerView => {
        return { id, name: undefined, address, score: 0, state: "blocked", silentMs: undefined, ...NO_BYTES };
      },
    );
    return [...known, ...others];
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

  #viewOf(peer: Peer): PeerView {
    const { id, name, address, bytesIn, bytesOut } = peer;
    const nowMs = this.#options.clock.monotonicMs();
    const [score, silentMs] = [Math.round(peer.score.at(nowMs)), nowMs - peer.lastHeardMs];
    return { id, name, address, score, state: this.#stateOf(peer, nowMs), silentMs, bytesIn, bytesOut };
  }

  #stateOf({ id, score, circuit, lastHeardMs }: Peer, nowMs: number): PeerState {
    if (this.#blocks.has(id)) return "blocked";
    if (score.isShunned(nowMs)) return "shunned";
    const state = circuit.state(nowMs);
    if (state !== "closed") return state === "open" ? "away" : "trying";
    return nowMs - lastHeardMs <= ONLINE_MS ? "online" : "silent";
  }

  #isWelcome({ id, score }: Peer, nowMs: number): boolean {
    return !this.#blocks.has(id) && !score.isShunned(nowMs);
  }

  #reached(peer: Peer): void {
    peer.circuit.reach();
    this.#note(peer, "handled");
  }

  #note(peer: Peer, conduct: PeerConduct): void {
    peer.score.note(conduct, this.#options.clock.monotonicMs());
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
      circuit: new PeerCircuit(this.#options.random),
      score: new PeerScore(nowMs),
      ...NO_BYTES,
    };
  }
}
