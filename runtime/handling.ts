/**
 * Handling: the last part of a message's way, through its handler to a counted outcome that is on disk where that matters.
 * @module
 */
import type { Draft } from "../messages/draft.ts";
import type { Message } from "../messages/message.ts";
import { toError } from "../utilities/errors.ts";
import { NOT_HANDLED } from "./dispatcher.ts";
import type { Kernel } from "./kernel.ts";
import type { PendingEffects } from "./primitives/effects.ts";
import type { Failure, Kept } from "./primitives/failures.ts";
import type { OutboxPlace } from "./primitives/outbox_options.ts";
import { type Change, StoreError } from "./primitives/store.ts";
import type { Handled, Registered } from "./registry.ts";
import { HANDLED, type Receipt } from "./transport/mesh.ts";

/** What became of a message that reached its handler. */
export type HandlingResult =
  | { readonly outcome: "done" }
  | { readonly outcome: "drop"; readonly reason: string }
  | {
    readonly outcome: "error";
    readonly stage: "handler" | "record";
    readonly error: Error;
    /** What the error strategy did with it. */
    readonly kept: Kept;
  };

/** Told once what became of a message. */
export type Done = (result: HandlingResult) => void;

/** How a message is handled that did not come just now. */
export interface HandlingOptions {
  /** What is written in the same commit as that it was handled: where it waited until now, it does no longer. */
  readonly alongside?: readonly Change[];
  /**
   * Whether it was handled once before, and failed: it is not marked again, and a failure is left to whoever asked.
   * @default {false}
   */
  readonly isKept?: boolean;
}

const JUST_NOW: HandlingOptions = {};
const DONE: HandlingResult = { outcome: "done" };

/** Makes a message of a draft without sending it. */
type Prepare = (draft: Draft) => Message;

/** One message on its way through its handler. */
interface Job extends HandlingOptions {
  readonly registered: Registered;
  readonly message: Message;
  /** Whether it is marked once its handler is through. */
  readonly mayMark: boolean;
  readonly done: Done;
}

/** Hands messages to their handlers and writes down that they were handled. */
export class Handling {
  readonly #kernel: Kernel;
  readonly #prepare: Prepare;

  /**
   * @param kernel What the runtime shares.
   * @param prepare How the messages are made that a handler emits with its effects.
   */
  constructor(kernel: Kernel, prepare: Prepare) {
    this.#kernel = kernel;
    this.#prepare = prepare;
  }

