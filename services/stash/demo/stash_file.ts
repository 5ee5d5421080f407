/**
 * Files that go into a stash, and come out of it.
 * @module
 */
import { createHash } from "node:crypto";
import { ProcessError, reasonOf } from "../../../runtime/process/process_error.ts";
import { DATA_BYTES_MAX } from "../sealed_stash.ts";

/**
 * The content of a file that fits into a stash.
 *
 * @throws {ProcessError} `bad_file`, if it cannot be read, is no regular file or is too large.
 */
export function readStashFile(path: string | URL): Uint8Array<ArrayBuffer> {
  const shown = path instanceof URL ? path.href : path;
  try {
    const { isFile, size } = Deno.statSync(path); // Before it is read: it may be a film, or without an end.
    if (!isFile) throw new Error("it is not a regular file");
    const data = readAtMost(path, DATA_BYTES_MAX + 1);
    const bytes = Math.max(size, data.length);
    if (bytes > DATA_BYTES_MAX) {
      const limit = `a stash holds at most ${DATA_BYTES_MAX} bytes`;
      throw new ProcessError(
        "bad_file",
        `Cannot stash the ${bytes} bytes of ${shown} as ${limit}: choose a smaller file`,
      );
    }
    return data;
  } catch (thrown) {
    if (thrown instanceof ProcessError) throw thrown;
    throw new ProcessError(
      "bad_file",
      `Cannot read ${shown} (${reasonOf(thrown)}): name a file that can be read`,
      {
        cause: thrown,
      },
    );
  }
}

/** The first bytes of a file, however large it is or grows. */
function readAtMost(path: string | URL, bytesMax: number): Uint8Array<ArrayBuffer> {
  using file = Deno.openSync(path);
  const buffer = new Uint8Array(bytesMax);
  let length = 0;
  while (length < bytesMax) {
    const read = file.readSync(buffer.subarray(length));
    if (read === null) break;
    length += read;
  }
  return buffer.slice(0, length);
}

/** SHA-256 of `bytes`, in hexadecimal. */
export function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
