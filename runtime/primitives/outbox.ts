/**
 * The outbox: messages that failed on their way out and are tried again, in their order, until their deadline. On disk before
 * anybody is told that they are kept, so that the next run of this nara goes on where this one ended.
 * @module
 */
import type { Message } from "../../messages/message.ts";
import { messageOf, toError } from "../../utilities/errors.ts";
import type { MessageId } from "../../utilities/names.ts";
import { timestampMs } from "../../utilities/timestamp.ts";
import { fullJitterMs } from "./backoff.ts";
import { Deadlines } from "./deadlines.ts";
import type { Failure } from "./failures.ts";
import { decodeKept, keptError, keyOf, sequenceAfter } from "./kept_message.ts";
import type { NewLetter } from "./letter.ts";
import type { Limit } from "./limits.ts";
import {
  behindOthers,
  isWorthRetrying,
  keptTarget,
  type NewEntry,
  type OutboxEntry,
  OutboxError,
  type OutboxQueue,
  placeIn,
  readEntry,
  retryAfterMsOf,
  targetOf,
  tooLate,
  tooOften,
  writeEntry,
} from "./outbox_entry.ts";
import {
  type OutboxOptions,
  type OutboxOutcome,
  type OutboxPlace,
  type RetryOptions,
  retryOptions,
} from "./outbox_options.ts";
import { OutboxSpace } from "./outbox_space.ts";
import type { Change } from "./store.ts";

export type { RetryOptions } from "./outbox_options.ts";

/** Where the outbox lies in the data folder. */
export const OUTBOX_SPACE = "runtime:outbox";

/** A message is given up so long before its receiver would refuse it as stale, in milliseconds. */
export const DEADLINE_MARGIN_MS = 60_000;

/** Messages that wait to be sent again. `stop` it with its runtime. */
export class Outbox implements AsyncDisposable {
  readonly #options: OutboxOptions & RetryOptions;
  readonly #deadlines: Deadlines;
  readonly #space: OutboxSpace;
  readonly #queues = new Map<string, OutboxQueue>();
  readonly #stopping = new AbortController();
  readonly #writes = new Set<Promise<void>>();
  /** What earlier runs left, and whom it waits for, until `start`. */
  #left: [key: string, value: Uint8Array][];
  #leftTargets: ReadonlySet<string | undefined>;
  #next: number;
  #hasStarted = false;
  /** Tries so far, those of earlier runs left out. */
  retries = 0;
  /** Messages that were given up so far. */
  givenUp = 0;

  /**
   * Those that earlier runs left, and room for more. Nothing is sent before {@linkcode Outbox.start}.
   *
   * @param options Where they are kept, how many, and how they are sent.
   */
  constructor(options: OutboxOptions) {
    this.#options = { ...options, ...retryOptions(options) };
    this.#deadlines = new Deadlines(options.clock);
    this.#space = new OutboxSpace(this.#options);
    this.#left = options.file.list(OUTBOX_SPACE, "");
    this.#leftTargets = new Set(this.#left.map(([, value]) => keptTarget(value)));
    this.#next = sequenceAfter(this.#left);
  }

  /** How many wait, those that are just leaving included. */
  get size(): number {
    return this.#space.messages;
  }

  /** Where a message is that waits here, in words; `undefined` when none of this id does. */
  underWay(id: MessageId): string | undefined {
    return this.#queues.values().map((queue) => placeIn(queue, id)).find((place) => place !== undefined);
  }

  /** Whether messages to the target of `message` wait: then it has to queue behind them, or it would overtake. */
  holds(message: Pick<Message, "toId" | "toAddress">): boolean {
    const target = targetOf(message);
    return this.#queues.has(target) || this.#leftTargets.has(target);
  }

  /** The failure of a message that was not tried as {@linkcode Outbox.holds} its target: to be kept, in its turn. */
  behind(message: Message): OutboxError {
    return behindOthers(message);
  }

  /**
   * A `FailureKeeper`: keeps a message that failed on its way out. It has its place in the order at once, and is on disk when
   * this resolves.
   *
   * @returns `false` where there is no room, no time left before its deadline, or no hope that another try helps.
   * @throws {StoreError} When the disk refused; then it is not kept.
   */
  async keep({ message, direction, stage, error }: Failure): Promise<boolean> {
    if (direction !== "emit" || !isWorthRetrying(error)) return false;
    const isTried = !(error instanceof OutboxError);
    const place = this.#place(message, stage, isTried ? error : undefined);
    if (!place) return false;
    try {
      await this.#write(place.changes);
    } catch (thrown) {
      place.undo();
      throw thrown;
    }
    place.confirm();
    return true;
  }

  /**
   * Makes a place for a message that was not tried yet and that somebody else's commit keeps. Call one of the two methods of
   * the place afterwards.
   *
   * @param stage The stage at which it starts.
   * @returns `undefined` where there is no room, or no time left before its deadline.
   */
  prepare(message: Message, stage: string = "id"): OutboxPlace | undefined {
    return this.#place(message, stage);
  }

