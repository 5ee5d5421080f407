/**
 * Resumption: a new run of a nara handles what an earlier one had stored and did not come to the end of.
 * @module
 */
import { messageOf } from "../utilities/errors.ts";
import type { MessageId } from "../utilities/names.ts";
import type { Kernel } from "./kernel.ts";

/** Hands the frame of a stored message to its handler. Resolves when it came to its outcome. */
export type ResumeFrame = (frame: Uint8Array) => Promise<void>;

/** Stored messages that wait for their handler since an earlier run. */
export class Resumption {
  readonly #kernel: Pick<Kernel, "pending" | "ledger" | "log" | "seen" | "signal">;
  readonly #resume: ResumeFrame;
  #left: MessageId[] = [];

  /**
   * @param kernel What the runtime shares.
   * @param resume What is done with each.
   */
  constructor(kernel: Pick<Kernel, "pending" | "ledger" | "log" | "seen" | "signal">, resume: ResumeFrame) {
    this.#kernel = kernel;
    this.#resume = resume;
  }

  /**
   * Notes what earlier runs left, so that none of it counts as new when it comes again. Call it before anything is received: what
   * is stored from then on is this run's own.
   */
  recall(): void {
    const { pending, ledger, seen } = this.#kernel;
    this.#left = pending?.left() ?? [];
    for (const id of this.#left) {
      const record = ledger.get(id);
      if (record) seen.restore(record.fromId, id, record.timestampMs);
    }
  }

  /** Runs the handlers of all that was recalled, one after the other. It never rejects. */
  async run(): Promise<void> {
    const { pending, ledger, log, signal } = this.#kernel;
    for (const id of this.#left.splice(0)) {
      if (signal.aborted) return;
      try {
        const record = ledger.get(id);
        if (record) await this.#resume(record.frame);
        else await pending!.forget([id]); // It was not stored after all, or has made room for others.
      } catch (thrown) {
        log.warn("a stored message of an earlier run cannot be handled", { id, error: messageOf(thrown) });
      }
    }
  }
}
