/**
 * The witness of a simulation: sees every step from outside, writes the trace, and holds the invariants against the whole
 * history. It asks the code under test for nothing that it could know by itself.
 * @module
 */
import type { Draft } from "../../messages/draft.ts";
import type { Message } from "../../messages/message.ts";
import { messageOf, NaraError } from "../../utilities/errors.ts";
import { timestampMs } from "../../utilities/timestamp.ts";
import type { BehaviorSpec } from "../behavior.ts";
import { isLocal } from "../behavior.ts";
import { type Ledger, LedgerError, type StorePriority } from "../ledger/ledger.ts";
import { type Direction, isBalanced } from "../primitives/books.ts";
import type { LogRecord } from "../primitives/logger.ts";
import type { Passage } from "../primitives/journal.ts";
import { promiseOf } from "../promise.ts";
import type { Emitted } from "../service.ts";
import type { Answer, Receipt } from "../transport/mesh.ts";
import { Acceptance, frameId, type KeyOf } from "./simulation_acceptance.ts";
import type { Life, SimulatedNara } from "./simulation_nara.ts";
import { type CheckName, type Violation, VIOLATIONS_MAX } from "./simulation_report.ts";
import type { Trace } from "./simulation_trace.ts";
import type { VirtualClock } from "./virtual_clock.ts";

/** Acknowledged messages per nara that are looked for again; beyond it the oldest are let go. */
const ACKNOWLEDGED_MAX = 2_000;
/** Replies within a response that are remembered, until their emitting is noted. */
const ANSWERED_MAX = 1_024;
/** After so long what was to be tried again is over: longer than any deadline. */
const OWED_MS = 300_000;
/** Handler runs older than this are forgotten: what comes again then is too old to be taken. */
const RUN_MS = 900_000;

/** Options of a {@linkcode Witness}. */
export interface WitnessOptions {
  /** Everybody's time. */
  readonly clock: VirtualClock;
  /** Where steps are written. */
  readonly trace: Trace;
  /** Whose key is whose, in truth. */
  readonly keyOf: KeyOf;
  /** Shows frames that are sent to whoever listens on the wire. */
  readonly overhear: (from: SimulatedNara, to: string, frame: Uint8Array) => void;
}

/** A handler's run. */
interface Run {
  readonly life: number;
  readonly atMs: number;
  /** `refused`: it ended, and the disk did not take the note of it, so it counts as if it had never begun. */
  outcome: "running" | "ended" | "refused";
}

/** A message that counts as stored. */
interface Acknowledged {
  readonly kind: string;
  readonly contentKey: string | undefined;
  /** When it was made, by the clock of whoever made it. */
  readonly madeMs: number;
  /** How soon it makes room for others. */
  readonly priority: StorePriority;
}

/** A message that its sender said it would try again. */
interface Owed {
  readonly from: SimulatedNara;
  readonly to: string;
  readonly kind: string;
  readonly atMs: number;
}

/** What is remembered of one nara. */
class Memory {
  readonly runs = new Map<string, Run>();
  readonly acknowledged = new Map<string, Acknowledged>();
}

/** Sees everything. */
export class Witness {
  readonly #options: WitnessOptions;
  readonly #records = new Map<number, Memory>();
  readonly #acceptance: Acceptance;
  /** Behaviors as their services declared them, by kind. */
  readonly specs: Map<string, BehaviorSpec> = new Map();
  /** What was broken. */
  readonly violations: Violation[] = [];
  readonly #owed = new Map<string, Owed>();
  readonly #answered = new Set<string>();
  /** Messages emitted in lives that are over. */
  messages = 0;
  /** Handled twice across a crash. */
  repeatedAcrossCrash = 0;
  /** Handled twice by a nara that keeps nothing on a disk. */
  repeatedWithoutDisk = 0;
  /** Handled twice as the disk did not take the note that it was done, or the nara stopped in the middle of it. */
  repeatedAfterRefusal = 0;

