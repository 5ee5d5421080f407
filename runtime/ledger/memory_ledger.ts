/**
 * The hazy memory: a ledger that forgets everything when the process ends.
 * @module
 */
import type { MessageId } from "../../utilities/names.ts";
import { checkRecord } from "./check_record.ts";
import { Facts } from "./facts.ts";
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
  checkCapacity,
  exceedsPriorityZeroShare,
  LEDGER_CAPACITY,
  type LedgerCapacity,
  ledgerFull,
  type PriorityZeroShare,
  priorityZeroShare,
} from "./ledger_capacity.ts";
import { cursorAfter, mayPrune, readQuery } from "./ledger_query.ts";
import { plainRecord } from "./plain_record.ts";
import { RecordIndex } from "./record_index.ts";
import { Watchers } from "./watchers.ts";

/** Options of a {@linkcode MemoryLedger}. */
export interface MemoryLedgerOptions {
  /**
   * Messages kept. Past it the oldest of the least important priority makes room.
   * @default {20_000}
   */
  messagesMax?: number;
  /**
   * Bytes of frames kept. Past it room is made in the same way.
   * @default {67_108_864}
   */
  bytesMax?: number;
}

/** Keeps messages in memory, by priority and age. Nothing in it ever waits. */
export class MemoryLedger implements Ledger {
  readonly #capacity: LedgerCapacity;
  readonly #share: PriorityZeroShare;
  readonly #records = new RecordIndex();
  readonly #facts = new Facts();
  readonly #watchers = new Watchers();
  #pruned = 0;
  #refused = 0;
  #isClosed = false;

