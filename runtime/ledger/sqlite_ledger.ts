/**
 * The ledger in a SQLite file: what was added is there again after `kill -9` and a power cut.
 *
 * Loaded on use, by `sqlite_file.ts`.
 * @module
 */
import type { DatabaseSync } from "node:sqlite";
import { checkRecord } from "./check_record.ts";
import type { GroupCommit } from "./group_commit.ts";
import {
  type AddOptions,
  type AddOutcome,
  type Ledger,
  LedgerError,
  type LedgerFilter,
  type LedgerPage,
  type LedgerQuery,
  type LedgerRecord,
  type LedgerStats,
  type Observer,
  type StorePriority,
} from "./ledger.ts";
import {
  exceedsPriorityZeroShare,
  type LedgerCapacity,
  ledgerFull,
  type PriorityZeroShare,
  priorityZeroShare,
} from "./ledger_capacity.ts";
import { cursorAfter, readQuery } from "./ledger_query.ts";
import { LedgerTally } from "./ledger_tally.ts";
import { ledgerError } from "./sqlite_error.ts";
import { type Removed, REMOVED_COLUMNS, SqliteMessages } from "./sqlite_messages.ts";
import { SqliteQuery } from "./sqlite_query.ts";
import { Watchers } from "./watchers.ts";

/** Records that one step of `prune` forgets: a few dozen milliseconds, then others have their turn. */
const PRUNED_AT_ONCE = 500;

/** What a {@linkcode SqliteLedger} stands on. */
export interface SqliteLedgerParts extends LedgerCapacity {
  /** The open file. */
  readonly database: DatabaseSync;
  /** Writes to it. */
  readonly commits: GroupCommit;
  /** Where it is, for messages to people. */
  readonly path: string;
  /** Lets go of the file. */
  readonly close: () => void;
}

/** Keeps messages in SQLite's tables. */
export class SqliteLedger implements Ledger {
  readonly #parts: SqliteLedgerParts;
  readonly #messages: SqliteMessages;
  readonly #rows: SqliteQuery;
  readonly #tally: LedgerTally;
  readonly #share: PriorityZeroShare;
  readonly #watchers = new Watchers();
  /** Records for those who watch, until they are on disk. */
  #news: LedgerRecord[] = [];
  #refused = 0;
  #isClosed = false;

  /** Use `openSqliteFile()`. */
  constructor(parts: SqliteLedgerParts) {
    this.#parts = parts;
    this.#messages = new SqliteMessages(parts.database, (step) => parts.commits.step(step));
    this.#rows = new SqliteQuery(parts.database);
    this.#share = priorityZeroShare(parts);
    this.#tally = new LedgerTally(this.#messages.tally());
    parts.commits.tell({
      committed: () => {
        this.#tally.committed();
        for (const record of this.#news.splice(0)) this.#watchers.tell(record);
      },
      rolledBack: () => {
        this.#tally.rolledBack();
        this.#news = [];
      },
    });
  }

  /** Keeps a record. Resolves when it is on disk. */
  add(record: LedgerRecord, options: AddOptions = {}): Promise<AddOutcome> {
    const { observer, perKey } = options;
    try {
      checkRecord(record, options);
      checkTexts(record);
    } catch (thrown) {
      return Promise.reject(thrown);
    }
    const isFull = !this.#fits(record.frame.length);
    const isSingle = !observer && !perKey && !isFull && record.priority !== 0;
    return this.#write("keep a record in", isSingle, () => {
      if (!isSingle && this.#messages.has(record.id)) return "exists";
      if (perKey) this.#remove(this.#messages.removeBeyond(perKey.key, perKey.max - 1), true);
      if (!isSingle) this.#makeRoom(record);
      if (!this.#messages.insert(record, perKey?.key)) return "exists";
      this.#tally.add(record.priority, record.frame.length);
      if (observer && record.contentKey !== undefined) this.#messages.observe(record.contentKey, observer);
      if (this.#watchers.size > 0) this.#news.push({ ...record, frame: record.frame.slice() });
      return "added";
    });
  }

  /** Notes one more observer. Resolves when that is on disk. */
  observe(contentKey: string, observer: Observer): Promise<boolean> {
    return this.#write("note an observer in", true, () => {
      return contentKey.isWellFormed() && this.#messages.observe(contentKey, observer);
    });
  }

  /** Whether a record with this id is kept. */
  hasId(id: string): boolean {
    return this.#read(() => this.#messages.has(id));
  }

  /** Whether a record with this content key is kept. */
  hasContentKey(contentKey: string): boolean {
    return this.#read(() => contentKey.isWellFormed() && this.#messages.hasKey(contentKey));
  }

  /** Who told this fact, in the order in which they were heard. */
  observers(contentKey: string): Observer[] {
    return this.#read(() => contentKey.isWellFormed() ? this.#messages.observers(contentKey) : []);
  }

  /** The record with this id. */
  get(id: string): LedgerRecord | undefined {
    return this.#read(() => this.#messages.get(id));
  }

