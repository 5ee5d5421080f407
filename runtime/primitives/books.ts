/**
 * The books: every message that enters a pipeline leaves it through exactly one counted outcome.
 *
 * received = handled + dropped by reason + errored by stage + in flight, for every kind, at every moment; and emitted
 * likewise. Counted in one place, where a message's outcome is settled.
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
  /** Messages that failed, by stage. */
  readonly errored: Readonly<Record<string, number>>;
  /** Messages still under way. */
  readonly inFlight: number;
}

/** How a message left a pipeline. */
export type Settlement =
  | { readonly outcome: "done" }
  | { readonly outcome: "drop"; readonly reason: string }
  | { readonly outcome: "error"; readonly stage: string };

/** The page of one kind in one direction. */
export class Page {
  #entered = 0;
  #done = 0;
  #inFlight = 0;
  readonly #dropped = new Map<string, number>();
  readonly #errored = new Map<string, number>();

  /** Counts a message in. */
  enter(): void {
    this.#entered++;
    this.#inFlight++;
  }

  /** Counts a message out. */
  settle(settlement: Settlement): void {
    this.#inFlight--;
    if (settlement.outcome === "done") this.#done++;
    else if (settlement.outcome === "drop") count(this.#dropped, settlement.reason);
    else count(this.#errored, settlement.stage);
  }

  /** The counts as they stand. */
  totals(): PageTotals {
    return {
      entered: this.#entered,
      done: this.#done,
      dropped: Object.fromEntries(this.#dropped),
      errored: Object.fromEntries(this.#errored),
      inFlight: this.#inFlight,
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
export function isBalanced({ entered, done, dropped, errored, inFlight }: PageTotals): boolean {
  const sum = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((a, b) => a + b, 0);
  return inFlight >= 0 && entered === done + sum(dropped) + sum(errored) + inFlight;
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
