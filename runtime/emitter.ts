/**
 * Emitting: from a service's draft to a message that left.
 * @module
 */
import type { Draft } from "../messages/draft.ts";
import { MessageError, schemaComplaint } from "../messages/message_error.ts";
import { Message } from "../messages/message.ts";
import type { Behavior } from "./behavior.ts";
import { BehaviorError } from "./behavior_error.ts";
import { CallError } from "./call_error.ts";
import { emitChain, reportFault, slotOf, stageContext } from "./chains.ts";
import { type ErrorStrategies, strategyOfCall } from "./error_strategy.ts";
import { endOf, type Handling } from "./handling.ts";
import type { Kernel } from "./kernel.ts";
import type { ChainResult } from "./pipeline.ts";
import { type Kept, whenKept } from "./primitives/failures.ts";
import { isWorthRetrying } from "./primitives/outbox_entry.ts";
import type { OutboxOutcome } from "./primitives/outbox_options.ts";
import type { PassageEnd, PassageOutcome } from "./primitives/journal.ts";
import { checkVersion, type Registered } from "./registry.ts";
import type { CallOptions, Emitted } from "./service.ts";
import type { StageContext } from "./stage.ts";
import { Times } from "./times.ts";
import { MeshError } from "./transport/mesh.ts";

/** What became of a message; its id is computed only when somebody reads it. */
class Outcome implements Emitted {
  readonly #message: Message;

  constructor(
    message: Message,
    readonly outcome: Emitted["outcome"],
    readonly reason?: string,
    readonly receipt?: Emitted["receipt"],
  ) {
    this.#message = message;
  }

  get id(): string {
    return this.#message.id;
  }
}

/** The emitting half of a runtime. */
export class Emitter {
  readonly #kernel: Kernel;
  readonly #handling: Handling;
  readonly #takeReply: StageContext["takeReply"];

  /**
   * @param kernel What the runtime shares.
   * @param handling What comes behind the pipeline of a message that goes nowhere.
   * @param takeReply Takes a reply that came within the response to a request.
   */
  constructor(kernel: Kernel, handling: Handling, takeReply: StageContext["takeReply"]) {
    this.#kernel = kernel;
    this.#handling = handling;
    this.#takeReply = takeReply;
  }

  /** Sends a draft; see {@linkcode RuntimeApi.emit}. */
  async emit(draft: Draft): Promise<Emitted> {
    const registered = this.#kernel.registry.forDraft(draft.kind);
    return await this.#send(registered, this.#stamp(registered, draft), registered.spec.onError);
  }

  /**
   * Makes a message of a draft without sending it: for what is kept first.
   *
   * @throws {BehaviorError | MessageError} For what the caller did wrong.
   */
  prepare(draft: Draft): Message {
    return this.#stamp(this.#kernel.registry.forDraft(draft.kind), draft);
  }

