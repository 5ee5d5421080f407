/**
 * The correlator: a request and its reply as one typed call, for services that ask the same thing again and
 * again.
 *
 * A thin layer over {@linkcode RuntimeApi.call}: kinds and deadline are said once, and what counts as the
 * reply stays the runtime's affair (verified, from the callee, of an allowed kind, in time).
 *
 * @example A question with a deadline
 * ```ts
 * import { Correlator, meshRequest, type RuntimeApi } from "@nara/nara/runtime";
 * import * as z from "zod";
 * const answer = meshRequest("tea:answer", "Yes or no").withVersion(1, z.strictObject({ yes: z.boolean() }));
 * const offer = meshRequest("tea:offer", "Would you like tea?")
 *   .withVersion(1, z.strictObject({ sort: z.string() })).withReplies(answer);
 * async function offerTea(rt: RuntimeApi, to: string): Promise<boolean> {
 *   const offers = new Correlator(rt, offer, answer, { deadlineMs: 10_000 });
 *   return (await offers.send({ sort: "mint" }, to)).payload.yes;
 * }
 * ```
 * @module
 */
import type { Message } from "../messages/message.ts";
import type { NaraId } from "../utilities/names.ts";
import type { Behavior } from "./behavior.ts";
import type { CallOptions, RuntimeApi } from "./service.ts";

/** Options of a {@linkcode Correlator}. */
export interface CorrelatorOptions {
  /** Milliseconds that a reply may take. */
  readonly deadlineMs: number;
}

/** Sends requests of one kind and waits for replies of another. */
export class Correlator<Request, Reply> {
  readonly #rt: Pick<RuntimeApi, "call">;
  readonly #request: Behavior<Request>;
  readonly #reply: Behavior<Reply>;
  readonly #deadlineMs: number;

  /**
   * A correlator for one kind of request.
   *
   * @param rt The runtime, as its service sees it.
   * @param request The kind to send.
   * @param reply The kind to wait for; `request` has to allow it.
   * @param options How long to wait.
   * @throws {RangeError} If `deadlineMs` is not above 0.
   */
  constructor(
    rt: Pick<RuntimeApi, "call">,
    request: Behavior<Request>,
    reply: Behavior<Reply>,
    { deadlineMs }: CorrelatorOptions,
  ) {
    if (!(deadlineMs > 0)) throw new RangeError(`deadlineMs must be above 0: got ${deadlineMs}`);
    this.#rt = rt;
    this.#request = request;
    this.#reply = reply;
    this.#deadlineMs = deadlineMs;
  }

  /**
   * Sends `payload` to the nara `to` and resolves with its reply.
   *
   * @param options Another deadline, and a signal to give up.
   * @throws {CallError} When no reply comes.
   * @throws As {@linkcode RuntimeApi.emit}; the signal's reason, when it aborts first.
   */
  send(payload: Request, to: NaraId, options: Partial<CallOptions> = {}): Promise<Message<Reply>> {
    const { deadlineMs = this.#deadlineMs, signal } = options;
    return this.#rt.call(this.#request.draft(payload, { to }), this.#reply, { deadlineMs, signal });
  }
}
