/**
 * The owner's side of the stash: keeps it, brings it to confidants, and gets it back after a total loss.
 * @module
 */
import type { StashRequestV1, StashResponseV1 } from "../../messages/stash.ts";
import { Correlator } from "../../runtime/correlator.ts";
import type { RuntimeApi } from "../../runtime/service.ts";
import { messageOf } from "../../utilities/errors.ts";
import type { NaraId } from "../../utilities/names.ts";
import { formatTimestamp } from "../../utilities/timestamp.ts";
import { stashRecovered, stashRefresh, stashRequest, stashResponse } from "./behaviors.ts";
import { Background } from "./background.ts";
import { Confidants } from "./confidants.ts";
import { type Distribution, Distributor, failure } from "./distributor.ts";
import { type OwnCopy, OwnStash } from "./own_stash.ts";
import type { StashRecord } from "./record.ts";
import { type Asked, Recovery, RECOVERY_MS } from "./recovery.ts";
import { assertFits, type Stash } from "./sealed_stash.ts";
import { StashError } from "./stash_error.ts";
import { Turns } from "./turns.ts";
import { Upkeep } from "./upkeep.ts";
import { abortable } from "./waiting.ts";

/** Milliseconds that a confidant has to answer a request. */
const RESPONSE_MS = 10_000;
/** Whose stash the store keeps. */
const OWNER_KEY = "owner";
/** Changes that may wait for their distribution. */
const CHANGES_MAX = 16;

/** What came of a recovery. */
export interface RecoveryReport {
  /** Whether a stash came back that counts more than what was here. */
  readonly isRecovered: boolean;
  /** The sequence number of the stash that is kept now, if there is one. */
  readonly sequence: number | undefined;
  /** Copies that came back, older ones included. */
  readonly copies: number;
  /** Who had the newest. */
  readonly confidants: readonly NaraId[];
}

/** What an owner needs of its runtime. */
export type OwnerRuntime = Omit<RuntimeApi, "env" | "personality" | "memoryMode" | "register" | "subscribe">;

/** Options of an {@linkcode Owner}. */
export interface OwnerOptions {
  /** Tries after the first for whoever does not answer. */
  readonly retries: number;
  /** Whether no earlier life can have left a stash. */
  readonly isFirstLife: boolean;
}

/** The owner's side. */
export class Owner {
  /** The stash. */
  readonly own: OwnStash;
  /** Who keeps it. */
  readonly confidants: Confidants;
  /** Brings it to them. */
  readonly distributor: Distributor;
  /** Sees to it that there are enough of them. */
  readonly upkeep: Upkeep;
  readonly #rt: OwnerRuntime;
  readonly #options: OwnerOptions;
  readonly #requests: Correlator<StashRequestV1, StashResponseV1>;
  readonly #changes = new Turns(CHANGES_MAX);
  readonly #ready = Promise.withResolvers<void>();
  readonly #recovered = Promise.withResolvers<RecoveryReport>();
  readonly #background: Background;
  #recovery: Recovery | undefined;
  #recovering: Promise<RecoveryReport> | undefined;

