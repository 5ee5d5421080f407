/**
 * Group commit: what is written in one turn of the event loop shares one transaction, one commit and one wait for the
 * disk.
 *
 * Work is done at once, inside the transaction that waits, so whoever reads sees it at once; its promise resolves when
 * the commit has returned. The commit blocks the thread, so what comes meanwhile begins the next transaction.
 * @module
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { clearImmediate, setImmediate } from "node:timers";
import { isDiskFull } from "./sqlite_error.ts";

/**
 * Told of every step that writes, by name. For tests: it may end the process there, or throw before a commit as a disk
 * that failed would.
 */
export type StepHook = (step: string) => void;

/** What a {@linkcode GroupCommit} tells whoever keeps something beside the file. */
export interface CommitEvents {
  /** All that was done since the last commit is on disk. */
  committed?(): void;
  /** Nothing that was done since the last commit counts. */
  rolledBack?(): void;
}

/** How some work is done. */
export interface WorkOptions {
  /**
   * Whether it writes with one statement at most. One is undone by itself when it fails; more need a savepoint, which
   * costs as much as a statement.
   * @default {false}
   */
  readonly isSingle?: boolean;
  /** The error for the one who waits, of anything thrown: by the work, or by the commit. */
  readonly toError: (thrown: unknown) => Error;
}

interface Waiting {
  resolve(): void;
  reject(thrown: unknown): void;
}

/** Writes for many with one commit. */
export class GroupCommit {
  readonly #database: DatabaseSync;
  readonly #onStep: StepHook | undefined;
  readonly #events: CommitEvents[] = [];
  readonly #statements: Readonly<
    Record<"begin" | "commit" | "savepoint" | "release" | "undo", StatementSync>
  >;
  #waiting: Waiting[] = [];
  #isBegun = false;
  #hasMovedLog = false;
  /** Why no transaction could begin in this turn: a file that is locked is asked for once a turn, not for each message. */
  #refusal: unknown;
  #turn: ReturnType<typeof setImmediate> | undefined;

  /**
   * Group commit for one connection.
   *
   * @param database Where to.
   * @param onStep Told of every step.
   */
  constructor(database: DatabaseSync, onStep?: StepHook) {
    this.#database = database;
    this.#onStep = onStep;
    this.#statements = {
      begin: database.prepare("BEGIN IMMEDIATE"),
      commit: database.prepare("COMMIT"),
      savepoint: database.prepare("SAVEPOINT work"),
      release: database.prepare("RELEASE work"),
      undo: database.prepare("ROLLBACK TO work"),
    };
  }

  /** Tells `events` from now on. */
  tell(events: CommitEvents): void {
    this.#events.push(events);
  }

  /** Says that a step is done. */
  step(name: string): void {
    this.#onStep?.(name);
  }

  /**
   * Does `work` now, and resolves with what it returned when it is on disk. When it throws it alone is undone; when the
   * commit fails, all that shared it is.
   */
  run<T>(work: () => T, options: WorkOptions): Promise<T> {
    const { toError } = options;
    return new Promise((resolve, reject) => {
      try {
        const value = this.#perform(work, options);
        this.#waiting.push({ resolve: () => resolve(value), reject: (thrown) => reject(toError(thrown)) });
      } catch (thrown) {
        reject(toError(thrown));
      }
    });
  }

  /** Does `work` and waits for the disk, for it and for all that waits. */
  runNow<T>(work: () => T, options: WorkOptions): T {
    try {
      const value = this.#perform(work, options);
      this.#commit();
      return value;
    } catch (thrown) {
      throw options.toError(thrown);
    }
  }

  /** Commits what waits. Never throws: those who wait are told. */
  flush(): void {
    try {
      this.#commit();
    } catch {
      // Whoever waited knows.
    }
  }

  #perform<T>(work: () => T, { isSingle = false }: WorkOptions): T {
    this.#begin();
    try {
      if (isSingle) return work();
      this.#statements.savepoint.run();
      const value = work();
      this.#statements.release.run();
      return value;
    } catch (thrown) {
      this.#undo(isSingle, thrown);
      throw thrown;
    }
  }

  #begin(): void {
    if (this.#isBegun) return;
    if (this.#refusal !== undefined) throw this.#refusal;
    // A turn of the event loop, no span of time: it ends when all that could run has run. A promise would not do, as
    // microtasks come before the other messages that are there already; a MessageChannel takes twice as long.
    this.#turn ??= setImmediate(() => this.flush());
    try {
      this.step("before BEGIN");
      if (this.#database.isTransaction) this.#rollBack(); // A rollback failed before, as the disk did.
      this.#statements.begin.run();
      this.#isBegun = true;
    } catch (thrown) {
      this.#refusal = thrown;
      throw thrown;
    }
    this.step("after BEGIN");
  }

  /** Undoes one piece of work. A full or failing disk makes SQLite undo the whole transaction: then all of it failed. */
  #undo(isSingle: boolean, thrown: unknown): void {
    try {
      if (this.#database.isTransaction && !isSingle) {
        this.#statements.undo.run();
        this.#statements.release.run();
      }
    } catch {
      this.#rollBack();
    }
    if (!this.#database.isTransaction) this.#fail(thrown);
  }

  #commit(): void {
    clearImmediate(this.#turn);
    this.#turn = undefined;
    this.#refusal = undefined;
    if (!this.#isBegun) return;
    try {
      this.step("before COMMIT");
      this.#statements.commit.run();
    } catch (thrown) {
      this.#fail(thrown);
      throw thrown;
    }
    this.step("after COMMIT");
    this.#isBegun = false;
    this.#hasMovedLog = false;
    const done = this.#waiting;
    this.#waiting = [];
    for (const events of this.#events) events.committed?.();
    for (const { resolve } of done) resolve();
  }

  /**
   * Nothing of this transaction counts. The next one begins afresh, through the same connection: SQLite writes on from
   * the last good commit, over what this one left in the log, so no page is ever taken for safe because a second
   * synchronisation of it passed. (A new connection would find this one's pages in the log and take them for kept.)
   */
  #fail(thrown: unknown): void {
    this.#isBegun = false;
    this.#rollBack();
    const failed = this.#waiting;
    this.#waiting = [];
    for (const events of this.#events) events.rolledBack?.();
    for (const { reject } of failed) reject(thrown);
    if (isDiskFull(thrown)) this.#moveLog();
  }

  /**
   * Moves what waits in the log to its place in the file, once per full disk. Most of it needs no new room there, and the
   * log begins anew in the room that it has: so there is a way out of a full disk, by pruning.
   */
  #moveLog(): void {
    if (this.#hasMovedLog) return;
    this.#hasMovedLog = true;
    try {
      this.#database.prepare("PRAGMA wal_checkpoint(PASSIVE)").get();
    } catch {
      // It needs room after all: what is in the log is as safe there.
    }
  }

  #rollBack(): void {
    try {
      if (this.#database.isTransaction) this.#database.prepare("ROLLBACK").run();
    } catch {
      // Tried again before the next transaction begins.
    }
  }
}
