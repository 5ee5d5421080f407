/**
 * Request bodies, within a size and a time.
 * @module
 */
import type { Deadlines } from "../primitives/deadlines.ts";

/** What can be wrong with a body. */
export type BodyProblem = "too_large" | "too_slow" | "broken" | "no_room";

/** Limits of a body. */
export interface BodyLimits {
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
  { bytesMax, ms, deadlines, takes }: BodyLimits,
): Promise<Uint8Array | BodyProblem> {
  const length = request.headers.get("content-length");
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
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    length += chunk.length;
    if (length > bytesMax) return "too_large";
    if (!takes(chunk.length)) return "no_room";
    chunks.push(chunk);
  }
  const whole = new Uint8Array(length);
  let end = 0;
  for (const chunk of chunks) {
    whole.set(chunk, end);
    end += chunk.length;
  }
  return whole;
}
