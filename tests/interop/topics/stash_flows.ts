/**
 * The list `stash_flows` of `messages.json`: messages that reach a stash one after another, and what it does with each.
 * @module
 */
import { BadCase, type CaseReader } from "../case_reader.ts";
import { decodeEnvelope, decodeMessage, type MemoryMode, type Message, StashService } from "../nara.ts";
import { type CaseContext, isStricter, type Outcome } from "../topic.ts";
import { saysTheSame } from "./agreement.ts";
import { GoStash } from "./go_stash.ts";
import { type KnownNara, knownNaras, naraNamed, usualNara } from "./known_naras.ts";
import { outcomeOf } from "./reception.ts";
import { checkOwnField, goSends, routeOf, wireOf } from "./sending.ts";
import { differencesOf } from "./stash_differences.ts";
import { kindNamed } from "./vector_kinds.ts";
import { VectorRuntime } from "./vector_runtime.ts";

/** Go's names of the memory modes that a stash tells apart, and ours. */
const MODES: Readonly<Record<string, MemoryMode>> = {
  low: "short",
  short: "short",
  medium: "medium",
  high: "hog",
  hog: "hog",
  custom: "custom",
};
/** A nara that never answers. */
const SILENT = "silent";
const NS_PER_S = 1_000_000_000n;
const encoder = new TextEncoder();

/** What the steps of a flow share. */
interface Flow {
  readonly context: CaseContext;
  readonly confidant: KnownNara;
  readonly runtime: VectorRuntime;
  readonly stash: StashService;
  readonly go: GoStash;
}

/** Checks a case of `stash_flows`: every step in the one runtime of its confidant. */
export async function checkStashFlow(vector: CaseReader, context: CaseContext): Promise<void> {
  const confidant = await naraNamed(context.file, vector.text("confidant"));
  const mode = vector.text("memory_mode");
  if (!Object.hasOwn(MODES, mode)) throw new BadCase(`no memory mode ${JSON.stringify(mode)} is known`);
  const steps = vector.objects("steps");
  if (steps.length === 0) throw new BadCase("a flow without steps checks nothing");
  const stash = new StashService();
  await using runtime = await VectorRuntime.start({
    nara: confidant,
    knows: await keysOf(steps, context),
    atNs: steps[0].integer("at_unix_ns"),
    services: [stash],
    memoryMode: MODES[mode],
  });
  checkLimit(vector, context, stash);
  const go = new GoStash(goLimit(vector, mode), confidant.identity.keypair);
  const flow = { context, confidant, runtime, stash, go };
  let endNs = 0n;
  for (const [index, step] of steps.entries()) {
    endNs = steps[index + 1]?.integer("at_unix_ns") ?? step.integer("at_unix_ns") + NS_PER_S;
    await checkStep(step, flow, endNs);
  }
  if (steps.some(isHandingBack)) await checkEnd(vector, flow, endNs);
}

function checkLimit(vector: CaseReader, context: CaseContext, stash: StashService): void {
  const { ownersMax } = stash.status();
  const limit = vector.number("storage_limit");
  const ours: Outcome = ownersMax === limit ? "accepted" : `otherwise: room for ${ownersMax}`;
  if (!isStricter(vector, context, ours) && ownersMax !== limit) {
    vector.differ("storage_limit", limit, ownersMax);
  }
}

function isHandingBack(step: CaseReader): boolean {
  return readSender(step.text("incoming")).kind === "stash:response";
}

/**
 * Go takes the first stash of its own that comes; ours waits for another copy, which may be newer, and asks around meanwhile.
 * When it has asked somebody in vain, it has to end with the stash that Go has.
 */
async function checkEnd(
  vector: CaseReader,
  { context, runtime, stash, go }: Flow,
  endNs: bigint,
): Promise<void> {
  runtime.runtime.peers.prove(SILENT, `vectors:${SILENT}`);
  for (let minute = 1n; minute <= 2n; minute++) await runtime.moveTo(endNs + minute * 60n * NS_PER_S);
  const [difference] = differencesOf(stash, go, [], []);
  const ours: Outcome = difference ? `otherwise: ${difference}` : "accepted";
  if (!isStricter(vector, context, ours, "in the end") && difference) {
    vector.differ("what the stash has in the end", go.own ?? null, ours);
  }
}

