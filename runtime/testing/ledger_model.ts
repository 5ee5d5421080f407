/**
 * A part of the acceptance suite of the ledger: a slow twin, made of lists, that every ledger has to agree with, whatever is
 * added, observed and pruned.
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  type AddOptions,
  type AddOutcome,
  type Ledger,
  type LedgerFilter,
  type LedgerRecord,
  type LedgerStats,
  type Observer,
  OBSERVERS_MAX,
  type StorePriority,
} from "../ledger/ledger.ts";
import {
  exceedsPriorityZeroShare,
  type LedgerCapacity,
  type LedgerUse,
  priorityZeroShare,
} from "../ledger/ledger_capacity.ts";
import { fits, mayPrune } from "../ledger/ledger_query.ts";
import { idsIn, ledgerObserver, ledgerRecord, RECORDS_START_MS } from "./ledger_records.ts";
import type { LedgerTest } from "./ledger_suite.ts";
import { SeededRandom } from "./seeded_random.ts";

const CAPACITY: LedgerCapacity = { messagesMax: 24, bytesMax: 1_200 };
const STEPS = 250;

/** Registers a test per seed. */
export function testLedgerAgainstModel(test: LedgerTest): void {
  for (let seed = 1; seed <= 8; seed++) {
    test(`agrees with its model after each of ${STEPS} changes, seed ${seed}`, async (ledger) => {
      const model = new LedgerModel(CAPACITY);
      const random = new SeededRandom(seed);
      for (let step = 0; step < STEPS; step++) {
        const [made, expected] = await change(ledger, model, random, step);
        const filter = random.next() < 0.3 ? {} : filterFrom(random);
        assertEquals(
          [made, ...stateOf(ledger, filter)],
          [expected, ...stateOf(model, filter)],
          `step ${step}`,
        );
      }
    }, CAPACITY);
  }
}

interface Kept extends LedgerRecord {
  readonly perKey?: string;
}

/** What a ledger has to answer, said as plainly as possible. */
class LedgerModel {
  readonly #capacity: LedgerCapacity;
  #kept: Kept[] = [];
  #observers = new Map<string, Observer[]>();
  #pruned = 0;
  #refused = 0;

  constructor(capacity: LedgerCapacity) {
    this.#capacity = capacity;
  }

