/**
 * The kill loop (R10): two naras talk, and one or the other is killed by SIGKILL again and again, half the time in the middle of
 * work. A journal outside of them says what was acknowledged; in the end each of that must have been handled, and once only.
 *
 * `deno task kill-loop [--kills N] [--seed S]`; its last line is
 * `{"kills","acknowledged","lost","handled_twice","during_work"}`. It exits with 1 when something was lost or handled twice.
 * @module
 */
import { parseArgs } from "node:util";
import { openSqliteFile } from "../../runtime/ledger/sqlite_file.ts";
import { SeededRandom } from "../../runtime/testing/mod.ts";
import { Journal, LoopNara } from "./loop_nara.ts";

/** What a kill loop came to. */
export interface KillLoopResult {
  /** Processes that were killed. */
  readonly kills: number;
  /** Messages of which their sender was told that they are in good hands. */
  readonly acknowledged: number;
  /** Those of them that are neither handled nor among the dead letters, by promise: must be none. */
  readonly lost: number;
  /** Messages whose effect is there more than once: must be none. */
  readonly handled_twice: number;
  /** Kills between the beginning of some work and its acknowledgement. */
  readonly during_work: number;
}

/** Options of {@linkcode killLoop}. */
export interface KillLoopOptions {
  /** How often somebody is killed. */
  readonly kills: number;
  /** Which moments are chosen. */
  readonly seed: number;
  /** A folder for both naras, removed by whoever made it. */
  readonly folder: string;
}

/** Milliseconds of traffic before a kill at a random moment, at most. */
const TRAFFIC_MS = 120;

/** Runs it. */
export async function killLoop({ kills, seed, folder }: KillLoopOptions): Promise<KillLoopResult> {
  const random = new SeededRandom(seed);
  const journal = new Journal();
  const [senderPort, receiverPort] = [freePort(), freePort()];
  const sender = new LoopNara("sender", `${folder}/sender`, [senderPort, receiverPort], journal);
  const receiver = new LoopNara("receiver", `${folder}/receiver`, [receiverPort, senderPort], journal);
  let duringWork = 0;
  try {
    await Promise.all([sender.start(), receiver.start()]);
    for (let kill = 0; kill < kills; kill++) {
      const victim = random.next() < 0.5 ? sender : receiver;
      if (kill % 2 === 0) await victim.untilWork();
      else await pause(random.next() * TRAFFIC_MS);
      if (await victim.kill()) duringWork++;
      await victim.start();
    }
    await sender.finish();
    await receiver.finish();
  } finally {
    await Promise.all([sender.kill(), receiver.kill()]);
  }
  return { kills, ...judge(journal, folder), during_work: duringWork };
}

/** What the receiver's data folder says of what the journal says. */
function judge(
  journal: Journal,
  folder: string,
): Pick<KillLoopResult, "acknowledged" | "lost" | "handled_twice"> {
  using file = openSqliteFile(`${folder}/receiver/nara.db`);
  using sent = openSqliteFile(`${folder}/sender/nara.db`);
  const decoder = new TextDecoder();
  const counts = new Map(
    file.store.list("service:kill", "").map(([key, value]) => [key, Number(decoder.decode(value))]),
  );
  // What is given up lies with the dead letters, and is not lost.
  const letters = sent.store.list("runtime:dead-letters", "").map(([, value]) => decoder.decode(value)).join(
    "\n",
  );
  const isDeadLetter = (key: string) => letters.includes(`"number":${key.slice(1)}}`);
  const promised = [...journal.accepted].filter((key) => !key.startsWith("w")); // A word may be lost.
  const lost = promised.filter((key) => !counts.has(key) && !isDeadLetter(key));
  for (const key of lost.slice(0, 10)) console.error(`lost: ${key}`);
  const twice = [...counts].filter(([, count]) => count > 1);
  for (const [key, count] of twice.slice(0, 10)) console.error(`handled ${count} times: ${key}`);
  return { acknowledged: journal.accepted.size, lost: lost.length, handled_twice: twice.length };
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { kills: { type: "string", default: "1000" }, seed: { type: "string", default: "1" } },
  });
  const [kills, seed] = [Number(values.kills), Number(values.seed)];
  if (!Number.isSafeInteger(kills) || kills < 1 || !Number.isSafeInteger(seed)) {
    console.error(
      `Cannot run the kill loop: --kills must be a positive whole number and --seed a whole number, got ${values.kills} and ${values.seed}`,
    );
    Deno.exit(2);
  }
  const folder = Deno.makeTempDirSync({ prefix: "nara-kill-loop-" });
  try {
    const result = await killLoop({ kills, seed, folder });
    console.log(JSON.stringify(result));
    Deno.exitCode = result.lost + result.handled_twice > 0 ? 1 : 0;
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}
