/**
 * Requests whose response is still open: a reply that is ready in time travels in it, and saves a request.
 * @module
 */
import type { Message } from "../../messages/message.ts";
import type { Limit } from "./limits.ts";

/** Takes the frame of a reply. */
export type TakeReply = (reply: Uint8Array) => void;

/** Requests that may be open; the lanes that hold them allow about as many. */
const OPEN_REQUESTS_MAX = 4_096;

/** Open requests by sender and id. */
export class OpenRequests {
  readonly #answers = new Map<string, TakeReply>();
  #overflows = 0;

  /** Its bound, for `nara limits`. */
  limits(): Limit[] {
    return [{
      name: "replies.open",
      unit: "requests",
      max: OPEN_REQUESTS_MAX,
      rule: "the reply goes by a request of its own",
      inUse: () => this.#answers.size,
      overflows: () => this.#overflows,
    }];
  }

  /** Opens `request`: `answer` is called at most once, with the reply's frame. */
  open(request: Message, answer: TakeReply): void {
    if (this.#answers.size >= OPEN_REQUESTS_MAX) {
      this.#overflows++;
      return;
    }
    this.#answers.set(keyOf(request.fromId, request.id), answer);
  }

  /** Closes `request`: later replies go their own way. */
  close(request: Message): void {
    this.#answers.delete(keyOf(request.fromId, request.id));
  }

  /**
   * Puts `frame` into the response to the request that `reply` answers.
   *
   * @returns `false` when no such request is open.
   */
  answer(reply: Message, frame: Uint8Array): boolean {
    if (!reply.inReplyTo || !reply.toId) return false;
    const key = keyOf(reply.toId, reply.inReplyTo);
    const answer = this.#answers.get(key);
    if (!answer) return false;
    this.#answers.delete(key);
    answer(frame);
    return true;
  }
}

function keyOf(sender: string, id: string): string {
  return `${sender} ${id}`;
}
