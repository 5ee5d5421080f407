/**
 * The journal: which way each recent message took, for `nara why ID`.
 *
 * It stands where every message is settled, so it copies a few references and computes nothing. In particular no id: that of
 * a local message is only computed when somebody asks for it, and who never asked cannot ask why either. It keeps no message
 * and so no payload alive.
 * @module
 */
import type { IdCell, Message } from "../../messages/message.ts";
import type { Clock } from "../../utilities/clock.ts";
import type { MessageId, NaraId } from "../../utilities/names.ts";
import { NO_ROUTE, type Route, Times, TIMES_ROOM } from "../times.ts";
import type { Receipt } from "../transport/mesh.ts";
import type { Direction } from "./books.ts";
import { IdFingerprints } from "./journal_forgotten.ts";
import type { Limit } from "./limits.ts";

/** How a message's way through one pipeline ended. */
export type PassageOutcome = "done" | "drop" | "error" | "quarantined" | "retrying" | "queued";

/** One message's way through one pipeline, up to its outcome. Made once, where the outcome is counted. */
export interface Passage {
  /** Which way it went. */
  readonly direction: Direction;
  /** The message. Its id may not have been computed yet: that of a local message only is when somebody asks. */
  readonly message: Message;
  /** The address that it came from, for a received one. */
  readonly peer?: string;
  /** When it was where, by the runtime's monotonic clock. */
  readonly passed: Times;
  /** Milliseconds in the handler, if it came that far. */
  readonly handlerMs?: number;
  /** How it ended. */
  readonly outcome: PassageOutcome;
  /** The stage where it ended, unless it is done. */
  readonly stage?: string;
  /** Why it was dropped. */
  readonly reason?: string;
  /** What failed. */
  readonly error?: Error;
  /** What the other side said, for an emitted one that was sent. */
  readonly receipt?: Receipt;
}

/** How a passage ended: the part of it that whoever settles a message knows. */
export type PassageEnd = Pick<Passage, "outcome" | "stage" | "reason" | "error">;

/** A passage as the journal tells it later. */
export interface PassageRecord extends Omit<Passage, "message" | "passed" | "error"> {
  /** The message's id. */
  readonly id: MessageId;
  /** The message's kind. */
  readonly kind: string;
  /** Who said it. For a received message that went no further than `verify`, a claim. */
  readonly fromId: NaraId;
  /** Whom it was said to, if to one nara. */
  readonly toId?: NaraId;
  /** When it entered, in nanoseconds since 1970. */
  readonly atNs: bigint;
  /** The stages of its chain, in order. */
  readonly stages: readonly string[];
  /** Milliseconds that each stage took that it passed, in order; the last is where it ended, if it did not pass all. */
  readonly durationsMs: readonly number[];
  /** The class of the error, e.g. `MeshError`. */
  readonly errorName?: string;
  /** The code of the error, where it is one of ours. */
  readonly errorCode?: string;
}

/** What is known of a message. */
export type Why =
  | {
    readonly known: "passages";
    /** Every way that it took, in the order in which they ended. */
    readonly passages: readonly PassageRecord[];
    /** Where it is now, if it is still under way. */
    readonly underWay?: string;
  }
  | {
    /** `forgotten`: it came by, too long ago. `unknown`: it never did, or even that is forgotten. */
    readonly known: "forgotten" | "unknown";
  };

/** Options of a {@linkcode Journal}. */
export interface JournalOptions {
  /** The runtime's time. */
  readonly clock: Pick<Clock, "nowNs" | "monotonicMs">;
  /**
   * Passages kept; a local message that is handled takes two. More costs about 250 bytes each.
   * @default {32_768}
   */
  readonly passagesMax?: number;
  /** Forgotten ids that are still known as such, 8 bytes each. @default {65_536} */
  readonly forgottenMax?: number;
  /** Where a message is that has entered and is not settled, e.g. `retry 3 in 12 s`. @default {nobody knows} */
  readonly underWay?: (id: MessageId) => string | undefined;
}

