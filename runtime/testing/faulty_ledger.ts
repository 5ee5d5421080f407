/**
 * A ledger on a disk that misbehaves: what was added counts at once, and what was not committed when its nara dies may be
 * lost.
 * @module
 */
import type { MessageId } from "../../utilities/names.ts";
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
} from "../ledger/ledger.ts";
import { MemoryLedger } from "../ledger/memory_ledger.ts";
import { DiskError, type FaultyDisk } from "./faulty_disk.ts";

/** Something that reached the disk: how to do it again when the ledger is opened. */
interface Entry {
  readonly isWanted: (ledger: Ledger) => boolean;
  readonly redo: (ledger: Ledger) => void;
}

/** Entries on the disk beyond those that the ledger still holds, before it is cleared of them. */
const SLACK = 1_024;

/** The file of a ledger. It outlives crashes: open it again for the next life. */
export class FaultyLedger {
  readonly #disk: FaultyDisk;
  readonly #make: () => Ledger;
  #entries: Entry[] = [];
  /** What the latest life had, as long as it is what the disk has: doing everything again takes long. */
  #ledger: Ledger | undefined;
  #unwritten = 0;

  /**
   * An empty ledger.
   *
   * @param disk What it stands on.
   * @param make Makes the ledger that answers, in memory.
   */
  constructor(disk: FaultyDisk, make: () => Ledger = () => new MemoryLedger()) {
    this.#disk = disk;
    this.#make = make;
  }

  /** The ledger as it is on the disk. */
  open(): Ledger {
    const ledger = this.#ledger ?? this.#make();
    if (!this.#ledger) { for (const { redo } of this.#entries) redo(ledger); }
    this.#ledger = ledger;
    return new OpenLedger(ledger, {
      write: (entry) => this.#write(ledger, entry),
      onDispose: () => this.#ledger = undefined,
    });
  }

  /** What was added and is not on the disk is gone: the nara that added it has died. */
  forgetUnwritten(): void {
    if (this.#unwritten > 0) this.#ledger = undefined;
    this.#unwritten = 0;
  }

  #write(ledger: Ledger, entry: Entry): Promise<void> {
    try {
      const written = this.#disk.commit(() => {
        this.#unwritten--;
        this.#keep(ledger, entry);
      });
      this.#unwritten++;
      return written;
    } catch (thrown) {
      if (!(thrown instanceof DiskError)) throw thrown;
      throw new LedgerError("disk_full", `Cannot write to the ledger: ${thrown.message}`, { cause: thrown });
    }
  }

  #keep(ledger: Ledger, entry: Entry): void {
    this.#entries.push(entry);
    if (this.#entries.length <= 2 * ledger.stats().messages + SLACK) return;
    this.#entries = this.#entries.filter(({ isWanted }) => isWanted(ledger));
  }
}

/** How an open ledger reaches its file. */
interface Hooks {
  readonly write: (entry: Entry) => Promise<void>;
  /** The ledger inside was closed, and answers no more. */
  readonly onDispose: () => void;
}

class OpenLedger implements Ledger {
  readonly #ledger: Ledger;
  readonly #hooks: Hooks;

  constructor(ledger: Ledger, hooks: Hooks) {
    this.#ledger = ledger;
    this.#hooks = hooks;
  }

  async add(record: LedgerRecord, options?: AddOptions): Promise<AddOutcome> {
    if (this.#ledger.hasId(record.id)) return "exists";
    const isWanted = (ledger: Ledger) => ledger.hasId(record.id);
    const redo = (ledger: Ledger) => void attempt(() => ledger.add(record, options));
    return await this.#after({ isWanted, redo }, () => this.#ledger.add(record, options));
  }

  async observe(contentKey: string, observer: Observer): Promise<boolean> {
    const isWanted = (ledger: Ledger) => ledger.hasContentKey(contentKey);
    const redo = (ledger: Ledger) => void attempt(() => ledger.observe(contentKey, observer));
    return await this.#after({ isWanted, redo }, () => this.#ledger.observe(contentKey, observer));
  }

  hasId(id: MessageId): boolean {
    return this.#ledger.hasId(id);
  }

  hasContentKey(contentKey: string): boolean {
    return this.#ledger.hasContentKey(contentKey);
  }

  observers(contentKey: string): Observer[] {
    return this.#ledger.observers(contentKey);
  }

  get(id: MessageId): LedgerRecord | undefined {
    return this.#ledger.get(id);
  }

  query(query?: LedgerQuery): LedgerPage {
    return this.#ledger.query(query);
  }

  count(filter?: LedgerFilter): number {
    return this.#ledger.count(filter);
  }

  oldestMs(priority: StorePriority): number | undefined {
    return this.#ledger.oldestMs(priority);
  }

  async prune(filter: LedgerFilter): Promise<number> {
    const redo = (ledger: Ledger) => void ledger.prune(filter);
    return await this.#after({ isWanted: () => true, redo }, () => this.#ledger.prune(filter));
  }

  stats(): LedgerStats {
    return this.#ledger.stats();
  }

  watch(filter?: LedgerFilter): ReadableStream<LedgerRecord> {
    return this.#ledger.watch(filter);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#hooks.onDispose();
    await this.#ledger[Symbol.asyncDispose]();
  }

  /** The disk is asked first: what it refuses was never there. What it takes counts at once. */
  async #after<T>(entry: Entry, change: () => T | Promise<T>): Promise<T> {
    const written = this.#hooks.write(entry);
    const result = Promise.resolve(change());
    result.catch(() => {}); // Its caller hears of it below, when the disk has done its part.
    await written;
    return await result;
  }
}

/** What the ledger refused when it was new, it refuses again. */
function attempt(redo: () => unknown): void {
  try {
    const done = redo();
    if (done instanceof Promise) done.catch(() => {});
  } catch {
    // As it was then.
  }
}
