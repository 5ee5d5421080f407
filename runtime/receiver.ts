/**
 * Receiving: from bytes that somebody sent to a message that was handled, or a counted reason why not.
 * @module
 */
import { decodeEnvelope, decodeMessage } from "../messages/envelope.ts";
import { MessageError } from "../messages/message_error.ts";
import { type Message, provenName } from "../messages/message.ts";
import { toError } from "../utilities/errors.ts";
import { receiveChain, reportFault, slotOf, stageContext } from "./chains.ts";
import { NOT_HANDLED } from "./dispatcher.ts";
import type { Kernel } from "./kernel.ts";
import type { ChainResult } from "./pipeline.ts";
import { type Deadline, Deadlines } from "./primitives/deadlines.ts";
import type { Handled, Registered } from "./registry.ts";
import type { StageContext } from "./stage.ts";
import type { Receipt } from "./transport/mesh.ts";

/** Answers whoever sent a frame; only the first call counts. */
export type Settle = (receipt: Receipt, reply?: Uint8Array) => void;

/**
 * Milliseconds that a sender waits for a handler. After that it is told `unknown`, and a reply goes its own way, so that a slow
 * handler holds up no connection.
 */
export const RECEIPT_MS = 2_000;

/** Where frames that are no messages are counted. */
export const UNREADABLE = "(unreadable)";

/** The receiving half of a runtime. Dispose of it with its runtime. */
export class Receiver implements Disposable {
  readonly #kernel: Kernel;
  readonly #deadlines: Deadlines;

  /** @param kernel What the runtime shares. */
  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    this.#deadlines = new Deadlines(kernel.clock);
  }

  /** Takes a reply that came within the response to `request`. */
  readonly takeReply: StageContext["takeReply"] = (frame, peer, request) => {
    this.take(frame, peer, () => {}, request);
  };

  /**
   * Takes one frame. `settle` is called exactly once, in the end; nothing is thrown.
   *
   * @param answers The request in whose response the frame came, if it did.
   */
  take(frame: Uint8Array, peer: string, settle: Settle, answers?: Message): void {
    let registered: Registered;
    let message: Message;
    try {
      const envelope = decodeEnvelope(frame);
      registered = this.#kernel.registry.forReceived(envelope.kind, envelope.version);
      message = decodeMessage(envelope, registered.spec.schemas.get(envelope.version)!);
    } catch (thrown) {
      return this.#refuse(thrown, settle);
    }
    registered.received.enter();
    if (this.#kernel.signal.aborted) return this.#dropped(registered, "stopping", settle);
    this.#chain(registered).push(
      message,
      (result) => this.#settle(registered, result, settle, answers),
      laneOf(message, peer),
    );
  }

  /** The compiled receive pipeline of a kind, in words. */
  describe(registered: Registered): string {
    return this.#chain(registered).describe();
  }

  /** Drops what still waits. */
  [Symbol.dispose](): void {
    this.#deadlines[Symbol.dispose]();
  }

  #chain(registered: Registered) {
    return registered.receiveChain ??
      receiveChain(
        registered,
        stageContext(this.#kernel, registered.spec, this.takeReply),
        reportFault(this.#kernel, registered),
      );
  }

  #refuse(thrown: unknown, settle: Settle): void {
    const { code, message } = thrown instanceof MessageError ? thrown : toMessageError(thrown);
    const page = this.#kernel.books.page("receive", UNREADABLE);
    page.enter();
    page.settle({ outcome: "drop", reason: code });
    settle({ outcome: "error", reason: code, detail: message });
  }

  #dropped(registered: Registered, reason: string, settle: Settle): void {
    registered.received.settle({ outcome: "drop", reason });
    settle({ outcome: "drop", reason });
  }

  #settle(registered: Registered, result: ChainResult, settle: Settle, answers?: Message): void {
    if (result.outcome === "drop") return this.#dropped(registered, result.reason, settle);
    if (result.outcome === "error") {
      return this.#failed(registered, result.message, result.stage, result.error, settle);
    }
    const { message } = result;
    const { calls, peers, registry } = this.#kernel;
    if (message.proof !== "none") peers.heard(message.fromId, provenName(message));
    if (message.inReplyTo && message.proof !== "none" && calls.offer(message, answers)) {
      registered.received.settle({ outcome: "done" });
      return settle({ outcome: "handled" });
    }
    if (message.inReplyTo && registry.isReply(message.kind)) {
      return this.#dropped(registered, "unexpected_reply", settle);
    }
    this.#dispatch(registered, message, settle);
  }

  #dispatch(registered: Registered, message: Message, settle: Settle): void {
    const { openRequests, dispatcher } = this.#kernel;
    // Only a peer of ours looks for a reply in the response; Go's get theirs by a request.
    const mayAnswer = message.proof === "envelope" && registered.spec.replies.length > 0;
    let isOver = false;
    let deadline: Deadline | undefined;
    const answer: Settle = (receipt, reply) => {
      if (deadline) this.#deadlines.remove(deadline);
      if (mayAnswer) openRequests.close(message);
      settle(receipt, reply);
    };
    if (mayAnswer) openRequests.open(message, (reply) => answer({ outcome: "handled" }, reply));
    dispatcher.dispatch(registered, message, (handled) => {
      isOver = true;
      this.#handled(registered, message, handled, answer);
    });
    if (!isOver) deadline = this.#deadlines.add(RECEIPT_MS, () => answer({ outcome: "unknown" }));
  }

  #handled(registered: Registered, message: Message, handled: Handled, settle: Settle): void {
    if (handled.outcome === "error") {
      return this.#failed(registered, message, "handler", handled.error, settle);
    }
    if (handled.outcome === "done") {
      registered.received.settle(handled);
      return settle({ outcome: "handled" });
    }
    this.#dropped(registered, NOT_HANDLED[handled.outcome], settle);
  }

  #failed(registered: Registered, message: Message, stage: string, error: Error, settle: Settle): void {
    registered.received.settle({ outcome: "error", stage });
    const { spec } = registered;
    const strategy = stage === "handler" ? spec.onError.handler : spec.onError[slotOf(spec, stage)];
    this.#kernel.failures.handle({ message, direction: "receive", stage, error }, strategy);
    // What broke in here is nobody's business out there: the stage says enough.
    settle({ outcome: "error", reason: `${stage}_failed` });
  }
}

/**
 * The sender is a claim until it is verified: with the connection that it came by in the key, nobody can fill somebody else's
 * lane.
 */
function laneOf({ fromId }: Message, peer: string): string {
  return `${fromId} ${peer}`;
}

/** The scan and the schemas throw nothing else; whatever does is still only bad input. */
function toMessageError(thrown: unknown): MessageError {
  return new MessageError("undecodable", `Cannot read a message: ${toError(thrown).message}`, {
    cause: thrown,
  });
}
