/**
 * What the commands that ask a running nara print: text for a person, or JSON as the nara gave it.
 * @module
 */
import { createIdentity } from "../../utilities/identity.ts";
import { type CatalogEntry, catalogLines, catalogOf } from "../catalog.ts";
import { createRuntime } from "../runtime.ts";
import { peerLines, type PeerRow } from "../primitives/peer_rows.ts";
import { limitLines, type LimitRow } from "../primitives/limits_table.ts";
import { ask, AskError, askJson, type AskOptions } from "./ask.ts";
import { findNara } from "./find_nara.ts";
import type { CommandContext } from "./operator.ts";
import { printable } from "./printable.ts";
import { ProcessError } from "./process_error.ts";

/** A command's work. */
type Ask = (context: CommandContext) => Promise<number>;

/** What each command does, by its word. */
export const ASK: Readonly<Record<string, Ask>> = {
  why: async (context) => {
    const id = idIn(context.argument, ["explain", "a message"], "why ID");
    const answer = await get<{ text: string[] }>(context, `/api/why/${id}`);
    return show(context, without(answer, "text"), answer.text);
  },
  limits: async (context) => {
    const answer = await get<{ limits: LimitRow[] }>(context, "/api/limits");
    return show(context, answer, limitLines(answer.limits));
  },
  catalog: async (context) => {
    const kinds = await runningCatalog(context) ?? await ownCatalog(context);
    return show(context, { kinds }, catalogLines(kinds));
  },
  metrics: async (context) => {
    const contact = await findNara(context.sources, context);
    context.print((await ask(contact, "/metrics", context)).trimEnd());
    return 0;
  },
  peers: async (context) => {
    const answer = await get<{ peers: PeerRow[] }>(context, "/api/peers");
    return show(context, answer, peerLines(answer.peers));
  },
  block: (context) => changeOneBlock(context, "block"),
  unblock: (context) => changeOneBlock(context, "unblock"),
  "dead-letters": deadLetters,
};

async function changeOneBlock(context: CommandContext, action: "block" | "unblock"): Promise<number> {
  const { argument: id } = context;
  if (id === undefined) throw noId(action, "a nara", `${action} ID`);
  const { changeBlock } = await import("./block_peer.ts");
  const { isKnown, ...outcome } = await changeBlock(context, action, id);
  const state = outcome.isBlocked ? "blocked" : "not blocked";
  const lines = [`${id} is ${state}${outcome.isNews ? " from now on" : ", as before"}.`];
  if (outcome.isBlocked && outcome.isNews && !isKnown) {
    lines.push("It has not been met yet: make sure that no character of its id is missing.");
  }
  return show(context, outcome, lines);
}

async function get<T>(
  context: CommandContext,
  path: string,
  options?: Pick<AskOptions, "method">,
): Promise<T> {
  const contact = await findNara(context.sources, context);
  return await askJson(contact, path, { ...options, signal: context.signal }) as T;
}

function show({ json, print }: CommandContext, answer: object, lines: readonly string[]): number {
  if (json) print(JSON.stringify(answer));
  else for (const line of lines) print(printable(line));
  return 0;
}

/** An id that is no more than an id: it becomes a part of a path. */
function idIn(text: string | undefined, [verb, what]: [string, string], usage: string): string {
  if (text === undefined) throw noId(verb, what, usage);
  if (/^[0-9A-Za-z][0-9A-Za-z_-]{0,63}$/.test(text)) return text;
  const found = JSON.stringify(text.slice(0, 40));
  throw new ProcessError(
    "bad_option",
    `Cannot ${verb} ${found}: expected nara ${usage}, with letters and digits`,
  );
}

function noId(verb: string, what: string, usage: string): ProcessError {
  return new ProcessError("bad_option", `Cannot ${verb} ${what} without its id: expected nara ${usage}`);
}

function without(answer: object, key: string): object {
  return Object.fromEntries(Object.entries(answer).filter(([name]) => name !== key));
}

/** The catalog of the nara that runs; nothing where none was named and it cannot be told which. */
async function runningCatalog(context: CommandContext): Promise<CatalogEntry[] | undefined> {
  const isNamed = ["--api", "--data", "--name"].some((flag) => flag in context.flags);
  try {
    return (await get<{ kinds: CatalogEntry[] }>(context, "/api/catalog")).kinds;
  } catch (thrown) {
    const isNobody = thrown instanceof AskError && thrown.code === "no_nara" ||
      thrown instanceof ProcessError;
    if (isNamed || !isNobody) throw thrown;
  }
}

/** The catalog of a nara that this program would run: it is made, never started, and keeps nothing. */
async function ownCatalog({ services }: CommandContext): Promise<CatalogEntry[]> {
  const { identity } = await createIdentity();
  await using runtime = await createRuntime({ identity, services: services({ isNewborn: true }) });
  return catalogOf(runtime.catalog.all());
}

const DEAD_LETTER_USAGE = "dead-letters list, show ID, retry ID or discard ID";

async function deadLetters(context: CommandContext): Promise<number> {
  const { argument: action = "list", secondArgument } = context;
  if (action === "list") {
    const answer = await get<LetterPage>(context, "/api/dead-letters?limit=200");
    return show(context, answer, letterLines(answer));
  }
  if (!["show", "retry", "discard"].includes(action)) {
    const found = JSON.stringify(action.slice(0, 40));
    throw new ProcessError("bad_option", `Cannot ${found} dead letters: expected nara ${DEAD_LETTER_USAGE}`);
  }
  const path = `/api/dead-letters/${idIn(secondArgument, [action, "a dead letter"], DEAD_LETTER_USAGE)}`;
  const answer = action === "show"
    ? await get<object>(context, path)
    : await get<object>(context, `${path}/${action}`, { method: "POST" });
  return show(context, answer, memberLines(answer));
}

/** A page of dead letters, as far as it is printed. */
interface LetterPage {
  readonly letters: readonly {
    readonly id: string;
    readonly atMs: number;
    readonly direction: string;
    readonly kind: string;
    readonly stage: string;
    readonly attempts: number;
    readonly error: { readonly message: string };
  }[];
  readonly total: number;
  readonly cursor?: string;
}

function letterLines({ letters, total, cursor }: LetterPage): string[] {
  if (total === 0) return ["There are no dead letters."];
  const lines = letters.map(({ id, atMs, direction, kind, stage, attempts, error }) => {
    const at = new Date(atMs).toISOString();
    return `${id}  ${at}  ${direction} ${kind} failed at ${stage}, ${attempts} times: ${error.message}`;
  });
  return cursor === undefined ? lines : [...lines, `These are the last ${letters.length} of ${total}.`];
}

function memberLines(answer: object): string[] {
  const members = Object.entries(answer);
  const width = Math.max(...members.map(([name]) => name.length));
  return members.map(([name, value]) =>
    `${name.padEnd(width)}  ${typeof value === "string" ? value : JSON.stringify(value)}`
  );
}
