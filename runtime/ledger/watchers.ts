/**
 * Those who watch a ledger: each gets what is added and fits, and nobody who reads slowly fills the memory.
 * @module
 */
import {
  LedgerError,
  type LedgerFilter,
  type LedgerRecord,
  WATCH_BEHIND_MAX,
  WATCHERS_MAX,
} from "./ledger.ts";
import { fits } from "./ledger_query.ts";
import { plainRecord } from "./plain_record.ts";

/** The readers of one ledger. */
export class Watchers implements Disposable {
  readonly #readers = new Map<ReadableStreamDefaultController<LedgerRecord>, LedgerFilter>();
  #ended = 0;

  /** How many watch. */
  get size(): number {
    return this.#readers.size;
  }

  /** How many were ended for being too far behind. */
  get ended(): number {
    return this.#ended;
  }

  /**
   * One more reader.
   *
   * @throws {LedgerError} `too_many_readers`, past {@linkcode WATCHERS_MAX}.
   */
  watch(filter: LedgerFilter = {}): ReadableStream<LedgerRecord> {
    if (this.#readers.size >= WATCHERS_MAX) {
      throw new LedgerError(
        "too_many_readers",
        `Cannot watch this ledger as ${WATCHERS_MAX} readers do so already: cancel one that nobody needs`,
      );
    }
    let own: ReadableStreamDefaultController<LedgerRecord>;
    return new ReadableStream<LedgerRecord>({
      start: (controller) => {
        own = controller;
        this.#readers.set(controller, filter);
      },
      cancel: () => void this.#readers.delete(own),
    }, { highWaterMark: WATCH_BEHIND_MAX });
  }

  /** Tells every reader whom it concerns. */
  tell(record: LedgerRecord): void {
    let plain: LedgerRecord | undefined;
    for (const [controller, filter] of this.#readers) {
      if (!fits(record, filter)) continue;
      if (controller.desiredSize! > 0) {
        controller.enqueue(plain ??= plainRecord(record));
      } else this.#end(controller);
    }
  }

  /** Ends every stream; what waits in it can still be read. */
  [Symbol.dispose](): void {
    for (const controller of this.#readers.keys()) controller.close();
    this.#readers.clear();
  }

  #end(controller: ReadableStreamDefaultController<LedgerRecord>): void {
    this.#readers.delete(controller);
    this.#ended++;
    controller.error(
      new LedgerError(
        "slow_reader",
        `Cannot show more of this ledger as ${WATCH_BEHIND_MAX} records wait to be read: query for them, and watch again`,
      ),
    );
  }
}
