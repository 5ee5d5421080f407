/**
 * Writes a ledger to a file and reads one back, for the command `ledger`. The nara whose ledger it is does not run meanwhile: this
 * process holds its folder.
 * @module
 */
import { join, resolve } from "node:path";
import { systemClock } from "../../utilities/clock.ts";
import { createIdentity } from "../../utilities/identity.ts";
import { systemRandom } from "../../utilities/random.ts";
import { LEDGER_CAPACITY } from "../ledger/ledger_capacity.ts";
import { type BadLine, importLines, type ImportTotals } from "../ledger/ledger_import.ts";
import { exportLines } from "../ledger/ledger_lines.ts";
import { openSqliteFile, type SqliteFile } from "../ledger/sqlite_file.ts";
import { createRuntime } from "../runtime.ts";
import { userDataFolder } from "./choose_folder.ts";
import { type NaraConfig, readConfig } from "./config.ts";
import { CONFIG_FILE, readFolderFile } from "./config_file.ts";
import { assertNoFilter, exportFilter } from "./export_filter.ts";
import { removeIfThere } from "./files.ts";
import type { CommandContext } from "./operator.ts";
import { printable } from "./printable.ts";
import { EXIT_FAILED, ProcessError, reasonOf } from "./process_error.ts";
import { type Home, takeHome } from "./resident_folder.ts";

/** Bad lines that are shown to a person; a file that is no ledger has nothing else. */
const BAD_SHOWN_MAX = 10;

/** Does what `nara ledger` asks for. Resolves with the exit code: 1 where a line was bad, or of a sender who is not known. */
export async function moveLedger(context: CommandContext): Promise<number> {
  const { argument: action, secondArgument: path, flags } = context;
  if (action === "export") return await exportTo(path, context, exportFilter(flags));
  if (action !== "import" || path === undefined) {
    const found = action === "import"
      ? "import a ledger without a file"
      : action === undefined
      ? "run nara ledger without an action"
      : `${JSON.stringify(action.slice(0, 40))} a ledger`;
    throw new ProcessError(
      "bad_option",
      `Cannot ${found}: expected nara ledger export [FILE] or nara ledger import FILE`,
    );
  }
  assertNoFilter(flags);
  return await importFrom(path, context);
}

/** The ledger of the nara that is meant. */
interface OpenLedger extends Disposable {
  readonly file: SqliteFile;
  readonly home: Home;
  readonly config: NaraConfig;
}

function openLedger({ sources }: CommandContext): OpenLedger {
  const given = readConfig(sources);
  const home = takeHome(given, () => userDataFolder(Deno.build.os, sources.variable));
  try {
    const { folder } = home;
    const settings = sources.file ?? readFolderFile(join(folder.path, CONFIG_FILE));
    const config = readConfig({ ...sources, ...settings && { file: settings } });
    const capacity = LEDGER_CAPACITY[config.memoryMode];
    const { ledgerMax: messagesMax = capacity.messagesMax } = config;
    const file = openSqliteFile(folder.storePath, { ...capacity, messagesMax });
    return {
      file,
      home,
      config,
      [Symbol.dispose]: () => {
        file[Symbol.dispose]();
        folder[Symbol.dispose]();
      },
    };
  } catch (thrown) {
    home.folder[Symbol.dispose]();
    throw thrown;
  }
}

async function exportTo(
  path: string | undefined,
  context: CommandContext,
  filter: ReturnType<typeof exportFilter>,
): Promise<number> {
  using open = openLedger(context);
  const lines = counted(exportLines(open.file.ledger, filter), context.signal);
  if (path === undefined) {
    const decoder = new TextDecoder();
    for await (const line of lines) context.print(decoder.decode(line.subarray(0, -1)));
    return 0;
  }
  await writeFile(path, lines);
  const { count } = lines;
  context.print(
    context.json
      ? JSON.stringify({ event: "exported", messages: count, file: resolve(path) })
      : `Exported ${count} ${count === 1 ? "message" : "messages"} to ${path}.`,
  );
  return 0;
}

interface Counted extends AsyncIterable<Uint8Array> {
  readonly count: number;
}

/** The lines, until the operator wants to leave, and how many they were so far. */
function counted(lines: ReadableStream<Uint8Array>, signal: AbortSignal): Counted {
  let count = 0;
  async function* all(): AsyncGenerator<Uint8Array> {
    for await (const line of lines) {
      signal.throwIfAborted();
      count++;
      yield line;
    }
  }
  return {
    get count() {
      return count;
    },
    [Symbol.asyncIterator]: all,
  };
}

