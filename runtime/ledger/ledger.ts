/**
 * The port of the ledger: what this nara remembers of what was said.
 *
 * A record is kept as the bytes that were sent or received, so that every signature in it can be checked again.
 * @module
 */
import { NaraError } from "../../utilities/errors.ts";
import type { MessageId, NaraId } from "../../utilities/names.ts";

/** What can be wrong with a ledger. */
export class LedgerError extends NaraError<
  | "ledger_full"
  | "disk_full"
  | "disk_failed"
  | "read_only"
  | "locked"
  | "unreadable"
  | "bad_query"
  | "bad_record"
  | "slow_reader"
  | "too_many_readers"
  | "closed"
> {}

/** How soon a stored message makes room for others: 0 never, 4 first. */
export type StorePriority = 0 | 1 | 2 | 3 | 4;

/** One stored message. */
export interface LedgerRecord {
  /** The message's id. */
  readonly id: MessageId;
  /** The message's kind. */
  readonly kind: string;
  /** Schema version of its payload. */
  readonly version: number;
  /** Who said it. */
  readonly fromId: NaraId;
  /** Whom it was said to, if to one nara. */
  readonly toId?: NaraId;
  /** Whom it is about, where its kind says so. */
  readonly subject?: NaraId;
  /** What it says, as a key that is the same for every observer. */
  readonly contentKey?: string;
  /** When it was made, in milliseconds since 1970: the signed text's own time, rounded down. */
  readonly timestampMs: number;
  /** How soon it makes room for others. */
  readonly priority: StorePriority;
  /** The whole envelope as it was sent or received. Nobody changes these bytes, be it who adds them or who reads them. */
  readonly frame: Uint8Array;
}

/** Somebody who told a fact. */
export interface Observer {
  /** Who told it. */
  readonly fromId: NaraId;
  /** In which message. */
  readonly messageId: MessageId;
  /** The signature that was verified, 64 bytes. */
  readonly signature: Uint8Array;
}

/** Observers that are kept per content key; more change nothing. */
export const OBSERVERS_MAX = 16;

/** Records that wait for one reader of {@linkcode Ledger.watch}; one more ends it. */
export const WATCH_BEHIND_MAX = 1_024;

/** Readers of {@linkcode Ledger.watch} at once. */
export const WATCHERS_MAX = 64;

/** How a record is added. */
export interface AddOptions {
  /**
   * Keeps at most `max` records under `key`: the oldest of those that are there make room for the new one, whatever their
   * priority.
   */
  readonly perKey?: { readonly key: string; readonly max: number };
  /** Who is noted as the first observer, for a record with a content key. */
  readonly observer?: Observer;
}

/** What became of an added record. */
export type AddOutcome = "added" | "exists";

/** Which records are asked for; what is left out does not matter. */
export interface LedgerFilter {
  /** Any of these kinds. */
  readonly kinds?: readonly string[];
  /** Said by this nara. */
  readonly fromId?: NaraId;
  /** About this nara. */
  readonly subject?: NaraId;
  /** Made then or later, in milliseconds since 1970. */
  readonly sinceMs?: number;
  /** Made before then, in milliseconds since 1970. */
  readonly untilMs?: number;
}

/** A question to the ledger. */
export interface LedgerQuery extends LedgerFilter {
  /** By the time in which they were made; equal times by id. @default {"oldest"} */
  readonly first?: "oldest" | "newest";
  /** Records per page, 1 to 1 000. @default {100} */
  readonly limit?: number;
  /** Where the page before ended: no record is shown twice or left out, whatever was added or pruned meanwhile. */
  readonly cursor?: string;
}

/** A part of an answer. */
export interface LedgerPage {
  /** The records, in order. */
  readonly records: readonly LedgerRecord[];
  /** Where the next page begins; left out behind the last one. */
  readonly cursor?: string;
}

/** What a ledger holds. */
export interface LedgerStats {
  /** Records. */
  readonly messages: number;
  /** Records that it may hold. */
  readonly messagesMax: number;
  /** Bytes of their frames. */
  readonly bytes: number;
  /** Bytes of frames that it may hold. */
  readonly bytesMax: number;
  /** Records by priority, 0 to 4. */
  readonly byPriority: readonly number[];
  /** Records that made room for others since the ledger was opened; what `prune` forgot is not among them. */
  readonly pruned: number;
  /** Records refused since then, as there was no room for their priority. */
  readonly refused: number;
}

/**
 * Stored messages. What was added counts at once in every answer; it is on disk when `add` has resolved. After disposal every
 * method fails with a {@linkcode LedgerError} `closed`.
 */
export interface Ledger extends AsyncDisposable {
  /**
   * Keeps a record; one whose id is there already is not kept twice, and nothing changes. Resolved means kept: in a durable
   * ledger, on disk.
   *
   * Where it is full, the oldest of the least important priority makes room, as many as are needed, or none: priority 0
   * never does, nor does what is more important than the new record.
   *
   * @throws {LedgerError} `ledger_full`, for priority 0 past its share (half the capacity; 1% for one sender), and where
   * all that could make room is more important; `bad_record`; `disk_full` and the other codes, for what the machine
   * refused. Then nothing was kept and nothing made room.
   */
  add(record: LedgerRecord, options?: AddOptions): AddOutcome | Promise<AddOutcome>;
  /**
   * Notes one more observer of a fact that is kept. Past {@linkcode OBSERVERS_MAX}, and for one who is noted, nothing changes.
   *
   * @returns Whether the observer was noted now.
   */
  observe(contentKey: string, observer: Observer): boolean | Promise<boolean>;
  /** Whether a record with this id is kept. */
  hasId(id: MessageId): boolean;
  /** Whether a record with this content key is kept. */
  hasContentKey(contentKey: string): boolean;
  /** Who told this fact, in the order in which they were heard. */
  observers(contentKey: string): Observer[];
  /** The record with this id. */
  get(id: MessageId): LedgerRecord | undefined;
  /**
   * A page of records.
   *
   * @throws {LedgerError} `bad_query`, for a limit or a cursor that cannot be.
   */
  query(query?: LedgerQuery): LedgerPage;
  /** How many records fit. */
  count(filter?: LedgerFilter): number;
  /** When the oldest record of this priority was made, in milliseconds since 1970. */
  oldestMs(priority: StorePriority): number | undefined;
  /**
   * Forgets records that fit, e.g. those older than a time; priority 0 only where `kinds` name it.
   *
   * @returns How many were forgotten.
   */
  prune(filter: LedgerFilter): number | Promise<number>;
  /** What it holds. */
  stats(): LedgerStats;
  /**
   * Records that fit and are added from now on, until cancelled; the stream closes with the ledger. A reader that is
   * {@linkcode WATCH_BEHIND_MAX} behind is ended with a {@linkcode LedgerError} `slow_reader`.
   *
   * @throws {LedgerError} `too_many_readers`, past {@linkcode WATCHERS_MAX}.
   */
  watch(filter?: LedgerFilter): ReadableStream<LedgerRecord>;
}
