/**
 * Presence: how naras find one another, how keys are first shown, and how addresses are proven.
 *
 * A nara says `hey-there` to every address it was given, remembers, or is allowed to follow up; whoever answers `howdy` is
 * known from then on, and mentions others. Every minute it says so again, so that a silence means something.
 * @module
 */
import type { HeyThereV1 } from "../../messages/presence.ts";
import type { OnlinePeer } from "../../runtime/primitives/peer_directory.ts";
import type { RuntimeApi, Service } from "../../runtime/service.ts";
import { unixSeconds } from "../../utilities/clock.ts";
import { shuffled } from "../../utilities/random.ts";
import type { Rotation } from "../../utilities/key_rotation.ts";
import { heyThere, howdy, identityRotated } from "./behaviors.ts";
import { Greeter } from "./greeter.ts";
import { handleHeyThereV1, type PresenceContext } from "./handlers.ts";
import { RotationTeller } from "./rotations.ts";
import { Strangers } from "./strangers.ts";

/** Milliseconds between two rounds of greetings, once the nara has settled in. */
const ROUND_MS = 60_000;
/** Milliseconds until the first round; each pause is twice the one before. Two who arrive together meet through a third. */
const FIRST_ROUND_MS = 1_000;
/** Peers greeted in one round, drawn by chance, so that those who are gone do not use it up. As many greet back. */
const ROUND_PEERS_MAX = 16;
/** Peers greeted in a round before the nara has settled in: enough to hear of others who are new. */
const FIRST_ROUND_PEERS = 4;

/** Options of a {@linkcode PresenceService}. */
export interface PresenceOptions {
  /**
   * Whether an address that does not answer is greeted again, and everybody now and then. Without it a lost frame is a peer
   * lost: for tests of what repetition is worth.
   * @default {true}
   */
  readonly isPersistent?: boolean;
  /** How this nara came to its soul, the oldest rotation first: whoever is met is told. @default {it has had no other} */
  readonly rotations?: readonly Rotation[];
}

/** Finds peers, and lets itself be found. */
export class PresenceService implements Service {
  /** The service's name. */
  readonly name = "presence";
  /** It opens no connections of its own. */
  readonly net: readonly string[] = [];
  readonly #isPersistent: boolean;
  readonly #rotations: readonly Rotation[];
  #rt!: RuntimeApi;
  #greeter!: Greeter;
  #work: Promise<unknown> = Promise.resolve();

  /**
   * Presence, for one runtime.
   *
   * @param options Whether it repeats itself, and who it was before.
   */
  constructor({ isPersistent = true, rotations = [] }: PresenceOptions = {}) {
    this.#isPersistent = isPersistent;
    this.#rotations = rotations;
  }

  /** Registers hey-there, howdy and the word of a new soul. */
  registerBehaviors(rt: RuntimeApi): void {
    const startedAt = unixSeconds(rt.clock);
    const announcement = (): HeyThereV1 => ({
      public_key: rt.me.publicKey,
      mesh_url: rt.peers.ownAddress,
      started_at: startedAt,
    });
    this.#rt = rt;
    const teller = new RotationTeller(rt, this.#rotations);
    const strangers = new Strangers(rt.clock);
    this.#greeter = new Greeter(rt, announcement, { strangers, onMet: (id) => void teller.tell(id) });
    const context: PresenceContext = { rt, greeter: this.#greeter, strangers, announcement };
    rt.register(heyThere, { 1: (message) => handleHeyThereV1(context, message) });
    rt.register(howdy);
    rt.register(identityRotated);
  }

  /** Greets every address that is known, and whoever answers that it does not know this nara. */
  start(signal: AbortSignal): Promise<void> {
    const { peers } = this.#rt;
    const strangers = peers.onStranger((id) => {
      const address = peers.addressOf(id);
      if (address) this.#greeter.greet(address);
    });
    signal.addEventListener("abort", () => strangers[Symbol.dispose](), { once: true });
    const greet = (address: string) =>
      this.#isPersistent ? this.#greeter.greetUntilAnswered(address) : this.#greeter.greet(address);
    this.#work = Promise.all([...peers.addresses().map(greet), this.#isPersistent && this.#rounds(signal)]);
    return Promise.resolve();
  }

  /** Waits until nothing is under way. */
  async stop(): Promise<void> {
    await this.#work;
  }

  /** Peers that were heard lately, with their uptime since first contact. */
  onlinePeers(): OnlinePeer[] {
    return this.#rt.peers.online();
  }

  /** Greets `address` once; it must be one that may be dialled. Resolves with whether somebody answered. */
  greet(address: string): Promise<boolean> {
    return this.#greeter.greet(address);
  }

  async #rounds(signal: AbortSignal): Promise<void> {
    const { clock, peers, random } = this.#rt;
    try {
      for (let pauseMs = FIRST_ROUND_MS;; pauseMs = Math.min(2 * pauseMs, ROUND_MS)) {
        await clock.sleep(pauseMs * (0.9 + random.next() / 5), { signal });
        const count = pauseMs < ROUND_MS ? FIRST_ROUND_PEERS : ROUND_PEERS_MAX;
        const some = shuffled(peers.proven(), random).slice(0, count);
        await Promise.all(some.map(({ address }) => this.#greeter.greet(address)));
      }
    } catch {
      // The service stops.
    }
  }
}
