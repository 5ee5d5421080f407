/**
 * Admission: which requests are worked on, before anything is done for them, and whose turn it is to be verified.
 *
 * - A request is counted from its head to its answer: so many in all, so many bytes, and no more than a share of both for one
 *   address (of IPv6 its /64) and for one sender that was proven. A share is what is left for each if one more came: nobody can
 *   take all, and whoever is alone has half.
 * - What has arrived waits for a turn, and holds it until it is verified or settled. Addresses take turns, and at one address its
 *   proven senders do; all that nobody has proven there counts as one sender.
 * - When no turn ends for a moment, all are over: what waits for a disk, or for a handler, holds up nobody else.
 * - While memory is short, nothing is admitted.
 * - Many refusals are held back for a moment each: they cost little, but not nothing, and whoever floods asks again at once.
 *
 * Who is refused is told why, and when to come back. Who a request is from is only known once it was verified: a sender is known
 * by its connection, and from its second request on.
 * @module
 */
import type { Clock } from "../../utilities/clock.ts";
import type { NaraId } from "../../utilities/names.ts";
import { type Deadline, Deadlines } from "../primitives/deadlines.ts";
import type { Limit } from "../primitives/limits.ts";
import { addressOf } from "./address_share.ts";
import {
  type AdmissionBounds,
  type AdmissionOptions,
  type AdmissionRefusal,
  DEFAULTS,
} from "./admission_options.ts";
import { FairQueue } from "./fair_queue.ts";
import { HeldRefusals } from "./held_refusals.ts";

/** Bytes that are about as much work as the least request: a batch counts for its messages, nearly. */
const COST_BYTES = 1_024;
/** Messages in all turns together past which no other turn begins: whoever is next waits for no more than these. */
const TURN_FRAMES_MAX = 64;
/** What is counted. */
type Counted = AdmissionRefusal | "waited" | "forgotten";
const NO_REFUSALS: ReadonlySet<Counted> = new Set(["waited", "forgotten"]);
/** The member of an address that all strangers there are together. */
const STRANGERS = "";

/** What somebody has under way. */
interface Use {
  requests: number;
  bytes: number;
}

/** A request that was admitted. */
export interface Ticket {
  /** The connection that it came by. */
  readonly connection: string;
  /** The address that it counts for. */
  readonly address: string;
  /** The sender that it counts for, if that is known. */
  readonly sender: NaraId | undefined;
  /** Bytes that its body says to have, or has so far. */
  bytes: number;
  /** Messages in it that are neither verified nor settled yet; its turn ends with the last. */
  frames: number;
  /** Messages in it, and how many of them were proven and settled. */
  total: number;
  proven: number;
  settled: number;
  /** Whether it is counted no more. */
  hasLeft: boolean;
  /** When it began to wait for its turn, or when that began. */
  sinceMs: number;
  /** Told whether it is its turn. */
  wake: ((isIts: boolean) => void) | undefined;
}

/** Who is admitted at a port. Dispose of it to let go of all who wait. */
export class Admission implements Disposable {
  readonly #bounds: AdmissionBounds;
  readonly #clock: Clock;
  readonly #isMemoryShort: () => boolean;
  readonly #deadlines: Deadlines;
  readonly #all: Use = { requests: 0, bytes: 0 };
  readonly #byAddress = new Map<string, Use>();
  readonly #bySender = new Map<NaraId, Use>();
  /** Who was proven to have sent something by a connection. */
  readonly #senders = new Map<string, NaraId>();
  /** Whose turn it is, and by which connections they came. */
  readonly #turns = new Set<Ticket>();
  readonly #turnOf = new Map<string, Ticket>();
  /** Messages of all turns that are not verified yet. */
  #turnFrames = 0;
  readonly #waiting = new FairQueue<Ticket>();
  readonly #counts = new Map<Counted, number>();
  readonly #held: HeldRefusals;
  #expiry: Deadline | undefined;
  /** When a turn began or ended last. */
  #progressMs = 0;
  #isClosed = false;