/** Go knows three names; with any other it has room for five. */
function goLimit(vector: CaseReader, mode: string): number {
  const limit = { low: 5, medium: 20, high: 50 }[mode] ?? 5;
  vector.expect("storage_limit", limit);
  return limit;
}

/**
 * Whose keys the confidant has: those of the file's naras, and those of other senders but where Go says that it has not. Nobody
 * introduces them, so their machines have to be the usual ones.
 */
async function keysOf(steps: readonly CaseReader[], { file }: CaseContext): Promise<KnownNara[]> {
  const known = new Map((await knownNaras(file)).map((nara) => [nara.id, nara]));
  for (const step of steps) {
    const { from = "", from_id } = readSender(step.text("incoming"));
    if (!from_id || known.has(from_id) || step.optionalText("drop_reason") === "unknown_sender") continue;
    const nara = await usualNara(from);
    if (nara.id !== from_id) throw new BadCase(`nobody says whose key belongs to ${JSON.stringify(from_id)}`);
    known.set(nara.id, nara);
  }
  return [...known.values()];
}

/** What a message says of its sender, and what it is; nothing where it is none. */
function readSender(incoming: string): { from?: string; from_id?: string; kind?: string } {
  try {
    return JSON.parse(incoming) ?? {};
  } catch {
    return {};
  }
}

/** A step is over when the next begins: what the stash does by then counts. */
async function checkStep(step: CaseReader, flow: Flow, endNs: bigint): Promise<void> {
  const { context, confidant, runtime, stash, go } = flow;
  const [name, atNs, frame] = [
    step.text("name"),
    step.integer("at_unix_ns"),
    encoder.encode(step.text("incoming")),
  ];
  const verdict = { dropReason: step.optionalText("drop_reason"), error: step.optionalText("error") };
  const isTaken = verdict.dropReason === null && verdict.error === null;
  step.need("drop_reason", "error");
  const before = runtime.sent.length;
  const outcome = outcomeOf(await runtime.receive(frame));
  await runtime.moveTo(endNs);
  const sent = runtime.sent.slice(before);
  for (const message of sent) await checkOwnField(step, message, confidant);

  const expected = isTaken ? await goAnswers(step, frame, flow, atNs) : [];
  expectGo(step, expected, go);
  const reason = outcome === "accepted" ? undefined : outcome.slice("refused: ".length);
  if (!isTaken && reason !== undefined && !saysTheSame(verdict, reason)) {
    step.differ("drop_reason", verdict.dropReason ?? verdict.error, reason);
  }
  const differences = differencesOf(stash, go, expected, sent);
  const isSame = isTaken === (reason === undefined) && differences.length === 0;
  const ours: Outcome = isSame
    ? "accepted"
    : reason === undefined
    ? `otherwise: ${differences.join(", ") || "handled"}`
    : `refused: ${[reason, ...differences.filter((difference) => difference !== "no answer")].join(", ")}`;
  if (!isStricter(step, context, ours, name) && !isSame) {
    step.differ("what the stash does", "as Go does", ours);
  }
}

/** What Go sends because of a message that it takes. */
async function goAnswers(step: CaseReader, frame: Uint8Array, flow: Flow, atNs: bigint): Promise<Message[]> {
  const envelope = decodeEnvelope(frame);
  const message = decodeMessage(envelope, kindNamed(envelope.kind).spec.schemas.get(envelope.version)!);
  const said = flow.go.take(message, atNs);
  return await Promise.all(said.map((one) => goSends(step, flow.confidant, atNs, one)));
}

/** Go's own answers are those of Go's stash. */
function expectGo(step: CaseReader, expected: readonly Message[], { size, own }: GoStash): void {
  const emitted = step.objects("emitted");
  if (emitted.length !== expected.length) step.differ("emitted", emitted.length, expected.length);
  emitted.forEach((message, index) => {
    message.expect("route", expected[index] ? routeOf(expected[index], {}) : "");
    message.expect("wire", expected[index] ? wireOf(expected[index]) : "");
  });
  step.expect("stored_count", size);
  step.expect("own_stash", own?.text ?? "");
  step.expect("own_stash_time", own?.time ?? 0);
}
