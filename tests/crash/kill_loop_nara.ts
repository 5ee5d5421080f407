/**
 * One nara of the kill loop, in a process of its own that may be killed at any moment. It waits for an {@linkcode Order} as a
 * line of JSON on standard input, and leaves in good order when standard input ends.
 *
 * What it says on standard output is the journal that survives it; a line is written before anything else happens.
 * - `ready`
 * - `began LETTER NUMBER`: work that nobody was answered for yet, emitting or handling
 * - `accepted LETTER NUMBER`: the emitter was told that the message is in good hands
 * - `refused LETTER NUMBER`: it was told that it is not
 * - `receipt LETTER NUMBER`: the receiver said to the sender that it handled the message
 * - `answered LETTER NUMBER`: the receiver came to an outcome
 * @module
 */
import type { Message } from "../../messages/message.ts";
import type { HandlerOptions } from "../../runtime/behavior.ts";
import { type Direction, isBalanced } from "../../runtime/primitives/books.ts";
import type { Passage } from "../../runtime/primitives/journal.ts";
import { createRuntime, type Runtime } from "../../runtime/runtime.ts";
import type { RuntimeApi, Service } from "../../runtime/service.ts";
import { SeededRandom } from "../../runtime/testing/seeded_random.ts";
import { httpMesh } from "../../runtime/transport/http_mesh.ts";
import { systemClock } from "../../utilities/clock.ts";
import { createIdentity, type Identity } from "../../utilities/identity.ts";
import type { Role } from "./journal.ts";
import { KINDS, type Letter, letterOf, LETTERS, type Numbered, word } from "./kinds.ts";
import { COUNTS_BYTES_MAX, openLoopFile } from "./loop_file.ts";
import { TextLineStream } from "./text_lines.ts";

/** Who a process is to be. */
export interface Order {
  /** Which of the two. */
  readonly role: Role;
  /** Where both keep their folders. */
  readonly folder: string;
  /** Where each listens. */
  readonly ports: Readonly<Record<Role, number>>;
  /** The first number to send. */
  readonly first: number;
}

/** Emissions under way at once. */
const WIDTH = 6;
/** Messages that wait for the receiver to come back; past it no new one is emitted, so that the end of a loop is not far. */
const BACKLOG_MAX = 48;
/** A handler works for less than so many milliseconds, each number for another time, so that there is something to interrupt. */
const WORK_MS = 8;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Speaks the kinds of the kill loop, and counts in its store how often the effect of each number was made. */
class CountingService implements Service {
  readonly name = "kill";
  readonly net: readonly string[] = [];
  readonly storeBytesMax = COUNTS_BYTES_MAX;
  rt!: RuntimeApi;

  registerBehaviors(rt: RuntimeApi): void {
    this.rt = rt;
    for (const letter of LETTERS) {
      rt.register(KINDS[letter], { 1: (message, options) => this.#count(letter, message, options) });
    }
  }

  async #count(letter: Letter, { payload }: Message<Numbered>, { effects }: HandlerOptions): Promise<void> {
    const { number } = payload;
    if (number <= 0) return; // Only to be heard.
    say(`began ${letter} ${number}`);
    await systemClock.sleep(number % WORK_MS);
    const key = `${letter}${number}`;
    const before = Number(decoder.decode(await this.rt.store.get(key)));
    effects.set(key, encoder.encode(String(before + 1)));
  }
}

/** A line of the journal, written at once. */
function say(line: string): void {
  Deno.stdout.writeSync(encoder.encode(`${line}\n`));
}

function sayPassage({ direction, message, outcome, receipt }: Passage): void {
  const letter = letterOf(message.kind);
  const { number } = message.payload as Numbered;
  if (!letter || number <= 0) return;
  if (direction === "receive") { // A second copy that was dropped says nothing of the first, which may be with its handler.
    if (outcome !== "drop") say(`answered ${letter} ${number}`);
  } else if (outcome === "done" && receipt?.outcome === "handled") say(`receipt ${letter} ${number}`);
}

/** The same role gives the same nara in every process. */
async function identityOf(role: Role): Promise<Identity> {
  return (await createIdentity({ name: role, keypair: "node", random: new SeededRandom(role.length) }))
    .identity;
}

/** A nara at work. */
interface Nara {
  readonly runtime: Runtime;
  readonly service: CountingService;
  readonly other: Identity;
}

async function startNara({ role, folder, ports }: Order, identities: Record<Role, Identity>): Promise<Nara> {
  const otherRole = role === "sender" ? "receiver" : "sender";
  const other = identities[otherRole];
  const { store, ledger } = openLoopFile(folder, role);
  const service = new CountingService();
  const runtime = await createRuntime({
    identity: identities[role],
    services: [service],
    store,
    ledger,
    mesh: httpMesh({ listen: { hostname: "127.0.0.1", port: ports[role] }, requestMs: 5_000 }),
    retries: { baseMs: 20, capMs: 100, attemptsMax: 10_000 },
    onPassage: sayPassage,
  });
  runtime.keyring.pin(other.id, other.keypair.publicKey, other.name);
  runtime.keyring.markOurs(other.id);
  await runtime.start();
  runtime.peers.prove(other.id, `http://127.0.0.1:${ports[otherRole]}`, other.name);
  // As presence would do: whoever is back says so, and the other need not wait before it tries again.
  service.rt.emit(word.draft({ number: -Deno.pid }, { to: other.id })).catch(() => {});
  return { runtime, service, other };
}

/** Emits numbered messages until `isOver`, then waits until nothing is kept any more. */
async function sendAll(
  { runtime, service, other }: Nara,
  { first, isOver }: { first: number; isOver: () => boolean },
): Promise<void> {
  let next = first;
  const kept = runtime.limits.all().find(({ name }) => name === "outbox.messages")!;
  const worker = async () => {
    while (!isOver()) {
      await systemClock.sleep(1);
      if (kept.inUse() >= BACKLOG_MAX) continue;
      const number = next++;
      const letter = LETTERS[number % LETTERS.length];
      say(`began ${letter} ${number}`);
      try {
        await service.rt.emit(KINDS[letter].draft({ number }, { to: other.id }));
        say(`accepted ${letter} ${number}`);
      } catch {
        say(`refused ${letter} ${number}`);
        await systemClock.sleep(5);
      }
    }
  };
  await Promise.all(Array.from({ length: WIDTH }, worker));
  while (kept.inUse() > 0) await systemClock.sleep(10);
}

/** I6: the books of this process balance, in both directions. */
function assertBalanced({ books }: Runtime): void {
  for (const direction of ["emit", "receive"] satisfies Direction[]) {
    for (const [kind, totals] of Object.entries(books.totals(direction))) {
      if (isBalanced(totals)) continue;
      throw new Error(`${direction} of ${kind} does not balance: ${JSON.stringify(totals)}`);
    }
  }
}

async function main(): Promise<void> {
  const identities = { sender: await identityOf("sender"), receiver: await identityOf("receiver") };
  const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream())
    .getReader();
  const { value } = await lines.read();
  if (value === undefined) return; // Nobody needed it.
  const order = JSON.parse(value) as Order;
  const nara = await startNara(order, identities);
  say("ready");
  let isOver = false;
  const asked = lines.read().then(() => isOver = true);
  if (order.role === "sender") await sendAll(nara, { first: order.first, isOver: () => isOver });
  await asked;
  await nara.runtime.stop();
  assertBalanced(nara.runtime);
}

if (import.meta.main) await main();
