/**
 * Commands for the operator, which a service may bring along in its `operator.ts`: the command line collects them
 * from whatever services the program is made of.
 * @module
 */
import type { Rotation } from "../../utilities/key_rotation.ts";
import type { Service } from "../service.ts";
import type { RunningNara } from "./boot.ts";
import type { SettingKey, Sources } from "./settings.ts";

/** An option that only one command has. */
export interface CommandOption {
  /** As on the command line: `--stash-file`. It always takes a value. */
  readonly flag: string;
  /** What stands for the value in the help. */
  readonly placeholder: string;
  /** A line for the help. */
  readonly summary: string;
}

/** Something that can be asked of the program beside running a nara. */
export interface OperatorCommand {
  /** Its word on the command line. */
  readonly name: string;
  /** A line for the help. */
  readonly summary: string;
  /** Whether the help leaves it out: for what the program only asks of itself. */
  readonly hidden?: boolean;
  /** What stands in the help for a word that may follow, if one may. */
  readonly argument?: string;
  /** What stands in the help for a second word that may follow. */
  readonly secondArgument?: string;
  /** Options of its own. */
  readonly options?: readonly CommandOption[];
  /** The settings that mean something to it. */
  readonly settings: readonly SettingKey[];
  /** Does it. Resolves with the exit code; an error becomes one sentence and an exit code. */
  run(context: CommandContext): Promise<number>;
}

/** What a command can use. */
export interface CommandContext {
  /** The word that followed the command. */
  readonly argument: string | undefined;
  /** The word behind that. */
  readonly secondArgument: string | undefined;
  /** The texts that were given for each flag. */
  readonly flags: Readonly<Record<string, readonly string[]>>;
  /** The flags, the environment and the file that `--config` names: for commands that need settings, and no nara. */
  readonly sources: Sources;
  /** The services that a nara of this program would run. */
  readonly services: Program["services"];
  /** Whether lines should be JSON. */
  readonly json: boolean;
  /** Aborts when the operator wants it to end. */
  readonly signal: AbortSignal;
  /** Writes a line to standard output. */
  print(line: string): void;
  /** Starts a nara by the settings that were given, with the program's services. Dispose of it. */
  boot(): Promise<RunningNara>;
}

/** What a service may want to know of the nara that it is made for. */
export interface Birth {
  /** Whether its soul was drawn just now: then it has no earlier life to come back to. */
  readonly isNewborn: boolean;
  /** How it came to its soul, the oldest rotation first. @default {it has had no other} */
  readonly rotations?: readonly Rotation[];
}

/** What the program is made of: `mod.ts` says it, for the runtime imports no service. */
export interface Program {
  /** New services, in the order in which they start. */
  services(birth: Birth): readonly Service[];
  /** The commands that services bring along; loaded on use. */
  commands?(): Promise<readonly OperatorCommand[]>;
}
