/**
 * The distributor: brings the stash to its confidants.
 * @module
 */
import type { StashAckV1, StashStoreV1 } from "../../messages/stash.ts";
import { CallError } from "../../runtime/call_error.ts";
import { Correlator } from "../../runtime/correlator.ts";
import type { RuntimeApi } from "../../runtime/service.ts";
import { MeshError } from "../../runtime/transport/mesh.ts";
import { messageOf } from "../../utilities/errors.ts";
import type { NaraId } from "../../utilities/names.ts";
import { stashAck, stashStore } from "./behaviors.ts";
import { candidates, type Confidants, TARGET_CONFIDANTS } from "./confidants.ts";
import type { OwnStash } from "./own_stash.ts";
import { StashError } from "./stash_error.ts";
import { retrying } from "./waiting.ts";

/** Milliseconds that a confidant has to acknowledge a store. */
const ACK_MS = 10_000;
/** Peers that are asked in one distribution; the next check asks others. */
const ASKED_MAX = 24;

/** How well a stash is kept: by three, by two, or by fewer. */
export type Safety = "safe" | "weak" | "unsafe";

/** Where a stash is kept. */
export interface Distribution {
  /** The sequence number of the stash. */
  readonly sequence: number;
  /** Who acknowledged it. */
  readonly confidants: readonly NaraId[];
  /** How many there should be. */
  readonly target: number;
  /** How well it is kept. */
  readonly safety: Safety;
}

/** What a distributor needs of its runtime. */
export type DistributorRuntime = Pick<
  RuntimeApi,
  "call" | "clock" | "log" | "me" | "peers" | "random" | "signal"
>;

/** What a distributor works with. */
export interface DistributorOptions {
  /** The stash. */
  readonly own: Pick<OwnStash, "current" | "sequence">;
  /** Who keeps it. */
  readonly confidants: Confidants;
  /** Tries after the first for a confidant that does not answer. */
  readonly retries: number;
}

/** What a confidant said to the stash with this sequence number. */
interface Answer {
  readonly ack: StashAckV1;
  readonly sequence: number;
}

/** Brings the stash to confidants until three keep it. */
export class Distributor {
  readonly #rt: DistributorRuntime;
  readonly #options: DistributorOptions;
  readonly #stores: Correlator<StashStoreV1, StashAckV1>;

  /**
   * @param rt What it may use.
   * @param options What to bring, and to whom.
   */
  constructor(rt: DistributorRuntime, options: DistributorOptions) {
    this.#rt = rt;
    this.#options = options;
    this.#stores = new Correlator(rt, stashStore, stashAck, { deadlineMs: ACK_MS });
  }

  /**
   * Stores the stash as it stands with one confidant.
   *
   * @param signal Gives up when it aborts.
   * @throws {StashError} `no_stash`; `refused`, with the confidant's reason; `unreachable`; `stopped`.
   */
  async storeWith(id: NaraId, signal: AbortSignal = this.#rt.signal): Promise<void> {
    if (!this.#options.own.current) throw noStash();
    const { ack: { success, reason }, sequence } = await this.#ask(id, signal);
    if (!success) {
      throw new StashError(
        "refused",
        `Cannot store the stash with ${id}, it refused: ${reason ?? "no reason given"}`,
        { reason },
      );
    }
    await this.#options.confidants.confirm(id, sequence);
  }

  /**
   * Sees to it that three confidants keep the stash as it stands: those who keep it already, those who kept
   * it before, and others in place of those who fail.
   *
   * @param signal Gives up when it aborts.
   * @throws {StashError} `no_stash` or `stopped`.
   */
  async distribute(signal: AbortSignal = this.#rt.signal): Promise<Distribution> {
    const { own, confidants } = this.#options;
    const { me, peers, random } = this.#rt;
    if (!own.current) throw noStash();
    signal.throwIfAborted();
    const holding = confidants.holding(own.sequence);
    const kept = confidants.list().map(({ id }) => id);
    const online = peers.online().filter(({ id }) => id !== me.id);
    const others = candidates({ kept, online, random }).filter((id) => !holding.includes(id));
    const queue = others.slice(0, ASKED_MAX);
    const fillPlace = async () => {
      for (let id = queue.shift(); id !== undefined; id = queue.shift()) {
        if (await this.#keeps(id, signal)) return;
      }
    };
    const places = Math.max(0, TARGET_CONFIDANTS - holding.length);
    await Promise.all(Array.from({ length: places }, fillPlace));
    // Whoever kept an older one only has been replaced, or will be.
    await confidants.keep(({ sequence }) => sequence === own.sequence);
    return this.current();
  }

  /** Where the stash is kept as it stands. */
  current(): Distribution {
    const { own: { sequence }, confidants } = this.#options;
    const holding = confidants.holding(sequence);
    return { sequence, confidants: holding, target: TARGET_CONFIDANTS, safety: safetyOf(holding.length) };
  }

  async #keeps(id: NaraId, signal: AbortSignal): Promise<boolean> {
    try {
      await this.storeWith(id, signal);
      return true;
    } catch (thrown) {
      if (signal.aborted || !(thrown instanceof StashError)) throw thrown;
      const fields = { confidant: id, error: thrown.message };
      this.#rt.log.info("a confidant failed, another takes its place", fields);
      return false;
    }
  }

  /** Each try brings the stash as it stands then: an old one could arrive after a newer. */
  async #ask(id: NaraId, signal: AbortSignal): Promise<Answer> {
    const { clock, random } = this.#rt;
    const { retries } = this.#options;
    try {
      return await retrying({ clock, random, signal }, { retries, isWorthwhile: isSilence }, async () => {
        const { payload, sequence } = this.#store();
        return { ack: (await this.#stores.send(payload, id, { signal })).payload, sequence };
      });
    } catch (thrown) {
      throw failure(thrown, { what: `store the stash with ${id}`, signal: this.#rt.signal });
    }
  }

  #store(): { payload: StashStoreV1; sequence: number } {
    const { me } = this.#rt;
    const copy = this.#options.own.current;
    if (!copy) throw noStash();
    const { stash: { sequence }, record: { nonce, ciphertext, storedAt } } = copy;
    return { payload: { owner_id: me.id, owner: me.name, nonce, ciphertext, ts: storedAt }, sequence };
  }
}

/** What a failed request to a confidant means for the stash. */
export function failure(
  thrown: unknown,
  { what, signal }: { readonly what: string; readonly signal: AbortSignal },
): unknown {
  if (signal.aborted) {
    return new StashError("stopped", `Cannot ${what}: this nara is stopping`, { cause: thrown });
  }
  if (!isSilence(thrown)) return thrown;
  return new StashError("unreachable", `Cannot ${what}, it does not answer: ${messageOf(thrown)}`, {
    cause: thrown,
  });
}

/** Whether the other side could not be reached or did not answer: a state of the network, not a mistake. */
function isSilence(thrown: unknown): boolean {
  return thrown instanceof CallError || thrown instanceof MeshError;
}

function safetyOf(confidants: number): Safety {
  if (confidants >= TARGET_CONFIDANTS) return "safe";
  return confidants === TARGET_CONFIDANTS - 1 ? "weak" : "unsafe";
}

function noStash(): StashError {
  return new StashError(
    "no_stash",
    "Cannot distribute a stash as there is none yet: call setStashData() first",
  );
}
