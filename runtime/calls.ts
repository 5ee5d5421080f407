/**
 * Calls: requests that wait for their reply.
 *
 * Only a verified reply resolves a call, and only one from the callee, of an allowed kind, before the deadline. Everything
 * else is counted and changes nothing.
 * @module
 */
import type { Message } from "../messages/message.ts";
import type { MessageId, NaraId } from "../utilities/names.ts";
import { CallError } from "./call_error.ts";
import { type Deadline, Deadlines } from "./primitives/deadlines.ts";
import type { Limit } from "./primitives/limits.ts";
import type { Clock } from "../utilities/clock.ts";

/** Calls that may wait at once. */
export const CALLS_MAX = 1_024;

/** A request that waits. */
export interface PendingCall {
  /** The request. */
  readonly request: Message;
  /** The kind of the reply. */
  readonly replyKind: string;
  /** The version of the reply that the caller understands. */
  readonly replyVersion: number;
  /** Milliseconds until it fails. */
  readonly deadlineMs: number;
  /** Fails it early. */
  readonly signal?: AbortSignal;
}

/** Told that a call of this kind is over, whether it got its reply or not, and how many milliseconds it took. */
export type CallObserver = (kind: string, ms: number) => void;

interface Waiting extends PendingCall {
  readonly deadline: Deadline;
  readonly settle: (outcome: { reply: Message } | { error: unknown }) => void;
}

/** All calls of a runtime. Dispose of it to fail those that wait. */
export class Calls implements Disposable {
  readonly #clock: Clock;
  readonly #onOver: CallObserver | undefined;
  readonly #deadlines: Deadlines;
  readonly #waiting = new Map<MessageId, Waiting>();
  /** Messages that claimed to answer a call and did not. */
  unexpected = 0;
  /** Calls that were refused, as too many waited. */
  overflows = 0;

  /**
   * No calls yet.
   *
   * @param clock The runtime's time.
   * @param onOver Told of every call that is over.
   */
  constructor(clock: Clock, onOver?: CallObserver) {
    this.#clock = clock;
    this.#onOver = onOver;
    this.#deadlines = new Deadlines(clock);
  }

  /** How many wait. */
  get size(): number {
    return this.#waiting.size;
  }

  /**
   * Waits for the reply to a request that is about to be sent. It rejects with a {@linkcode CallError} (`timeout`, `stopped`),
   * with the signal's reason, or with what {@linkcode Calls.fail} was given.
   *
   * @throws {CallError} `too_many`, at once: then there is no point in sending the request.
   */
  wait(call: PendingCall): Promise<Message> {
    if (this.#waiting.size >= CALLS_MAX) {
      this.overflows++;
      throw new CallError("too_many", `Cannot call: ${CALLS_MAX} calls wait for their reply already`);
    }
    const { request, signal, deadlineMs } = call;
    const { promise, resolve, reject } = Promise.withResolvers<Message>();
    const startedMs = this.#clock.monotonicMs();
    const abort = () => this.fail(request.id, signal!.reason);
    const settle: Waiting["settle"] = (outcome) => {
      this.#waiting.delete(request.id);
      this.#deadlines.remove(deadline);
      signal?.removeEventListener("abort", abort);
      this.#onOver?.(request.kind, this.#clock.monotonicMs() - startedMs);
      if ("reply" in outcome) resolve(outcome.reply);
      else reject(outcome.error);
    };
    const deadline = this.#deadlines.add(deadlineMs, () => this.fail(request.id, timeout(call)));
    this.#waiting.set(request.id, { ...call, deadline, settle });
    if (signal?.aborted) abort();
    else signal?.addEventListener("abort", abort, { once: true });
    return promise;
  }

  /** Fails a call; nothing happens when it is over already. */
  fail(request: MessageId, error: unknown): void {
    this.#waiting.get(request)?.settle({ error });
  }

  /**
   * Offers a verified message to the call that it claims to answer.
   *
   * @param answers The request in whose response it came, where it came in one: that proves the callee of a call by address.
   * @returns Whether a call took it.
   */
  offer(reply: Message, answers?: Message): boolean {
    const call = reply.inReplyTo ? this.#waiting.get(reply.inReplyTo) : undefined;
    if (!call || !isFrom(call.request, reply, answers) || !isAllowed(call, reply)) {
      this.unexpected++;
      return false;
    }
    call.settle({ reply });
    return true;
  }

  /** Its bound, for `nara limits`. */
  limits(): Limit[] {
    return [{
      name: "calls.waiting",
      unit: "calls",
      max: CALLS_MAX,
      rule: "the new call rejects with too_many",
      inUse: () => this.size,
      overflows: () => this.overflows,
    }];
  }

  /** Fails all calls that wait. */
  [Symbol.dispose](): void {
    for (const { settle } of [...this.#waiting.values()]) {
      settle({
        error: new CallError("stopped", "Cannot wait for a reply any longer: this nara is stopping"),
      });
    }
    this.#deadlines[Symbol.dispose]();
  }
}

function isFrom(request: Message, reply: Message, answers: Message | undefined): boolean {
  return request.toId ? reply.fromId === (request.toId satisfies NaraId) : answers?.id === request.id;
}

function isAllowed({ replyKind, replyVersion }: PendingCall, { kind, version }: Message): boolean {
  return kind === replyKind && version === replyVersion;
}

function timeout({ request, replyKind, deadlineMs }: PendingCall): CallError {
  const whom = request.to ?? request.toId ?? request.toAddress;
  return new CallError(
    "timeout",
    `Cannot wait longer for ${whom} to answer ${request.kind}: no ${replyKind} came within ${deadlineMs} ms`,
  );
}