/** Text of an error beyond this is cut: it may quote what a stranger sent. */
const REASON_MAX = 400;
/** Entries whose times lie in one block. */
const BLOCK_BITS = 8, BLOCK_MASK = (1 << BLOCK_BITS) - 1;
/** Numbers of an entry: the milliseconds in its handler, `NaN` where none ran, and its times. */
const ENTRY_ROOM = 1 + TIMES_ROOM;
/** Kinds, senders, targets and addresses that are kept once; past it they are gathered anew. */
const TEXTS_MAX = 4_096;

/** One place of the ring. Used again and again, so that a busy nara leaves nothing to collect. */
class Entry {
  id: MessageId | undefined;
  cell: IdCell | undefined;
  direction: Direction = "emit";
  kind = "";
  fromId: NaraId = "";
  toId: NaraId | undefined;
  peer: string | undefined;
  route: Route = NO_ROUTE;
  outcome: PassageOutcome = "done";
  stage: string | undefined;
  reason: string | undefined;
  errorName: string | undefined;
  errorCode: string | undefined;
  receipt: Receipt | undefined;
}

/** The ways of the last messages. */
export class Journal {
  readonly #clock: Pick<Clock, "nowNs" | "monotonicMs">;
  readonly #underWay: (id: MessageId) => string | undefined;
  readonly #max: number;
  readonly #entries: Entry[] = [];
  /** The times of the entries, in blocks that are made as the ring grows. */
  readonly #times: Float64Array[] = [];
  readonly #texts = new Map<string, string>();
  readonly #forgotten: IdFingerprints;
  readonly #rememberForgotten: (id: MessageId) => void;
  #next = 0;
  #overwritten = 0;

  /**
   * An empty journal.
   *
   * @throws {RangeError} If a bound is not a positive integer.
   */
  constructor(options: JournalOptions) {
    const { clock, passagesMax = 32_768, forgottenMax = 65_536, underWay = () => undefined } = options;
    if (!Number.isSafeInteger(passagesMax) || passagesMax < 1) {
      throw new RangeError(`passagesMax must be a positive integer: got ${passagesMax}`);
    }
    this.#clock = clock;
    this.#max = passagesMax;
    this.#underWay = underWay;
    const forgotten = this.#forgotten = new IdFingerprints(forgottenMax);
    this.#rememberForgotten = (id) => forgotten.add(id);
  }

  /** Writes a passage down. Called for every message: it computes no id and keeps no message. */
  record(passage: Passage): void {
    const { message } = passage;
    const at = this.#next;
    const entry = this.#place();
    const id = message.knownId;
    entry.id = id;
    entry.cell = id === undefined ? message.idCell : undefined;
    entry.direction = passage.direction;
    entry.kind = this.#one(message.kind);
    entry.fromId = this.#one(message.fromId);
    entry.toId = this.#one(message.toId);
    entry.peer = this.#one(passage.peer);
    entry.route = passage.passed.route;
    entry.outcome = passage.outcome;
    entry.stage = passage.stage;
    entry.receipt = passage.receipt;
    const room = this.#times[at >> BLOCK_BITS];
    const from = (at & BLOCK_MASK) * ENTRY_ROOM;
    room[from] = passage.handlerMs ?? NaN;
    passage.passed.save(room, from + 1);
    const { error } = passage;
    entry.reason = error ? cut(error.message) : passage.reason;
    entry.errorName = error?.name;
    entry.errorCode = error && codeOf(error);
  }

