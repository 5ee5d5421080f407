/**
 * The pusher: hands a held stash back to its owner without a request, when the owner arrives or asks
 * everybody.
 * @module
 */
import type { StashResponseV1 } from "../../messages/stash.ts";
import type { Emitted, RuntimeApi } from "../../runtime/service.ts";
import { messageOf } from "../../utilities/errors.ts";
import type { NaraId } from "../../utilities/names.ts";
import { stashResponse } from "./behaviors.ts";
import type { Shelf } from "./shelf.ts";
import { StashError } from "./stash_error.ts";
import { abortable, retrying } from "./waiting.ts";

/** Milliseconds between two pushes that an owner did not ask for, or may not have asked for. */
export const PUSH_INTERVAL_MS = 60_000;
/** A newcomer's confidants answer after this many milliseconds, */
const DELAY_MIN_MS = 100;
/** and up to this many more, so that they do not all answer at once. */
const DELAY_SPREAD_MS = 500;

/** What a pusher needs of its runtime. */
export type PusherRuntime = Pick<RuntimeApi, "clock" | "emit" | "log" | "random" | "signal">;

/** Options of a {@linkcode Pusher}. */
export interface PusherOptions {
  /** What is held. */
  readonly shelf: Pick<Shelf, "get" | "has">;
  /** Tries after the first for an owner that cannot be reached. */
  readonly retries: number;
}

/** Hands held stashes back. Its memory holds owners on the shelf only. */
export class Pusher {
  readonly #rt: PusherRuntime;
  readonly #options: PusherOptions;
  /** When an owner was last sent something that it had a part in, */
  readonly #sentMs = new Map<NaraId, number>();
  /**
   * and when on the word of somebody who may not be the owner. Apart, so that nobody uses up another's turn.
   */
  readonly #doubtfulMs = new Map<NaraId, number>();
  /** The start of the owner's life in which its stash last reached it. */
  readonly #greetedLife = new Map<NaraId, number>();
  readonly #underWay = new Map<string, Promise<void>>();

  /**
   * @param rt What it may use.
   * @param options What is held.
   */
  constructor(rt: PusherRuntime, options: PusherOptions) {
    this.#rt = rt;
    this.#options = options;
  }

  /**
   * The owner says hey-there. It gets its stash once per life: nobody forgets without a restart.
   *
   * @param startedAt When the owner's process started, in Unix seconds.
   */
  welcome(owner: NaraId, startedAt: number): void {
    if (this.#greetedLife.get(owner) === startedAt || this.#isRecent(this.#sentMs.get(owner))) return;
    this.#begin(owner, owner, async () => {
      const { clock, random, signal } = this.#rt;
      await clock.sleep(DELAY_MIN_MS + Math.floor(random.next() * DELAY_SPREAD_MS), { signal });
      this.#greetedLife.set(owner, startedAt);
      try {
        await this.#sendSurely(owner);
      } catch (thrown) {
        if (this.#options.retries > 0) this.#greetedLife.delete(owner); // Its next hey-there gets another try.
        throw thrown;
      }
    });
  }

  /** The owner asks everybody for its stash. */
  answer(owner: NaraId): void {
    this.#begin(owner, owner, () => this.#sendSurely(owner));
  }

  /** Somebody who may be the owner, or anybody, asks in its name: one try, once a minute. */
  answerDoubtful(owner: NaraId): void {
    if (this.#isRecent(this.#doubtfulMs.get(owner))) return;
    this.#begin(`doubtful ${owner}`, owner, async () => {
      this.#doubtfulMs.set(owner, this.#rt.clock.monotonicMs());
      await this.#send(owner);
    });
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await Promise.all(this.#underWay.values());
  }

  #isRecent(sentMs: number | undefined): boolean {
    return sentMs !== undefined && this.#rt.clock.monotonicMs() - sentMs < PUSH_INTERVAL_MS;
  }

  /** Does one piece of work per `key` at a time; what comes meanwhile is answered by it. */
  #begin(key: string, owner: NaraId, work: () => Promise<void>): void {
    const { log, signal } = this.#rt;
    if (signal.aborted || !this.#options.shelf.has(owner) || this.#underWay.has(key)) return;
    const running = work().catch((thrown) => {
      if (!signal.aborted) log.info("a stash did not reach its owner", { owner, error: messageOf(thrown) });
    }).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, running);
  }

  #sendSurely(owner: NaraId): Promise<void> {
    return retrying(this.#rt, { retries: this.#options.retries }, () => {
      this.#sentMs.set(owner, this.#rt.clock.monotonicMs());
      return this.#send(owner);
    });
  }

  async #send(owner: NaraId): Promise<void> {
    const { emit, signal } = this.#rt;
    const record = this.#options.shelf.get(owner);
    if (!record) return;
    const { nonce, ciphertext, storedAt } = record;
    const payload: StashResponseV1 = { owner_id: owner, found: true, nonce, ciphertext, stored_at: storedAt };
    assertArrived(await abortable(emit(stashResponse.draft(payload, { to: owner })), signal));
  }
}

/** A receipt is a hint, but one that says "no" is worth another try. */
function assertArrived({ outcome, reason, receipt }: Emitted): void {
  if (outcome === "dropped") throw new StashError("unreachable", `It was dropped on its way out: ${reason}`);
  if (receipt?.outcome !== "drop" && receipt?.outcome !== "error" || receipt.reason === "duplicate_id") {
    return;
  }
  throw new StashError("unreachable", `Its owner did not take it: ${receipt.detail ?? receipt.reason}`);
}
