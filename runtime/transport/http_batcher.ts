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
/** Bytes of frames in one request at most. */
const BATCH_BYTES_MAX = 256 * 1024;
/** Milliseconds that a frame waits for company at most: then it leaves, whatever is under way. */
const COMPANY_MS = 5;

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
  readonly #send: SendTogether;
  #waiting: Passenger[] = [];
  #requests = 0;
  #patience: Deadline | undefined;

  /**
   * A batcher with nothing to do.
   *
   * @param deadlines The timer that all requests share.
   * @param send How frames leave.
   */
  constructor(deadlines: Deadlines, send: SendTogether) {
    this.#deadlines = deadlines;
    this.#send = send;
  }

  /** Frames that wait. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Whether nothing is under way, so that it can be forgotten. */
  get isIdle(): boolean {
    return this.#requests === 0 && this.#waiting.length === 0;
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
    });
  }

  #fitting(): number {
    let bytes = 0;
    let count = 0;
    for (const { frame } of this.#waiting) {
      bytes += frame.length + 1;
      if (count > 0 && (count === BATCH_FRAMES_MAX || bytes > BATCH_BYTES_MAX)) break;
      count++;
    }
    return count;
  }
}
