/**
 * A nara of the kill loop as the loop sees it: a process, and the journal of what it said before it died.
 * @module
 */
import { TextLineStream } from "./text_lines.ts";

/** What was said, whoever is dead by now. */
export class Journal {
  /** Messages of which their sender was told that they are in good hands, as letter and number. */
  readonly accepted = new Set<string>();
  /** The highest number that anybody began with. */
  last = 0;
}

/** One of the two. */
export class LoopNara {
  readonly #role: string;
  readonly #folder: string;
  readonly #ports: readonly [own: number, other: number];
  readonly #journal: Journal;
  /** Work that the process that runs now began and did not end, as far as it said. */
  #open = new Set<string>();
  #process: Deno.ChildProcess | undefined;
  #reading: Promise<void> = Promise.resolve();
  #waiting: { line: RegExp; resolve: () => void } | undefined;

  /** A nara that does not run yet. */
  constructor(role: string, folder: string, ports: readonly [own: number, other: number], journal: Journal) {
    this.#role = role;
    this.#folder = folder;
    this.#ports = ports;
    this.#journal = journal;
    Deno.mkdirSync(folder, { recursive: true });
  }

  /** Starts it, and waits until it is ready. */
  async start(): Promise<void> {
    const program = new URL("./kill_loop_nara.ts", import.meta.url).pathname;
    const args = ["run", "-A", "--no-check", program, this.#role, this.#folder, ...this.#ports.map(String)];
    const process = new Deno.Command(Deno.execPath(), {
      args: [...args, String(this.#journal.last + 1)],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#process = process;
    this.#open = new Set();
    const ready = this.#until(/^ready$/);
    this.#reading = this.#read(process);
    await ready;
  }

  /** Waits until it begins something. */
  async untilWork(): Promise<void> {
    await this.#until(/^began/);
  }

  /** Kills it. Tells whether it was in the middle of some work, as far as it had said. */
  async kill(): Promise<boolean> {
    const process = this.#process;
    if (!process) return false;
    this.#process = undefined;
    process.kill("SIGKILL");
    await this.#reading;
    await process.stdin.close().catch(() => {});
    await process.status;
    return [...this.#open].some((key) => !this.#journal.accepted.has(key));
  }

  /** Lets it end what it has begun, and leave. */
  async finish(): Promise<void> {
    const process = this.#process!;
    this.#process = undefined;
    await process.stdin.close();
    await this.#reading;
    await process.status;
  }

  #until(line: RegExp): Promise<void> {
    return new Promise((resolve) => this.#waiting = { line, resolve });
  }

  async #read(process: Deno.ChildProcess): Promise<void> {
    const lines = process.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
    for await (const line of lines) {
      this.#note(line);
      if (!this.#waiting?.line.test(line)) continue;
      const { resolve } = this.#waiting;
      this.#waiting = undefined;
      resolve();
    }
    this.#waiting?.resolve(); // It ended: nobody need wait for what it will not say.
  }

  #note(line: string): void {
    const [verb, letter, number] = line.split(" ");
    if (number === undefined) return;
    const key = letter + number;
    if (this.#role === "sender") this.#journal.last = Math.max(this.#journal.last, Number(number));
    if (verb === "began") this.#open.add(key);
    else this.#open.delete(key);
    if (verb === "accepted") this.#journal.accepted.add(key);
  }
}
