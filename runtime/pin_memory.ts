/**
 * How pins outlive the process: each as it changes, but of ids that only introduced themselves no more than a few a second.
 *
 * Anyone can make ids without end, and the disk is slower than a key is made. A pin that was not written is one of this run only, until
 * its nara is met; whoever takes the id over after a restart gains no more than with a new one.
 * @module
 */
import type { Clock } from "../utilities/clock.ts";
import { isPassing, type Pin } from "../utilities/keyring.ts";
import type { NaraId } from "../utilities/names.ts";
import { forgetPin, isRemembered, rememberPin } from "./memory.ts";
import { RateLimiter } from "./primitives/rate_limiter.ts";
import type { KeyValueFile } from "./primitives/store.ts";

/** Pins of ids that were never met that are written in any minute. */
export const PASSING_WRITES_PER_MINUTE = 600;
const MINUTE_MS = 60_000;
const EVERYBODY = "(everybody)";

/** Writes pins down. */
export class PinMemory {
  readonly #file: KeyValueFile;
  readonly #writes: RateLimiter;
  /** Pins that may go and are not written; the keyring bounds them. */
  readonly #unwritten = new Set<NaraId>();

  /**
   * @param file Where they are kept.
   * @param clock The runtime's time.
   */
  constructor(file: KeyValueFile, clock: Pick<Clock, "monotonicMs">) {
    this.#file = file;
    this.#writes = new RateLimiter({ clock, keysMax: 1 });
  }

  /**
   * Keeps a pin, unless too many were kept just now that may go again.
   *
   * @throws {StoreError} When it cannot be written.
   */
  keep(pin: Pin): void {
    if (isPassing(pin) && !this.#writes.allow(EVERYBODY, MINUTE_MS, PASSING_WRITES_PER_MINUTE)) {
      if (!isRemembered(this.#file, pin.id)) this.#unwritten.add(pin.id);
      return;
    }
    rememberPin(this.#file, pin);
    this.#unwritten.delete(pin.id);
  }

  /**
   * Forgets a pin.
   *
   * @throws {StoreError} When it cannot be deleted.
   */
  forget(id: NaraId): void {
    if (!this.#unwritten.delete(id)) forgetPin(this.#file, id);
  }
}
