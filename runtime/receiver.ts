/**
 * Receiving: from bytes that somebody sent to a message that was handled, or a counted reason why not.
 * @module
 */
import { decodeEnvelope, decodeMessage, type Envelope } from "../messages/envelope.ts";
import { MessageError } from "../messages/message_error.ts";
import { Message, provenName } from "../messages/message.ts";
import { ownBytes } from "../utilities/bytes.ts";
import { messageOf, toError } from "../utilities/errors.ts";
import { receiveChain, reportFault, slotOf, stageContext } from "./chains.ts";
import { CallError } from "./call_error.ts";
import { endOf, type Handling, receiptOf } from "./handling.ts";
import type { Kernel } from "./kernel.ts";
import type { Chain, ChainResult } from "./pipeline.ts";
import { type Deadline, Deadlines } from "./primitives/deadlines.ts";
import { type Kept, whenKept } from "./primitives/failures.ts";
import type { PassageEnd } from "./primitives/journal.ts";
import type { Change } from "./primitives/store.ts";
import type { Registered } from "./registry.ts";
import type { StageContext } from "./stage.ts";
import { Times } from "./times.ts";
import { HANDLED, type Receipt } from "./transport/mesh.ts";

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
  readonly #handling: Handling;
  readonly #deadlines: Deadlines;

  /**
   * @param kernel What the runtime shares.
   * @param handling What comes behind the pipeline.
   */
  constructor(kernel: Kernel, handling: Handling) {
    this.#kernel = kernel;
    this.#handling = handling;
    this.#deadlines = new Deadlines(kernel.clock);
  }

  /** Takes a reply that came within the response to `request`. */
  readonly takeReply: StageContext["takeReply"] = (frame, peer, request) => {
    this.take(frame, peer, (receipt) => this.#kernel.peers.reportReply(peer, receipt), request);
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
      this.#kernel.registry.checkBytes(frame.length);
      const envelope = decodeEnvelope(frame);
      const future = this.#kernel.registry.ofFuture(envelope.kind, envelope.version);
      if (future) return this.#takeFuture(envelope, frame, { registered: future, peer, settle });
      registered = this.#kernel.registry.forReceived(envelope.kind, envelope.version, frame.length);
      message = this.#decode(envelope, registered, frame);
    } catch (thrown) {
      return this.#refuse(thrown, settle);
    }
    registered.received.enter();
    if (this.#kernel.signal.aborted) return this.#stopping(registered, settle);
    const way: Way = { registered, peer, settle };
    this.#chain(registered).push(
      message,
      (result) => this.#settle(way, result, answers),
      laneOf(message, peer),
    );
  }

  /**
   * Takes a frame that was verified and kept in an earlier run: its freshness was judged when it came.
   *
   * @param alongside What is written in the same commit as that it was handled.
   * @returns When it came to its outcome; one whose payload its version refuses is dropped.
   * @throws {MessageError} When its envelope cannot be read.
   * @throws {CallError} `refused`, when it could not be handled now and has to stay.
   */
  async takeKept(frame: Uint8Array, peer: string, alongside: readonly Change[] = []): Promise<void> {
    const envelope = decodeEnvelope(frame);
    const registered = this.#kernel.registry.forReceived(envelope.kind, envelope.version, frame.length);
    registered.received.enter();
    const message = this.#decodeKept(envelope, registered, frame);
    if (!message) return registered.received.settle({ outcome: "drop", reason: "undecodable" });
    const { promise, resolve } = Promise.withResolvers<Receipt>();
    const way: Way = { registered, peer, settle: resolve, isPatient: true, alongside };
    const chain = receiveChain(registered, this.#context(registered), this.#onFault(registered), "kept");
    chain.push(message, (result) => this.#settle(way, result), laneOf(message, peer));
    const receipt = await promise;
    await chain.close();
    if ("reason" in receipt && NOT_HANDLED_YET.has(receipt.reason)) {
      throw new CallError("refused", `Cannot handle it now: ${receipt.reason}`);
    }
  }

  /**
   * Hands a message to its handler that an earlier run had verified and stored. Resolves when it came to its outcome.
   *
   * @throws {MessageError} When it cannot be read, or its kind is not spoken any more.
   */
  async resume(frame: Uint8Array): Promise<void> {
    const envelope = decodeEnvelope(frame);
    const registered = this.#kernel.registry.forReceived(envelope.kind, envelope.version, frame.length);
    const proof = envelope.envelopeSignature ? "envelope" : "signature"; // It was verified before it was stored.
    const message = this.#decode(envelope, registered, frame).with({ proof, signedEnvelope: undefined });
    registered.received.enter();
    await new Promise<void>((resolve) => {
      const way = { registered, peer: "", settle: () => resolve(), isPatient: true };
      this.#handle(way, { message, passed: this.#elsewhere() });
    });
  }

  /**
   * Hands a received message to its handler once more.
   *
   * @param alongside What is written in the same commit as what the handler changes.
   * @throws What the handler throws.
   */
  handleAgain(message: Message, alongside: readonly Change[] = []): Promise<void> {
    const registered = this.#kernel.registry.forReceived(message.kind, message.version);
    registered.received.enter();
    const passed = this.#elsewhere();
    return new Promise((resolve, reject) => {
      this.#handling.handle(registered, message, (result) => {
        registered.received.settle(result);
        this.#note("", { message, passed }, result);
        if (result.outcome === "done") return resolve();
        reject(
          result.outcome === "error"
            ? result.error
            : new CallError("refused", `Cannot handle it: ${result.reason}`),
        );
      }, { alongside, isKept: true });
    });
  }

  /** The compiled receive pipeline of a kind, in words. */
  describe(registered: Registered): string {
    return this.#chain(registered).describe();
  }

  /** Drops what still waits. */
  [Symbol.dispose](): void {
    this.#deadlines[Symbol.dispose]();
  }

  #chain(registered: Registered): Chain {
    return registered.receiveChain ?? this.#kernel.idleChains.chain(
      registered,
      "receiveChain",
      () => receiveChain(registered, this.#context(registered), this.#onFault(registered)),
    );
  }

  #context({ spec }: Registered): StageContext {
    const { pending } = this.#kernel;
    const noteStored = pending && ((message: Message) => pending.note(message));
    return { ...stageContext(this.#kernel, spec, this.takeReply), noteStored };
  }

  #onFault(registered: Registered): (thrown: unknown) => void {
    return reportFault(this.#kernel, registered);
  }

  #decodeKept(envelope: Envelope, registered: Registered, frame: Uint8Array): Message | undefined {
    try {
      return this.#decode(envelope, registered, frame);
    } catch (thrown) {
      const { kind, id } = envelope;
      this.#kernel.log.warn("a kept message cannot be read", { kind, id, error: messageOf(thrown) });
      return undefined;
    }
  }

  #decode(envelope: Envelope, { spec }: Registered, frame: Uint8Array): Message {
    const isKept = !spec.receive.store.isNone || !spec.receive.gossip.isNone;
    return decodeMessage(envelope, spec.schemas.get(envelope.version)!, isKept ? ownBytes(frame) : undefined);
  }

  #refuse(thrown: unknown, settle: Settle): void {
    const { code, message } = thrown instanceof MessageError ? thrown : toMessageError(thrown);
    const page = this.#kernel.books.page("receive", UNREADABLE);
    page.enter();
    page.settle({ outcome: "drop", reason: code });
    settle({ outcome: "error", reason: code, detail: message });
  }

  #stopping({ received }: Registered, settle: Settle): void {
    received.settle(STOPPING);
    settle(STOPPING);
  }

  #settle(way: Way, result: ChainResult, answers?: Message): void {
    const { registered, settle } = way;
    const { message } = result;
    const { calls, me, mesh, outbox, peers, registry, seen } = this.#kernel;
    if (result.outcome !== "continue") {
      if (isBehindDedupe(registered, result)) this.#forgetOrFinish(result);
      if (result.outcome === "drop") return this.#dropped(way, result, result.reason);
      return this.#failed(way, result, result.stage, result.error);
    }
    if (message.proof !== "none") {
      peers.heard(message.fromId, provenName(message), result.passed.endedMs);
      if (message.toId === me.id) mesh?.proven?.(way.peer, message.fromId); // Others pass on what is for everybody.
      outbox.drain(message.fromId);
    }
    if (message.inReplyTo && message.proof !== "none" && calls.offer(message, answers)) {
      seen.finish(message);
      registered.received.settle(DONE);
      this.#note(way.peer, result, DONE);
      return settle(HANDLED);
    }
    if (message.inReplyTo && registry.isReply(message.kind)) {
      seen.finish(message);
      return this.#dropped(way, result, "unexpected_reply");
    }
    this.#handle(way, result);
  }

  /** Whether a message that was dropped for what it is, or failed for what broke here, may come again. */
  #forgetOrFinish(result: ChainResult): void {
    const { seen } = this.#kernel;
    if (result.outcome === "error" || result.outcome === "drop" && result.reason === "peer_busy") {
      seen.forget(result.message);
    } else seen.finish(result.message);
  }

  #handle(way: Way, result: Ended): void {
    const { passed } = result;
    const message = lightened(result.message);
    const { openRequests, clock } = this.#kernel;
    const { registered, alongside, settle } = way;
    // Only a peer of ours looks for a reply in the response; Go's get theirs by a request.
    const mayAnswer = message.proof === "envelope" && registered.spec.replies.length > 0;
    let isOver = false;
    let deadline: Deadline | undefined;
    const answer: Settle = (receipt, reply) => {
      if (deadline) this.#deadlines.remove(deadline);
      if (mayAnswer) openRequests.close(message);
      settle(receipt, reply);
    };
    if (mayAnswer) openRequests.open(message, (reply) => answer(HANDLED, reply));
    this.#handling.handle(registered, message, (handled) => {
      isOver = true;
      const end = endOf(handled);
      registered.received.settle(end);
      this.#note(way.peer, result, end, clock.monotonicMs() - passed.endedMs);
      answer(receiptOf(handled));
    }, alongside && { alongside });
    if (!isOver && !way.isPatient) {
      deadline = this.#deadlines.add(RECEIPT_MS, () => answer({ outcome: "unknown" }));
    }
  }

  #dropped(way: Way, result: Ended, reason: string): void {
    way.registered.received.settle({ outcome: "drop", reason });
    const stage = "stage" in result ? String(result.stage) : "handler";
    this.#note(way.peer, result, { outcome: "drop", reason, stage });
    way.settle({ outcome: "drop", reason });
  }

  /** What broke in here is nobody's business out there: the stage says enough. */
  #failed(
    way: Way,
    result: Ended,
    stage: string,
    error: Error,
  ): void {
    const { spec, received } = way.registered;
    const failure = { message: result.message, direction: "receive", stage, error } as const;
    const end = (kept: Kept) => {
      const outcome = kept === "dropped" ? "error" : kept;
      received.settle({ outcome, stage });
      this.#note(way.peer, result, { outcome, stage, error });
      way.settle({ outcome: "error", reason: `${stage}_failed` });
    };
    whenKept(this.#kernel.failures.handle(failure, spec.onReceiveError[slotOf(spec, stage)]), end);
  }

  #note(
    peer: string,
    { passed, message }: Ended,
    { outcome, stage, reason, error }: PassageEnd,
    handlerMs?: number,
  ): void {
    this.#kernel.note({
      direction: "receive",
      message,
      peer,
      passed,
      handlerMs,
      outcome,
      stage,
      reason,
      error,
    });
  }

  /** The way of a message that passed its pipeline before, and enters none now. */
  #elsewhere(): Times {
    return new Times(this.#kernel.clock.monotonicMs());
  }

  /** Keeps a message of a version that is not understood yet, once its sender is proven. */
  #takeFuture(envelope: Envelope, frame: Uint8Array, way: Way): void {
    const { registered, peer, settle } = way;
    const { quarantine, signal } = this.#kernel;
    const { payload, ...fields } = envelope;
    const message = new Message({ ...fields, payload });
    registered.received.enter();
    if (signal.aborted) return this.#stopping(registered, settle);
    const chain = this.#kernel.idleChains.chain(
      registered,
      "futureChain",
      () => receiveChain(registered, this.#context(registered), this.#onFault(registered), "future"),
    );
    chain.push(message, (result) => {
      if (result.outcome === "drop") return this.#dropped(way, result, result.reason);
      if (result.outcome === "error") return this.#failed(way, result, result.stage, result.error);
      const { kind, version, id, fromId } = message;
      quarantine.add(ownBytes(frame), peer, { kind, version, id, fromId }).then(
        (verdict) => {
          if (verdict === "full") return this.#dropped(way, result, "quarantine_full");
          if (verdict === "exists") return this.#dropped(way, result, "duplicate_id");
          registered.received.settle({ outcome: "quarantined" });
          this.#note(peer, result, { outcome: "quarantined", stage: "quarantine" });
          settle({ outcome: "quarantined" });
        },
        (thrown) => this.#failed(way, result, "quarantine", toError(thrown)),
      );
    }, laneOf(message, peer));
  }
}

