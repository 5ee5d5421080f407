/**
 * The demo's town: naras in processes of their own, each with a folder of its own. All of it goes when the demo ends.
 * @module
 */
import { join } from "node:path";
import {
  type ChildEvent,
  ChildNara,
  environmentWithoutSettings,
} from "../../../runtime/process/child_nara.ts";
import { ProcessError, reasonOf } from "../../../runtime/process/process_error.ts";
import { selfCommand, selfInfo } from "../../../runtime/process/self.ts";

/** Tries to remove a folder; each is a walk through it. */
const REMOVE_TRIES_MAX = 100;

/** A nara of the town, once it has started. */
export interface Inhabitant {
  /** Its process. */
  readonly process: ChildNara;
  /** Its folder. */
  readonly folder: string;
  /** Its name. */
  readonly name: string;
  /** Its id. */
  readonly id: string;
  /** Where it listens. */
  readonly address: string;
}

/** How a nara of the town is started. */
export interface Arrival {
  /** The command, if it does more than run. */
  readonly command?: readonly string[];
  /** The one nara that it is told of. */
  readonly peer?: string;
  /** Its soul; with it, the process gets no right but to its own folder, the loopback address and this variable. */
  readonly soul?: string;
}

/** A town, until it is disposed of. */
export class Town implements AsyncDisposable {
  readonly #signal: AbortSignal;
  readonly #folder: string;
  readonly #processes = new AsyncDisposableStack();
  #arrivals = 0;
  readonly #removeFolder = (): void => removeTree(this.#folder);

  /**
   * An empty town, in a temporary folder.
   *
   * @param signal Ends all its naras.
   * @throws {ProcessError} `bad_folder`, if no temporary folder can be made.
   */
  constructor(signal: AbortSignal) {
    this.#signal = signal;
    this.#folder = makeTempFolder();
    addEventListener("unload", this.#removeFolder); // The process may be made to exit before it disposes of this.
  }

  /** Makes an empty folder for the next nara. */
  newFolder(): string {
    const folder = join(this.#folder, String(++this.#arrivals));
    Deno.mkdirSync(folder, { mode: 0o700 });
    return folder;
  }

  /**
   * Starts a nara with the data folder `folder`, and waits until it listens.
   *
   * @throws {Error} If it ends before.
   */
  async welcome(folder: string, { command = [], peer, soul }: Arrival): Promise<Inhabitant> {
    const process = this.#processes.use(
      new ChildNara({
        command: selfCommand(selfInfo(), soul === undefined ? ["-A"] : rightsIn(folder)),
        args: [
          ...command,
          ...["--data", folder, "--mesh-listen", "127.0.0.1:0", "--log-level", "warn"],
          ...peer === undefined ? [] : ["--peer", peer],
        ],
        env: { ...environmentWithoutSettings(), ...soul !== undefined && { NARA_SOUL: soul } },
        signal: this.#signal,
      }),
    );
    return { process, folder, ...textsOf(await process.event("started"), ["name", "id", "address"]) };
  }

  /** Kills every nara, and removes every folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#processes.disposeAsync();
    removeEventListener("unload", this.#removeFolder);
    this.#removeFolder();
  }
}

function makeTempFolder(): string {
  try {
    return Deno.realPathSync(Deno.makeTempDirSync({ prefix: "nara-demo-" }));
  } catch (thrown) {
    throw new ProcessError(
      "bad_folder",
      `Cannot make a temporary folder (${reasonOf(thrown)}): set TMPDIR to a folder that can be written`,
      { cause: thrown },
    );
  }
}

/** Removes a folder in which processes that were killed just now may still write. */
function removeTree(folder: string): void {
  for (let triesLeft = REMOVE_TRIES_MAX; triesLeft > 0; triesLeft--) {
    try {
      return Deno.removeSync(folder, { recursive: true });
    } catch (thrown) {
      if (thrown instanceof Deno.errors.NotFound) return;
      if (triesLeft === 1) throw thrown;
    }
  }
}

/** As little as a nara can do with: its folder, the loopback address, its soul. Every other variable looks unset. */
function rightsIn(folder: string): string[] {
  const files = [`--allow-read=${folder}`, `--allow-write=${folder}`];
  return [...files, "--allow-net=127.0.0.1", "--allow-env=NARA_SOUL", "--ignore-env"];
}

/** Fields of an event that must be text. */
function textsOf<K extends string>(event: ChildEvent, keys: readonly K[]): Record<K, string> {
  const texts = keys.map((key) => {
    const value = event[key];
    if (typeof value === "string") return [key, value];
    throw new Error(`Cannot read the event "${event.event}": expected ${key} to be text`);
  });
  return Object.fromEntries(texts);
}
