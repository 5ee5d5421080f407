/**
 * The batcher: decides which frames to one peer leave together. While nothing is under way a frame leaves at once and alone; what
 * comes in one turn of the event loop then leaves together, and what has to wait as soon as a request has come back.
 * @module
 */
import { setImmediate } from "node:timers";
import type { Deadline, Deadlines } from "../primitives/deadlines.ts";
import { BATCH_FRAMES_MAX } from "./http_batch.ts";
import type { Answer } from "./mesh.ts";

/** Requests under way to a peer before others wait for company. */
const REQUESTS_MAX = 4;
/** Frames below which a request is not worth splitting. */
const COMPANY_MIN = 8;
/**
 * Milliseconds that a frame waits for company at most: then it leaves, whatever is under way. A request ends when its last frame was
 * handled, and one slow handler must not hold up all that comes after.
 */
const COMPANY_MS = 25;

/** A frame on its way to a peer. */
export interface Passenger {
  /** The frame. */
  readonly frame: Uint8Array;
  /** Its answer. */
  readonly resolve: (answer: Answer) => void;
  /** Why there is none. */
  readonly reject: (error: Error) => void;
}

/** Sends some frames in one request, and answers each of them. It never rejects. */
export type SendTogether = (passengers: readonly Passenger[]) => Promise<void>;

/** Frames to one peer. */
export class Batcher {
  readonly #deadlines: Deadlines;
  readonly #bytesMax: number;
  readonly #send: SendTogether;
  readonly #onIdle: () => void;
  readonly #waiting: Passenger[] = [];
  #requests = 0;
  #patience: Deadline | undefined;
  #turn: ReturnType<typeof setImmediate> | undefined;

  /**
   * A batcher with nothing to do.
   *
   * @param deadlines The timer that all requests share.
   * @param bytesMax Bytes that one request may hold.
   * @param send How frames leave.
   * @param onIdle Told when nothing is under way any more.
   */
  constructor(deadlines: Deadlines, bytesMax: number, send: SendTogether, onIdle: () => void) {
    this.#onIdle = onIdle;
    this.#deadlines = deadlines;
    this.#bytesMax = bytesMax;
    this.#send = send;
  }

  /** Frames that wait. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Sends a frame, alone or in company. */
  send(frame: Uint8Array): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ frame, resolve, reject });
      if (this.#requests === 0 && !this.#turn) this.#leave(BATCH_FRAMES_MAX);
      else if (this.#requests < REQUESTS_MAX) this.#gather();
      else this.#patience ??= this.#deadlines.add(COMPANY_MS, () => this.#leaveAnyway());
    });
  }

  /** Lets whoever comes in this turn of the event loop come along: an answer to many makes as many send again. */
  #gather(): void {
    this.#turn ??= setImmediate(() => {
      this.#turn = undefined;
      while (this.#waiting.length > 0 && this.#requests < REQUESTS_MAX) {
        // Spread over the requests that may leave, so that both sides have something to do at any time.
        const share = Math.ceil(this.#waiting.length / (REQUESTS_MAX - this.#requests));
        this.#leave(Math.min(BATCH_FRAMES_MAX, Math.max(COMPANY_MIN, share)));
      }
      if (this.#requests === 0) this.#onIdle();
    });
  }

  #leaveAnyway(): void {
    this.#patience = undefined;
    this.#leave(BATCH_FRAMES_MAX);
    if (this.#waiting.length > 0) this.#patience = this.#deadlines.add(COMPANY_MS, () => this.#leaveAnyway());
  }

  /** Sends as many of those that wait as fit into one request. */
  #leave(framesMax: number): void {
    const count = this.#fitting(framesMax);
    const passengers = this.#waiting.splice(0, count);
    if (this.#waiting.length === 0 && this.#patience) {
      this.#deadlines.remove(this.#patience);
      this.#patience = undefined;
    }
    this.#requests++;
    this.#send(passengers).then(() => {
      this.#requests--;
      // An answer to one makes one send again, and nobody need wait for that.
      if (count > 1 || this.#waiting.length > 0) this.#gather();
      else if (this.#requests === 0 && !this.#turn) this.#onIdle();
    });
  }

  #fitting(framesMax: number): number {
    let bytes = 0;
    let count = 0;
    for (const { frame } of this.#waiting) {
      bytes += frame.length + 1;
      if (count > 0 && (count === framesMax || bytes > this.#bytesMax)) break;
      count++;
    }
    return count;
  }
}
