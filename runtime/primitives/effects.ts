/**
 * Effects: what a handler changes, all at once with the note that its message was handled, or not at all.
 *
 * A crash before the handler's end leaves nothing behind, and the message counts as new when it comes again; a crash behind it
 * leaves everything, and the message is a duplicate. So its effect is there once.
 * @module
 */
import type { Draft } from "../../messages/draft.ts";
import type { Change, ServiceStore } from "./store.ts";

/** What a handler changes; nothing of it shows before the handler has returned, and nothing at all when it throws. */
export interface Effects {
  /** Sets a value of the service's store. */
  set(key: string, value: Uint8Array): void;
  /** Removes a key from the service's store. */
  delete(key: string): void;
  /** Sends a message. It is kept before the handled one is acknowledged, and tried until its deadline. */
  emit(draft: Draft): void;
}

/** Effects that wait for their handler's end. */
export class PendingEffects implements Effects {
  readonly #entries = new Map<string, Uint8Array | undefined>();
  /** What is to be sent, in order. */
  readonly drafts: Draft[] = [];

  /** Sets a value of the service's store. */
  set(key: string, value: Uint8Array): void {
    this.#entries.set(key, value.slice());
  }

  /** Removes a key from the service's store. */
  delete(key: string): void {
    this.#entries.set(key, undefined);
  }

  /** Sends a message. */
  emit(draft: Draft): void {
    this.drafts.push(draft);
  }

  /**
   * The changes to `store`; they count as made from now on.
   *
   * @throws {StoreError} `store_full` or `bad_key`.
   */
  changesTo(store: ServiceStore): Change[] {
    return this.#entries.size > 0 ? store.changesFor(this.#entries) : [];
  }
}
