/**
 * What an operator is shown of a peer.
 * @module
 */
import type { NaraId, NaraName } from "../../utilities/names.ts";

/** How a peer stands: `away` and `trying` after a failure, `silent` when it was not heard for long. */
export type PeerState = "blocked" | "shunned" | "away" | "trying" | "online" | "silent";

/** All that is known of one peer, for its operator. */
export interface PeerView {
  /** The peer's id. */
  readonly id: NaraId;
  /** Its name, for display only. */
  readonly name: NaraName | undefined;
  /** Where it is reached, once that is proven. */
  readonly address: string | undefined;
  /** What its answers were worth lately, from −100 to 100. */
  readonly score: number;
  /** How it stands. */
  readonly state: PeerState;
  /** Milliseconds since it was heard; `undefined` where it never was in this run. */
  readonly silentMs: number | undefined;
  /** Bytes of verified messages that came from it in this run. */
  readonly bytesIn: number;
  /** Bytes that were sent to it in this run. */
  readonly bytesOut: number;
}