  /**
   * @param rt What it may use.
   * @param options How stubborn it is, and whether there is anything to find.
   */
  constructor(rt: OwnerRuntime, options: OwnerOptions) {
    const { retries } = options;
    this.#rt = rt;
    this.#options = options;
    this.own = new OwnStash(rt);
    this.confidants = new Confidants(rt.store, rt.clock);
    this.distributor = new Distributor(rt, { own: this.own, confidants: this.confidants, retries });
    this.#background = new Background(rt);
    this.upkeep = new Upkeep(rt, {
      own: this.own,
      confidants: this.confidants,
      distributor: this.distributor,
      changes: this.#changes,
      background: this.#background,
    });
    this.#requests = new Correlator(rt, stashRequest, stashResponse, { deadlineMs: RESPONSE_MS });
    // Not everybody waits for them.
    for (const { promise } of [this.#ready, this.#recovered]) promise.catch(() => {});
  }

  /** Resolves when storing may begin: recovery has answered, or had its 30 seconds. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Resolves when the recovery at the start is over, or was not needed. */
  get recovered(): Promise<RecoveryReport> {
    return this.#recovered.promise;
  }

  /** Takes back what an earlier run kept. Where that is nothing, copies are collected from now on. */
  async load(): Promise<void> {
    await this.own.load();
    await this.confidants.load();
    await this.#moveIn();
    if (!this.#isAtHand) this.#recovery = this.#newRecovery();
  }

  /** After a rotation of the soul nobody keeps anything for the new id yet, and what the old key sealed is sealed anew. */
  async #moveIn(): Promise<void> {
    const { me, store } = this.#rt;
    const value = await store.get(OWNER_KEY);
    const before = value && new TextDecoder().decode(value);
    if (before === me.id) return;
    if (before !== undefined) {
      await this.confidants.replaceAll([]);
      await this.own.reseal();
    }
    await store.set(OWNER_KEY, new TextEncoder().encode(me.id));
  }

  /** Begins its work in the background; a nara without a stash looks for one first. */
  start(): void {
    this.upkeep.start();
    if (this.#isAtHand) {
      this.#recovery = undefined;
      this.#recovered.resolve(this.#report(0, []));
      return this.#ready.resolve();
    }
    this.#background.run("recovering", () => this.#recoverAtStart());
    this.#background.run("waiting for a recovery", () => this.#openInTime());
  }

  /** Waits until nothing is under way. */
  async stop(): Promise<void> {
    const stopped = new StashError("stopped", "Cannot wait for the stash any longer: this nara is stopping");
    this.#ready.reject(stopped);
    this.#recovered.reject(stopped);
    await this.#background.idle();
  }

  /**
   * Keeps `data` from now on, and brings it to confidants.
   *
   * @throws {StashError} `too_large`, `busy`, `superseded` or `stopped`.
   */
  async set(data: Uint8Array): Promise<Distribution> {
    assertFits(data);
    const kept = data.slice();
    this.upkeep.giveWay();
    return await this.#changes.run(async () => {
      await this.ready;
      const { stash: { sequence } } = await this.own.set(kept);
      const distribution = await this.distributor.distribute();
      if (this.own.sequence === sequence) return distribution;
      throw new StashError(
        "superseded",
        `Cannot keep what was set as number ${sequence}: number ${this.own.sequence} came from an earlier life ` +
          "meanwhile; look at it, and set again",
      );
    });
  }

  /** As {@linkcode Distributor.distribute}, one at a time. */
  distribute(): Promise<Distribution> {
    this.upkeep.giveWay();
    return this.#changes.run(() => this.distributor.distribute());
  }

  /**
   * Asks one confidant for the stash.
   *
   * @throws {StashError} `unreachable`, `unopenable` or `stopped`.
   */
  async requestFrom(id: NaraId): Promise<Stash | undefined> {
    const { me, signal } = this.#rt;
    let response: StashResponseV1;
    try {
      response = (await this.#requests.send({ owner_id: me.id }, id, { signal })).payload;
    } catch (thrown) {
      throw failure(thrown, { what: `request the stash from ${id}`, signal });
    }
    const { found, owner_id, nonce, ciphertext, stored_at } = response;
    if (!found || owner_id !== me.id || !nonce || !ciphertext) return undefined;
    const stash = await this.offer(id, { nonce, ciphertext, storedAt: stored_at ?? 0 });
    if (stash) return stash;
    throw new StashError(
      "unopenable",
      `Cannot open the stash that ${id} gave back: it was altered, or is not this nara's`,
    );
  }

  /**
   * Judges a copy that `holder` handed over. While a recovery runs it is collected; otherwise it counts only
   * if its sequence number is higher than that of the stash at hand: then it is from a life of this nara that
   * was lost.
   *
   * @returns The stash inside, if this nara sealed it.
   */
  async offer(holder: NaraId, record: StashRecord): Promise<Stash | undefined> {
    const stash = this.own.open(record);
    if (!stash) {
      this.#rt.log.debug("a copy of the stash does not open", { holder });
      return undefined;
    }
    const copy: OwnCopy = { stash, record };
    if (this.#recovery) this.#recovery.add(holder, copy);
    else await this.#adopt(copy, [holder], 1);
    return stash;
  }

  /**
   * Asks around for copies of the stash, and keeps the newest if it counts more than what is here.
   *
   * @throws {StashError} `stopped`.
   */
  recover(): Promise<RecoveryReport> {
    return this.#recovering ??= this.#recover().finally(() => {
      this.#recovery = undefined;
      this.#recovering = undefined;
    });
  }

