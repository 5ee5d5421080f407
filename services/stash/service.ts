/**
 * The stash: keeps others' sealed memories, so that a nara can forget everything and still come back.
 *
 * A nara without a disk worth the name seals what it wants to remember, gives it to three confidants, and
 * keeps what others give to it. When it starts with nothing, it asks around and takes the copy with the
 * highest sequence number.
 * @module
 */
import type { MemoryMode, RuntimeApi, Service } from "../../runtime/service.ts";
import type { NaraId, NaraName } from "../../utilities/names.ts";
import { heyThere } from "../presence/behaviors.ts";
import {
  stashAck,
  stashRecovered,
  stashRefresh,
  stashRequest,
  stashResponse,
  stashStore,
} from "./behaviors.ts";
import { handleRefreshV1, handleRequestV1, handleResponseV1, handleStoreV1 } from "./handlers.ts";
import { Owner, type RecoveryReport } from "./owner.ts";
import type { Distribution } from "./distributor.ts";
import { Pusher } from "./pusher.ts";
import { RECORD_OVERHEAD_BYTES } from "./record.ts";
import { CIPHERTEXT_BYTES_MAX, type Stash } from "./sealed_stash.ts";
import { Shelf } from "./shelf.ts";
import { StashError } from "./stash_error.ts";
import { decodeState, encodeState } from "./state.ts";

/** Owners for whom there is room, by memory mode. */
export const OWNERS_MAX: Readonly<Record<MemoryMode, number>> = { short: 5, medium: 20, hog: 50, custom: 20 };
/** Tries after the first, unless told otherwise. */
const RETRIES = 2;
const KEY_BYTES = 128;
const RECORD_BYTES = CIPHERTEXT_BYTES_MAX + RECORD_OVERHEAD_BYTES + 2 * KEY_BYTES; // The second says when it was made.
/** The list of confidants, and what small change the future brings. */
const OTHER_BYTES = 64 * 1024;

/** Options of a {@linkcode StashService}. */
export interface StashOptions {
  /**
   * Owners for whom there is room. More helps more naras, at 48 KiB of memory and disk each.
   * @default {by memory mode: short 5, medium 20, hog 50, custom 20}
   */
  readonly ownersMax?: number;
  /**
   * Tries after the first for a peer that does not answer, with longer and longer pauses; 0 switches all
   * retrying off.
   * @default {2}
   */
  readonly retries?: number;
  /**
   * Whether the nara's soul was made just now. Then nobody can hold a stash of it, and it stores without
   * asking around first.
   * @default {false}
   */
  readonly isFirstLife?: boolean;
}

/** How a stash is doing. */
export interface StashStatus {
  /** The sequence number of the nara's own stash; `undefined` before there is one. */
  readonly sequence: number | undefined;
  /** Bytes of data in it. */
  readonly bytes: number;
  /** Who keeps it, and whether they are online. */
  readonly confidants: readonly ConfidantStatus[];
  /** How many confidants there should be. */
  readonly target: number;
  /** How well the stash is kept. */
  readonly safety: Distribution["safety"];
  /** Copies that came in and did not open. */
  readonly unopenable: number;
  /** Owners whose stash this nara keeps. */
  readonly owners: number;
  /** Owners for whom there is room. */
  readonly ownersMax: number;
  /** Bytes of ciphertext kept for them. */
  readonly heldBytes: number;
}

/** How a confidant is doing. */
export interface ConfidantStatus {
  /** The confidant's id. */
  readonly id: NaraId;
  /** Its name, for display only. */
  readonly name: NaraName | undefined;
  /** The sequence number of the stash that it acknowledged last. */
  readonly sequence: number;
  /** Whether it was heard lately. */
  readonly isOnline: boolean;
}

