/**
 * Request bodies, within a size and a time.
 * @module
 */
import { ownBytes } from "../../utilities/bytes.ts";
import { GrowingBytes } from "../../utilities/growing_bytes.ts";
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

async function readCounted(
  { body }: Request,
  bytesMax: number,
  takes: BodyLimits["takes"],
): Promise<Uint8Array | BodyProblem> {
  const bytes = new GrowingBytes(bytesMax); // Copies: each chunk holds on to a buffer of its own, however small it is.
  for await (const chunk of body ?? []) {
    if (bytes.length + chunk.length > bytesMax) return "too_large";
    if (!takes(chunk.length)) return "no_room";
    bytes.add(chunk);
  }
  return ownBytes(bytes.whole);
}