  /** Takes up what earlier runs left, in its order, and begins to send. Call it once, when all kinds are registered. */
  start(): void {
    this.#hasStarted = true;
    const left = this.#left;
    this.#left = [];
    this.#leftTargets = new Set();
    for (const [key, value] of left) this.#recall(key, value);
    for (const queue of this.#queues.values()) {
      queue.entries.sort((a, b) => a.key < b.key ? -1 : 1);
      this.#pause(queue); // All that waits at once would be a flood: each target has its own short pause.
    }
  }

  /** A target was heard again: what waits for it is tried now, once per pause. */
  drain(target: string): void {
    const queue = this.#queues.get(target);
    if (!queue?.wake || queue.isDrained) return;
    queue.isDrained = true;
    this.#endPause(queue);
    this.#advance(queue);
  }

  /**
   * Sends no more, and waits for what is being written. What was being sent stays, and is sent again by the next run. It still
   * keeps what fails while others stop: stop it once more before its file is closed.
   */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error("The outbox has stopped"));
    this.#deadlines[Symbol.dispose]();
    while (this.#writes.size > 0) await Promise.allSettled([...this.#writes]);
  }

  /** Stops it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** Its bounds. */
  limits(): Limit[] {
    const ofOneTarget = () => Math.max(0, ...[...this.#queues.values()].map(({ entries }) => entries.length));
    return this.#space.limits(ofOneTarget);
  }

  get #isRunning(): boolean {
    return this.#hasStarted && !this.#stopping.signal.aborted;
  }

  #place(message: Message, stage: string, error?: Error): OutboxPlace | undefined {
    const deadlineMs = this.#deadlineOf(message);
    if (deadlineMs <= this.#nowMs()) return undefined;
    const entry = {
      key: keyOf(this.#next++),
      message,
      stage,
      keptAtMs: this.#nowMs(),
      deadlineMs,
      attempts: error ? 1 : 0,
      error: error && keptError(error),
    };
    const value = writeEntry(entry);
    const waiting = this.#queues.get(targetOf(message))?.entries.length ?? 0;
    if (!this.#space.takes(value.length, waiting)) return undefined;
    const kept = this.#enter(entry, value.length);
    return {
      changes: [{ ...removal(kept), value }],
      confirm: () => this.#confirm(kept, error),
      undo: () => {
        const queue = this.#queueOf(kept);
        this.#leave(kept);
        this.#space.free(kept.bytes);
        if (queue) this.#advance(queue);
      },
    };
  }

  #enter(made: NewEntry, bytes: number): OutboxEntry {
    const entry: OutboxEntry = { ...made, bytes, isOnDisk: false, expiry: undefined };
    const target = targetOf(entry.message);
    const queue = this.#queues.get(target) ??
      { target, entries: [], failures: 0, isSending: false, wake: undefined, isDrained: false };
    this.#queues.set(target, queue);
    queue.entries.push(entry);
    this.#space.use(bytes);
    return entry;
  }

  #confirm(entry: OutboxEntry, error?: Error): void {
    entry.isOnDisk = true;
    const queue = this.#queueOf(entry);
    if (!queue) return;
    this.#watch(entry);
    if (!this.#isRunning || queue.isSending) return;
    // The first that failed says that its target is away; those that were not tried are sent at once.
    if (error && queue.failures === 0 && queue.entries[0] === entry) this.#pauseAfterFailure(queue, error);
    else this.#advance(queue);
  }

  #recall(key: string, value: Uint8Array): void {
    let frame = value;
    try {
      const kept = decodeKept(value);
      frame = kept.frame;
      const read = readEntry(kept, this.#options.read);
      const entry = this.#enter({ ...read, key, deadlineMs: this.#deadlineOf(read.message) }, value.length);
      entry.isOnDisk = true;
      this.#watch(entry);
    } catch (thrown) {
      this.#options.log.error("a kept message cannot be read", { key, error: messageOf(thrown) });
      this.#space.use(value.length);
      const letter = { about: frame, direction: "emit", stage: "outbox", error: toError(thrown) } as const;
      this.#finish({ key, bytes: value.length }, () => this.#bury(letter, key));
    }
  }

  /** Sends the first of a queue, unless something is in the way. */
  #advance(queue: OutboxQueue): void {
    const [head] = queue.entries;
    if (!head?.isOnDisk || !this.#isRunning || queue.isSending || queue.wake) return;
    queue.isSending = true;
    this.#send(queue, head);
  }

  async #send(queue: OutboxQueue, entry: OutboxEntry): Promise<void> {
    this.retries++;
    const outcome = await this.#attempt(entry);
    if (!this.#isRunning) return;
    queue.isSending = false;
    if (outcome.outcome === "failed") this.#failed(queue, entry, outcome.error);
    else {
      queue.failures = 0;
      this.#leave(entry);
      this.#finish(entry, () => this.#write([removal(entry)]));
    }
    this.#advance(queue);
  }

  async #attempt({ message, stage, attempts }: OutboxEntry): Promise<OutboxOutcome> {
    try {
      return await this.#options.send(message, { stage, attempts, signal: this.#stopping.signal });
    } catch (thrown) {
      return { outcome: "failed", error: toError(thrown) };
    }
  }

  #failed(queue: OutboxQueue, entry: OutboxEntry, error: Error): void {
    entry.attempts++;
    entry.error = keptError(error);
    if (!isWorthRetrying(error)) return this.#giveUp(entry, error);
    this.#pauseAfterFailure(queue, error);
    if (entry.deadlineMs <= this.#nowMs()) return this.#giveUp(entry, tooLate(entry));
    if (entry.attempts >= this.#options.attemptsMax) return this.#giveUp(entry, tooOften(entry));
    const value = writeEntry(entry);
    this.#space.use(value.length, entry.bytes);
    entry.bytes = value.length;
    this.#write([{ ...removal(entry), value }]).catch((thrown) =>
      this.#options.log.warn("a try could not be noted", {
        kind: entry.message.kind,
        error: messageOf(thrown),
      })
    );
  }

  #pauseAfterFailure(queue: OutboxQueue, error: Error): void {
    queue.failures++;
    this.#pause(queue, retryAfterMsOf(error));
  }

  /** Who is too busy says when to come back: then chance comes on top, and hearing of it before changes nothing. */
  #pause(queue: OutboxQueue, retryAfterMs: number = 0): void {
    this.#endPause(queue);
    if (retryAfterMs > 0) queue.isDrained = true;
    const ms = fullJitterMs(Math.max(0, queue.failures - 1), this.#options.random, this.#options);
    queue.wake = this.#deadlines.add(retryAfterMs + ms, () => {
      queue.wake = undefined;
      queue.isDrained = false;
      this.#advance(queue);
    });
  }

  #endPause(queue: OutboxQueue): void {
    if (queue.wake) this.#deadlines.remove(queue.wake);
    queue.wake = undefined;
  }

  /** Gives an entry up at its deadline, wherever in its queue it waits. */
  #watch(entry: OutboxEntry): void {
    entry.expiry = this.#deadlines.add(Math.max(0, entry.deadlineMs - this.#nowMs()), () => {
      const queue = this.#queueOf(entry);
      if (!queue) return;
      if (entry.deadlineMs > this.#nowMs()) return this.#watch(entry); // Somebody has set the clock back.
      if (queue.isSending && queue.entries[0] === entry) return; // It may come through just now.
      this.#giveUp(entry, tooLate(entry));
      this.#advance(queue);
    });
  }

  #giveUp(entry: OutboxEntry, error: Error): void {
    const { message, stage, attempts, key } = entry;
    this.#leave(entry);
    this.#finish(
      entry,
      () => this.#bury({ about: message, direction: "emit", stage, error, attempts }, key),
    );
  }

  /** What follows and the removal here are one commit. */
  async #bury(letter: NewLetter, key: string): Promise<void> {
    const isTaken = await this.#track(this.#options.giveUp(letter, [removal({ key })]));
    this.givenUp++;
    if (isTaken) return;
    this.#options.log.error("a message is lost, for the dead letters do not take it", { key });
    await this.#write([removal({ key })]);
  }

  /** Takes an entry out of its queue; it keeps its room until it is off the disk. */
  #leave(entry: OutboxEntry): void {
    const queue = this.#queueOf(entry);
    if (entry.expiry) this.#deadlines.remove(entry.expiry);
    if (!queue) return;
    queue.entries.splice(queue.entries.indexOf(entry), 1);
    if (queue.entries.length > 0) return;
    this.#endPause(queue);
    this.#queues.delete(queue.target);
  }

  /** Removes an entry from the disk by `write`; when that is refused it stays there, and is tried again after a while. */
  #finish(entry: Pick<OutboxEntry, "key" | "bytes">, write: () => Promise<void>): void {
    write().then(() => this.#space.free(entry.bytes), (thrown) => {
      this.#options.log.error("a message stays in the outbox", { key: entry.key, error: messageOf(thrown) });
      this.#deadlines.add(this.#options.capMs, () => this.#finish(entry, write));
    });
  }

  #queueOf(entry: OutboxEntry): OutboxQueue | undefined {
    const queue = this.#queues.get(targetOf(entry.message));
    return queue?.entries.includes(entry) ? queue : undefined;
  }

  #deadlineOf({ kind, timestamp }: Message): number {
    return timestampMs(timestamp) + this.#options.pastMs(kind) - DEADLINE_MARGIN_MS;
  }

  #nowMs(): number {
    return Number(this.#options.clock.nowNs() / 1_000_000n);
  }

  async #write(changes: readonly Change[]): Promise<void> {
    await this.#track(this.#options.file.write(changes));
  }

  /** What `stop` waits for. */
  async #track<T>(write: Promise<T>): Promise<T> {
    const done = write.then(() => {}, () => {});
    this.#writes.add(done);
    try {
      return await write;
    } finally {
      this.#writes.delete(done);
    }
  }
}

function removal({ key }: Pick<OutboxEntry, "key">): Change {
  return { space: OUTBOX_SPACE, key };
}
