/**
 * The command line: runs a nara, or one of the commands that its services bring along.
 * @module
 */
import { systemClock } from "../../utilities/clock.ts";
import { createLogger, type LogSink } from "../primitives/logger.ts";
import { ASK_COMMANDS } from "./ask_commands.ts";
import { DOCS_COMMANDS } from "./docs_command.ts";
import { boot, type RunningNara, settle } from "./boot.ts";
import { parseCommandLine } from "./command_line.ts";
import type { NaraConfig } from "./config.ts";
import { readConfigFile } from "./config_file.ts";
import { greetingLines, startedEvent } from "./greeting.ts";
import { aborted, LeaveSignals } from "./leave_signals.ts";
import { LEDGER_COMMANDS } from "./ledger_command.ts";
import type { Program } from "./operator.ts";
import { EXIT_FAILED, exitCodeOf, LeaveRequest, sentenceOf } from "./process_error.ts";
import { SOUL_COMMANDS } from "./soul_command.ts";
import { selfCommandText, selfInfo } from "./self.ts";
import { environmentVariable, SETTINGS, type Sources, valuesOf } from "./settings.ts";

/** Milliseconds in which a nara leaves; then it is ended. What it keeps is safe either way. */
const LEAVE_MS = 4_500;

/**
 * Does what `args` ask for. Resolves with the exit code: 0, 1 for what failed, 2 for what was asked wrongly. What goes
 * wrong is said in one sentence on standard error. It never rejects.
 */
export async function main(args: readonly string[], program: Program): Promise<number> {
  try {
    using leave = new LeaveSignals();
    return await perform(args, program, leave);
  } catch (thrown) {
    const level = thrown instanceof LeaveRequest ? "info" : "error";
    const message = sentenceOf(thrown);
    writeError(wantsJson(args) ? JSON.stringify({ level, message }) : message);
    return exitCodeOf(thrown);
  }
}

/** Writes a line to standard error, if somebody is there to see it: a terminal can be gone. */
function writeError(line: string): void {
  try {
    console.error(line);
  } catch {
    // There is nobody left to tell.
  }
}

/** Whether `args` or the environment ask for JSON, as far as that can be told of what may be wrong in itself. */
function wantsJson(args: readonly string[]): boolean {
  const { flag, variable, read } = SETTINGS.json;
  const reading = read(environmentVariable(variable) ?? "");
  return args.includes(flag) || "value" in reading && reading.value;
}

async function perform(args: readonly string[], program: Program, leave: LeaveSignals): Promise<number> {
  const { signal } = leave;
  const invocation = parseCommandLine(args, [
    ...ASK_COMMANDS,
    ...LEDGER_COMMANDS,
    ...SOUL_COMMANDS,
    ...DOCS_COMMANDS,
    ...await program.commands?.() ?? [],
  ]);
  if ("text" in invocation) {
    console.log(invocation.text);
    return 0;
  }
  const { command, argument, secondArgument, flags } = invocation;
  const sources = sourcesOf(flags);
  if (valuesOf(SETTINGS.untilEof, sources).at(-1)) leave.atEndOf(Deno.stdin);
  if (!command) return await runNara(program, sources, leave);
  return await command.run({
    argument,
    secondArgument,
    flags,
    sources,
    services: program.services,
    json: valuesOf(SETTINGS.json, sources).at(-1) ?? false,
    signal,
    print: (line) => console.log(line),
    boot: () => bootFrom(program, sources).then(({ nara }) => nara),
  });
}

/** What was given on the command line and in the environment, and the file that they name. */
function sourcesOf(flags: Sources["flags"]): Sources {
  const sources: Sources = { flags, variable: environmentVariable };
  const path = valuesOf(SETTINGS.config, sources).at(-1);
  return path === undefined ? sources : { ...sources, file: readConfigFile(path) };
}

async function runNara(program: Program, sources: Sources, leave: LeaveSignals): Promise<number> {
  const { signal } = leave;
  const { nara, log, config: { json, untilEof } } = await bootFrom(program, sources);
  if (untilEof) leave.atEndOf(Deno.stdin);
  const logger = createLogger("process", log);
  const self = selfCommandText(selfInfo());
  for (const line of json ? [startedEvent(nara, self)] : greetingLines(nara, self)) console.log(line);
  const reason = await Promise.race([aborted(signal), nara.runtime.stopped]);
  if (signal.aborted) logger.info("leaving");
  if (!await isDisposedWithin(LEAVE_MS, nara)) logger.warn("not everything ended in time", { ms: LEAVE_MS });
  if (signal.aborted) return 0;
  logger.error("this nara has ended by itself", { reason: reason ?? "" });
  return EXIT_FAILED;
}

async function bootFrom(
  program: Program,
  sources: Sources,
): Promise<{ nara: RunningNara; log: LogSink; config: NaraConfig }> {
  const { createLogSink } = await import("./log.ts"); // Loaded here, for most commands log nothing.
  const settled = settle(sources);
  const { config } = settled;
  const { json, logLevel: level, serviceLevels } = config;
  const color = Deno.stderr.isTerminal() && !Deno.noColor;
  const log = createLogSink({ level, serviceLevels, json, color, clock: systemClock, write: writeError });
  return { nara: await boot(settled, { services: program.services, log }), log, config };
}

async function isDisposedWithin(ms: number, nara: RunningNara): Promise<boolean> {
  const over = new AbortController();
  const late = systemClock.sleep(ms, { signal: over.signal }).then(() => false, () => true);
  const isDisposed = await Promise.race([nara[Symbol.asyncDispose]().then(() => true), late]);
  over.abort();
  return isDisposed;
}