  add(record: LedgerRecord, { perKey, observer }: AddOptions): AddOutcome | "refused" {
    if (this.#kept.some(({ id }) => id === record.id)) return "exists";
    const under = perKey ? this.#kept.filter((kept) => kept.perKey === perKey.key) : [];
    let rest = without(this.#kept, under.slice(0, Math.max(0, under.length + 1 - (perKey?.max ?? Infinity))));
    const { messagesMax, bytesMax } = this.#capacity;
    const isFull = () => rest.length + 1 > messagesMax || useOf(rest).bytes + record.frame.length > bytesMax;
    if (record.priority === 0 && this.#exceedsShare(rest, record)) return this.#refuse();
    while (isFull()) {
      const least = Math.max(...rest.map(({ priority }) => priority));
      if (!(least >= Math.max(1, record.priority))) return this.#refuse();
      rest = without(rest, [rest.find(({ priority }) => priority === least)!]);
    }
    this.#pruned += this.#kept.length - rest.length;
    this.#keep(rest); // Room is made first: a fact that nothing tells for a moment loses its observers.
    this.#keep([...rest, { ...record, perKey: perKey?.key }]);
    if (observer && record.contentKey !== undefined) this.observe(record.contentKey, observer);
    return "added";
  }

  observe(contentKey: string, observer: Observer): boolean {
    const noted = this.observers(contentKey);
    const isKept = this.#kept.some((record) => record.contentKey === contentKey);
    if (!isKept || noted.length >= OBSERVERS_MAX || noted.some(({ fromId }) => fromId === observer.fromId)) {
      return false;
    }
    this.#observers.set(contentKey, [...noted, observer]);
    return true;
  }

  prune(filter: LedgerFilter): number {
    const gone = this.#kept.filter((record) => fits(record, filter) && mayPrune(record, filter));
    this.#keep(without(this.#kept, gone));
    return gone.length;
  }

  observers(contentKey: string): Observer[] {
    return this.#observers.get(contentKey) ?? [];
  }

  hasContentKey(contentKey: string): boolean {
    return this.#kept.some((record) => record.contentKey === contentKey);
  }

  oldestMs(priority: StorePriority): number | undefined {
    return this.#kept.find((record) => record.priority === priority)?.timestampMs;
  }

  count(filter: LedgerFilter): number {
    return this.ids(filter).length;
  }

  ids(filter: LedgerFilter): string[] {
    return this.#kept.filter((record) => fits(record, filter)).map(({ id }) => id);
  }

  stats(): LedgerStats {
    const byPriority = [0, 1, 2, 3, 4].map((priority) =>
      this.#kept.filter((record) => record.priority === priority).length
    );
    return {
      ...useOf(this.#kept),
      ...this.#capacity,
      byPriority,
      pruned: this.#pruned,
      refused: this.#refused,
    };
  }

  #exceedsShare(rest: readonly Kept[], { fromId, frame }: LedgerRecord): boolean {
    const zeros = rest.filter(({ priority }) => priority === 0);
    const used = { all: useOf(zeros), sender: useOf(zeros.filter((kept) => kept.fromId === fromId)) };
    return exceedsPriorityZeroShare(priorityZeroShare(this.#capacity), used, frame.length);
  }

  #refuse(): "refused" {
    this.#refused++;
    return "refused";
  }

  #keep(kept: Kept[]): void {
    this.#kept = kept.sort((a, b) => a.timestampMs - b.timestampMs || (a.id < b.id ? -1 : 1));
    for (const key of this.#observers.keys()) if (!this.hasContentKey(key)) this.#observers.delete(key);
  }
}

function without(records: readonly Kept[], gone: readonly Kept[]): Kept[] {
  return records.filter((record) => !gone.includes(record));
}

function useOf(records: readonly LedgerRecord[]): LedgerUse {
  return { messages: records.length, bytes: records.reduce((sum, { frame }) => sum + frame.length, 0) };
}

const pick = <T>(random: SeededRandom, from: readonly T[]): T =>
  from[Math.floor(random.next() * from.length)];
const SENDERS = Array.from({ length: 16 }, (_, nth) => `nara-${nth}`);
const KINDS = ["test:a", "test:b", "test:c"];
const FACTS = ["sky", "sea", "sun"];

/** Changes both in the same way; returns what each said of it. */
async function change(
  ledger: Ledger,
  model: LedgerModel,
  random: SeededRandom,
  step: number,
): Promise<[unknown, unknown]> {
  const dice = random.next();
  if (dice < 0.15) {
    const [fact, observer] = [
      pick(random, FACTS),
      ledgerObserver(`observer-${Math.floor(random.next() * 20)}`),
    ];
    return [await ledger.observe(fact, observer), model.observe(fact, observer)];
  }
  if (dice < 0.2) {
    const filter = filterFrom(random);
    return [await ledger.prune(filter), model.prune(filter)];
  }
  const record = ledgerRecord({
    id: `${pick(random, ["m", "M", "z"])}${dice < 0.25 ? 0 : step}`,
    kind: pick(random, KINDS),
    fromId: pick(random, SENDERS),
    subject: pick(random, [undefined, ...SENDERS]),
    contentKey: pick(random, [undefined, undefined, ...FACTS]),
    atMs: Math.floor(step / 2 + random.next() * 30),
    priority: pick(random, [0, 1, 2, 2, 3, 4] as const),
    frame: Math.floor(random.next() ** 4 * 300),
  });
  const key = pick(random, [undefined, undefined, "k", "l"]);
  const options: AddOptions = {
    ...key && { perKey: { key, max: 1 + Math.floor(random.next() * 4) } },
    ...random.next() < 0.5 && { observer: ledgerObserver(record.fromId, record.id) },
  };
  return [await outcomeOf(() => ledger.add(record, options)), model.add(record, options)];
}

async function outcomeOf(add: () => unknown): Promise<unknown> {
  try {
    return await add();
  } catch (thrown) {
    return (thrown as { code?: string }).code === "ledger_full" ? "refused" : thrown;
  }
}

function filterFrom(random: SeededRandom): LedgerFilter {
  const fromMs = RECORDS_START_MS + Math.floor(random.next() * 150);
  return {
    ...random.next() < 0.5 && { kinds: [pick(random, KINDS), pick(random, KINDS)] },
    ...random.next() < 0.4 && { fromId: pick(random, SENDERS) },
    ...random.next() < 0.4 && { subject: pick(random, SENDERS) },
    ...random.next() < 0.3 && { sinceMs: fromMs },
    ...random.next() < 0.3 && { untilMs: fromMs + 20 },
  };
}

/** All that can be asked. */
function stateOf(ledger: Ledger | LedgerModel, filter: LedgerFilter): unknown[] {
  return [
    ledger.stats(),
    FACTS.map((fact) => [ledger.hasContentKey(fact), ledger.observers(fact)]),
    ([0, 1, 2, 3, 4] as const).map((priority) => ledger.oldestMs(priority)),
    ledger.count(filter),
    idsOf(ledger, filter, "oldest"),
    idsOf(ledger, filter, "newest"),
  ];
}

function idsOf(ledger: Ledger | LedgerModel, filter: LedgerFilter, first: "oldest" | "newest"): string {
  if (!(ledger instanceof LedgerModel)) return idsIn(ledger, { ...filter, first, limit: 7 });
  const ids = ledger.ids(filter);
  return (first === "oldest" ? ids : ids.toReversed()).join(" ");
}