  /** Runs the handler of `message`, if there is one. `done` is called exactly once; nothing is thrown. */
  handle(registered: Registered, message: Message, done: Done, options: HandlingOptions = JUST_NOW): void {
    const { marks } = this.#kernel;
    const { isLocal, promise, handlers } = registered;
    const { alongside, isKept } = options;
    const mayMark = marks !== undefined && !isLocal && !isKept;
    const job: Job = { registered, message, done, mayMark, alongside, isKept };
    const isFirstMarked = mayMark && promise === "best effort" && handlers[message.version] !== undefined;
    if (!isFirstMarked) return this.#dispatch(job);
    // It may be lost but never handled twice, so that it was here is on disk before its handler runs.
    this.#write(this.#noted(job)).then(
      () => this.#dispatch({ ...job, mayMark: false, alongside: undefined }),
      (thrown) => this.#unwritten(job, thrown),
    );
  }

  #dispatch(job: Job): void {
    const { registered, message } = job;
    this.#kernel.dispatcher.dispatch(registered, message, (handled) => this.#handled(job, handled));
  }

  #handled(job: Job, handled: Handled): void {
    const { registered, message, done, alongside } = job;
    const { seen } = this.#kernel;
    if (handled.outcome === "busy" || handled.outcome === "stopped") {
      if (!registered.isLocal) seen.forget(message); // It was never handled, and may come again.
      return done({ outcome: "drop", reason: NOT_HANDLED[handled.outcome] });
    }
    if (handled.outcome === "error") return void this.#failed(job, handled.error);
    const result = handled.outcome === "done"
      ? DONE
      : { outcome: "drop", reason: NOT_HANDLED[handled.outcome] } as const;
    const effects = handled.outcome === "done" ? handled.effects : undefined;
    if (!job.mayMark && !effects && !alongside?.length) {
      if (!registered.isLocal) seen.finish(message);
      return done(result);
    }
    this.#record(job, effects).then(
      () => {
        seen.finish(message);
        done(result);
      },
      (thrown) => this.#unwritten(job, thrown),
    );
  }

  /**
   * A handler threw. Where its message goes to the dead letters, that and the note that it was handled are one commit, or a crash
   * in between would leave it neither there nor new.
   */
  async #failed(job: Job, error: Error): Promise<void> {
    const { registered, message, done, isKept } = job;
    const { seen } = this.#kernel;
    const finish = (kept: Kept) => {
      if (!registered.isLocal) seen.finish(message);
      done({ outcome: "error", stage: "handler", error, kept });
    };
    if (isKept) return finish("dropped");
    const alongside = this.#noted(job);
    const kept = await this.#keep(registered, { message, stage: "handler", error, alongside });
    try {
      if (kept !== "queued" && alongside.length > 0) await this.#write(alongside);
    } catch (thrown) {
      return this.#unwritten(job, thrown);
    }
    finish(kept);
  }

  /** What should have been written was not: the message may come again. */
  async #unwritten({ registered, message, done, isKept }: Job, thrown: unknown): Promise<void> {
    const error = toError(thrown);
    registered.store.recount();
    this.#kernel.seen.forget(message);
    const kept = isKept ? "dropped" : await this.#keep(registered, { message, stage: "record", error });
    done({ outcome: "error", stage: "record", error, kept });
  }

  #keep(
    { spec: { onReceiveError }, isLocal }: Registered,
    failure: Omit<Failure, "direction" | "stage"> & { readonly stage: "handler" | "record" },
  ): Kept | Promise<Kept> {
    // A local message nobody sends again, so it is as lost by the one as by the other.
    const strategy = failure.stage === "handler" || isLocal ? onReceiveError.handler : onReceiveError.other;
    return this.#kernel.failures.handle({ ...failure, direction: "receive" }, strategy);
  }

  /** All that a handler changed, and that its message was handled, at once. */
  async #record(job: Job, effects: PendingEffects | undefined): Promise<void> {
    const places: OutboxPlace[] = [];
    try {
      for (const draft of effects?.drafts ?? []) places.push(this.#placeFor(draft));
      const changes = [
        ...effects?.changesTo(job.registered.store) ?? [],
        ...places.flatMap(({ changes }) => changes),
        ...this.#noted(job),
      ];
      if (changes.length > 0) await this.#write(changes);
    } catch (thrown) {
      for (const place of places) place.undo();
      throw thrown;
    }
    for (const place of places) place.confirm();
  }

  #placeFor(draft: Draft): OutboxPlace {
    const place = this.#kernel.outbox.prepare(this.#prepare(draft));
    if (place) return place;
    throw new StoreError(
      "store_full",
      `Cannot keep ${draft.kind} to send it with the other effects: the outbox is full, as \`nara limits\` shows`,
    );
  }

  /** What says that a message was handled. */
  #noted({ registered: { spec }, message, mayMark, alongside = [] }: Job): Change[] {
    const { marks, seen, pending } = this.#kernel;
    const changes = mayMark && marks ? marks.changesFor(message, seen) : [];
    if (mayMark && pending && !spec.receive.store.isNone) changes.push(pending.removal(message));
    return [...changes, ...alongside];
  }

  #write(changes: readonly Change[]): Promise<void> {
    return this.#kernel.file.write(changes);
  }
}

/** How the books and the journal put it. */
export function endOf(result: HandlingResult):
  | Exclude<HandlingResult, { readonly outcome: "error" }>
  | { readonly outcome: "error" | "retrying" | "queued"; readonly stage: string; readonly error: Error } {
  if (result.outcome !== "error") return result;
  const { stage, error, kept } = result;
  return { outcome: kept === "dropped" ? "error" : kept, stage, error };
}

/** What the sender of a message is told. What broke in here is nobody's business out there: the stage says enough. */
export function receiptOf(result: HandlingResult): Receipt {
  switch (result.outcome) {
    case "done":
      return HANDLED;
    case "drop":
      return { outcome: "drop", reason: result.reason };
    case "error":
      return { outcome: "error", reason: `${result.stage}_failed` };
  }
}
