/**
 * A ledger as text: JSON lines, one envelope per line as it was sent or received, the oldest first. Such lines can be searched, cut
 * and joined with any tool, and every signature in them checked again.
 * @module
 */
import type { Ledger, LedgerFilter } from "./ledger.ts";

/** Bytes of one line at most: as long as a message may be. */
export const LINE_BYTES_MAX = 1024 * 1024;

const [NEWLINE, RETURN, SPACE] = [0x0a, 0x0d, 0x20];

/**
 * The records that fit, as lines: read page by page, as fast as somebody takes them. What is added meanwhile, and is newer, comes too.
 *
 * @throws {LedgerError} From the stream, when the ledger is closed before the end.
 */
export function exportLines(ledger: Ledger, filter: LedgerFilter = {}): ReadableStream<Uint8Array> {
  return ReadableStream.from(linesOf(ledger, filter));
}

function* linesOf(ledger: Ledger, filter: LedgerFilter): Generator<Uint8Array> {
  let cursor: string | undefined;
  do {
    const page = ledger.query({ ...filter, ...cursor !== undefined && { cursor } });
    for (const { frame } of page.records) yield lineOf(frame);
    cursor = page.cursor;
  } while (cursor !== undefined);
}

/** A frame as one line. Newlines in JSON stand between tokens only, where a space means the same and no signature covers it. */
function lineOf(frame: Uint8Array): Uint8Array {
  const line = new Uint8Array(frame.length + 1);
  line.set(frame);
  for (let at = 0; at < frame.length; at++) {
    if (line[at] === NEWLINE || line[at] === RETURN) line[at] = SPACE;
  }
  line[frame.length] = NEWLINE;
  return line;
}

/** A line of a text. */
export interface Line {
  /** Its number, from 1. */
  readonly number: number;
  /** Its bytes without the end of the line; `undefined` for a line of more than {@linkcode LINE_BYTES_MAX}. */
  readonly bytes: Uint8Array | undefined;
}

/** Cuts a text into lines. Empty ones are counted and left out; of one that is too long nothing is kept. */
export async function* readLines(text: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  let number = 1;
  let line = new LineBuffer();
  for await (const chunk of text) {
    for (let start = 0; start < chunk.length;) {
      const end = chunk.indexOf(NEWLINE, start);
      line.add(chunk.subarray(start, end < 0 ? chunk.length : end));
      if (end < 0) break;
      if (!line.isEmpty) yield { number, bytes: line.bytes() };
      line = new LineBuffer();
      number++;
      start = end + 1;
    }
  }
  if (!line.isEmpty) yield { number, bytes: line.bytes() };
}

/** The parts of a line that came so far, unless they are too many. */
class LineBuffer {
  #parts: Uint8Array[] = [];
  #length = 0;

  add(part: Uint8Array): void {
    if (part.length === 0) return;
    this.#length += part.length;
    if (this.#length <= LINE_BYTES_MAX + 1) this.#parts.push(part.slice()); // One more, for a return at the end.
    else this.#parts = [];
  }

  get isEmpty(): boolean {
    return this.#length === 0 || this.#length === 1 && this.#parts[0][0] === RETURN;
  }

  bytes(): Uint8Array | undefined {
    if (this.#parts.length === 0) return undefined;
    const bytes = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      bytes.set(part, at);
      at += part.length;
    }
    const whole = bytes.at(-1) === RETURN ? bytes.slice(0, -1) : bytes;
    return whole.length <= LINE_BYTES_MAX ? whole : undefined;
  }
}