/** Keeps a nara's memories with others, and theirs here. */
export class StashService implements Service {
  /** The service's name. */
  readonly name = "stash";
  /** It opens no connections of its own. */
  readonly net: readonly string[] = [];
  /** Room for all owners, and for two copies of the nara's own stash. */
  readonly storeBytesMax: number;
  readonly #options: StashOptions;
  #rt!: RuntimeApi;
  #shelf!: Shelf;
  #owner!: Owner;
  #pusher!: Pusher;
  #greetings: Disposable | undefined;
  #held: Disposable | undefined;

  /**
   * A stash, for one runtime.
   *
   * @param options Limits and retries.
   * @throws {RangeError} If an option is not a whole number from 0, or `ownersMax` is 0.
   */
  constructor(options: StashOptions = {}) {
    const { ownersMax = OWNERS_MAX.hog, retries = RETRIES } = options;
    if (!Number.isSafeInteger(ownersMax) || ownersMax < 1) {
      throw new RangeError(`ownersMax must be a whole number from 1: got ${ownersMax}`);
    }
    if (!Number.isSafeInteger(retries) || retries < 0) {
      throw new RangeError(`retries must be a whole number from 0: got ${retries}`);
    }
    this.#options = options;
    this.storeBytesMax = (Math.max(ownersMax, OWNERS_MAX.hog) + 2) * RECORD_BYTES + OTHER_BYTES;
  }

  /** Takes back what an earlier run kept. */
  async init(rt: RuntimeApi): Promise<void> {
    const { ownersMax = OWNERS_MAX[rt.memoryMode], retries = RETRIES, isFirstLife = false } = this.#options;
    this.#rt = rt;
    this.#shelf = new Shelf(rt.store, ownersMax);
    this.#owner = new Owner(rt, { retries, isFirstLife });
    this.#pusher = new Pusher(rt, { shelf: this.#shelf, retries });
    for (const key of await this.#shelf.load()) rt.log.error("a held stash cannot be read", { key });
    await this.#owner.load();
  }

  /** Registers the stash's kinds, and listens for owners who arrive. */
  registerBehaviors(rt: RuntimeApi): void {
    const context = { rt, shelf: this.#shelf, pusher: this.#pusher, owner: this.#owner };
    rt.register(stashStore, { 1: (message) => handleStoreV1(context, message) });
    rt.register(stashAck);
    rt.register(stashRequest, { 1: (message) => handleRequestV1(context, message) });
    rt.register(stashResponse, { 1: (message) => handleResponseV1(context, message) });
    rt.register(stashRefresh, { 1: (message) => handleRefreshV1(context, message) });
    rt.register(stashRecovered);
    this.#held = rt.keys.keepWhile((id) => this.#shelf.has(id)); // Or it would go to whoever takes the id over.
    this.#greetings = rt.subscribe(heyThere, ({ fromId, payload }) => {
      this.#pusher.welcome(fromId, payload.started_at);
      this.#owner.upkeep.greetedBy(fromId, payload.started_at);
    });
  }

  /** Looks for the nara's own stash, if there is none here, and after its confidants from then on. */
  start(): Promise<void> {
    this.#owner.start();
    return Promise.resolve();
  }

  /** Ends everything that waits. */
  async stop(): Promise<void> {
    this.#greetings?.[Symbol.dispose]();
    this.#held?.[Symbol.dispose]();
    await this.#owner.stop();
    await this.#pusher.idle();
  }

  /** The nara's own stash; `undefined` before there is one. */
  get stash(): Stash | undefined {
    const stash = this.#owner.own.current?.stash;
    return stash && { sequence: stash.sequence, data: stash.data.slice() };
  }

  /**
   * Resolves when {@linkcode StashService.setStashData} stops waiting: recovery has answered or had its 30
   * seconds, or was not needed.
   *
   * @throws {StashError} `stopped`.
   */
  ready(): Promise<void> {
    return this.#owner.ready;
  }

  /**
   * Resolves when the recovery at the start is over, with what came of it. Until some peer is known, it
   * waits.
   *
   * @throws {StashError} `stopped`.
   */
  recovered(): Promise<RecoveryReport> {
    return this.#owner.recovered;
  }

