/**
 * What keeps a nara from starting, said in one sentence to whoever started it.
 * @module
 */
import { IdentityError } from "../../utilities/identity_error.ts";
import { messageOf, NaraError } from "../../utilities/errors.ts";
import { PeerError } from "../primitives/peer_error.ts";
import { StoreError } from "../primitives/store.ts";

/** Something on the command line, in the environment or in the data folder has to be put right first. */
export class ProcessError extends NaraError<
  "bad_option" | "bad_folder" | "folder_in_use" | "wrong_soul" | "wrong_name" | "port_in_use" | "bad_file"
> {}

/** The operator wants to have it back before the end: no failure. */
export class LeaveRequest extends NaraError<"asked_to_leave"> {
  /** Says so. */
  constructor() {
    super("asked_to_leave", "Stopped before the end, as asked.");
  }
}

/** Exit code of a nara that was asked for something it cannot do. */
export const EXIT_USAGE = 2;
/** Exit code of a nara that failed at what it was rightly asked for. */
export const EXIT_FAILED = 1;
/** Exit code of what its operator ended early: what a shell reports of a program that Ctrl-C ended. */
export const EXIT_INTERRUPTED = 130;

/** The exit code that belongs to an error: {@linkcode EXIT_USAGE} where whoever started it can put it right. */
export function exitCodeOf(thrown: unknown): number {
  if (thrown instanceof LeaveRequest) return EXIT_INTERRUPTED;
  const isUsage = thrown instanceof ProcessError || thrown instanceof IdentityError ||
    thrown instanceof StoreError || thrown instanceof PeerError;
  return isUsage ? EXIT_USAGE : EXIT_FAILED;
}

/** An error as one line of text, without the soul or anything else that looks like one. */
export function sentenceOf(thrown: unknown): string {
  return withoutSouls(messageOf(thrown)).replaceAll(/\s*\n\s*/g, " ").trim();
}

/** What the operating system says against something, without the number and the trailer that Deno adds. */
export function reasonOf(thrown: unknown): string {
  return messageOf(thrown).replace(/( \(os error \d+\))?(: .*)?$/s, "");
}

/** A text in which nothing is left that could be a soul: whoever has one is that nara. */
export function withoutSouls(text: string): string {
  return text.replaceAll(/[1-9A-HJ-NP-Za-km-z]{48,}/g, "(hidden)");
}