  /** A page of records. */
  query(query?: LedgerQuery): LedgerPage {
    return this.#read(() => {
      const request = readQuery(query);
      const found = this.#rows.page(request);
      const shown = found.slice(0, request.limit);
      const records = shown.map(({ row }) => this.#messages.at(row));
      return found.length > shown.length ? { records, cursor: cursorAfter(shown.at(-1)!) } : { records };
    });
  }

  /** How many records fit. */
  count(filter: LedgerFilter = {}): number {
    const hasFilter = Object.values(filter).some((value) => value !== undefined);
    return this.#read(() => hasFilter ? this.#rows.count(filter) : this.#tally.from(0).messages);
  }

  /** When the oldest record of this priority was made. */
  oldestMs(priority: StorePriority): number | undefined {
    return this.#read(() => this.#messages.oldestMs(priority));
  }

  /** Forgets records that fit: 500 of them at once, and as many with each commit. */
  async prune(filter: LedgerFilter): Promise<number> {
    let [pruned, atOnce] = [0, 0];
    do {
      atOnce = await this.#write("prune", false, () => this.#pruneSome(filter));
      pruned += atOnce;
    } while (atOnce === PRUNED_AT_ONCE);
    return pruned;
  }

  /** What it holds. */
  stats(): LedgerStats {
    return this.#read(() => {
      const { messagesMax, bytesMax } = this.#parts;
      const { byPriority, pruned } = this.#tally;
      return { ...this.#tally.from(0), messagesMax, bytesMax, byPriority, pruned, refused: this.#refused };
    });
  }

  /** Records that fit and are added from now on, once they are on disk. */
  watch(filter?: LedgerFilter): ReadableStream<LedgerRecord> {
    return this.#read(() => {
      this.#parts.commits.flush(); // What was added before is no news for this reader.
      return this.#watchers.watch(filter);
    });
  }

  /** Writes what waits, ends the streams and lets go of the file. */
  close(): void {
    if (this.#isClosed) return;
    this.#parts.commits.flush();
    this.#isClosed = true;
    this.#watchers[Symbol.dispose]();
    this.#parts.close();
  }

  /** Writes what waits, ends the streams and lets go of the file. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await undefined; // Whoever waited for a commit is told before whoever waited for the end.
  }

  #fits(frameBytes: number): boolean {
    const { messages, bytes } = this.#tally.from(0);
    return messages < this.#parts.messagesMax && bytes + frameBytes <= this.#parts.bytesMax;
  }

  /** Lets the least important and oldest go until `record` fits, or refuses it before anything goes. */
  #makeRoom(record: LedgerRecord): void {
    const { priority, fromId, frame } = record;
    if (priority === 0) {
      const used = { all: this.#tally.of(0), sender: this.#messages.zeroOf(fromId) };
      if (exceedsPriorityZeroShare(this.#share, used, frame.length)) {
        throw ledgerFull(record, this.#parts, "priority 0 has used up its share, or this sender has");
      }
    }
    const [kept, removable] = [this.#tally.from(0), this.#tally.from(Math.max(1, priority))];
    const { messagesMax, bytesMax } = this.#parts;
    const isRoom = kept.messages - removable.messages < messagesMax &&
      kept.bytes - removable.bytes + frame.length <= bytesMax;
    if (!isRoom) throw ledgerFull(record, this.#parts, "not enough of it may make room");
    while (!this.#fits(frame.length)) {
      const least = this.#tally.byPriority.findLastIndex((count) => count > 0) as StorePriority;
      this.#remove(this.#messages.removeOldest(least), true);
    }
  }

  #pruneSome(filter: LedgerFilter): number {
    let left = PRUNED_AT_ONCE;
    for (const { statement, values } of this.#rows.removals(filter, REMOVED_COLUMNS)) {
      left -= this.#remove(this.#messages.remove(statement, ...values, left), false);
    }
    return PRUNED_AT_ONCE - left;
  }

  #remove(removed: readonly Removed[], haveMadeRoom: boolean): number {
    for (const { priority, bytes } of removed) this.#tally.remove(priority, bytes, haveMadeRoom);
    return removed.length;
  }

  #write<T>(verb: string, isSingle: boolean, work: () => T): Promise<T> {
    if (this.#isClosed) return Promise.reject(this.#closed());
    const toError = (thrown: unknown) => ledgerError(thrown, `Cannot ${verb} ${this.#parts.path}`);
    return this.#parts.commits.run(() => {
      const saved = isSingle ? undefined : this.#tally.save();
      try {
        return work();
      } catch (thrown) {
        if (saved) this.#tally.restore(saved);
        if (thrown instanceof LedgerError && thrown.code === "ledger_full") this.#refused++;
        throw thrown;
      }
    }, { isSingle, toError });
  }

  #read<T>(work: () => T): T {
    if (this.#isClosed) throw this.#closed();
    try {
      return work();
    } catch (thrown) {
      throw ledgerError(thrown, `Cannot read from ${this.#parts.path}`);
    }
  }

  #closed(): LedgerError {
    return new LedgerError("closed", `Cannot use the ledger ${this.#parts.path}: it has been closed`);
  }
}

/** Texts are compared as bytes, and read up to their first NUL: one that would not come back the same is refused. */
function checkTexts({ id, kind, fromId, toId = "", subject = "", contentKey = "" }: LedgerRecord): void {
  for (const [field, text] of Object.entries({ id, kind, fromId, toId, subject })) {
    if (text.isWellFormed() && !text.includes("\0")) continue;
    throw new LedgerError(
      "bad_record",
      `Cannot keep a record: its ${field} must be well-formed text without NUL`,
    );
  }
  if (!contentKey.isWellFormed()) {
    throw new LedgerError("bad_record", "Cannot keep a record: its contentKey must be well-formed text");
  }
}
