/**
 * Chance as the runtime sees it: a port, so that a simulation can be repeated from its seed.
 * @module
 */

/** Where all chance comes from. */
export interface Random {
  /** A number from 0 up to, but not including, 1. For choices and jitter, never for secrets. */
  next(): number;
  /** `length` random bytes, for nonces and souls. */
  bytes(length: number): Uint8Array;
}

/** The machine's own source, fit for secrets. */
export const systemRandom: Random = {
  next: () => Math.random(),
  bytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
};

/** A copy of `items` in random order (Fisher and Yates). */
export function shuffled<T>(items: readonly T[], random: Pick<Random, "next">): T[] {
  const copy = [...items];
  for (let last = copy.length - 1; last > 0; last--) {
    const pick = Math.floor(random.next() * (last + 1));
    [copy[last], copy[pick]] = [copy[pick], copy[last]];
  }
  return copy;
}
