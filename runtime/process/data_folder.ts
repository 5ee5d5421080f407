/**
 * The data folder: where one nara keeps its soul, its name and its store, and which no other process may use meanwhile.
 * @module
 */
import { join } from "node:path";
import { Secret } from "../../utilities/secret.ts";
import { parseSoul } from "../../utilities/soul.ts";
import type { NaraName } from "../../utilities/names.ts";
import { exists, isPrivate, readIfThere, removeIfThere, replaceFile } from "./files.ts";
import { FolderLock } from "./folder_lock.ts";
import { ProcessError, reasonOf } from "./process_error.ts";

/** What a folder says of the nara that it belongs to. */
export interface Resident {
  /** Its soul. */
  readonly soul: Secret<string>;
  /** Its name, which its soul is bound to. */
  readonly name: NaraName | undefined;
}

const SOUL = "soul";
const NAME = "name";
const LOCK = "lock";
const STORE = "store.sqlite";
/** What a start can make; where nothing comes of it, what was not there before is removed again. */
const FILES = [SOUL, `${SOUL}.new`, NAME, `${NAME}.new`, STORE, `${STORE}-wal`, `${STORE}-shm`];

/** A folder that this process holds. Dispose of it to let go. */
export class DataFolder implements Disposable {
  /** Where it is, as an absolute path. */
  readonly path: string;
  /** Who lives there, once somebody does. */
  readonly resident: Resident | undefined;
  readonly #lock: FolderLock;
  readonly #made: readonly string[];
  readonly #absent: readonly string[];
  #isKept: boolean;

  private constructor(path: string, lock: FolderLock, made: readonly string[]) {
    this.path = path;
    this.#lock = lock;
    this.#made = made;
    this.#absent = FILES.map((file) => join(path, file)).filter((file) => !exists(file));
    this.resident = residentOf(path);
    this.#isKept = this.resident !== undefined;
  }

  /**
   * Takes the folder `path`, which is made if it is not there. `undefined` if another process holds it.
   *
   * @throws {ProcessError} `bad_folder`, if it cannot be made, read or written.
   */
  static take(path: string): DataFolder | undefined {
    let made: string[] = [];
    let lock: FolderLock | undefined;
    try {
      made = makeFolder(path);
      lock = FolderLock.take(join(path, LOCK));
      return lock && new DataFolder(path, lock, made);
    } catch (thrown) {
      lock?.[Symbol.dispose]();
      removeFolders(made);
      throw folderError(path, thrown);
    }
  }

  /** The file for the store. */
  get storePath(): string {
    return join(this.path, STORE);
  }

  /** Keeps the soul and the name, readable for their owner alone, and signs the lock. */
  keep({ soul: secret, name }: { soul: Secret<string>; name: NaraName }): void {
    const soul = secret.reveal();
    try {
      if (this.resident?.name !== name) replaceFile(join(this.path, NAME), `${name}\n`);
      if (this.resident?.soul.reveal() !== soul) replaceFile(join(this.path, SOUL), `${soul}\n`); // Last: it makes the folder whole.
      this.#isKept = true;
      this.#lock.sign({ pid: Deno.pid, name });
    } catch (thrown) {
      throw folderError(this.path, thrown);
    }
  }

  /** Lets go. Where nothing was kept, what was made is removed again, as if the folder had never been taken. */
  [Symbol.dispose](): void {
    if (this.#isKept) return this.#lock[Symbol.dispose]();
    for (const file of this.#absent) removeIfThere(file);
    const lock = join(this.path, LOCK);
    if (Deno.build.os !== "windows") removeIfThere(lock); // While it is held, so that nobody locks what goes away.
    this.#lock[Symbol.dispose]();
    removeIfThere(lock);
    removeFolders(this.#made);
  }
}

/** Where the lock of the folder `path` is. */
export function lockPathOf(path: string): string {
  return join(path, LOCK);
}

/**
 * Who lives in the folder `path`; nobody, where it has no soul.
 *
 * @throws {ProcessError} `bad_folder`, if its soul cannot be read.
 */
export function residentOf(path: string): Resident | undefined {
  const file = join(path, SOUL);
  const soul = textOf(file);
  if (soul === undefined) return undefined;
  try {
    parseSoul(soul);
  } catch {
    throw new ProcessError(
      "bad_folder",
      `Cannot use ${file} as it holds no soul: restore it, or choose another folder`,
    );
  }
  if (!isPrivate(file)) { // Whoever reads it is this nara.
    throw new ProcessError(
      "bad_folder",
      `Cannot use the soul in ${file} as others may read it: chmod 600 it`,
    );
  }
  return { soul: new Secret(soul), name: textOf(join(path, NAME)) };
}

/** The text of a file of the folder, or nothing where there is none. */
function textOf(path: string): string | undefined {
  try {
    return readIfThere(path);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotCapable) throw folderError(path, thrown);
    throw new ProcessError(
      "bad_folder",
      `Cannot read the file ${path} (${reasonOf(thrown)}): restore it, or choose another folder with --data`,
      { cause: thrown },
    );
  }
}

/** Makes a folder and what is above it; returns what was not there before, innermost first. */
function makeFolder(path: string): string[] {
  const missing: string[] = [];
  for (let folder = path; !exists(folder); folder = join(folder, "..")) missing.push(folder);
  Deno.mkdirSync(path, { recursive: true, mode: 0o700 });
  return missing;
}

function removeFolders(innermostFirst: readonly string[]): void {
  for (const folder of innermostFirst) removeIfThere(folder);
}

/** What was thrown because of the data folder `path`, as what its owner can put right. */
export function folderError(path: string, thrown: unknown): ProcessError {
  if (thrown instanceof ProcessError) return thrown;
  const advice = thrown instanceof Deno.errors.NotCapable
    ? "grant --allow-read and --allow-write for it"
    : "make it a folder that can be written, or choose another with --data";
  const message = `Cannot use the data folder ${path} (${reasonOf(thrown)}): ${advice}`;
  return new ProcessError("bad_folder", message, { cause: thrown });
}
