/**
 * Small files for their owner's eyes only.
 * @module
 */

/** The text of a file, or nothing where there is none. */
export function readIfThere(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path).trimEnd();
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound || thrown instanceof Deno.errors.NotADirectory) {
      return undefined;
    }
    throw thrown;
  }
}

/** Writes a file so that it is there whole or not at all, readable for its owner alone. */
export function replaceFile(path: string, text: string): void {
  const draft = `${path}.new`;
  removeIfThere(draft);
  {
    using file = Deno.openSync(draft, { write: true, createNew: true, mode: 0o600 });
    file.writeSync(new TextEncoder().encode(text)); // A few dozen bytes: the system takes them at once.
    file.syncDataSync();
  }
  Deno.renameSync(draft, path);
}

/** Removes a file or an empty folder; what somebody else put there meanwhile stays. */
export function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // It is not there, or not empty: then it is not ours to remove.
  }
}

/** Whether there is anything at `path`. */
export function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return false;
    throw thrown;
  }
}

/** Whether nobody but its owner may read the file `path`; on Windows, where modes say nothing, it is taken to be so. */
export function isPrivate(path: string): boolean {
  const { mode } = Deno.statSync(path);
  return Deno.build.os === "windows" || mode === null || (mode & 0o077) === 0;
}
