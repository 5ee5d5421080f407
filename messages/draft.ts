/**
 * What a service hands to `emit`: a payload and where it should go. The runtime fills in the rest.
 * @module
 */
import type { MessageId, NaraId, NaraName } from "../utilities/names.ts";

/** A message that has not been stamped, signed or sent. Made by a behavior's `draft` and `reply`. */
export interface Draft<P = unknown> {
  /** The registered kind. */
  readonly kind: string;
  /** The payload, in the form of version `version` of the kind. */
  readonly payload: P;
  /** Schema version; the behavior's current one when left out. */
  readonly version?: number;
  /** Who should get it; left out for broadcasts and local messages. */
  readonly to?: NaraId;
  /** The target's name, for display only. */
  readonly toName?: NaraName;
  /** The request that this answers. */
  readonly inReplyTo?: MessageId;
  /** An address to send to before its owner's id is known; only presence needs it. */
  readonly toAddress?: string;
}

/** A reply to `request`: back to its sender, linked to it (reference section 1.5, the version being the kind's own). */
export function replyTo<P>(
  request: { readonly id: MessageId; readonly fromId: NaraId; readonly from?: NaraName },
  kind: string,
  payload: P,
  version?: number,
): Draft<P> {
  return { kind, payload, version, to: request.fromId, toName: request.from, inReplyTo: request.id };
}
