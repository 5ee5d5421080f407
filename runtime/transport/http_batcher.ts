/**
 * The batcher: decides which frames to one peer leave together. While little is under way each leaves at once and alone; what
 * has to wait leaves together as soon as a request has come back.
 * @module
 */
import type { Deadline, Deadlines } from "../primitives/deadlines.ts";
import { BATCH_FRAMES_MAX } from "./http_batch.ts";
import type { Answer } from "./mesh.ts";

/** Requests under way to a peer before others wait for company. */
const REQUESTS_MAX = 4;
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
  #waiting: Passenger[] = [];
  #requests = 0;
  #patience: Deadline | undefined;

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
      if (this.#requests < REQUESTS_MAX) return this.#leave();
      this.#patience ??= this.#deadlines.add(COMPANY_MS, () => {
        this.#patience = undefined;
        this.#leave();
      });
    });
  }

  /** Sends as many of those that wait as fit into one request. */
  #leave(): void {
    const count = this.#fitting();
    const passengers = this.#waiting.slice(0, count);
    this.#waiting = this.#waiting.slice(count);
    if (this.#waiting.length === 0 && this.#patience) {
      this.#deadlines.remove(this.#patience);
      this.#patience = undefined;
    }
    this.#requests++;
    this.#send(passengers).then(() => {
      this.#requests--;
      if (this.#waiting.length > 0) this.#leave();
      else if (this.#requests === 0) this.#onIdle();
    });
  }

  #fitting(): number {
    let bytes = 0;
    let count = 0;
    for (const { frame } of this.#waiting) {
      bytes += frame.length + 1;
      if (count > 0 && (count === BATCH_FRAMES_MAX || bytes > this.#bytesMax)) break;
      count++;
    }
    return count;
  }
}