  /**
   * A port at which nobody has asked yet.
   *
   * @throws {RangeError} If a bound is not a positive whole number.
   */
  constructor({ clock, isMemoryShort = () => false, ...bounds }: AdmissionOptions) {
    this.#bounds = { ...DEFAULTS, ...bounds };
    for (const [name, value] of Object.entries(this.#bounds)) {
      if (Number.isSafeInteger(value) && value >= 1) continue;
      throw new RangeError(`${name} must be a positive whole number: current value is ${value}`);
    }
    this.#clock = clock;
    this.#isMemoryShort = isMemoryShort;
    this.#deadlines = new Deadlines(clock);
    const { requestsMax: heldMax, promptMax, holdMs } = this.#bounds;
    this.#held = new HeldRefusals({ clock, heldMax, promptMax, holdMs });
  }

  /** Requests under way. */
  get requests(): number {
    return this.#all.requests;
  }

  /**
   * Admits a request, or says why not. Whoever was admitted has to {@linkcode Admission.leave}.
   *
   * @param connection The host and the port that it came from.
   * @param bytes What it says its body holds; 0 where it does not say.
   */
  enter(connection: string, bytes: number): Ticket | AdmissionRefusal {
    const address = addressOf(connection);
    const sender = this.#senders.get(connection);
    const refusal = this.#refusal(address, sender, bytes);
    if (refusal) return this.#count(refusal);
    add(this.#all, bytes);
    add(useOf(this.#byAddress, address), bytes);
    if (sender !== undefined) add(useOf(this.#bySender, sender), bytes);
    const counts = { frames: 1, total: 1, proven: 0, settled: 0 };
    return { connection, address, sender, bytes, ...counts, hasLeft: false, sinceMs: 0, wake: undefined };
  }

  /** Counts more bytes of a body that did not say how many it has. `false` when there is no room for them, or it was let go. */
  grow(ticket: Ticket, bytes: number): boolean {
    if (ticket.hasLeft) return false;
    const { address, sender } = ticket;
    const refusal = this.#bytesRefusal(address, sender, bytes);
    if (refusal) {
      this.#count(refusal);
      return false;
    }
    const uses = [this.#all, this.#byAddress.get(address), sender && this.#bySender.get(sender)];
    for (const use of [ticket, ...uses]) if (use) use.bytes += bytes;
    return true;
  }

  /**
   * Waits for a turn, if there is none at once. `false` when it took too long: then its request is to be refused.
   *
   * @param frames How many messages are in it.
   */
  turn(ticket: Ticket, frames: number = 1): true | Promise<boolean> {
    ticket.frames = ticket.total = frames;
    ticket.sinceMs = this.#clock.monotonicMs();
    if (this.#mayBegin() && this.#waiting.size === 0) {
      this.#begin(ticket);
      return true;
    }
    if (this.#isClosed) return Promise.resolve(false);
    this.#count("waited");
    return new Promise((resolve) => {
      ticket.wake = resolve;
      const cost = Math.max(frames, ticket.bytes / COST_BYTES);
      this.#waiting.push(ticket.address, ticket.sender ?? STRANGERS, ticket, cost);
      this.#advance();
    });
  }

  /** Notes who was proven to have sent what came by a connection last, which is verified by then. */
  proven(connection: string, sender: NaraId): void {
    if (this.#senders.get(connection) !== sender) this.#remember(connection, sender);
    const ticket = this.#turnOf.get(connection);
    if (!ticket) return;
    ticket.proven++;
    this.#lighten(ticket);
  }

  /** Notes that one message of a batch came to its outcome, proven or not. */
  settled(ticket: Ticket): void {
    ticket.settled++;
    this.#lighten(ticket);
  }

  /** Waits until a refusal may be given: most at once, but not to those who ask again and again. */
  refused(): true | Promise<void> {
    return this.#held.wait();
  }

  /** Counts a request no more. */
  leave(ticket: Ticket): void {
    if (ticket.hasLeft) return;
    ticket.hasLeft = true;
    const { address, sender, bytes } = ticket;
    subtract(this.#all, bytes);
    release(this.#byAddress, address, bytes);
    if (sender !== undefined) release(this.#bySender, sender, bytes);
    this.#end(ticket);
  }

  /** How many were turned away, by reason. */
  refusals(): ReadonlyMap<string, number> {
    return new Map([...this.#counts].filter(([why]) => !NO_REFUSALS.has(why)));
  }

  /** Its bounds, for `nara limits`. */
  limits(): Limit[] {
    const { requestsMax, bytesMax, turnsMax, sendersMax } = this.#bounds;
    const met = (what: Counted) => () => this.#counts.get(what) ?? 0;
    const most = (uses: ReadonlyMap<string, Use>) => () =>
      uses.values().reduce((max, { requests }) => Math.max(max, requests), 0);
    const rule = "the answer is 503";
    const share = "the answer is 503; where others are under way, sooner";
    const requests = { unit: "requests", max: requestsMax, rule };
    const ofOne = { unit: "requests", max: shareOf(requestsMax, 1), rule: share };
    return [
      {
        name: "http.requests",
        ...requests,
        inUse: () => this.#all.requests,
        overflows: met("too_many_requests"),
      },
      {
        name: "http.requests_of_one_address",
        ...ofOne,
        inUse: most(this.#byAddress),
        overflows: met("share_of_address"),
      },
      {
        name: "http.requests_of_one_sender",
        ...ofOne,
        inUse: most(this.#bySender),
        overflows: met("share_of_sender"),
      },
      {
        name: "http.request_bytes",
        unit: "bytes",
        max: bytesMax,
        rule,
        inUse: () => this.#all.bytes,
        overflows: met("too_many_bytes"),
      },
      ...this.#held.limits(),
      {
        name: "http.turns",
        unit: "requests",
        max: turnsMax,
        rule: "others wait; addresses take turns, and the senders of each",
        inUse: () => this.#turns.size,
        overflows: met("waited"),
      },
      {
        name: "http.senders",
        unit: "connections",
        max: sendersMax,
        rule: "the one that came first counts as a stranger's again",
        inUse: () => this.#senders.size,
        overflows: met("forgotten"),
      },
    ];
  }

  /** Lets go of all who wait: it is nobody's turn any more. */
  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#deadlines[Symbol.dispose]();
    for (let ticket = this.#waiting.shift(); ticket; ticket = this.#waiting.shift()) ticket.wake?.(false);
    this.#held[Symbol.dispose]();
  }

  #refusal(address: string, sender: NaraId | undefined, bytes: number): AdmissionRefusal | undefined {
    const { requestsMax } = this.#bounds;
    if (this.#isMemoryShort()) return "memory_short";
    if (this.#all.requests >= requestsMax) return "too_many_requests";
    const mine = this.#byAddress.get(address);
    if (mine && mine.requests >= shareOf(requestsMax, this.#byAddress.size)) return "share_of_address";
    const sent = sender === undefined ? undefined : this.#bySender.get(sender);
    if (sent && sent.requests >= shareOf(requestsMax, this.#bySender.size)) return "share_of_sender";
    return this.#bytesRefusal(address, sender, bytes);
  }

  #bytesRefusal(address: string, sender: NaraId | undefined, bytes: number): AdmissionRefusal | undefined {
    const { bytesMax } = this.#bounds;
    if (this.#all.bytes + bytes > bytesMax) return "too_many_bytes";
    const mine = this.#byAddress.get(address);
    if (mine && mine.bytes + bytes > shareOf(bytesMax, this.#byAddress.size)) return "share_of_address";
    const sent = sender === undefined ? undefined : this.#bySender.get(sender);
    if (sent && sent.bytes + bytes > shareOf(bytesMax, this.#bySender.size)) return "share_of_sender";
  }

  #count<W extends Counted>(what: W): W {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
    return what;
  }

  #remember(connection: string, sender: NaraId): void {
    this.#senders.delete(connection);
    if (this.#senders.size >= this.#bounds.sendersMax) {
      this.#count("forgotten");
      this.#senders.delete(this.#senders.keys().next().value!);
    }
    this.#senders.set(connection, sender);
  }

  /** What of a turn is done makes room for others. */
  #lighten(ticket: Ticket): void {
    const left = ticket.total - Math.max(ticket.proven, ticket.settled);
    if (left <= 0) return this.#end(ticket);
    if (left >= ticket.frames) return;
    if (this.#turns.has(ticket)) this.#turnFrames -= ticket.frames - left;
    ticket.frames = left;
    if (this.#waiting.size === 0) return;
    this.#progressMs = this.#clock.monotonicMs();
    this.#advance();
  }

  #mayBegin(): boolean {
    return this.#turns.size < this.#bounds.turnsMax && this.#turnFrames < TURN_FRAMES_MAX;
  }

  #begin(ticket: Ticket): void {
    this.#progressMs = ticket.sinceMs;
    this.#turnFrames += ticket.frames;
    this.#turns.add(ticket);
    this.#turnOf.set(ticket.connection, ticket);
  }

  #end(ticket: Ticket): void {
    if (this.#turnOf.get(ticket.connection) === ticket) this.#turnOf.delete(ticket.connection);
    if (!this.#turns.delete(ticket)) return;
    this.#turnFrames -= ticket.frames;
    if (this.#waiting.size === 0) return;
    this.#progressMs = this.#clock.monotonicMs();
    this.#advance();
  }

  /** Gives turns to those who wait, and watches over the oldest turn while there are any. */
  #advance(): void {
    const { turnMs, waitMs } = this.#bounds;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#progressMs >= turnMs) {
      this.#turns.clear();
      this.#turnOf.clear();
      this.#turnFrames = 0;
    }
    while (this.#mayBegin()) {
      const ticket = this.#waiting.shift();
      if (!ticket) break;
      const isIts = nowMs - ticket.sinceMs <= waitMs;
      ticket.sinceMs = nowMs;
      if (isIts) this.#begin(ticket);
      else this.#count("waited_too_long");
      ticket.wake?.(isIts);
    }
    if (this.#waiting.size === 0 || this.#expiry) return;
    this.#expiry = this.#deadlines.add(Math.max(0, this.#progressMs + turnMs - nowMs), () => {
      this.#expiry = undefined;
      this.#advance();
    });
  }
}

/** What one of so many may take, with room left for one more. */
function shareOf(max: number, active: number): number {
  return Math.max(1, Math.floor(max / (active + 1)));
}

function useOf(uses: Map<string, Use>, key: string): Use {
  let use = uses.get(key);
  if (!use) uses.set(key, use = { requests: 0, bytes: 0 });
  return use;
}

function add(use: Use, bytes: number): void {
  use.requests++;
  use.bytes += bytes;
}

function subtract(use: Use, bytes: number): void {
  use.requests--;
  use.bytes -= bytes;
}

function release(uses: Map<string, Use>, key: string, bytes: number): void {
  const use = uses.get(key)!;
  subtract(use, bytes);
  if (use.requests === 0) uses.delete(key);
}