  /** Sends once more a message that was kept, as it is. */
  resend(message: Message): Promise<OutboxOutcome> {
    const registered = this.#kernel.registry.forDraft(message.kind);
    return new Promise((resolve) => {
      this.#chain(registered).push(message, (result) => {
        const failure = failureOf(result, registered, this.#kernel);
        if (failure) {
          this.#note(result, "retrying", failure);
          return resolve({ outcome: "failed", error: failure.error });
        }
        const settlement = result.outcome === "drop"
          ? { outcome: "drop", reason: result.reason } as const
          : DONE;
        registered.emitted.resettle("retrying", settlement);
        this.#note(result, settlement.outcome);
        if (result.outcome === "drop") return resolve({ outcome: "dropped", reason: result.reason });
        if (registered.isLocal) this.#handleHere(registered, message, result.passed.endedMs);
        resolve({ outcome: "sent" });
      });
    });
  }

  /** Sends a draft and waits for its reply; see {@linkcode RuntimeApi.call}. */
  async call<R, V>(draft: Draft, reply: Behavior<R, V>, options: CallOptions): Promise<Message<R>> {
    const { registry, calls } = this.#kernel;
    options.signal?.throwIfAborted();
    const registered = registry.forDraft(draft.kind);
    if (!registered.spec.replies.includes(reply.kind)) {
      throw new BehaviorError(
        "no_schema",
        `Cannot call ${draft.kind} and wait for ${reply.kind}: it may be answered by ${
          registered.spec.replies.join(", ") || "nothing"
        }`,
      );
    }
    const request = this.#stamp(registered, draft);
    const answered = calls.wait({
      request,
      replyKind: reply.kind,
      replyVersion: reply.spec.current,
      ...options,
    });
    this.#send(registered, request, forCaller(registered.spec.onError)).then(
      (emitted) => {
        const refused = refusal(emitted, request);
        if (refused) calls.fail(request.id, refused);
      },
      (thrown) => calls.fail(request.id, thrown),
    );
    return await answered as Message<R>;
  }

  /** The compiled emit pipeline of a kind, in words. */
  describe(registered: Registered): string {
    return this.#chain(registered).describe();
  }

  #chain(registered: Registered) {
    return registered.emitChain ?? this.#kernel.idleChains.chain(registered, "emitChain", () =>
      emitChain(
        registered,
        stageContext(this.#kernel, registered.spec, this.#takeReply),
        reportFault(this.#kernel, registered),
      ));
  }

  #stamp({ spec }: Registered, draft: Draft): Message {
    const { me, stamper } = this.#kernel;
    const { kind, payload, to, toName, inReplyTo, toAddress, version = spec.current } = draft;
    checkVersion(spec, version);
    let wire: unknown;
    try {
      wire = spec.schemas.get(version)!.encode(payload);
    } catch (thrown) {
      throw new MessageError(
        "bad_payload",
        `Cannot emit ${kind} v${version} with this payload: ${schemaComplaint(thrown)}`,
        { cause: thrown },
      );
    }
    return new Message({
      kind,
      version,
      fromId: me.id,
      from: me.name,
      toId: to,
      to: toName,
      timestamp: stamper.next(),
      payload,
      payloadJson: () => wire,
      inReplyTo,
      toAddress,
      proof: "envelope", // What this nara says to itself needs no further proof.
    });
  }

  #send(registered: Registered, message: Message, strategies: ErrorStrategies): Promise<Emitted> {
    const { signal, outbox, clock } = this.#kernel;
    if (signal.aborted) {
      return Promise.reject(new MeshError("closed", `Cannot emit ${message.kind}: this nara has stopped`));
    }
    registered.emitted.enter();
    return new Promise((resolve, reject) => {
      const settle = (result: ChainResult) =>
        this.#settle({ registered, strategies, resolve, reject }, result);
      if (strategies.transport === "retry" && outbox.holds(message)) {
        const passed = new Times(clock.monotonicMs());
        const { name: stage } = registered.spec.emit.transport;
        return settle({ outcome: "error", stage, error: outbox.behind(message), message, passed });
      }
      this.#chain(registered).push(message, settle);
    });
  }

  #settle(way: Way, result: ChainResult): void {
    const { registered, resolve, reject } = way;
    const { message } = result;
    const failure = failureOf(result, registered, this.#kernel);
    if (failure && (result.outcome === "error" || way.strategies.transport === "retry")) {
      return this.#failed(way, result, failure);
    }
    if (result.outcome === "continue") {
      registered.emitted.settle(DONE);
      this.#note(result, "done");
      if (registered.isLocal) this.#handleHere(registered, message, result.passed.endedMs);
      return resolve(new Outcome(message, "sent", undefined, result.receipt));
    }
    if (result.outcome !== "drop") return;
    const { reason } = result;
    registered.emitted.settle({ outcome: "drop", reason });
    this.#note(result, "drop");
    if (this.#kernel.env !== "test") return resolve(new Outcome(message, "dropped", reason));
    reject(new MeshError("refused", `${message.kind} was dropped on its way out: ${reason}`));
  }

  #failed(
    { registered, strategies, resolve, reject }: Way,
    result: ChainResult,
    { stage, error }: Failed,
  ): void {
    const { message } = result;
    // Whoever asked for what cannot be is told, and nothing is kept.
    const strategy = !isWorthRetrying(error) ? "drop" : strategies[slotOf(registered.spec, stage)];
    const end = (kept: Kept) => {
      registered.emitted.settle({ outcome: kept === "dropped" ? "error" : kept, stage });
      this.#note(result, kept === "dropped" ? "error" : kept, { stage, error });
      if (kept === "dropped") return reject(error);
      const receipt = "receipt" in result ? result.receipt : undefined;
      resolve(new Outcome(message, kept, error.message, receipt));
    };
    const failure = { message, direction: "emit", stage, error } as const;
    whenKept(this.#kernel.failures.handle(failure, strategy), end);
  }

  #note(result: ChainResult, outcome: PassageOutcome, failed?: Failed): void {
    const { message, passed } = result;
    this.#kernel.note({
      direction: "emit",
      message,
      passed,
      outcome,
      stage: failed?.stage ?? ("stage" in result ? result.stage : undefined),
      reason: result.outcome === "drop" ? result.reason : undefined,
      error: failed?.error,
      receipt: result.outcome === "continue" ? result.receipt : undefined,
    });
  }

  /** A message that goes nowhere is handled by its own nara's handler. */
  #handleHere(registered: Registered, message: Message, nowMs: number): void {
    if (!registered.handlers[message.version]) return;
    const { note, clock } = this.#kernel;
    const passed = new Times(nowMs);
    registered.received.enter();
    this.#handling.handle(registered, message, (result) => {
      const handlerMs = clock.monotonicMs() - nowMs;
      const settlement = endOf(result);
      registered.received.settle(settlement);
      const { outcome, stage, reason, error }: PassageEnd = settlement;
      note({ direction: "receive", message, passed, handlerMs, outcome, stage, reason, error });
    });
  }
}

