/**
 * Where the head of a request or an answer ends, and that its lines are sound (RFC 9112, without bare line feeds).
 * @module
 */

const CR = 13, LF = 10, TAB = 9, SPACE = 32, DELETE = 127;

/** How much of a head is there. */
export type HeadProgress = "more" | "whole" | "broken";

/** Looks for the end of a head as it comes in, and for bytes that no head may hold, so that neither is waited for in vain. */
export class HeadScan {
  /** Bytes of the head with the empty line at its end, once it is whole. */
  length = 0;
  #lineStart = 0;

  /** Looks at `bytes`, which start with the head and may have grown since the last time. */
  scan(bytes: Uint8Array): HeadProgress {
    let at = this.length;
    for (; at < bytes.length; at++) {
      const byte = bytes[at];
      if (byte >= SPACE && byte !== DELETE) continue;
      if (byte === TAB) continue;
      if (byte !== CR) return "broken"; // With this, each line feed is behind its carriage return.
      if (at + 1 === bytes.length) break;
      if (bytes[++at] !== LF) return "broken";
      const isEmpty = at - this.#lineStart === 1;
      if (isEmpty && this.#lineStart === 0) return "broken";
      this.#lineStart = at + 1;
      if (!isEmpty) continue;
      this.length = at + 1;
      return "whole";
    }
    this.length = at;
    return "more";
  }
}
