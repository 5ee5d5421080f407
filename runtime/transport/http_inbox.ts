/**
 * What came in and was not answered yet: at most so many frames ahead of their reader, each answered once.
 * @module
 */
import type { Clock } from "../../utilities/clock.ts";
import { Deadlines } from "../primitives/deadlines.ts";
import type { Limit } from "../primitives/limits.ts";
import type { InboundFrame, Receipt } from "./mesh.ts";

/** Frames that wait for their reader; past it senders are told `peer_busy`. */
export const INBOX_MAX = 64;

/** What became of a frame. */
export interface Settled {
  /** What its sender is told. */
  readonly receipt: Receipt;
  /** A reply that was ready. */
  readonly reply?: Uint8Array;
}

const UNKNOWN: Settled = { receipt: { outcome: "unknown" } };
const LEFT: Settled = { receipt: { outcome: "drop", reason: "peer_busy" } };

/** Options of an {@linkcode HttpInbox}. */
export interface HttpInboxOptions {
  /** The runtime's time. */
  readonly clock: Clock;
  /** Milliseconds after which the sender of a frame that nobody settled is told `unknown`. */
  readonly answerMs: number;
}

/** Frames on their way to the runtime. Dispose of it to answer all that are open. */
export class HttpInbox implements Disposable {
  readonly #answerMs: number;
  readonly #deadlines: Deadlines;
  readonly #open = new Set<(settled: Settled) => void>();
  #waiting!: ReadableStreamDefaultController<InboundFrame>;
  #isClosed = false;

  /** What comes in. It closes on disposal and never errors. */
  readonly inbound: ReadableStream<InboundFrame>;
  /** Frames for which there was no room. */
  overflows = 0;

  /** @param options Time and its bound. */
  constructor({ clock, answerMs }: HttpInboxOptions) {
    this.#answerMs = answerMs;
    this.#deadlines = new Deadlines(clock);
    this.inbound = new ReadableStream({
      start: (controller) => void (this.#waiting = controller),
      cancel: () => void (this.#isClosed = true),
    }, { highWaterMark: INBOX_MAX });
  }

  /** Whether another frame can be taken. */
  get hasRoom(): boolean {
    const hasRoom = !this.#isClosed && this.#waiting.desiredSize! > 0;
    if (!hasRoom) this.overflows++; // Whoever asks turns a frame away.
    return hasRoom;
  }

  /** Whether there is no room now; unlike {@linkcode HttpInbox.hasRoom} this counts nothing. */
  get isFull(): boolean {
    return this.#isClosed || this.#waiting.desiredSize! <= 0;
  }

  /** Its bound, for `nara limits`. */
  limits(): Limit[] {
    return [{
      name: "http.inbox",
      unit: "frames",
      max: INBOX_MAX,
      rule: "the sender is told peer_busy",
      inUse: () => this.#isClosed ? 0 : INBOX_MAX - this.#waiting.desiredSize!,
      overflows: () => this.overflows,
    }];
  }

  /** Hands a frame over; ask {@linkcode HttpInbox.hasRoom} before. `done` hears once that it was settled, or too late for that. */
  take(frame: Uint8Array, peer: string, done: (settled: Settled) => void): void {
    const end = (settled: Settled) => {
      if (!this.#open.delete(end)) return;
      this.#deadlines.remove(deadline);
      done(settled);
    };
    const deadline = this.#deadlines.add(this.#answerMs, () => end(UNKNOWN));
    this.#open.add(end);
    this.#waiting.enqueue({ frame, peer, settle: (receipt, reply) => end({ receipt, reply }) });
  }

  /** Closes the stream. Senders of open frames are told to try again: what became of theirs nobody knows now. */
  [Symbol.dispose](): void {
    if (!this.#isClosed) this.#waiting.close();
    this.#isClosed = true;
    for (const end of this.#open) end(LEFT);
    this.#deadlines[Symbol.dispose]();
  }
}