/** One message on its way out, and who waits for its outcome. */
interface Way {
  readonly registered: Registered;
  readonly strategies: ErrorStrategies;
  readonly resolve: (emitted: Emitted) => void;
  readonly reject: (error: Error) => void;
}

/** Where a message failed, and how. */
interface Failed {
  readonly stage: string;
  readonly error: Error;
}

const DONE = { outcome: "done" } as const;
/** Receipts of a peer of ours that say: it was not handled, and may come again. */
const NOT_YET = new Set([
  "in_progress",
  "peer_busy",
  "stopping",
  "unknown_sender",
  "store_failed",
  "record_failed",
]);

/** Who calls is told, and calls again if it likes: nothing goes on behind its back. */
function forCaller(strategies: ErrorStrategies): ErrorStrategies {
  const known = callerStrategies.get(strategies);
  if (known) return known;
  const entries = Object.entries(strategies).map(([slot, strategy]) => [slot, strategyOfCall(strategy)]);
  const made = Object.fromEntries(entries) as unknown as ErrorStrategies;
  callerStrategies.set(strategies, made);
  return made;
}

/** Worked out once per declaration. */
const callerStrategies = new WeakMap<ErrorStrategies, ErrorStrategies>();

/** Why a message has not arrived, as far as that can be known: what a stage says, or the receipt of a peer of ours. */
function failureOf(result: ChainResult, { spec }: Registered, { keyring }: Kernel): Failed | undefined {
  if (result.outcome === "error") return { stage: result.stage, error: result.error };
  if (result.outcome !== "continue" || !result.receipt || spec.onError.transport !== "retry") {
    return undefined;
  }
  const { receipt, message } = result;
  if (!message.toId || message.inReplyTo || !keyring.isOurs(message.toId)) return undefined; // Go's say nothing.
  const reason = receipt.outcome === "unknown" ? "unknown" : "reason" in receipt ? receipt.reason : undefined;
  if (receipt.outcome !== "unknown" && !(reason && NOT_YET.has(reason))) return undefined;
  const error = new MeshError("peer_busy", `${message.kind} has arrived but was not handled yet (${reason})`);
  return { stage: spec.emit.transport.name, error };
}

/** Why no reply will come: the request did not leave, or the other side says that it did not take it. */
function refusal({ outcome, reason, receipt }: Emitted, request: Message): CallError | undefined {
  const whom = request.to ?? request.toId ?? request.toAddress;
  if (outcome === "dropped" || outcome === "queued") {
    return new CallError("refused", `Cannot call ${whom}: ${request.kind} did not leave (${reason})`);
  }
  if (receipt?.outcome !== "drop" && receipt?.outcome !== "error") return undefined;
  // It has the request already: the reply may be under way.
  if (receipt.reason === "duplicate_id" || receipt.reason === "in_progress") return undefined;
  const said = receipt.detail ?? receipt.reason;
  return new CallError("refused", `Cannot call ${whom}: it did not take ${request.kind} (${said})`);
}
