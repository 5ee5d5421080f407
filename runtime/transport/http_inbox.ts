/**
 * What came in and was not answered yet: at most so many frames ahead of their reader, each answered once.
 * @module
 */
import type { Clock } from "../../utilities/clock.ts";
import { Deadlines } from "../primitives/deadlines.ts";
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
    return !this.#isClosed && this.#waiting.desiredSize! > 0;
  }

  /** Hands a frame over; ask {@linkcode HttpInbox.hasRoom} before. Resolves when it was settled, or too late for that. */
  take(frame: Uint8Array, peer: string): Promise<Settled> {
    return new Promise((resolve) => {
      const end = (settled: Settled) => {
        this.#open.delete(end);
        this.#deadlines.remove(deadline);
        resolve(settled);
      };
      const deadline = this.#deadlines.add(this.#answerMs, () => end(UNKNOWN));
      this.#open.add(end);
      this.#waiting.enqueue({ frame, peer, settle: (receipt, reply) => end({ receipt, reply }) });
    });
  }

  /** Closes the stream. Senders of open frames are told to try again: what became of theirs nobody knows now. */
  [Symbol.dispose](): void {
    if (!this.#isClosed) this.#waiting.close();
    this.#isClosed = true;
    for (const end of this.#open) end(LEFT);
    this.#deadlines[Symbol.dispose]();
  }
}