  /** What is known of the message with this id. */
  why(id: MessageId): Why {
    const offsetNs = this.#clock.nowNs() - toNs(this.#clock.monotonicMs());
    const passages: PassageRecord[] = [];
    const count = this.#entries.length;
    for (let index = 0; index < count; index++) {
      // Once the ring is full, the place to be written next holds what is oldest.
      const at = (this.#next + index) % count;
      const entry = this.#entries[at];
      if ((entry.id ?? entry.cell?.id) === id) passages.push(this.#recordOf(id, entry, at, offsetNs));
    }
    const underWay = this.#underWay(id);
    if (passages.length > 0 || underWay !== undefined) {
      return { known: "passages", passages, ...underWay !== undefined && { underWay } };
    }
    return { known: this.#forgotten.has(id) ? "forgotten" : "unknown" };
  }

  /** Its bounds, for `nara limits`. */
  limits(): Limit[] {
    return [
      {
        name: "journal.passages",
        unit: "passages",
        max: this.#max,
        rule: "the oldest is forgotten",
        inUse: () => this.#entries.length,
        overflows: () => this.#overwritten,
      },
      {
        name: "journal.forgotten",
        unit: "ids",
        max: this.#forgotten.max,
        rule: "the oldest becomes unknown",
        inUse: () => this.#forgotten.size,
        overflows: () => this.#forgotten.overflows,
      },
    ];
  }

  /**
   * The same text as one that is kept already, where it is. Each message brings copies of its own of what is the same in thousands,
   * and to keep them all is what a journal would cost most.
   */
  #one(text: string): string;
  #one(text: string | undefined): string | undefined;
  #one(text: string | undefined): string | undefined {
    if (text === undefined) return undefined;
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    if (this.#texts.size >= TEXTS_MAX) this.#texts.clear();
    this.#texts.set(text, text);
    return text;
  }

  #recordOf(id: MessageId, entry: Entry, at: number, offsetNs: bigint): PassageRecord {
    const { direction, kind, fromId, toId, peer, route, outcome, stage, reason } = entry;
    const { errorName, errorCode, receipt } = entry;
    const room = this.#times[at >> BLOCK_BITS];
    const from = (at & BLOCK_MASK) * ENTRY_ROOM;
    const handlerMs = Number.isNaN(room[from]) ? undefined : room[from];
    const passed = Times.load(room, from + 1, route);
    const { stages } = route;
    return {
      id,
      direction,
      kind,
      fromId,
      toId,
      peer,
      atNs: offsetNs + toNs(passed.enteredMs),
      stages,
      durationsMs: passed.durationsMs().slice(0, passedCount(stages, stage)),
      handlerMs,
      outcome,
      stage,
      reason,
      errorName,
      errorCode,
      receipt,
    };
  }

  /** The place for the next passage; what stood there is forgotten. */
  #place(): Entry {
    const at = this.#next;
    this.#next = at + 1 === this.#max ? 0 : at + 1;
    if (at === this.#entries.length) {
      const fresh = new Entry();
      this.#entries.push(fresh);
      if ((at & BLOCK_MASK) === 0) this.#times.push(new Float64Array(ENTRY_ROOM << BLOCK_BITS));
      return fresh;
    }
    const entry = this.#entries[at];
    this.#overwritten++;
    const id = entry.id ?? entry.cell!.id;
    if (id !== undefined) this.#forgotten.add(id);
    else entry.cell!.whenKnown = this.#rememberForgotten; // Whoever asks for its id from now on comes too late.
    return entry;
  }
}

/** How many stages a message passed that ended at `stage`, that one included. */
function passedCount(stages: readonly string[], stage: string | undefined): number {
  const at = stage === undefined ? -1 : stages.indexOf(stage);
  return at < 0 ? stages.length : at + 1;
}

function toNs(ms: number): bigint {
  return BigInt(Math.round(ms * 1_000)) * 1_000n;
}

function codeOf(error: Error): string | undefined {
  return "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** A part of a text keeps the whole of it in memory, so it is written anew. */
function cut(text: string): string {
  if (text.length <= REASON_MAX) return text;
  return `${JSON.parse(JSON.stringify(text.slice(0, REASON_MAX)))}…`;
}