  /** Whether there is nothing to look for. */
  get #isAtHand(): boolean {
    return this.#options.isFirstLife || this.own.current !== undefined;
  }

  async #recover(): Promise<RecoveryReport> {
    const { log, signal } = this.#rt;
    const recovery = this.#recovery ??= this.#newRecovery();
    try {
      const { best, holders, copies } = await recovery.run();
      const isRecovered = best !== undefined && await this.#adopt(best, holders, copies);
      if (!isRecovered) {
        log.info(
          copies === 0
            ? "no peer had a copy of this nara's stash"
            : "the copies of the stash that came back are no newer than it is here",
          { copies },
        );
      }
      this.upkeep.topUp();
      this.#ready.resolve();
      return { ...this.#report(copies, holders), isRecovered };
    } catch (thrown) {
      throw failure(thrown, { what: "recover the stash", signal });
    }
  }

  async #recoverAtStart(): Promise<void> {
    try {
      this.#recovered.resolve(await this.recover());
    } catch (thrown) {
      this.#recovered.reject(thrown);
      throw thrown;
    }
  }

  #newRecovery(): Recovery {
    const { me, peers } = this.#rt;
    return new Recovery({
      rt: this.#rt,
      retries: this.#options.retries,
      peers: () => peers.proven().map(({ id }) => id).filter((id) => id !== me.id),
      ask: (peer) => this.#askForRefresh(peer),
    });
  }

  /** A Go nara answers no refresh, so who is not known as one of ours gets a request. */
  async #askForRefresh(peer: NaraId): Promise<Asked> {
    const { emit, keys, log, me, signal } = this.#rt;
    try {
      const draft = stashRefresh.draft({ owner_id: me.id, owner: me.name }, { to: peer });
      const { receipt } = await abortable(emit(draft), signal);
      if (!keys.isOurs(peer)) return await this.requestFrom(peer) ? "reached" : "none";
      return receipt?.outcome === "drop" || receipt?.outcome === "error" ? "unreachable" : "reached";
    } catch (thrown) {
      log.debug("a peer could not be asked for the stash", { peer, error: messageOf(thrown) });
      return "unreachable";
    }
  }

  async #adopt(copy: OwnCopy, holders: readonly NaraId[], copies: number): Promise<boolean> {
    if (!await this.own.adopt(copy)) return false;
    const { clock, emit, log } = this.#rt;
    const { sequence, data } = copy.stash;
    log.info("the stash came back", { sequence, bytes: data.length, copies });
    for (const holder of holders) await this.confidants.confirm(holder, sequence);
    await emit(stashRecovered.draft({ recovered_at: formatTimestamp(clock.nowNs()), item_count: copies }));
    return true;
  }

  /** Storing begins after 30 seconds, even if recovery goes on in a large town, or nobody is there to ask. */
  async #openInTime(): Promise<void> {
    const { clock, signal } = this.#rt;
    await clock.sleep(RECOVERY_MS, { signal });
    const startedMs = this.#recovery?.startedMs;
    if (startedMs !== undefined) await clock.sleep(startedMs + RECOVERY_MS - clock.monotonicMs(), { signal });
    this.#ready.resolve();
  }

  #report(copies: number, confidants: readonly NaraId[]): RecoveryReport {
    return { isRecovered: false, sequence: this.own.current?.stash.sequence, copies, confidants };
  }
}
