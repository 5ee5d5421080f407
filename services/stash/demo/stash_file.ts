/**
 * Files that go into a stash, and come out of it.
 * @module
 */
import { createHash } from "node:crypto";
import { ProcessError } from "../../../runtime/process/process_error.ts";
import { messageOf } from "../../../utilities/errors.ts";
import { DATA_BYTES_MAX } from "../sealed_stash.ts";

/**
 * The content of a file that fits into a stash.
 *
 * @throws {ProcessError} `bad_file`, if it cannot be read or is too large.
 */
export function readStashFile(path: string | URL): Uint8Array<ArrayBuffer> {
  const shown = path instanceof URL ? path.href : path;
  try {
    const { size } = Deno.statSync(path); // Before it is read: it may be a film.
    if (size > DATA_BYTES_MAX) {
      const limit = `a stash holds at most ${DATA_BYTES_MAX} bytes`;
      throw new ProcessError(
        "bad_file",
        `Cannot stash the ${size} bytes of ${shown} as ${limit}: choose a smaller file`,
      );
    }
    return Deno.readFileSync(path);
  } catch (thrown) {
    if (thrown instanceof ProcessError) throw thrown;
    const reason = messageOf(thrown).replace(/( \(os error \d+\))?: .*/s, "");
    throw new ProcessError("bad_file", `Cannot read ${shown} (${reason}): name a file that can be read`, {
      cause: thrown,
    });
  }
}

/** SHA-256 of `bytes`, in hexadecimal. */
export function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