  /**
   * An empty ledger.
   *
   * @param options How much it keeps.
   * @throws {RangeError} If a bound is not a positive integer.
   */
  constructor(options: MemoryLedgerOptions = {}) {
    const { messagesMax = LEDGER_CAPACITY.short.messagesMax, bytesMax = LEDGER_CAPACITY.short.bytesMax } =
      options;
    this.#capacity = { messagesMax, bytesMax };
    checkCapacity(this.#capacity);
    this.#share = priorityZeroShare(this.#capacity);
  }

  /**
   * Keeps a record; one that is there already is not kept twice.
   *
   * @throws {LedgerError} `ledger_full` or `bad_record`: then nothing has changed.
   */
  add(record: LedgerRecord, options: AddOptions = {}): AddOutcome {
    this.#assertOpen();
    checkRecord(record, options);
    if (this.#records.has(record.id)) return "exists";
    const { perKey, observer } = options;
    this.#makeRoom(record, perKey);
    const kept = plainRecord(record);
    this.#records.add(kept, perKey?.key);
    this.#facts.add(kept.contentKey, observer);
    this.#watchers.tell(kept);
    return "added";
  }

  /** Notes one more observer of a fact that is kept, unless there are enough. */
  observe(contentKey: string, observer: Observer): boolean {
    this.#assertOpen();
    return this.#facts.observe(contentKey, observer);
  }

  /** Whether a record with this id is kept. */
  hasId(id: MessageId): boolean {
    this.#assertOpen();
    return this.#records.has(id);
  }

  /** Whether a record with this content key is kept. */
  hasContentKey(contentKey: string): boolean {
    this.#assertOpen();
    return this.#facts.has(contentKey);
  }

  /** Who told this fact, in the order in which they were heard. */
  observers(contentKey: string): Observer[] {
    this.#assertOpen();
    return this.#facts.observers(contentKey);
  }

  /** The record with this id. */
  get(id: MessageId): LedgerRecord | undefined {
    this.#assertOpen();
    return this.#records.get(id);
  }

  /**
   * A page of records.
   *
   * @throws {LedgerError} `bad_query`, for a limit or a cursor that cannot be.
   */
  query(query?: LedgerQuery): LedgerPage {
    this.#assertOpen();
    const request = readQuery(query);
    const found = this.#records.page(request);
    const records = found.slice(0, request.limit);
    return found.length > request.limit ? { records, cursor: cursorAfter(records.at(-1)!) } : { records };
  }

  /** How many records fit. */
  count(filter: LedgerFilter = {}): number {
    this.#assertOpen();
    return this.#records.count(filter);
  }

  /** When the oldest record of this priority was made, in milliseconds since 1970. */
  oldestMs(priority: StorePriority): number | undefined {
    this.#assertOpen();
    return this.#records.ofPriority(priority).first?.timestampMs;
  }

  /** Forgets records that fit; priority 0 only where `kinds` name it. */
  prune(filter: LedgerFilter): number {
    this.#assertOpen();
    const gone = this.#records.matching(filter).filter((record) => mayPrune(record, filter));
    this.#forget(gone);
    return gone.length;
  }

  /** What it holds. */
  stats(): LedgerStats {
    this.#assertOpen();
    return {
      ...this.#records.use,
      ...this.#capacity,
      byPriority: this.#records.countByPriority(),
      pruned: this.#pruned,
      refused: this.#refused,
    };
  }

  /** Records that fit and are added from now on, until cancelled. */
  watch(filter?: LedgerFilter): ReadableStream<LedgerRecord> {
    this.#assertOpen();
    return this.#watchers.watch(filter);
  }

  /** Ends every stream of {@linkcode MemoryLedger.watch}; nothing else has to be ended. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#watchers[Symbol.dispose]();
    return Promise.resolve();
  }

  /** Lets go whatever has to, once it is sure that this will do. */
  #makeRoom(record: LedgerRecord, perKey: AddOptions["perKey"]): void {
    const going = perKey ? this.#oldestUnder(perKey) : [];
    const { messages, bytes } = this.#records.use;
    let messagesOver = messages + 1 - going.length - this.#capacity.messagesMax;
    let bytesOver = bytes + record.frame.length - bytesOf(going) - this.#capacity.bytesMax;
    if (record.priority === 0) this.#checkShare(record, going);
    const isEnough = () => messagesOver <= 0 && bytesOver <= 0;
    for (let priority = 4; priority >= Math.max(1, record.priority) && !isEnough(); priority--) {
      const underKey = new Set(going);
      this.#records.ofPriority(priority as StorePriority).ascend(undefined, (kept) => {
        if (underKey.has(kept)) return true;
        going.push(kept);
        messagesOver--;
        bytesOver -= kept.frame.length;
        return !isEnough();
      });
    }
    if (!isEnough()) throw this.#refuse(record, "all that is kept is more important");
    if (going.length === 0) return;
    this.#pruned += going.length;
    this.#forget(going);
  }

  #oldestUnder({ key, max }: NonNullable<AddOptions["perKey"]>): LedgerRecord[] {
    const going: LedgerRecord[] = [];
    const order = this.#records.underKey(key);
    const count = (order?.size ?? 0) + 1 - max;
    if (count > 0) order?.ascend(undefined, (kept) => going.push(kept) < count);
    return going;
  }

  #checkShare(record: LedgerRecord, going: readonly LedgerRecord[]): void {
    const zeros = going.filter(({ priority }) => priority === 0);
    const own = zeros.filter(({ fromId }) => fromId === record.fromId);
    const { all, sender } = this.#records.zeros(record.fromId);
    const used = {
      all: { messages: all.messages - zeros.length, bytes: all.bytes - bytesOf(zeros) },
      sender: { messages: sender.messages - own.length, bytes: sender.bytes - bytesOf(own) },
    };
    if (exceedsPriorityZeroShare(this.#share, used, record.frame.length)) {
      throw this.#refuse(record, "the share of priority 0, or of this sender in it, is used up");
    }
  }

  #refuse(record: LedgerRecord, why: string): LedgerError {
    this.#refused++;
    return ledgerFull(record, this.#capacity, why);
  }

  #forget(gone: readonly LedgerRecord[]): void {
    for (const record of gone) {
      this.#records.delete(record);
      this.#facts.delete(record.contentKey);
    }
  }

  #assertOpen(): void {
    if (this.#isClosed) {
      throw new LedgerError("closed", "Cannot use this ledger: it was closed with its nara");
    }
  }
}

function bytesOf(records: readonly LedgerRecord[]): number {
  return records.reduce((sum, { frame }) => sum + frame.length, 0);
}