/** Writes a new file, for its owner's eyes; whole, or not at all. */
async function writeFile(path: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  let isMade = false;
  try {
    using file = await Deno.open(path, { write: true, createNew: true, mode: 0o600 });
    isMade = true;
    for await (const chunk of chunks) await writeAll(file, chunk);
    await file.syncData();
  } catch (thrown) {
    if (isMade) removeIfThere(path);
    if (!isOfTheSystem(thrown)) throw thrown;
    const advice = thrown instanceof Deno.errors.AlreadyExists
      ? "choose another name, for nothing is overwritten"
      : "choose a place that can be written";
    throw new ProcessError("bad_file", `Cannot write ${path} (${reasonOf(thrown)}): ${advice}`, {
      cause: thrown,
    });
  }
}

async function writeAll(file: Deno.FsFile, chunk: Uint8Array): Promise<void> {
  for (let rest = chunk; rest.length > 0;) rest = rest.subarray(await file.write(rest));
}

/** What the file system says, and not what somebody threw on purpose. */
function isOfTheSystem(thrown: unknown): boolean {
  return Object.values(Deno.errors).some((each) => thrown instanceof each) ||
    thrown instanceof Error && thrown.constructor === Error && /os error/.test(thrown.message);
}

async function importFrom(path: string, context: CommandContext): Promise<number> {
  assertReadable(path);
  using open = openLedger(context);
  const { file, config, home: { resident } } = open;
  const { soul, name } = resident;
  const { identity } = await createIdentity({ soul: soul.reveal(), name, keypair: config.keypair });
  await using runtime = await createRuntime({
    identity,
    services: context.services({ isNewborn: false }),
    store: file.store,
    ledger: file.ledger,
    memoryMode: config.memoryMode,
  });
  const { me, keyring, catalog: registry } = runtime;
  const { json, print } = context;
  const totals = { added: 0, known: 0, bad: 0, unknownSenders: 0 };
  const onBad = (bad: BadLine) => {
    const isUnknown = bad.reason === "unknown_sender";
    totals[isUnknown ? "unknownSenders" : "bad"]++;
    if (json) print(JSON.stringify(bad));
    else if (!isUnknown && totals.bad <= BAD_SHOWN_MAX) print(printable(sentence(bad)));
  };
  const { added, known } = await importLines(chunksOf(path), {
    ledger: file.ledger,
    registry,
    me,
    keyring,
    keypair: identity.keypair,
    personality: identity.personality,
    clock: systemClock,
    random: systemRandom,
    signal: context.signal,
    onBad,
  });
  Object.assign(totals, { added, known });
  if (json) print(JSON.stringify({ event: "imported", ...totals }));
  else summary(totals).forEach(print);
  return totals.bad + totals.unknownSenders > 0 ? EXIT_FAILED : 0;
}

function sentence({ line, reason, detail }: BadLine): string {
  return `line ${line}: ${reason}${detail === undefined ? "" : ` (${detail})`}`;
}

/** What became of the lines. Those of senders who are not known here may be as good as any: no more can be told of them. */
interface Totals extends ImportTotals {
  readonly unknownSenders: number;
}

function summary({ added, known, bad, unknownSenders }: Totals): string[] {
  const lines = [`Kept: ${added}. Known already: ${known}. Bad: ${bad}.`];
  if (bad > BAD_SHOWN_MAX) lines.unshift(`... and ${bad - BAD_SHOWN_MAX} more`);
  if (unknownSenders > 0) {
    lines.push(
      `Of unknown senders: ${unknownSenders} (their keys are not known here: let it meet them, then import again).`,
    );
  }
  return lines;
}

/** Refuses what cannot be read, before anything is started for it. */
function assertReadable(path: string): void {
  try {
    if (Deno.statSync(path).isDirectory) throw new Deno.errors.IsADirectory("it is a folder");
    Deno.openSync(path, { read: true }).close();
  } catch (thrown) {
    throw unreadable(path, thrown);
  }
}

/** What a file holds, piece by piece. */
async function* chunksOf(path: string): AsyncGenerator<Uint8Array> {
  try {
    using file = await Deno.open(path, { read: true });
    const buffer = new Uint8Array(64 * 1024);
    for (let length: number | null; (length = await file.read(buffer)) !== null;) {
      yield buffer.slice(0, length);
    }
  } catch (thrown) {
    throw isOfTheSystem(thrown) ? unreadable(path, thrown) : thrown;
  }
}

function unreadable(path: string, thrown: unknown): ProcessError {
  const advice = "name a file that nara ledger export wrote";
  return new ProcessError("bad_file", `Cannot read ${path} (${reasonOf(thrown)}): ${advice}`, {
    cause: thrown,
  });
}
