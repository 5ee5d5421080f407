/**
 * The score of a peer: what its answers were worth lately. Good ones count up a little, bad ones down a lot, and all of it fades.
 *
 * Only what a peer did itself counts: a message in its name that it did not sign says nothing about it.
 * @module
 */

/** What a peer did. */
export type PeerConduct = "handled" | "unreachable" | "garbage" | "forged";

/** Points at most, either way. */
export const SCORE_MAX = 100;
/** At or below this a peer is shunned: nobody is told of it, and nothing is asked of it unless a service insists. */
export const SHUNNED_AT = -50;
/** After this time half of the points are left, in milliseconds. */
export const SCORE_HALF_LIFE_MS = 600_000;

/** What an act is worth, and how far down it alone can lead: who is merely away is not shunned for it. */
const WORTH: Readonly<Record<PeerConduct, { readonly points: number; readonly lowest: number }>> = {
  handled: { points: 1, lowest: -SCORE_MAX },
  unreachable: { points: -5, lowest: -40 },
  garbage: { points: -20, lowest: -SCORE_MAX },
  forged: { points: -25, lowest: -SCORE_MAX },
};

/** What a reply is dropped for that its signer never wrote, or should not have. */
export const FORGED: ReadonlySet<string> = new Set([
  "invalid_signature",
  "key_conflict",
  "no_public_key_in_payload",
  "undecodable",
  "weak_public_key",
  "wrong_content_key",
  "wrong_id",
]);

/** The score of one peer. */
export class PeerScore {
  #points = 0;
  #atMs: number;

  /** @param nowMs When it begins, at 0. */
  constructor(nowMs: number) {
    this.#atMs = nowMs;
  }

  /** Its points at a time: from −{@linkcode SCORE_MAX} to {@linkcode SCORE_MAX}. */
  at(nowMs: number): number {
    return this.#points * 2 ** (-Math.max(0, nowMs - this.#atMs) / SCORE_HALF_LIFE_MS);
  }

  /** Whether it is so low that the peer is shunned. */
  isShunned(nowMs: number): boolean {
    return this.#points <= SHUNNED_AT && this.at(nowMs) <= SHUNNED_AT;
  }

  /** Notes what the peer did. */
  note(conduct: PeerConduct, nowMs: number): void {
    const { points, lowest } = WORTH[conduct];
    const before = this.at(nowMs);
    const after = Math.min(SCORE_MAX, before + points);
    this.#points = points > 0 ? after : Math.min(before, Math.max(lowest, after));
    this.#atMs = nowMs;
  }
}
