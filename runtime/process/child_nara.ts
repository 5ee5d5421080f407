/**
 * Another nara, in a process of its own: what it says, and how it is ended.
 * @module
 */
import { toError } from "../../utilities/errors.ts";
import type { SelfCommand } from "./self.ts";

/** A line of JSON that a nara printed: `{"event": …}`. */
export interface ChildEvent {
  /** What happened. */
  readonly event: string;
  /** What it is about. */
  readonly [field: string]: unknown;
}

/** Options of {@linkcode ChildNara}. */
export interface ChildOptions {
  /** How this program is started. */
  readonly command: SelfCommand;
  /** What it is asked for; `--json` and `--until-eof` are added. */
  readonly args: readonly string[];
  /** Its whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** Events that wait to be read; a nara that prints more than anybody reads is cut off. */
const EVENTS_MAX = 1_000;

/** A nara in a process of its own, which leaves when this one is gone. Dispose of it to kill it. */
export class ChildNara implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #abort: () => void;
  readonly #signal: AbortSignal;
  readonly #reading: Promise<unknown>;
  readonly #events: ChildEvent[] = [];
  #lastComplaint = "";
  #hasEnded = false;
  #news = Promise.withResolvers<void>();

  /** Starts it. */
  constructor({ command: { path, args }, args: more, env, signal }: ChildOptions) {
    signal.throwIfAborted();
    this.#child = new Deno.Command(path, {
      args: [...args, ...more, "--json", "--until-eof"],
      env: { ...env },
      clearEnv: true,
      stdin: "piped", // Nothing is written: it ends with this process, however that ends.
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#signal = signal;
    this.#abort = () => this.kill();
    signal.addEventListener("abort", this.#abort);
    this.#reading = Promise.all([
      forEachLine(this.#child.stdout, (line) => this.#takeEvent(line)),
      forEachLine(this.#child.stderr, (line) => this.#lastComplaint = messageIn(line)),
    ]).finally(() => {
      this.#hasEnded = true;
      this.#news.resolve();
    });
  }

  /** The process. */
  get pid(): number {
    return this.#child.pid;
  }

  /**
   * The next event of this name; others before it are passed over.
   *
   * @throws {Error} When the process ends before, with its last words.
   */
  async event(name: string): Promise<ChildEvent> {
    for (;;) {
      for (let event = this.#events.shift(); event; event = this.#events.shift()) {
        if (event.event === name) return event;
      }
      if (this.#hasEnded) throw await this.#endedEarly(name);
      await this.#news.promise;
      this.#news = Promise.withResolvers();
    }
  }

  /** Kills it at once: `SIGKILL`, which no process can catch. */
  kill(): void {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
  }

  /** Resolves with how it ended. */
  get status(): Promise<Deno.CommandStatus> {
    return this.#child.status;
  }

  /** Kills it, and waits until it is gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#signal.removeEventListener("abort", this.#abort);
    this.kill();
    await this.#child.stdin.abort().catch(() => {}); // It may have closed its end already.
    await this.#child.status;
    await this.#reading;
  }

  #takeEvent(line: string): void {
    const event = parseEvent(line);
    if (!event || this.#events.length >= EVENTS_MAX) return;
    this.#events.push(event);
    this.#news.resolve();
  }

  async #endedEarly(name: string): Promise<Error> {
    if (this.#signal.aborted) return toError(this.#signal.reason);
    const { code, signal } = await this.#child.status;
    const how = signal ? `by ${signal}` : `with exit code ${code}`;
    return new Error(
      `Cannot go on as a nara ended ${how} before "${name}": ${this.#lastComplaint || "it said nothing"}`,
    );
  }
}

/** The environment of this process without what configures a nara. Deno itself needs some of the rest. */
export function environmentWithoutSettings(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(Deno.env.toObject()).filter(([name]) => !name.startsWith("NARA_")),
  );
}

function parseEvent(line: string): ChildEvent | undefined {
  try {
    const value: unknown = JSON.parse(line);
    const isEvent = typeof value === "object" && value !== null && "event" in value &&
      typeof value.event === "string";
    return isEvent ? value as ChildEvent : undefined;
  } catch {
    return undefined;
  }
}

/** What a line on standard error says: its `message`, where it is JSON. */
function messageIn(line: string): string {
  try {
    const { message } = JSON.parse(line);
    return typeof message === "string" ? message : line;
  } catch {
    return line;
  }
}

async function forEachLine(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  take: (line: string) => void,
): Promise<void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    lines.forEach(take);
  }
  if (rest !== "") take(rest);
}
