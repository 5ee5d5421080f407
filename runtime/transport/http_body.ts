/**
 * Request bodies, within a size and a time.
 * @module
 */
import type { Deadlines } from "../primitives/deadlines.ts";

/** What can be wrong with a body. */
export type BodyProblem = "too_large" | "too_slow" | "broken" | "no_room";

/** Limits of a body. */
export interface BodyLimits {
  /** The request's field `content-length`. */
  readonly length: string | null;
  /** Bytes at most. */
  readonly bytesMax: number;
  /** Milliseconds that it may take to arrive. */
  readonly ms: number;
  /** The timer that all requests share. */
  readonly deadlines: Deadlines;
  /** Told of every part of a body that does not say how long it is; `false` when there is no room for it. */
  readonly takes: (bytes: number) => boolean;
}

/**
 * The whole body, or why there is none. It never rejects. After `too_large` and `too_slow` the connection is of no use
 * any more; `Deno.serve` has no way to close it before the rest of the body came.
 */
export function readBody(
  request: Request,
  { length, bytesMax, ms, deadlines, takes }: BodyLimits,
): Promise<Uint8Array | BodyProblem> {
  if (length !== null && Number(length) > bytesMax) return Promise.resolve("too_large");
  return new Promise((resolve) => {
    const deadline = deadlines.add(ms, () => resolve("too_slow"));
    const end = (result: Uint8Array | BodyProblem) => {
      deadlines.remove(deadline);
      resolve(result);
    };
    // With a length the server itself counts, and one call does it all.
    const reading = length === null ? readCounted(request, bytesMax, takes) : request.bytes();
    reading.then(end, () => end("broken"));
  });
}

/** Room for most frames. */
const FIRST_BYTES = 4_096;

async function readCounted(
  { body }: Request,
  bytesMax: number,
  takes: BodyLimits["takes"],
): Promise<Uint8Array | BodyProblem> {
  let whole = new Uint8Array(FIRST_BYTES);
  let length = 0;
  for await (const chunk of body ?? []) {
    const end = length + chunk.length;
    if (end > bytesMax) return "too_large";
    if (!takes(chunk.length)) return "no_room";
    if (end > whole.length) {
      whole = enlarged(whole, length, Math.min(bytesMax, Math.max(end, 2 * whole.length)));
    }
    whole.set(chunk, length); // A copy: each chunk holds on to a buffer of its own, however small it is.
    length = end;
  }
  return whole.slice(0, length);
}

function enlarged(bytes: Uint8Array, length: number, size: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(size);
  larger.set(bytes.subarray(0, length));
  return larger;
}
