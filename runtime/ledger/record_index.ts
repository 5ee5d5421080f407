/**
 * Where the memory ledger finds its records: by id, and in the order of their time by kind, sender, subject, priority and key.
 * @module
 */
import type { LedgerFilter, LedgerRecord, StorePriority } from "./ledger.ts";
import type { LedgerUse } from "./ledger_capacity.ts";
import { fits, type LedgerPosition, type PageRequest } from "./ledger_query.ts";
import { isBefore, TimeOrder } from "./time_order.ts";

type Order = TimeOrder<LedgerRecord>;
type Orders = Map<string, Order>;

/** Kept records, and every way to them. */
export class RecordIndex {
  readonly #byId = new Map<string, LedgerRecord>();
  readonly #all: Order = new TimeOrder();
  readonly #byPriority: readonly Order[] = Array.from({ length: 5 }, () => new TimeOrder<LedgerRecord>());
  readonly #byKind: Orders = new Map();
  readonly #bySender: Orders = new Map();
  readonly #bySubject: Orders = new Map();
  readonly #byKey: Orders = new Map();
  /** Under which key a record is counted, by its id. */
  readonly #keys = new Map<string, string>();
  /** What each sender has of priority 0. */
  readonly #zeros = new Map<string, LedgerUse>();
  #bytes = 0;
  #zeroBytes = 0;

  /** All records and their bytes. */
  get use(): LedgerUse {
    return { messages: this.#byId.size, bytes: this.#bytes };
  }

  /** The records of priority 0, and those of them by one sender. */
  zeros(fromId: string): { all: LedgerUse; sender: LedgerUse } {
    const all = { messages: this.#byPriority[0].size, bytes: this.#zeroBytes };
    return { all, sender: this.#zeros.get(fromId) ?? { messages: 0, bytes: 0 } };
  }

  /** Whether there is a record with this id. */
  has(id: string): boolean {
    return this.#byId.has(id);
  }

  /** The record with this id. */
  get(id: string): LedgerRecord | undefined {
    return this.#byId.get(id);
  }

  /** The records of one priority. */
  ofPriority(priority: StorePriority): Order {
    return this.#byPriority[priority];
  }

  /** The records under one key. */
  underKey(key: string): Order | undefined {
    return this.#byKey.get(key);
  }

  /** How many records there are of each priority. */
  countByPriority(): number[] {
    return this.#byPriority.map(({ size }) => size);
  }

  /** Adds a record whose id is not there. */
  add(record: LedgerRecord, perKey?: string): void {
    this.#byId.set(record.id, record);
    this.#all.add(record);
    this.#byPriority[record.priority].add(record);
    put(this.#byKind, record.kind, record);
    put(this.#bySender, record.fromId, record);
    put(this.#bySubject, record.subject, record);
    if (perKey !== undefined) {
      put(this.#byKey, perKey, record);
      this.#keys.set(record.id, perKey);
    }
    this.#count(record, 1);
  }

  /** Removes a record that is there. */
  delete(record: LedgerRecord): void {
    this.#byId.delete(record.id);
    this.#all.delete(record);
    this.#byPriority[record.priority].delete(record);
    take(this.#byKind, record.kind, record);
    take(this.#bySender, record.fromId, record);
    take(this.#bySubject, record.subject, record);
    take(this.#byKey, this.#keys.get(record.id), record);
    this.#keys.delete(record.id);
    this.#count(record, -1);
  }

  /** Every record that fits, in no order. */
  matching(filter: LedgerFilter): LedgerRecord[] {
    const found: LedgerRecord[] = [];
    for (const order of this.#candidates(filter)) {
      visit(order, { filter, newestFirst: false }, (record) => found.push(record));
    }
    return found;
  }

  /** How many records fit. */
  count(filter: LedgerFilter): number {
    const { fromId, subject, kinds, sinceMs, untilMs } = filter;
    const orders = this.#candidates(filter);
    let count = 0;
    if ([fromId, subject, kinds].filter((part) => part !== undefined).length <= 1) { // All in there fit but for the time.
      const [from, to] = [startOf(sinceMs ?? -Infinity), startOf(untilMs ?? Infinity)];
      for (const order of orders) count += Math.max(0, order.countBefore(to) - order.countBefore(from));
    } else {
      for (const order of orders) visit(order, { filter, newestFirst: false }, () => ++count);
    }
    return count;
  }

  /** The records of a page, and one more if there is one. */
  page(request: PageRequest): LedgerRecord[] {
    const { filter, newestFirst, limit } = request;
    const found: LedgerRecord[] = [];
    const orders = this.#candidates(filter);
    for (const order of orders) {
      let left = limit + 1;
      visit(order, request, (record) => {
        found.push(record);
        return --left > 0;
      });
    }
    if (orders.length > 1) found.sort((a, b) => isBefore(a, b) !== newestFirst ? -1 : 1);
    return found.slice(0, limit + 1);
  }

  /** The smallest sets of records, without overlap, among which are all that fit. */
  #candidates({ kinds, fromId, subject }: LedgerFilter): Order[] {
    const choices: Order[][] = [];
    if (kinds) choices.push([...new Set(kinds)].flatMap((kind) => this.#byKind.get(kind) ?? []));
    if (fromId !== undefined) choices.push([this.#bySender.get(fromId) ?? []].flat());
    if (subject !== undefined) choices.push([this.#bySubject.get(subject) ?? []].flat());
    if (choices.length === 0) return [this.#all];
    return choices.reduce((best, choice) => sizeOf(choice) < sizeOf(best) ? choice : best);
  }

  #count({ priority, fromId, frame }: LedgerRecord, sign: 1 | -1): void {
    const bytes = sign * frame.length;
    this.#bytes += bytes;
    if (priority !== 0) return;
    this.#zeroBytes += bytes;
    const used = this.#zeros.get(fromId);
    const messages = (used?.messages ?? 0) + sign;
    if (messages === 0) this.#zeros.delete(fromId);
    else this.#zeros.set(fromId, { messages, bytes: (used?.bytes ?? 0) + bytes });
  }
}

function put(orders: Orders, name: string | undefined, record: LedgerRecord): void {
  if (name === undefined) return;
  const order = orders.get(name);
  if (order) return order.add(record);
  const made: Order = new TimeOrder();
  made.add(record);
  orders.set(name, made);
}

function take(orders: Orders, name: string | undefined, record: LedgerRecord): void {
  const order = name === undefined ? undefined : orders.get(name);
  order?.delete(record);
  if (order?.size === 0) orders.delete(name!);
}

/** The place before every record of that time. */
function startOf(timestampMs: number): LedgerPosition {
  return { timestampMs, id: "" };
}

function sizeOf(orders: readonly Order[]): number {
  return orders.reduce((sum, { size }) => sum + size, 0);
}

/** Shows what fits in an order, from where the page before ended, for as long as `see` does not say false. */
function visit(
  order: Order,
  { filter, newestFirst, after }: Pick<PageRequest, "filter" | "newestFirst"> & Partial<PageRequest>,
  see: (record: LedgerRecord) => unknown,
): void {
  const { sinceMs = -Infinity, untilMs = Infinity } = filter;
  const show = (record: LedgerRecord) => {
    const { timestampMs } = record;
    if (newestFirst ? timestampMs < sinceMs : timestampMs >= untilMs) return false;
    return !fits(record, filter) || see(record) !== false;
  };
  if (newestFirst) order.descend(after ?? startOf(untilMs), show);
  else order.ascend(after ?? startOf(sinceMs), show);
}
