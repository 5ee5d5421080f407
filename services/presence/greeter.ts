/**
 * The greeter: says hey-there to an address until somebody answers, and believes only the answer.
 * @module
 */
import type { HeyThereV1, HowdyV1, NeighbourV1 } from "../../messages/presence.ts";
import { type Message, provenName } from "../../messages/message.ts";
import { messageOf } from "../../utilities/errors.ts";
import type { NaraId } from "../../utilities/names.ts";
import { backoffMs } from "../../runtime/primitives/backoff.ts";
import type { RuntimeApi } from "../../runtime/service.ts";
import { heyThere, howdy } from "./behaviors.ts";
import type { Hearsay, Strangers } from "./strangers.ts";

/** Milliseconds that an address has to answer. */
const ANSWER_MS = 5_000;
/** Greetings under way at once; past it hearsay is not followed, for it will be heard again. Claims of strangers leave some to others. */
const GREETINGS_MAX: Readonly<Record<Hearsay, number>> = { claim: 48, neighbour: 64 };

/** What a greeter needs of its runtime. */
export type GreeterRuntime = Pick<
  RuntimeApi,
  "call" | "clock" | "log" | "me" | "peers" | "random" | "signal"
>;

/** Options of a {@linkcode Greeter}. */
export interface GreeterOptions {
  /** Bounds how much hearsay is followed. */
  readonly strangers: Pick<Strangers, "mayFollow">;
  /** Told who answered from an address of its own. */
  readonly onMet: (id: NaraId) => void;
}

/** Greets addresses, each at most once at a time. */
export class Greeter {
  readonly #rt: GreeterRuntime;
  readonly #announcement: () => HeyThereV1;
  readonly #strangers: Pick<Strangers, "mayFollow">;
  readonly #onMet: (id: NaraId) => void;
  /** Addresses from the operator that do not answer, and were reported. */
  readonly #silent = new Set<string>();
  readonly #greeting = new Map<string, Promise<boolean>>();

  /**
   * @param rt What it may use.
   * @param announcement What to say of oneself.
   * @param options How much hearsay is followed, and who is told of whoever answered from an address of its own.
   */
  constructor(rt: GreeterRuntime, announcement: () => HeyThereV1, { strangers, onMet }: GreeterOptions) {
    this.#rt = rt;
    this.#strangers = strangers;
    this.#onMet = onMet;
    this.#announcement = announcement;
  }

  /** Greets `address` once. Resolves with whether somebody answered; never rejects. */
  greet(address: string): Promise<boolean> {
    if (address === this.#rt.peers.ownAddress) return Promise.resolve(true);
    const underWay = this.#greeting.get(address);
    if (underWay) return underWay;
    const greeting = this.#ask(address).finally(() => this.#greeting.delete(address));
    this.#greeting.set(address, greeting);
    return greeting;
  }

  /** Greets `address` again and again, with backoff, until somebody answers or the service stops. */
  async greetUntilAnswered(address: string): Promise<void> {
    const { clock, random, signal } = this.#rt;
    for (let failures = 1; !await this.greet(address); failures++) {
      try {
        await clock.sleep(backoffMs(failures, random), { signal });
      } catch {
        return; // The service stops.
      }
    }
  }

  /** Follows hearsay: greets an address that somebody mentioned, if it is new and may be dialled. */
  follow(address: string | undefined, source: Hearsay): void {
    const { peers } = this.#rt;
    if (!address || this.#greeting.size >= GREETINGS_MAX[source] || !peers.mayDial(address)) return;
    if (peers.ownerOf(address) !== undefined || address === peers.ownAddress) return;
    if (!this.#greeting.has(address) && this.#strangers.mayFollow(source)) this.greet(address);
  }

  async #ask(toAddress: string): Promise<boolean> {
    const { call, log, me, peers, signal } = this.#rt;
    try {
      const draft = heyThere.draft(this.#announcement(), { toAddress });
      const answer = await call(draft, howdy, { deadlineMs: ANSWER_MS, signal });
      this.#silent.delete(toAddress);
      if (answer.fromId === me.id) return true;
      if (this.#isItsAddress(toAddress, answer)) this.#meet(answer, toAddress);
      else this.follow(answer.payload.mesh_url, "neighbour");
      answer.payload.neighbours.forEach((neighbour) => this.#hear(neighbour));
      return true;
    } catch (thrown) {
      // Once is enough for the operator, who gave the address; what is only heard of may be anything.
      const isNews = peers.addresses().includes(toAddress) && !this.#silent.has(toAddress) && !signal.aborted;
      if (isNews) this.#silent.add(toAddress);
      const say = isNews ? log.info : log.debug;
      say("could not greet this address yet, it will be tried again", {
        address: toAddress,
        error: messageOf(thrown),
      });
      return false;
    }
  }

  #meet({ fromId, from, envelopeSignature }: Message, address: string): void {
    const { log, peers } = this.#rt;
    const name = provenName({ from, envelopeSignature });
    if (peers.ownerOf(address) !== fromId) log.info("met a nara", { name, address, id: fromId });
    peers.prove(fromId, address, name);
    this.#onMet(fromId);
  }

  /**
   * Whoever passes greetings on between two others answers with somebody else's howdy: unless the operator gave the address, the
   * one who signed the howdy has to name it. And it has to have signed which hey-there it answers, so that no earlier howdy of its
   * can be shown again from elsewhere: only this nara makes that id, anew for each greeting.
   */
  #isItsAddress(address: string, { proof, payload: { mesh_url } }: Message<HowdyV1>): boolean {
    return proof === "envelope" && (mesh_url === address || this.#rt.peers.addresses().includes(address));
  }

  #hear({ id, mesh_url }: NeighbourV1): void {
    const { me, peers } = this.#rt;
    if (id !== me.id && peers.addressOf(id) === undefined) this.follow(mesh_url, "neighbour");
  }
}
