/**
 * The command `stash-keep`: runs a nara that stashes a file with three confidants, and goes on until it is ended.
 * @module
 */
import { startedEvent } from "../../../runtime/process/greeting.ts";
import { aborted } from "../../../runtime/process/leave_signals.ts";
import type { CommandContext } from "../../../runtime/process/operator.ts";
import { ProcessError } from "../../../runtime/process/process_error.ts";
import { systemClock } from "../../../utilities/clock.ts";
import { TARGET_CONFIDANTS } from "../confidants.ts";
import { StashService } from "../service.ts";
import { readStashFile } from "./stash_file.ts";

/** Milliseconds between two looks whether enough others were found. */
const LOOK_MS = 25;

/**
 * Prints `{"event":"started"}`, `{"event":"found","peers"}` and `{"event":"stored","sequence","confidants"}`.
 *
 * @throws {ProcessError} `bad_option` or `bad_file`, before anything was started.
 */
export async function keepFile({ flags, signal, print, boot }: CommandContext): Promise<number> {
  const [path] = flags["--stash-file"] ?? [];
  if (path === undefined) {
    throw new ProcessError("bad_option", "Cannot stash nothing: pass --stash-file FILE");
  }
  const data = readStashFile(path);
  const say = (event: string, fields: object) => print(JSON.stringify({ event, ...fields }));
  await using nara = await boot();
  const { runtime } = nara;
  print(startedEvent(nara));
  try {
    while (runtime.peers.online().length < TARGET_CONFIDANTS) await systemClock.sleep(LOOK_MS, { signal });
    say("found", { peers: runtime.peers.online().length });
    const { sequence, confidants } = await runtime.service(StashService).setStashData(data);
    say("stored", { sequence, confidants });
    await aborted(signal);
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
  }
  return 0;
}
