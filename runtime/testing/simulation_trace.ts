/**
 * The trace of a simulation: a running hash over every step that can be seen from outside.
 * @module
 */
import { createHash } from "node:crypto";

/** Lines that are hashed together. */
const BATCH_LINES = 512;

/** Two runs are the same run where their digests are equal. */
export class Trace {
  readonly #hash = createHash("sha256");
  readonly #show: ((line: string) => void) | undefined;
  #lines: string[] = [];
  /** Steps so far. */
  steps = 0;

  /**
   * A trace without steps.
   *
   * @param show Is shown every line, for whoever looks for a difference. @default {nobody}
   */
  constructor(show?: (line: string) => void) {
    this.#show = show;
  }

  /** Notes one step. */
  add(line: string): void {
    this.steps++;
    this.#show?.(line);
    this.#lines.push(line);
    if (this.#lines.length >= BATCH_LINES) this.#flush();
  }

  /** SHA-256 over everything so far, in hexadecimal. */
  digest(): string {
    this.#flush();
    return this.#hash.copy().digest("hex");
  }

  #flush(): void {
    if (this.#lines.length === 0) return;
    this.#hash.update(`${this.#lines.join("\n")}\n`);
    this.#lines = [];
  }
}