/** A message that left its chain, and its way through it. */
type Ended = Pick<ChainResult, "passed" | "message">;

/** One message on its way in. */
interface Way {
  readonly registered: Registered;
  readonly peer: string;
  readonly settle: Settle;
  /** What is written in the same commit as that it was handled. */
  readonly alongside?: readonly Change[];
  /** Whether it is settled at the end only, however long its handler takes. */
  readonly isPatient?: boolean;
}

/** Without the bytes that were to be verified: they may be a part of many more, and a handler may wait for long. */
function lightened(message: Message): Message {
  return message.signedEnvelope ? message.with({ signedEnvelope: undefined }) : message;
}

const DONE = { outcome: "done" } as const;
const STOPPING = { outcome: "drop", reason: "stopping" } as const;

/** Why a kept message has to stay where it is. */
const NOT_HANDLED_YET = new Set(["peer_busy", "stopping", "in_progress", "store_failed", "record_failed"]);

/** Drops by which the seen-set itself refuses a message. */
const REFUSED_AS_SEEN = new Set(["duplicate_id", "in_progress", "below_horizon"]);

/** Whether the seen-set took the message, which then ended further down. */
function isBehindDedupe({ spec }: Registered, result: ChainResult): boolean {
  if (result.outcome === "continue") return true;
  if (result.outcome === "drop" && REFUSED_AS_SEEN.has(result.reason)) return false;
  const { stages } = result.passed;
  return stages.indexOf(result.stage) >= stages.indexOf(spec.receive.dedupe.name);
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
