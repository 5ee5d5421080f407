/**
 * The books: every message that enters a pipeline leaves it through exactly one counted outcome.
 *
 * received = handled + dropped by reason + errored by stage + quarantined + retrying + queued + in flight, for every kind, at
 * every moment; and emitted likewise. Counted in one place, where a message's outcome is settled.
 * @module
 */

/** What became of the messages of one kind, in one direction. */
export interface PageTotals {
  /** Messages that entered. */
  readonly entered: number;
  /** Messages that went all the way: handled, or sent. */
  readonly done: number;
  /** Messages dropped, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Messages that failed and were given up, by stage. */
  readonly errored: Readonly<Record<string, number>>;
  /** Messages of a version above ours, kept for an upgrade. */
  readonly quarantined: number;
  /** Messages that failed and are to be tried again. */
  readonly retrying: number;
  /** Messages that failed and wait among the dead letters. */
  readonly queued: number;
  /** Messages still under way. */
  readonly inFlight: number;
  /** Every failure by stage, whatever became of the message afterwards; no part of the balance. */
  readonly failures: Readonly<Record<string, number>>;
}

/** Columns whose messages wait, and may come to another outcome later. */
export type WaitingColumn = "quarantined" | "retrying" | "queued";

/** How a message left a pipeline. */
export type Settlement =
  | { readonly outcome: "done" }
  | { readonly outcome: "drop"; readonly reason: string }
  | { readonly outcome: "error"; readonly stage: string }
  | { readonly outcome: "quarantined" }
  | { readonly outcome: "retrying" | "queued"; readonly stage: string };

/** The page of one kind in one direction. */
export class Page {
  #entered = 0;
  #done = 0;
  #inFlight = 0;
  readonly #waiting: Record<WaitingColumn, number> = { quarantined: 0, retrying: 0, queued: 0 };
  readonly #dropped = new Map<string, number>();
  readonly #errored = new Map<string, number>();
  readonly #failures = new Map<string, number>();

  /** Counts a message in. */
  enter(): void {
    this.#entered++;
    this.#inFlight++;
  }

  /** Counts a message out. */
  settle(settlement: Settlement): void {
    this.#inFlight--;
    this.#count(settlement);
  }

  /**
   * Counts a message that waited in the column `from` to what became of it in the end: sent at last, among the dead letters,
   * understood after an upgrade. One that waits since an earlier run of this nara has not entered yet, and does so now.
   */
  resettle(from: WaitingColumn, settlement: Settlement): void {
    if (this.#waiting[from] > 0) this.#waiting[from]--;
    else this.#entered++;
    this.#count(settlement);
  }

  #count(settlement: Settlement): void {
    switch (settlement.outcome) {
      case "done":
        this.#done++;
        return;
      case "drop":
        return count(this.#dropped, settlement.reason);
      case "error":
        count(this.#failures, settlement.stage);
        return count(this.#errored, settlement.stage);
      case "quarantined":
        this.#waiting.quarantined++;
        return;
      default:
        count(this.#failures, settlement.stage);
        this.#waiting[settlement.outcome]++;
    }
  }

  /** The counts as they stand. */
  totals(): PageTotals {
    return {
      entered: this.#entered,
      done: this.#done,
      dropped: Object.fromEntries(this.#dropped),
      errored: Object.fromEntries(this.#errored),
      ...this.#waiting,
      inFlight: this.#inFlight,
      failures: Object.fromEntries(this.#failures),
    };
  }
}

/** Which way a message went. */
export type Direction = "emit" | "receive";

/** All pages of a runtime. */
export class Books {
  readonly #pages: Record<Direction, Map<string, Page>> = { emit: new Map(), receive: new Map() };

  /** The page of `kind`; made when first asked for. Kinds are registered ones, so their number is bounded. */
  page(direction: Direction, kind: string): Page {
    const pages = this.#pages[direction];
    let page = pages.get(kind);
    if (!page) pages.set(kind, page = new Page());
    return page;
  }

  /** All counts of one direction, by kind. */
  totals(direction: Direction): Record<string, PageTotals> {
    return Object.fromEntries([...this.#pages[direction]].map(([kind, page]) => [kind, page.totals()]));
  }
}

/** Whether a page balances: what entered equals what left and what is under way. */
export function isBalanced(totals: PageTotals): boolean {
  const { entered, done, dropped, errored, quarantined, retrying, queued, inFlight } = totals;
  const sum = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((a, b) => a + b, 0);
  const waiting = quarantined + retrying + queued;
  return inFlight >= 0 && entered === done + sum(dropped) + sum(errored) + waiting + inFlight;
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
