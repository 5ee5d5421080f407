/**
 * The command `stash-recover`: runs a nara that lost everything until its stash came back, and writes it to a file.
 * @module
 */
import { startedEvent } from "../../../runtime/process/greeting.ts";
import { aborted } from "../../../runtime/process/leave_signals.ts";
import type { CommandContext } from "../../../runtime/process/operator.ts";
import { EXIT_FAILED, ProcessError } from "../../../runtime/process/process_error.ts";
import { StashService } from "../service.ts";

/**
 * Prints `{"event":"started"}` and `{"event":"recovered","sequence","copies","confidants"}`.
 *
 * @throws {ProcessError} `bad_option`, before anything was started.
 */
export async function recoverFile({ flags, signal, print, boot }: CommandContext): Promise<number> {
  const [path] = flags["--stash-out"] ?? [];
  if (path === undefined) {
    throw new ProcessError("bad_option", "Cannot write the stash nowhere: pass --stash-out FILE");
  }
  await using nara = await boot();
  print(startedEvent(nara));
  const service = nara.runtime.service(StashService);
  const report = await Promise.race([service.recovered(), aborted(signal)]);
  if (!report) return EXIT_FAILED;
  const { isRecovered, sequence, copies, confidants } = report;
  if (!isRecovered || !service.stash) {
    throw new Error(`Cannot recover the stash: ${copies} copies of it came back`);
  }
  Deno.writeFileSync(path, service.stash.data, { mode: 0o600 });
  print(JSON.stringify({ event: "recovered", sequence, copies, confidants }));
  return 0;
}
