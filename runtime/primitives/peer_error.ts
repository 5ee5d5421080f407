/**
 * What an operator can ask in vain about peers.
 * @module
 */
import { NaraError } from "../../utilities/errors.ts";

/** A peer cannot be blocked as asked: the text is no id, it is this nara's own, or the block list is full. */
export class PeerError extends NaraError<"bad_id" | "own_id" | "blocks_full"> {}

/** Nobody can block themselves, nor take that back. */
export function ownId(action: "block" | "unblock" = "block"): PeerError {
  return new PeerError("own_id", `Cannot ${action} this nara itself: expected the id of another`);
}
