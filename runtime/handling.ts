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
import type { OutboxPlace } from "./primitives/outbox_options.ts";
import { type Change, StoreError } from "./primitives/store.ts";
import type { Handled, Registered } from "./registry.ts";
import type { Receipt } from "./transport/mesh.ts";

/** What became of a message that reached its handler. */
export type HandlingResult =
  | { readonly outcome: "done" }
  | { readonly outcome: "drop"; readonly reason: string }
  | { readonly outcome: "error"; readonly stage: "handler" | "record"; readonly error: Error };

const DONE: HandlingResult = { outcome: "done" };

/** Makes a message of a draft without sending it. */
type Prepare = (draft: Draft) => Message;

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
  handle(registered: Registered, message: Message, done: (result: HandlingResult) => void): void {
    const { marks } = this.#kernel;
    const { isLocal, promise, handlers } = registered;
    if (isLocal) return this.#dispatch(registered, message, false, done); // Nobody sends it twice.
    const isFirstMarked = marks && promise === "best effort" && handlers[message.version] !== undefined;
    if (!isFirstMarked) return this.#dispatch(registered, message, true, done);
    // It may be lost but never handled twice, so that it was here is on disk before its handler runs.
    this.#write(this.#marksOf(registered, message)).then(
      () => this.#dispatch(registered, message, false, done),
      (thrown) => {
        this.#kernel.seen.forget(message);
        done({ outcome: "error", stage: "record", error: toError(thrown) });
      },
    );
  }

  #dispatch(
    registered: Registered,
    message: Message,
    mayMark: boolean,
    done: (result: HandlingResult) => void,
  ): void {
    this.#kernel.dispatcher.dispatch(
      registered,
      message,
      (handled) => this.#handled(registered, message, handled, mayMark, done),
    );
  }

  #handled(
    registered: Registered,
    message: Message,
    handled: Handled,
    mayMark: boolean,
    done: (result: HandlingResult) => void,
  ): void {
    const { seen, marks } = this.#kernel;
    if (handled.outcome === "busy" || handled.outcome === "stopped") {
      if (!registered.isLocal) seen.forget(message); // It was never handled, and may come again.
      return done({ outcome: "drop", reason: NOT_HANDLED[handled.outcome] });
    }
    const result = resultOf(handled);
    const effects = handled.outcome === "done" ? handled.effects : undefined;
    const isDurable = mayMark && marks !== undefined;
    if (!isDurable && !effects) {
      if (!registered.isLocal) seen.finish(message);
      return done(result);
    }
    this.#record(registered, message, effects, isDurable).then(
      () => {
        seen.finish(message);
        done(result);
      },
      (thrown) => {
        registered.store.recount();
        seen.forget(message);
        done({ outcome: "error", stage: "record", error: toError(thrown) });
      },
    );
  }

  /** All that a handler changed, and that its message was handled, at once. */
  async #record(
    registered: Registered,
    message: Message,
    effects: PendingEffects | undefined,
    isDurable: boolean,
  ): Promise<void> {
    const places: OutboxPlace[] = [];
    try {
      for (const draft of effects?.drafts ?? []) places.push(this.#placeFor(draft));
      const changes = [
        ...effects?.changesTo(registered.store) ?? [],
        ...places.flatMap(({ changes }) => changes),
        ...isDurable ? this.#marksOf(registered, message) : [],
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

  #marksOf({ spec }: Registered, message: Message): Change[] {
    const { marks, seen, pending } = this.#kernel;
    const changes = marks?.changesFor(message, seen) ?? [];
    if (pending && !spec.receive.store.isNone) changes.push(pending.removal(message));
    return changes;
  }

  #write(changes: readonly Change[]): Promise<void> {
    return this.#kernel.file.write(changes);
  }
}

function resultOf(handled: Handled): HandlingResult {
  switch (handled.outcome) {
    case "done":
      return DONE;
    case "error":
      return { outcome: "error", stage: "handler", error: handled.error };
    default:
      return { outcome: "drop", reason: NOT_HANDLED[handled.outcome] };
  }
}

/** What the sender of a message is told. What broke in here is nobody's business out there: the stage says enough. */
export function receiptOf(result: HandlingResult): Receipt {
  switch (result.outcome) {
    case "done":
      return { outcome: "handled" };
    case "drop":
      return { outcome: "drop", reason: result.reason };
    case "error":
      return { outcome: "error", reason: `${result.stage}_failed` };
  }
}
