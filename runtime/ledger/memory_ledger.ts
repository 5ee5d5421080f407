/**
 * The hazy memory: a ledger that forgets everything when the process ends.
 * @module
 */
import type { MessageId } from "../../utilities/names.ts";
import type {
  AddOutcome,
  Ledger,
  LedgerFilter,
  LedgerPage,
  LedgerQuery,
  LedgerRecord,
  LedgerStats,
  Observer,
  StorePriority,
} from "./ledger.ts";

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

/** Keeps messages in memory, by priority and age. */
export class MemoryLedger implements Ledger {
  readonly #max: number;
  readonly #bytesMax: number;
  #bytes = 0;
  #pruned = 0;
  readonly #records = new Map<MessageId, LedgerRecord>();
  readonly #observers = new Map<string, Observer[]>();
  /** Ids by priority; a Set keeps the order in which they came. */
  readonly #ids: Set<MessageId>[] = [new Set(), new Set(), new Set(), new Set(), new Set()];

  /**
   * An empty ledger.
   *
   * @param options How much it keeps.
   */
  constructor({ messagesMax = 20_000, bytesMax = 64 * 1024 * 1024 }: MemoryLedgerOptions = {}) {
    this.#max = messagesMax;
    this.#bytesMax = bytesMax;
  }

  /** Keeps a record; one that is there already is not kept twice. */
  add(record: LedgerRecord): AddOutcome {
    const { id, priority, frame } = record;
    if (this.#records.has(id)) return "exists";
    this.#records.set(id, record);
    this.#ids[priority].add(id);
    this.#bytes += frame.length;
    while (this.#records.size > this.#max || this.#bytes > this.#bytesMax) this.#makeRoom();
    return "added";
  }

  /** Notes one more observer. */
  observe(contentKey: string, observer: Observer): boolean {
    this.#observers.set(contentKey, [...this.observers(contentKey), observer]);
    return true;
  }

  /** Whether a record with this id is kept. */
  hasId(id: MessageId): boolean {
    return this.#records.has(id);
  }

  /** Whether a record with this content key is kept. */
  hasContentKey(contentKey: string): boolean {
    return this.#observers.has(contentKey);
  }

  /** Who told this fact. */
  observers(contentKey: string): Observer[] {
    return this.#observers.get(contentKey) ?? [];
  }

  /** The record with this id. */
  get(id: MessageId): LedgerRecord | undefined {
    return this.#records.get(id);
  }

  /** A page of records. */
  query(_query?: LedgerQuery): LedgerPage {
    return { records: [...this.#records.values()] };
  }

  /** How many records fit. */
  count(_filter?: LedgerFilter): number {
    return this.#records.size;
  }

  /** When the oldest record of this priority was made. */
  oldestMs(_priority: StorePriority): number | undefined {
    return undefined;
  }

  /** Forgets records that fit. */
  prune(_filter: LedgerFilter): number {
    return 0;
  }

  /** What it holds. */
  stats(): LedgerStats {
    const byPriority = this.#ids.map(({ size }) => size);
    const messages = this.#records.size;
    return {
      messages,
      messagesMax: this.#max,
      bytes: this.#bytes,
      byPriority,
      pruned: this.#pruned,
      refused: 0,
    };
  }

  /** Records that are added from now on. */
  watch(_filter?: LedgerFilter): ReadableStream<LedgerRecord> {
    return new ReadableStream();
  }

  /** Nothing to close. */
  async [Symbol.asyncDispose](): Promise<void> {}

  #makeRoom(): void {
    const ids = this.#ids.findLast(({ size }) => size > 0)!;
    const [oldest] = ids;
    this.#bytes -= this.#records.get(oldest)!.frame.length;
    ids.delete(oldest);
    this.#records.delete(oldest);
    this.#pruned++;
  }
}
