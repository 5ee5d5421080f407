/**
 * The lock of a data folder: two processes must never be one nara.
 *
 * It is a lock of the operating system on a file, so that it ends with its process, however that ends. The file says
 * who holds it.
 * @module
 */

/** Who holds a folder, as far as its lock file can be read. */
export interface Holder {
  /** The process. */
  readonly pid?: number;
  /** The nara's name. */
  readonly name?: string;
}

/** Tries to lock a file that somebody else replaces each time; more than two would be strange. */
const TRIES_MAX = 8;

/** A lock that is held. Dispose of it to let go. */
export class FolderLock implements Disposable {
  readonly #file: Deno.FsFile;

  private constructor(file: Deno.FsFile) {
    this.#file = file;
  }

  /**
   * Locks the file `path`, which is made if it is not there. `undefined` if another process holds it.
   *
   * @throws {Error} What the file system says against it.
   */
  static take(path: string): FolderLock | undefined {
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const file = Deno.openSync(path, { read: true, write: true, create: true, mode: 0o600 });
      if (!file.tryLockSync(true)) {
        file.close();
        return undefined;
      }
      if (isStill(path, file)) return new FolderLock(file);
      file.close(); // Its folder was taken away meanwhile: what is locked is no longer what others see.
    }
    return undefined;
  }

  /** Says who holds the lock, for those who find it held. */
  sign(holder: Holder): void {
    const bytes = new TextEncoder().encode(JSON.stringify(holder));
    this.#file.truncateSync(0);
    this.#file.seekSync(0, Deno.SeekMode.Start);
    this.#file.writeSync(bytes);
  }

  /** Lets go. */
  [Symbol.dispose](): void {
    this.#file.truncateSync(0);
    this.#file.close();
  }
}

/** Whether a process holds the lock file `path`; not, where that cannot be told. Nothing is made. */
export function isHeld(path: string): boolean {
  try {
    using file = Deno.openSync(path, { read: true });
    return !file.tryLockSync(false);
  } catch {
    return false;
  }
}

/** Who says to hold the lock file `path`; nothing where that cannot be read. */
export function holderOf(path: string): Holder {
  try {
    const { pid, name } = JSON.parse(Deno.readTextFileSync(path));
    return { ...typeof pid === "number" && { pid }, ...typeof name === "string" && { name } };
  } catch {
    return {}; // Not signed yet, or a system on which a locked file cannot be read.
  }
}

function isStill(path: string, file: Deno.FsFile): boolean {
  try {
    const [seen, held] = [Deno.statSync(path), file.statSync()];
    return seen.ino === held.ino && seen.dev === held.dev;
  } catch {
    return false;
  }
}
