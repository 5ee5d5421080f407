/**
 * Takes the command line apart: which command, which options, or a text to print instead.
 * @module
 */
import { Command, CommanderError, Option } from "commander";
import type { CommandOption, OperatorCommand } from "./operator.ts";
import { ProcessError, withoutSouls } from "./process_error.ts";
import { SETTING_KEYS, type SettingKey, SETTINGS } from "./settings.ts";
import { VERSION } from "./version.ts";

/** What the command line asks for. */
export type Invocation =
  | {
    /** The help or the version, to be printed. */
    readonly text: string;
  }
  | {
    /** The command; none runs a nara. */
    readonly command: OperatorCommand | undefined;
    /** The word that followed the command. */
    readonly argument: string | undefined;
    /** The word behind that. */
    readonly secondArgument: string | undefined;
    /** The texts that were given, by flag; `true` for a flag that takes none. */
    readonly flags: Readonly<Record<string, readonly string[]>>;
  };

/**
 * Parses `args`.
 *
 * @throws {ProcessError} `bad_option`, for what cannot be understood.
 */
export function parseCommandLine(args: readonly string[], commands: readonly OperatorCommand[]): Invocation {
  let text = "";
  let invocation: Invocation | undefined;
  const program = createProgram((written) => text += written);
  addOptions(program, SETTING_KEYS.map((key) => SETTINGS[key]));
  // Whatever follows, the first word is what is not known.
  program.argument("[command...]").usage("[options] [command]").action(([word]: string[]) => {
    if (word !== undefined) throw notUnderstood(`unknown command ${JSON.stringify(word)}`);
    invocation = {
      command: undefined,
      argument: undefined,
      secondArgument: undefined,
      flags: flagsOf(program, SETTING_KEYS, []),
    };
  });
  for (const command of commands) {
    const { name, summary, hidden, argument, secondArgument, settings, options = [] } = command;
    const subcommand = program.command(name, { hidden }).description(summary);
    for (const word of [argument, secondArgument]) if (word) subcommand.argument(`[${word}]`);
    addOptions(subcommand, [...settings.map((key) => SETTINGS[key]), ...options]);
    subcommand.action(() => {
      invocation = {
        command,
        argument: subcommand.args.at(0),
        secondArgument: subcommand.args.at(1),
        flags: flagsOf(subcommand, settings, options),
      };
    });
  }
  try {
    program.parse(args, { from: "user" });
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown;
    if (thrown.exitCode !== 0) throw notUnderstood(thrown.message.replace(/^error: /, ""));
  }
  return invocation ?? { text: text.trimEnd() };
}

/** A commander that neither writes nor exits by itself. */
function createProgram(write: (text: string) => void): Command {
  return new Command("nara")
    .description("Starts a nara: a small agent that finds others, and remembers with their help.")
    .addHelpText(
      "after",
      "\nIn brackets: the environment variable that says the same. The command line wins, then the variable, then the file.",
    )
    .version(VERSION, "--version", "print the version")
    .helpOption("--help", "print this")
    .helpCommand(false)
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: write,
      writeErr: () => {},
      getOutHelpWidth: () => 110,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
}

/** Options of which every occurrence is kept as text. */
function addOptions(
  command: Command,
  options: readonly (Omit<CommandOption, "placeholder"> & { placeholder?: string; variable?: string })[],
) {
  for (const { flag, placeholder, summary, variable } of options) {
    const help = variable ? `${summary} [${variable}]` : summary;
    const option = new Option(placeholder ? `${flag} <${placeholder}>` : flag, help);
    command.addOption(
      option.argParser<string[]>((text: string | undefined, before = []) => [...before, text ?? "true"]),
    );
  }
}

/** What was given, before the command's word and after it. */
function flagsOf(command: Command, settings: readonly SettingKey[], options: readonly CommandOption[]) {
  const given = command.optsWithGlobals<Record<string, string[]>>();
  const flags: Record<string, readonly string[]> = {};
  const add = (flag: string, many = false) => {
    const value = given[new Option(flag).attributeName()];
    if (value === undefined) return;
    if (value.length > 1 && !many) throw notUnderstood(`${flag} may be given once only`);
    flags[flag] = value;
  };
  for (const { flag } of options) add(flag);
  for (const key of SETTING_KEYS) {
    const { flag, many } = SETTINGS[key];
    add(flag, many);
    if (flag in flags && !settings.includes(key)) throw notUnderstood(`${command.name()} takes no ${flag}`);
  }
  return flags;
}

function notUnderstood(found: string): ProcessError {
  const detail = withoutSouls(found).replaceAll(/\s*\n\s*/g, " ").replace(/\.$/, "");
  return new ProcessError(
    "bad_option",
    `Cannot understand the command line: ${detail}; --help says what there is`,
  );
}
