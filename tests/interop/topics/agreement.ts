/**
 * Whether our reason for refusing a message says what Go's does.
 *
 * We check target, freshness and id before the signature, and the spelling before all of them, so what Go finds by the
 * signature alone is found here by whatever comes first.
 * @module
 */

/** What Go says of a message that it refuses: one of the two. */
export interface GoRefusal {
  /** Why it was dropped. */
  readonly dropReason: string | null;
  /** What went wrong. */
  readonly error: string | null;
}

/** What comes before the signature. */
const EARLIER = ["undecodable", "not_for_me", "stale", "from_future", "wrong_id"];

/** Go's words, and the reasons of ours that say the same. The first that match count. */
const SAME: readonly (readonly [go: RegExp, ours: readonly string[]])[] = [
  [/^unknown_sender$/, ["unknown_sender", ...EARLIER]],
  [/^invalid_signature$/, ["invalid_signature", ...EARLIER]],
  // A version of `null`: Go reads 0, and has no handler for that.
  [/^no handler for .+ v0$/, ["undecodable"]],
  // Without any kind it is no message for us.
  [/^deserialize: unknown kind: $/, ["undecodable"]],
  [/^deserialize: unknown kind: /, ["unknown_kind"]],
  [/^deserialize: unsupported version /, ["unsupported_version"]],
  [/^deserialize: /, ["undecodable"]],
  [/^unknown message kind: /, ["unregistered_kind"]],
  [/^mesh-only message has no target \(ToID is empty\)$/, ["no_target"]],
];

/** Whether `ours` says the same as Go. */
export function saysTheSame({ dropReason, error }: GoRefusal, ours: string): boolean {
  if ((dropReason === null) === (error === null)) return false;
  const words = dropReason ?? error ?? "";
  return SAME.find(([go]) => go.test(words))?.[1].includes(ours) ?? false;
}
