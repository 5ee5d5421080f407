/**
 * The tally of a ledger: how many records and bytes it holds by priority, without asking the disk.
 * @module
 */
import type { LedgerUse } from "./ledger_capacity.ts";
import type { StorePriority } from "./ledger.ts";

/** Counts by priority. What changed since the last commit can be taken back. */
export class LedgerTally {
  #counts: number[];
  #committed: number[];

  /** Begins with what is there, by priority. */
  constructor(use: readonly LedgerUse[]) {
    this.#counts = [...use.map(({ messages }) => messages), ...use.map(({ bytes }) => bytes), 0];
    this.#committed = [...this.#counts];
  }

  /** Records by priority. */
  get byPriority(): number[] {
    return this.#counts.slice(0, 5);
  }

  /** Records that made room for others. */
  get pruned(): number {
    return this.#counts[10];
  }

  /** What is held of this priority and of all that is less important. */
  from(priority: number): LedgerUse {
    let [messages, bytes] = [0, 0];
    for (let at = priority; at < 5; at++) {
      messages += this.#counts[at];
      bytes += this.#counts[at + 5];
    }
    return { messages, bytes };
  }

  /** What is held of this priority. */
  of(priority: StorePriority): LedgerUse {
    return { messages: this.#counts[priority], bytes: this.#counts[priority + 5] };
  }

  /** One record more. */
  add(priority: StorePriority, bytes: number): void {
    this.#counts[priority]++;
    this.#counts[priority + 5] += bytes;
  }

  /** One record less; `hasMadeRoom` if it went for another one. */
  remove(priority: StorePriority, bytes: number, hasMadeRoom: boolean): void {
    this.#counts[priority]--;
    this.#counts[priority + 5] -= bytes;
    if (hasMadeRoom) this.#counts[10]++;
  }

  /** The counts as they are, for {@linkcode LedgerTally.restore}. */
  save(): readonly number[] {
    return [...this.#counts];
  }

  /** Counts again as when `saved` was taken. */
  restore(saved: readonly number[]): void {
    this.#counts = [...saved];
  }

  /** What was counted is on disk. */
  committed(): void {
    this.#committed = [...this.#counts];
  }

  /** What was counted since the last commit is not there. */
  rolledBack(): void {
    this.#counts = [...this.#committed];
  }
}
