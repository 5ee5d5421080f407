/**
 * A process of the kill loop, started before anybody needs it: it has loaded its program and waits to be told who it is, so that
 * a kill costs no more than to open a file and a port again.
 * @module
 */
import { fileURLToPath } from "node:url";
import type { Order } from "./kill_loop_nara.ts";
import { TextLineStream } from "./text_lines.ts";

const PROGRAM = fileURLToPath(import.meta.resolve("./kill_loop_nara.ts"));
const CONFIG = fileURLToPath(import.meta.resolve("../../deno.json"));
const FLAGS = ["--quiet", "--no-check", "--cached-only", "-A"];
/** Longer takes no process to say or do what is waited for, however slow the machine. */
const PATIENCE_MS = 60_000;

/** A process that is to be killed. */
export class LoopProcess {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reading: Promise<void>;
  #waiting: { readonly line: RegExp; readonly resolve: () => void } | undefined;
  #status: Promise<Deno.CommandStatus>;
  /** Told of every line. */
  onLine: (line: string) => void = () => {};

  /** Starts it. */
  constructor() {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", ...FLAGS, "--config", CONFIG, PROGRAM],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#writer = this.#child.stdin.getWriter();
    this.#status = this.#child.status;
    this.#reading = this.#read();
  }

  /** Tells it who it is, and waits until it is ready. */
  async begin(order: Order): Promise<void> {
    const ready = this.until(/^ready$/, "become ready");
    await this.#writer.write(new TextEncoder().encode(`${JSON.stringify(order)}\n`));
    await ready;
  }

  /**
   * Waits for a line.
   *
   * @param what What it does by that, for the error.
   * @throws {Error} When it ends before, or takes too long.
   */
  async until(line: RegExp, what: string): Promise<void> {
    const said = new Promise<void>((resolve) => this.#waiting = { line, resolve });
    const ended = this.#status.then(({ code, signal }) => {
      throw new Error(`Expected a nara to ${what}: its process ended with ${signal ?? `code ${code}`}`);
    });
    ended.catch(() => {}); // It will end some day, when nobody waits any more.
    await inTime(Promise.race([said, ended]), what);
  }

  /** Ends it at once. All that it had said is noted when this resolves. */
  async kill(): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    await this.#gone();
  }

  /**
   * Lets it end what it has begun, and leave.
   *
   * @throws {Error} When it takes too long, or leaves in bad order.
   */
  async finish(): Promise<void> {
    await this.#writer.close();
    const { code, signal } = await inTime(this.#status, "end what it had begun");
    await this.#gone();
    if (code !== 0) {
      throw new Error(`Expected a nara to leave in good order: it ended with ${signal ?? code}`);
    }
  }

  async #gone(): Promise<void> {
    await this.#reading;
    await this.#writer.close().catch(() => {});
    await this.#status;
  }

  async #read(): Promise<void> {
    const text = this.#child.stdout.pipeThrough(new TextDecoderStream());
    for await (const line of text.pipeThrough(new TextLineStream())) {
      this.onLine(line);
      if (!this.#waiting?.line.test(line)) continue;
      this.#waiting.resolve();
      this.#waiting = undefined;
    }
  }
}

async function inTime<T>(done: Promise<T>, what: string): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Error(`Expected a nara to ${what} within ${PATIENCE_MS / 1_000} s`)),
    PATIENCE_MS,
  );
  try {
    return await Promise.race([done, late]);
  } finally {
    clearTimeout(timer);
  }
}
