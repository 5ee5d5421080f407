/**
 * A nara of the kill loop as the loop sees it: a folder that outlives one process after the other.
 * @module
 */
import type { Journal, Role } from "./journal.ts";
import { LoopProcess } from "./loop_process.ts";

/** Processes that wait to become a nara. Dispose of it to end the one that waits. */
export class Spares implements AsyncDisposable {
  #spare = new LoopProcess();

  /** A process that has loaded its program; the next one is started meanwhile. */
  take(): LoopProcess {
    const taken = this.#spare;
    this.#spare = new LoopProcess();
    return taken;
  }

  /** Ends the one that waits. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#spare.kill();
  }
}

/** What both naras of a loop are made of. */
export interface LoopParts {
  /** What was said. */
  readonly journal: Journal;
  /** Where processes come from. */
  readonly spares: Spares;
  /** Where both keep their folders. */
  readonly folder: string;
  /** Where each listens. */
  readonly ports: Readonly<Record<Role, number>>;
}

/** One of the two. */
export class LoopNara {
  readonly role: Role;
  readonly #parts: LoopParts;
  #process: LoopProcess | undefined;
  /** How often it was killed. */
  kills = 0;

  /** A nara that does not run yet. */
  constructor(role: Role, parts: LoopParts) {
    this.role = role;
    this.#parts = parts;
    Deno.mkdirSync(`${parts.folder}/${role}`, { recursive: true });
  }

  /** Starts it, and waits until it is ready. */
  async start(): Promise<void> {
    const { journal, spares, folder, ports } = this.#parts;
    const process = this.#process = spares.take();
    process.onLine = (line) => journal.note(this.role, line);
    await process.begin({ role: this.role, folder, ports, first: journal.last + 1 });
  }

  /** Waits until it begins something. */
  async untilWork(): Promise<void> {
    await this.#process?.until(/^began/, `begin something as the ${this.role}`);
  }

  /** Kills it. Tells whether it was in the middle of some work. */
  async kill(): Promise<boolean> {
    const process = this.#process;
    if (!process) return false;
    this.#process = undefined;
    await process.kill();
    this.kills++;
    return this.#parts.journal.noteEnd(this.role);
  }

  /** Lets it end what it has begun, and leave. */
  async finish(): Promise<void> {
    await this.#process!.finish();
    this.#process = undefined;
    this.#parts.journal.noteEnd(this.role);
  }
}