  /**
   * Keeps `data` from now on: here at once, and with three confidants if there are as many. It waits for its
   * turn, and at the start for {@linkcode StashService.ready}.
   *
   * @param data At most 49 125 bytes.
   * @throws {StashError} `too_large`, naming the limit; `busy`, when 16 changes wait; `superseded`;
   * `stopped`.
   * @throws {StoreError} When it cannot be written here.
   */
  setStashData(data: Uint8Array): Promise<Distribution> {
    return this.#owner.set(data);
  }

  /**
   * Sees to it that three confidants keep the stash as it stands. Every minute that happens by itself where
   * it is needed.
   *
   * @throws {StashError} `no_stash`, `busy` or `stopped`.
   */
  distribute(): Promise<Distribution> {
    return this.#owner.distribute();
  }

  /**
   * Stores the stash as it stands with one confidant.
   *
   * @throws {StashError} `no_stash`; `refused`, whose `reason` is the confidant's; `unreachable`; `stopped`.
   */
  storeWith(confidant: NaraId): Promise<void> {
    return this.#owner.distributor.storeWith(confidant);
  }

  /**
   * Asks one confidant for the stash; `undefined` when it has none. If its copy is newer than the stash at
   * hand, it is adopted.
   *
   * @throws {StashError} `unreachable`; `unopenable`, when what came was not sealed by this nara; `stopped`.
   */
  requestFrom(confidant: NaraId): Promise<Stash | undefined> {
    return this.#owner.requestFrom(confidant);
  }

  /**
   * Asks everybody around for copies of the stash and keeps the newest, if it is newer than what is here. A
   * nara that starts without a stash does so by itself.
   *
   * @throws {StashError} `stopped`.
   */
  recover(): Promise<RecoveryReport> {
    return this.#owner.recover();
  }

  /**
   * What was set in this life and then replaced by the stash of an earlier one, which had a higher sequence
   * number.
   */
  replaced(): Promise<Stash | undefined> {
    return this.#owner.own.replaced();
  }

  /** How the stash is doing. */
  status(): StashStatus {
    const { own, confidants, distributor } = this.#owner;
    const online = new Map(this.#rt.peers.online().map(({ id, name }) => [id, name]));
    const { target, safety } = distributor.current();
    return {
      sequence: own.current?.stash.sequence,
      bytes: own.current?.stash.data.length ?? 0,
      confidants: confidants.list().map(({ id, sequence }) => ({
        id,
        name: online.get(id),
        sequence,
        isOnline: online.has(id),
      })),
      target,
      safety,
      unopenable: own.unopenable,
      owners: this.#shelf.size,
      ownersMax: this.#shelf.ownersMax,
      heldBytes: this.#shelf.bytes,
    };
  }

  /** Everything that this service knows, as canonical JSON: sealed, or public. */
  marshalState(): Uint8Array {
    const { own, confidants } = this.#owner;
    return encodeState({
      own: own.current?.record,
      confidants: confidants.list(),
      shelf: this.#shelf.entries(),
    });
  }

  /**
   * Puts a marshalled state in place of what is kept for others. The nara's own stash is taken from it only
   * if it is newer than the one at hand.
   *
   * @throws {StashError} `bad_state`, when it is damaged, another nara's or too large; then nothing has
   * changed.
   */
  async restoreState(bytes: Uint8Array): Promise<void> {
    const { own, confidants, shelf } = decodeState(bytes);
    if (shelf.length > this.#shelf.ownersMax) {
      throw new StashError(
        "bad_state",
        `Cannot restore the stashes of ${shelf.length} owners as there is room for ${this.#shelf.ownersMax}: raise ownersMax`,
      );
    }
    const stash = own && this.#owner.own.open(own);
    if (own && !stash) {
      throw new StashError(
        "bad_state",
        "Cannot restore this state as its own stash does not open: it is another nara's",
      );
    }
    await this.#shelf.replaceAll(shelf);
    if (own && stash && await this.#owner.own.adopt({ stash, record: own })) {
      await this.#owner.confidants.replaceAll(confidants);
    }
  }
}
