/**
 * Runs the program as a process of its own, as its users do.
 * @module
 */
import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";

/** How a process is started. */
export interface ProgramOptions {
  /** What follows `mod.ts` on the command line. */
  readonly args?: readonly string[];
  /** Variables beside those that Deno needs. */
  readonly env?: Readonly<Record<string, string>>;
  /** The main module; `mod.ts` if left out. */
  readonly entry?: string;
  /** What starts the process, if not the system itself. */
  readonly through?: readonly string[];
}

/** How a process ended, and what it had said by then. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const MOD = import.meta.resolve("../../mod.ts");
const CONFIG = fileURLToPath(import.meta.resolve("../../deno.json"));

/** A main module that runs the program with the services in `code`, which may use what is exported by `runtime/service.ts`. */
export function entryWith(services: string): string {
  const main = JSON.stringify(import.meta.resolve("../../runtime/process/main.ts"));
  const code = `import { main } from ${main};
    Deno.exit(await main(Deno.args, { services: () => ${services} }));`;
  return `data:application/javascript,${encodeURIComponent(code)}`;
}

/** A running program. Dispose of it to kill it. */
export class RunningProgram implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #reading: Promise<void>;
  #stdout = "";
  #stderr = "";
  #hasEnded = false;
  #news = Promise.withResolvers<void>();

  /** Starts it. Its own rights are all there are, as in `deno run -A`. */
  constructor({ args = [], env = {}, entry = MOD, through = [] }: ProgramOptions) {
    const kept = Object.entries(Deno.env.toObject()).filter(([name]) =>
      !/^(NARA_|XDG_DATA_HOME$)/.test(name)
    );
    const command = [
      ...through,
      Deno.execPath(),
      "run",
      "--quiet",
      "--no-check",
      "--config",
      CONFIG,
      "-A",
      entry,
    ];
    this.#child = new Deno.Command(command[0], {
      args: [...command.slice(1), ...args],
      env: { ...Object.fromEntries(kept), NO_COLOR: "1", ...env },
      clearEnv: true,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const read = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>, take: (text: string) => void) => {
      for await (const text of stream.pipeThrough(new TextDecoderStream())) {
        take(text);
        this.#news.resolve();
      }
    };
    const both = [
      read(this.#child.stdout, (text) => this.#stdout += text),
      read(this.#child.stderr, (text) => this.#stderr += text),
    ];
    this.#reading = Promise.all(both).then(() => {
      this.#hasEnded = true;
      this.#news.resolve();
    });
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Where what it said, on either stream, first matches; fails if it ends before. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.#stdout) ?? pattern.exec(this.#stderr);
      if (match) return match;
      if (this.#hasEnded) {
        throw new Error(`the program ended before ${pattern}: ${this.#stdout}${this.#stderr}`);
      }
      await this.#news.promise;
      this.#news = Promise.withResolvers();
    }
  }

  /** Sends it a signal. */
  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Resolves when it has ended. */
  async outcome(): Promise<Outcome> {
    const { code } = await this.#child.status;
    await this.#reading;
    return { code, stdout: this.#stdout, stderr: this.#stderr };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    await this.outcome();
  }
}

/** Milliseconds after which a program that should have ended is killed; far more than any needs. */
const RUN_MS = 150_000;

/** Runs the program to its end. */
export async function runProgram(options: ProgramOptions): Promise<Outcome> {
  await using program = new RunningProgram(options);
  const timer = setTimeout(() => program.kill("SIGKILL"), RUN_MS);
  try {
    return await program.outcome();
  } finally {
    clearTimeout(timer);
  }
}

/** Checks that the program gave up in one sentence, without a stack trace; returns the sentence. */
export function sentenceIn({ code, stdout, stderr }: Outcome, expectedCode: number): string {
  assertEquals({ code, stdout, lines: stderr.trimEnd().split("\n").length }, {
    code: expectedCode,
    stdout: "",
    lines: 1,
  }, stderr);
  return stderr.trimEnd();
}
