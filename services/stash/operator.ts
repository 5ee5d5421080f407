/**
 * What the stash brings to the command line: the demo, and the two commands that the demo asks of other processes.
 * @module
 */
import type { OperatorCommand } from "../../runtime/process/operator.ts";
import { SETTING_KEYS } from "../../runtime/process/settings.ts";
import { runDemo } from "./demo/demo.ts";
import { keepFile } from "./demo/keep_file.ts";
import { recoverFile } from "./demo/recover_file.ts";

/** The stash's commands. */
export const stashCommands: readonly OperatorCommand[] = [
  {
    name: "demo",
    summary:
      "five naras on this machine, one of which loses everything and recovers a file (default: the README)",
    argument: "FILE",
    settings: ["json"],
    run: runDemo,
  },
  {
    name: "stash-keep",
    summary: "runs a nara that stashes a file",
    hidden: true,
    options: [{ flag: "--stash-file", placeholder: "FILE", summary: "what to stash" }],
    settings: SETTING_KEYS,
    run: keepFile,
  },
  {
    name: "stash-recover",
    summary: "runs a nara until its stash came back, and writes it to a file",
    hidden: true,
    options: [{ flag: "--stash-out", placeholder: "FILE", summary: "where to write it" }],
    settings: SETTING_KEYS,
    run: recoverFile,
  },
];
