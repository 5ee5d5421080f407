/**
 * Emitting: from a service's draft to a message that left.
 * @module
 */
import type { Draft } from "../messages/draft.ts";
import { MessageError, schemaComplaint } from "../messages/message_error.ts";
import { Message } from "../messages/message.ts";
import { type Behavior, isLocal } from "./behavior.ts";
import { BehaviorError } from "./behavior_error.ts";
import { CallError } from "./call_error.ts";
import { emitChain, reportFault, slotOf, stageContext } from "./chains.ts";
import { NOT_HANDLED } from "./dispatcher.ts";
import type { Kernel } from "./kernel.ts";
import type { ChainResult } from "./pipeline.ts";
import { checkVersion, type Registered } from "./registry.ts";
import type { CallOptions, Emitted } from "./service.ts";
import type { StageContext } from "./stage.ts";
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
  readonly #takeReply: StageContext["takeReply"];

  /**
   * @param kernel What the runtime shares.
   * @param takeReply Takes a reply that came within the response to a request.
   */
  constructor(kernel: Kernel, takeReply: StageContext["takeReply"]) {
    this.#kernel = kernel;
    this.#takeReply = takeReply;
  }

  /** Sends a draft; see {@linkcode RuntimeApi.emit}. */
  async emit(draft: Draft): Promise<Emitted> {
    const registered = this.#kernel.registry.forDraft(draft.kind);
    return await this.#send(registered, this.#stamp(registered, draft));
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
    this.#send(registered, request).then(
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
    return registered.emitChain ??
      emitChain(
        registered,
        stageContext(this.#kernel, registered.spec, this.#takeReply),
        reportFault(this.#kernel, registered),
      );
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

  #send(registered: Registered, message: Message): Promise<Emitted> {
    const { signal } = this.#kernel;
    if (signal.aborted) {
      return Promise.reject(new MeshError("closed", `Cannot emit ${message.kind}: this nara has stopped`));
    }
    registered.emitted.enter();
    return new Promise((resolve, reject) => {
      this.#chain(registered).push(message, (result) => this.#settle(registered, result, resolve, reject));
    });
  }

  #settle(
    registered: Registered,
    result: ChainResult,
    resolve: (emitted: Emitted) => void,
    reject: (error: Error) => void,
  ): void {
    const { message } = result;
    if (result.outcome === "continue") {
      registered.emitted.settle({ outcome: "done" });
      if (isLocal(registered.spec)) this.#handleHere(registered, message);
      return resolve(new Outcome(message, "sent", undefined, result.receipt));
    }
    if (result.outcome === "drop") {
      const { reason } = result;
      registered.emitted.settle({ outcome: "drop", reason });
      if (this.#kernel.env !== "test") return resolve(new Outcome(message, "dropped", reason));
      return reject(new MeshError("refused", `${message.kind} was dropped on its way out: ${reason}`));
    }
    const { error, stage } = result;
    registered.emitted.settle({ outcome: "error", stage });
    const strategy = registered.spec.onError[slotOf(registered.spec, stage)];
    const kept = this.#kernel.failures.handle({ message, direction: "emit", stage, error }, strategy);
    if (kept === "dropped") return reject(error);
    resolve(new Outcome(message, kept, error.message));
  }

  /** A message that goes nowhere is handled by its own nara's handler. */
  #handleHere(registered: Registered, message: Message): void {
    if (!registered.handlers[message.version]) return;
    const { dispatcher, failures } = this.#kernel;
    registered.received.enter();
    dispatcher.dispatch(registered, message, (handled) => {
      if (handled.outcome === "done") return registered.received.settle(handled);
      if (handled.outcome === "error") {
        registered.received.settle({ outcome: "error", stage: "handler" });
        failures.handle(
          { message, direction: "receive", stage: "handler", error: handled.error },
          registered.spec.onError.handler,
        );
        return;
      }
      registered.received.settle({ outcome: "drop", reason: NOT_HANDLED[handled.outcome] });
    });
  }
}

/** Why no reply will come: the request did not leave, or the other side says that it did not take it. */
function refusal({ outcome, reason, receipt }: Emitted, request: Message): CallError | undefined {
  const whom = request.to ?? request.toId ?? request.toAddress;
  if (outcome === "dropped" || outcome === "queued") {
    return new CallError("refused", `Cannot call ${whom}: ${request.kind} did not leave (${reason})`);
  }
  if (receipt?.outcome !== "drop" && receipt?.outcome !== "error") return undefined;
  if (receipt.reason === "duplicate_id") return undefined; // It has the request already: the reply may be under way.
  const said = receipt.detail ?? receipt.reason;
  return new CallError("refused", `Cannot call ${whom}: it did not take ${request.kind} (${said})`);
}
