/**
 * The kill loop (R10): two naras talk, and one or the other is killed by SIGKILL again and again, half the time at least in the
 * middle of work. A journal outside of them says what was acknowledged; in the end all of that must have been handled, and once
 * only.
 *
 * `deno task kill-loop [--kills N] [--seed S]`; its last line is
 * `{"kills","acknowledged","lost","handled_twice","during_work"}`. It exits with 1 when something was lost or handled twice, and
 * with 2 when it was asked for something that it cannot do.
 * @module
 */
import { SeededRandom } from "../../runtime/testing/seeded_random.ts";
import { Journal } from "./journal.ts";
import { readOptions } from "./kill_loop_options.ts";
import { type Letter, LETTERS, PROMISE_OF } from "./kinds.ts";
import { LoopNara, Spares } from "./loop_nara.ts";
import { judge, type Verdict } from "./verdict.ts";

/** Options of {@linkcode killLoop}. */
export interface KillLoopOptions {
  /** How often somebody is killed. */
  readonly kills: number;
  /** Which victims and moments are chosen. */
  readonly seed: number;
  /** A folder for both naras, removed by whoever made it. */
  readonly folder: string;
}

/** What a kill loop came to. */
export interface KillLoopReport {
  /** Processes that were killed. */
  readonly kills: number;
  /** Those of them that were the sender. */
  readonly killsOfSender: number;
  /** Kills between the beginning of some work and the answer to it. */
  readonly duringWork: number;
  /** How each promise was kept. */
  readonly verdicts: Readonly<Record<Letter, Verdict>>;
}

/** The same in one line, for programs. */
export interface KillLoopSummary {
  /** Processes that were killed. */
  readonly kills: number;
  /** Messages of which their sender was told that they are in good hands. */
  readonly acknowledged: number;
  /** Those of them that are neither handled nor dead letters, words left out, which may be lost; and what was forgotten again. */
  readonly lost: number;
  /** Messages that were handled more than once. */
  readonly handled_twice: number;
  /** Kills between the beginning of some work and the answer to it. */
  readonly during_work: number;
}

/** Messages that are accepted between two kills, at least, unless that takes too long. */
const TRAFFIC = 10;
/** Longer nobody is spared, in milliseconds: while the sender waits for the receiver to be heard again, little is accepted. */
const SPARED_MS = 800;
/** Milliseconds before a kill at a random moment, at most. */
const MOMENT_MS = 40;

/** Runs it. */
export async function killLoop({ kills, seed, folder }: KillLoopOptions): Promise<KillLoopReport> {
  const random = new SeededRandom(seed);
  const journal = new Journal();
  await using spares = new Spares();
  const parts = { journal, spares, folder, ports: { sender: freePort(random), receiver: freePort(random) } };
  const [sender, receiver] = [new LoopNara("sender", parts), new LoopNara("receiver", parts)];
  let duringWork = 0;
  try {
    await Promise.all([sender.start(), receiver.start()]);
    for (let kill = 0; kill < kills; kill++) {
      const victim = random.next() < 0.5 ? sender : receiver;
      await traffic(journal);
      // At any moment, which may be one of work too, or as soon as work has begun, so that half and a few hit work.
      if (2 * duringWork >= kill + 4) await pause(random.next() * MOMENT_MS);
      else if (!journal.isAtWork(victim.role)) await victim.untilWork();
      if (await victim.kill()) duringWork++;
      await victim.start();
    }
    const killsOfSender = sender.kills;
    await sender.finish();
    await receiver.finish();
    return { kills, killsOfSender, duringWork, verdicts: judge(journal, folder) };
  } finally {
    await Promise.all([sender.kill(), receiver.kill()]);
  }
}

/** A report as one line for programs. */
export function summaryOf({ kills, duringWork, verdicts }: KillLoopReport): KillLoopSummary {
  const sum = (count: (verdict: Verdict, letter: Letter) => number) =>
    LETTERS.reduce((total, letter) => total + count(verdicts[letter], letter), 0);
  return {
    kills,
    acknowledged: sum(({ acknowledged }) => acknowledged),
    lost: sum(({ lost, forgotten }, letter) => new Set([...letter === "w" ? [] : lost, ...forgotten]).size),
    handled_twice: sum(({ twice }) => new Set(twice).size),
    during_work: duringWork,
  };
}

/** A report as lines for people. */
export function linesOf({ kills, killsOfSender, duringWork, verdicts }: KillLoopReport): string[] {
  return [
    `${kills} kills: ${killsOfSender} of the sender and ${kills - killsOfSender} of the receiver; ` +
    `${duringWork} during work and ${kills - duringWork} at rest`,
    ...LETTERS.map((letter) => {
      const { acknowledged, receipts, handled, deadLetters, lost, forgotten, twice } = verdicts[letter];
      return `${
        PROMISE_OF[letter]
      }: ${acknowledged} acknowledged, ${receipts} receipts, ${handled} handled, ` +
        `${deadLetters} dead letters, ${lost.length} lost, ${forgotten.length} forgotten, ${twice.length} twice` +
        namesOf(letter === "w" ? [...forgotten, ...twice] : [...lost, ...forgotten, ...twice]);
    }),
  ];
}

function namesOf(keys: readonly string[]): string {
  return keys.length === 0 ? "" : ` (${keys.slice(0, 10).join(", ")})`;
}

/**
 * A port that nobody listens on, from below those that a system gives away by itself: a nara must find it free again after each
 * kill.
 */
function freePort(random: SeededRandom): number {
  for (;;) {
    const port = 10_000 + Math.floor((random.next() + Math.random()) * 11_000);
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch (thrown) {
      if (!(thrown instanceof Deno.errors.AddrInUse)) throw thrown;
    }
  }
}

/** Lets the naras talk for a while. */
async function traffic(journal: Journal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const until = journal.accepted.size + TRAFFIC;
  journal.onAccepted = () => journal.accepted.size >= until && resolve();
  const timer = setTimeout(resolve, SPARED_MS);
  await promise;
  clearTimeout(timer);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (typeof options === "string") {
    console.error(options);
    return 2;
  }
  const folder = Deno.makeTempDirSync({ prefix: "nara-kill-loop-" });
  try {
    const report = await killLoop({ ...options, folder });
    const summary = summaryOf(report);
    console.log([...linesOf(report), JSON.stringify(summary)].join("\n"));
    return summary.lost + summary.handled_twice > 0 ? 1 : 0;
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
