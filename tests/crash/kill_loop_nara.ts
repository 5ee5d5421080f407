/**
 * One nara of the kill loop, in a process of its own that may be killed at any moment:
 * `deno run -A kill_loop_nara.ts sender|receiver DATA PORT OTHER_PORT FIRST_NUMBER`.
 *
 * What it says on standard output is the journal that survives it; a line is written before anything else happens.
 * - `ready`
 * - `began LETTER NUMBER`: work that is not acknowledged yet
 * - `accepted LETTER NUMBER`: the sender was told that the message is in good hands
 * - `refused LETTER NUMBER`: it was told that it is not
 * - `idle`: nothing is kept to be sent any more
 * @module
 */
import { openSqliteFile } from "../../runtime/ledger/sqlite_file.ts";
import {
  createRuntime,
  type HandlerOptions,
  type Message,
  type RuntimeApi,
  type Service,
} from "../../runtime/mod.ts";
import { SeededRandom } from "../../runtime/testing/mod.ts";
import { httpMesh } from "../../runtime/transport/http_mesh.ts";
import { systemClock } from "../../utilities/clock.ts";
import { createIdentity, type Identity } from "../../utilities/identity.ts";
import { KINDS, type Letter, type Numbered, word } from "./kinds.ts";

/** Emissions under way at once. */
const WIDTH = 6;
/** Milliseconds in which a handler works, so that there is something to interrupt. */
const WORK_MS = 3;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Speaks the kinds of the kill loop; as a receiver it counts in its store how often it handled each number. */
class CountingService implements Service {
  readonly name = "kill";
  readonly net: readonly string[] = [];
  readonly storeBytesMax = 64 * 1024 * 1024;
  rt!: RuntimeApi;

  registerBehaviors(rt: RuntimeApi): void {
    this.rt = rt;
    for (const letter of Object.keys(KINDS) as Letter[]) {
      rt.register(KINDS[letter], { 1: (message, options) => this.#count(letter, message, options) });
    }
  }

  async #count(letter: Letter, { payload }: Message<Numbered>, { effects }: HandlerOptions): Promise<void> {
    if (payload.number > 0) say(`began ${letter} ${payload.number}`);
    await systemClock.sleep(WORK_MS);
    const key = `${letter}${payload.number}`;
    const before = Number(decoder.decode(await this.rt.store.get(key)));
    effects.set(key, encoder.encode(String(before + 1)));
  }
}

/** A line of the journal, written at once. */
function say(line: string): void {
  Deno.stdout.writeSync(encoder.encode(`${line}\n`));
}

/** The same role gives the same nara in every process. */
async function identityOf(role: string): Promise<Identity> {
  return (await createIdentity({ name: role, keypair: "node", random: new SeededRandom(role.length) }))
    .identity;
}

async function startNara(role: string, otherRole: string, data: string, port: number, otherPort: number) {
  const [identity, other] = await Promise.all([role, otherRole].map(identityOf));
  const { store, ledger } = openSqliteFile(`${data}/nara.db`);
  const service = new CountingService();
  const runtime = await createRuntime({
    identity,
    services: [service],
    store,
    ledger,
    mesh: httpMesh({ listen: { hostname: "127.0.0.1", port }, requestMs: 3_000 }),
    retries: { baseMs: 20, capMs: 100, attemptsMax: 10_000, messagesMax: 20_000, perTargetMax: 20_000 },
  });
  runtime.keyring.pin(other.id, other.keypair.publicKey, other.name);
  runtime.keyring.markOurs(other.id);
  await runtime.start();
  runtime.peers.prove(other.id, `http://127.0.0.1:${otherPort}`, other.name);
  // As presence would do: whoever is back says so, and the other need not wait before it tries again.
  service.rt.emit(word.draft({ number: -Deno.pid }, { to: other.id })).catch(() => {});
  return { runtime, service, other };
}

/** Emits numbered messages until standard input ends; then says `idle` when nothing is kept any more. */
async function sendAll(
  { runtime, service, other }: Awaited<ReturnType<typeof startNara>>,
  first: number,
): Promise<void> {
  let next = first;
  let isOver = false;
  Deno.stdin.readable.pipeTo(new WritableStream()).finally(() => isOver = true);
  const letters = Object.keys(KINDS) as Letter[];
  const worker = async () => {
    while (!isOver) {
      const number = next++;
      const letter = letters[number % letters.length];
      say(`began ${letter} ${number}`);
      try {
        await service.rt.emit(KINDS[letter].draft({ number }, { to: other.id }));
        say(`accepted ${letter} ${number}`);
      } catch {
        say(`refused ${letter} ${number}`);
        await systemClock.sleep(5);
      }
      await systemClock.sleep(1);
    }
  };
  await Promise.all(Array.from({ length: WIDTH }, worker));
  const kept = runtime.limits.all().find(({ name }) => name === "outbox.messages")!;
  while (kept.inUse() > 0) await systemClock.sleep(10);
  say("idle");
}

if (import.meta.main) {
  const [role, data, port, otherPort, first] = Deno.args;
  const nara = await startNara(
    role,
    role === "sender" ? "receiver" : "sender",
    data,
    Number(port),
    Number(otherPort),
  );
  say("ready");
  if (role === "sender") await sendAll(nara, Number(first));
  else await Deno.stdin.readable.pipeTo(new WritableStream());
  await nara.runtime.stop();
}
