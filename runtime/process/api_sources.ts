/**
 * What the local API asks of a running nara: a few members of its parts, so that the API knows none of them.
 * @module
 */
import type { MessageId, NaraId, NaraName } from "../../utilities/names.ts";
import type { CatalogEntry } from "../catalog.ts";
import type { Why } from "../primitives/journal.ts";
import type { Limit } from "../primitives/limits.ts";
import type { PeerRow } from "../primitives/peer_rows.ts";

/** Which dead letters are listed. */
export interface LetterQuery {
  /** Where the page before ended. */
  readonly cursor?: string;
  /** Letters per page. */
  readonly limit?: number;
}

/**
 * Messages that failed and wait for a person. What it tells has to be of a form that JSON can say; a `NaraError` with the
 * code `unknown_letter` says that there is none with an id.
 */
export interface DeadLetterSource {
  /** A page of them. */
  list(query: LetterQuery): object;
  /** One with all that is known of it. */
  inspect(id: string): object;
  /** Tries it again. Resolves with what became of it. */
  retry(id: string): Promise<object>;
  /** Removes it for good. */
  discard(id: string): Promise<void>;
}

/** The peers of a nara. A `NaraError` says why one cannot be blocked. */
export interface PeerSource {
  /** All that is known of each. */
  rows(): readonly PeerRow[];
  /** Blocks one; tells whether that is news. */
  block(id: NaraId): boolean;
  /** Unblocks one; tells whether it was blocked. */
  unblock(id: NaraId): boolean;
}

/** Where the API's answers come from. */
export interface ApiSources {
  /** Who answers. */
  readonly me: { readonly id: NaraId; readonly name: NaraName };
  /** Why this nara is not ready, in words; nothing while it is. */
  notReady(): readonly string[];
  /** The metrics in Prometheus' text format. */
  metrics(): string | Promise<string>;
  /** What is known of a message. */
  why(id: MessageId): Why;
  /** Every bound. */
  limits(): readonly Limit[];
  /** Every kind. */
  catalog(): readonly CatalogEntry[];
  /** Who is out there. */
  readonly peers?: PeerSource;
  /** The dead letters, where they are kept. */
  readonly deadLetters?: DeadLetterSource;
}