  /**
   * A witness who has seen nothing yet.
   *
   * @param options What it needs.
   */
  constructor(options: WitnessOptions) {
    this.#options = options;
    const { keyOf } = options;
    this.#acceptance = new Acceptance({
      keyOf,
      specs: this.specs,
      blame: (check, life, detail) => this.blame(check, detail, life.nara),
    });
  }

  /** Something should not have happened. */
  blame(check: CheckName, detail: string, nara?: SimulatedNara): void {
    const atMs = this.#options.clock.monotonicMs();
    this.#options.trace.add(`${atMs} ${nara?.index ?? "-"} violation ${check}`);
    if (this.violations.length >= VIOLATIONS_MAX) return;
    this.violations.push({ check, atMs, ...nara && { nara: nara.index }, detail });
  }

  /** Something happened. */
  note(nara: SimulatedNara | undefined, what: string): void {
    this.#options.trace.add(`${this.#options.clock.monotonicMs()} ${nara?.index ?? "-"} ${what}`);
  }

  /** A life begins. */
  began({ nara, number }: Life): void {
    this.note(nara, `life ${number}`);
    if (nara.disk || number === 1) return;
    this.#of(nara).acknowledged.clear(); // It keeps nothing on a disk, and promised nothing else.
  }

  /** It is up. */
  started({ nara }: Life): void {
    this.note(nara, "up");
    this.#findAcknowledged(nara);
  }

  /** It is over, or about to be. */
  ended({ nara, runtime }: Life): void {
    this.note(nara, "gone");
    if (!runtime) return;
    for (const { entered } of Object.values(runtime.books.totals("emit"))) this.messages += entered;
  }

  /** A runtime stopped that nobody had asked to. */
  stoppedByItself({ nara }: Life, reason: string): void {
    this.blame("I8", `a runtime stopped by itself: ${reason}`, nara);
  }

  /** A service registered a kind. */
  registered(_life: Life, spec: BehaviorSpec): void {
    if (!this.specs.has(spec.kind)) this.specs.set(spec.kind, spec);
  }

  /** A frame leaves. */
  sent(life: Life, frame: Uint8Array, to: string): void {
    const { nara } = life;
    this.#acceptance.sent(life, frame);
    this.note(nara, `> ${frameId(frame)} ${to}`);
    this.#options.overhear(nara, to, frame);
  }

  /** Its answer came. */
  answered(life: Life, frame: Uint8Array, { receipt, reply, peer }: Answer): void {
    this.note(life.nara, `< ${frameId(frame)} ${inWords(receipt)}`);
    if (reply) this.arrived(life, reply, peer ?? "");
  }

  /** No answer came. */
  notAnswered({ nara }: Life, frame: Uint8Array, thrown: unknown): void {
    this.note(nara, `< ${frameId(frame)} ${thrown instanceof NaraError ? thrown.code : messageOf(thrown)}`);
  }

  /** A frame reached a nara. */
  arrived(life: Life, frame: Uint8Array, _peer: string): void {
    life.frames++;
    this.#acceptance.arrived(life, frame);
  }

  /** What its nara says became of it. */
  settled(life: Life, frame: Uint8Array, receipt: Receipt): void {
    const { nara } = life;
    this.note(nara, `= ${frameId(frame)} ${inWords(receipt)}`);
    if (receipt.outcome !== "handled" || !nara.ledger) return;
    const accepted = this.#acceptance.latest(nara, frameId(frame));
    if (!accepted || !this.#isStored(accepted.kind, "receive")) return;
    const { id, kind, contentKey, timestamp } = accepted;
    this.#acknowledge(nara, id, { kind, contentKey, madeMs: timestampMs(timestamp) });
  }

  /** A message passed a pipeline: one of its own, or one that came. */
  accepted(life: Life, message: Message): void {
    this.#acceptance.accepted(life, message);
    this.#settleDebt(life.nara, message.id);
  }

  /** A message came to its end in a pipeline. */
  passed({ nara }: Life, passage: Passage): void {
    const { direction, message, outcome, stage, reason } = passage;
    const { kind, id, fromId, toId } = message;
    this.note(nara, `${direction} ${kind} ${id} ${outcome} ${stage ?? ""} ${reason ?? ""}`);
    if (direction === "receive" && stage === "record") {
      const run = this.#of(nara).runs.get(`${fromId} ${id}`);
      if (run) run.outcome = "refused";
    }
    if (direction === "emit" && toId && nara.disk) this.#noteDebt(nara, toId, passage);
  }

  /** A service emitted a message, and this came of it. */
  emitted({ nara, clock }: Life, { kind, payload }: Draft, { id, outcome }: Emitted): void {
    if (outcome !== "sent" || !nara.ledger || !this.#isStored(kind, "emit")) return;
    const contentKey = this.specs.get(kind)?.contentKey?.(payload as never);
    this.#acknowledge(nara, id, { kind, contentKey, madeMs: Number(clock.nowNs() / 1_000_000n) });
  }

  /** A call brought a reply. */
  replied({ nara }: Life, { kind, to }: Draft, { fromId, toId }: Message): void {
    if (to !== undefined && fromId !== to) {
      this.blame("call", `a ${kind} to ${to} was answered by ${fromId}`, nara);
    }
    if (toId !== nara.id) this.blame("call", `a ${kind} was answered by a message to ${toId}`, nara);
  }

  /** A handler begins. Returns what to call when it ends. */
  handling({ nara, number }: Life, message: Message): () => void {
    const { kind, fromId, id } = message;
    this.#acceptance.handled(nara, message);
    this.#settleDebt(nara, id);
    const key = `${fromId} ${id}`;
    const { runs } = this.#of(nara);
    const before = runs.get(key);
    if (before) this.#judgeRepetition(nara, number, before, message);
    const run: Run = { life: number, atMs: this.#options.clock.monotonicMs(), outcome: "running" };
    runs.delete(key);
    runs.set(key, run);
    this.note(nara, `handling ${kind} ${id}`);
    return () => void (run.outcome = "ended");
  }

  /** A line of the log. What only a defect of the runtime can cause is one. */
  logged({ nara }: Life, { level, message, fields }: LogRecord): void {
    if (level !== "error" || message !== "settling a message failed") return;
    this.blame("I8", `${message}: ${fields.kind} ${fields.error}`, nara);
  }

  /** Looks at the books, and for what was acknowledged. Everything has come to rest. */
  scrape(naras: readonly SimulatedNara[]): void {
    const oldestMs = this.#options.clock.monotonicMs() - RUN_MS;
    for (const nara of naras) {
      const { runs } = this.#of(nara);
      for (const [key, { atMs }] of runs) {
        if (atMs >= oldestMs) break;
        runs.delete(key);
      }
      if (nara.isAlive) this.#balance(nara.life!);
      if (nara.isAlive) this.#findAcknowledged(nara);
    }
  }

  /**
   * D1. What was promised to be tried again has arrived, or lies with the dead letters, or its sender is not up to be asked.
   * Ask when nothing has gone wrong for a while.
   */
  findOwed(): void {
    const oldMs = this.#options.clock.monotonicMs() - OWED_MS;
    for (const [id, { from, to, kind, atMs }] of this.#owed) {
      if (atMs > oldMs || !from.isAlive || hasLetter(from, id)) continue;
      this.blame(
        "D1",
        `${kind} ${id} was to be tried again, and neither reached ${to} nor was given up`,
        from,
      );
    }
  }

  /** What is still under way in a life, by kind. */
  underWay({ runtime }: Life): string[] {
    if (!runtime) return [];
    return (["emit", "receive"] as const).flatMap((direction) =>
      Object.entries(runtime.books.totals(direction)).filter(([, { inFlight }]) => inFlight > 0)
        .map(([kind, { inFlight }]) => `${inFlight} of ${kind} (${direction})`)
    );
  }

  #balance(life: Life): void {
    const { runtime, nara, frames } = life;
    let entered = 0;
    for (const direction of ["emit", "receive"] as Direction[]) {
      for (const [kind, totals] of Object.entries(runtime.books.totals(direction))) {
        const spec = this.specs.get(kind);
        if (direction === "receive" && !(spec && isLocal(spec))) entered += totals.entered;
        if (isBalanced(totals)) continue;
        this.blame("I6", `${direction} of ${kind} does not balance: ${JSON.stringify(totals)}`, nara);
      }
    }
    if (entered < frames) this.blame("I6", `${frames} frames came, and ${entered} were counted`, nara);
  }

  /** D1. It has arrived. */
  #settleDebt({ id: to }: SimulatedNara, id: string): void {
    if (this.#owed.get(id)?.to === to) this.#owed.delete(id);
  }

  /** D1. A reply that went within an open response is gone when that response is lost: whoever asked asks again. */
  #noteDebt(from: SimulatedNara, to: string, { message: { id, kind }, outcome, receipt }: Passage): void {
    if (outcome === "done" && receipt?.outcome === "unknown") {
      this.#owed.delete(id);
      this.#answered.add(id);
      if (this.#answered.size > ANSWERED_MAX) this.#answered.delete(this.#answered.values().next().value!);
    }
    if (outcome !== "retrying" || this.#answered.has(id) || this.#acceptance.latest({ id: to }, id)) return;
    this.#owed.set(id, { from, to, kind, atMs: this.#options.clock.monotonicMs() });
  }

  /** I1. What made room for others was let go on purpose. */
  #findAcknowledged(nara: SimulatedNara): void {
    const { ledger } = nara;
    if (!ledger) return;
    const { acknowledged } = this.#of(nara);
    for (const [id, message] of acknowledged) {
      const { kind, contentKey } = message;
      if (ledger.hasId(id) || contentKey && ledger.hasContentKey(contentKey)) continue;
      acknowledged.delete(id);
      if (hasMadeRoom(ledger, message)) continue;
      this.blame("I1", `${kind} ${id} was acknowledged, and is not in the ledger`, nara);
    }
  }

  #acknowledge(nara: SimulatedNara, id: string, message: Omit<Acknowledged, "priority">): void {
    const priority = priorityOf(nara, id);
    if (priority === undefined) return;
    const { acknowledged } = this.#of(nara);
    acknowledged.set(id, { ...message, priority });
    if (acknowledged.size > ACKNOWLEDGED_MAX) acknowledged.delete(acknowledged.keys().next().value!);
  }

  #isStored(kind: string, direction: Direction): boolean {
    const spec = this.specs.get(kind);
    return spec !== undefined && !spec[direction].store.isNone;
  }

  /**
   * I2. What is best effort is never handled twice; anything else only where its nara crashed, stopped in the middle of it, or
   * could not write down that it was done. A nara without a disk knows nothing of its earlier lives.
   */
  #judgeRepetition(nara: SimulatedNara, life: number, before: Run, { kind, id, fromId }: Message): void {
    const between = Array.from({ length: life - before.life }, (_, at) => before.life + at);
    if (between.some((each) => nara.forgotten.has(each)) || between.length > 0 && !nara.disk) {
      return void this.repeatedWithoutDisk++;
    }
    const spec = this.specs.get(kind);
    const isOnce = spec !== undefined && promiseOf(spec) === "best effort";
    const isExcused = !isOnce &&
      (before.outcome === "refused" || between.length > 0 && before.outcome === "running");
    if (!isOnce && between.some((each) => nara.crashed.has(each))) this.repeatedAcrossCrash++;
    else if (isExcused) this.repeatedAfterRefusal++;
    else {
      const when = between.length === 0 ? "in one life" : `in life ${before.life} and in life ${life}`;
      this.blame("I2", `${kind} ${id} of ${fromId} was handled twice ${when}`, nara);
    }
  }

  #of(nara: SimulatedNara): Memory {
    let record = this.#records.get(nara.index);
    if (!record) this.#records.set(nara.index, record = new Memory());
    return record;
  }
}

/** Whether a ledger let a message go for want of room: the oldest of the least important. */
function hasMadeRoom(ledger: Ledger, { madeMs, priority }: Acknowledged): boolean {
  const { pruned, byPriority, messages, messagesMax } = ledger.stats();
  const isFull = pruned > 0 || messages >= messagesMax;
  if (!isFull || byPriority.slice(priority + 1).some((count) => count > 0)) return false;
  return madeMs <= (ledger.oldestMs(priority) ?? Infinity);
}

function hasLetter({ runtime: { deadLetters } }: SimulatedNara, id: string): boolean {
  return deadLetters.list({ limit: deadLetters.size }).letters.some(({ messageId }) => messageId === id);
}

function inWords(receipt: Receipt): string {
  return "reason" in receipt ? `${receipt.outcome} ${receipt.reason}` : receipt.outcome;
}

/** The priority of a record; `undefined` where its nara has left meanwhile, so that its word reaches nobody any more. */
function priorityOf({ ledger }: SimulatedNara, id: string): StorePriority | undefined {
  try {
    return ledger?.get(id)?.priority ?? 0;
  } catch (thrown) {
    if (thrown instanceof LedgerError && thrown.code === "closed") return undefined;
    throw thrown;
  }
}
