import { assert, assertEquals, assertGreater, assertMatch } from "@std/assert";
import { fileURLToPath } from "node:url";
import { promiseOf } from "../../runtime/promise.ts";
import { signedMessage } from "../../runtime/testing/frames.ts";
import { recordOf } from "../../runtime/stages/store.ts";
import { loggedLines } from "../helpers/kept.ts";
import { lacking } from "../helpers/permissions.ts";
import { alice, me } from "../helpers/stage_context.ts";
import { withFolder } from "../helpers/temp_folder.ts";
import { DeadLetters } from "../../runtime/primitives/dead_letters.ts";
import { VirtualClock } from "../../runtime/testing/virtual_clock.ts";
import { Journal } from "./journal.ts";
import { KINDS, type Letter, LETTERS, PROMISE_OF } from "./kinds.ts";
import { killLoop, type KillLoopReport, linesOf, summaryOf } from "./kill_loop.ts";
import { readOptions } from "./kill_loop_options.ts";
import { openLoopFile } from "./loop_file.ts";
import { judge } from "./verdict.ts";

const KILLS = 50;
const ignore = lacking("net", "read", "write", "run");

let loop: Promise<KillLoopReport> | undefined;

/** One loop for all promises: whoever asks first runs it. */
function theLoop(): Promise<KillLoopReport> {
  return loop ??= withFolder((folder) => killLoop({ kills: KILLS, seed: 10, folder }));
}

Deno.test({
  name: `R10 kill loop: ${KILLS} kills of two naras at work, at least half of them between accept and answer`,
  ignore,
  fn: async () => {
    const report = await theLoop();
    console.log(linesOf(report).join("\n"));
    const { kills, lost, handled_twice, during_work, acknowledged } = summaryOf(report);
    assertEquals([kills, lost, handled_twice], [KILLS, 0, 0]);
    assert(2 * during_work >= KILLS, `${during_work} of ${KILLS} kills hit somebody at work`);
    assertGreater(acknowledged, KILLS);
    assertGreater(report.killsOfSender, 0);
    assertGreater(KILLS - report.killsOfSender, 0);
  },
});

Deno.test({
  name: "R10 best effort: no message comes twice to its handler, whoever is killed and started again",
  ignore,
  fn: async () => {
    const { verdicts: { w } } = await theLoop();
    assertGreater(w.acknowledged, 0);
    assertEquals([w.twice, w.forgotten], [[], []]);
  },
});

Deno.test({
  name:
    "R10 at least once: what was accepted is handled in the end or a dead letter, and its effect is there once",
  ignore,
  fn: async () => {
    const { verdicts: { r } } = await theLoop();
    assertGreater(r.acknowledged, 0);
    assertEquals([r.lost, r.forgotten, r.twice], [[], [], []]);
  },
});

Deno.test({
  name: "R10 stored before acknowledged: what its receiver confirmed is in its ledger and handled, once",
  ignore,
  fn: async () => {
    const { verdicts: { f } } = await theLoop();
    assertGreater(f.receipts, 0);
    assertEquals([f.forgotten, f.lost, f.twice], [[], [], []]);
  },
});

Deno.test("R10 kill loop: each of its kinds promises what it is judged by", () => {
  for (const letter of LETTERS) assertEquals(promiseOf(KINDS[letter].spec), PROMISE_OF[letter]);
});

/** A journal in which all these messages were accepted and confirmed. */
function journalOf(...keys: string[]): Journal {
  const journal = new Journal();
  for (const key of keys) {
    const [letter, number] = [key[0], key.slice(1)];
    journal.note("sender", `began ${letter} ${number}`);
    journal.note("sender", `accepted ${letter} ${number}`);
    journal.note("sender", `receipt ${letter} ${number}`);
  }
  return journal;
}

function messageNumbered(letter: Letter, number: number) {
  const { spec } = KINDS[letter];
  const draft = KINDS[letter].draft({ number }, { to: alice.id });
  return signedMessage(draft, { from: me, spec, atNs: BigInt(number) });
}

/** Folders of two naras that handled, stored and gave up what is asked for. */
async function folders(
  folder: string,
  kept: { effects: Record<string, number>; stored: number[]; letters: number[] },
): Promise<void> {
  for (const role of ["sender", "receiver"] as const) {
    Deno.mkdirSync(`${folder}/${role}`);
    using file = openLoopFile(folder, role);
    if (role === "receiver") {
      const entries = Object.entries(kept.effects).map(([key, times]) =>
        [key, new TextEncoder().encode(`${times}`)] as const
      );
      file.store.setAll("service:kill", entries);
      for (const number of kept.stored) {
        await file.ledger.add(recordOf(await messageNumbered("f", number), KINDS.f.spec, 2));
      }
    }
    const dead = new DeadLetters({
      clock: new VirtualClock(),
      file: file.store,
      log: loggedLines().log,
      read: () => {
        throw new Error("nobody reads them here");
      },
    });
    for (const number of role === "sender" ? kept.letters : []) {
      const about = await messageNumbered("r", number);
      await dead.add({ about, direction: "emit", stage: "mesh", error: new Error("away") });
    }
  }
}

Deno.test({
  name: "R10 judge() finds what is lost, what was confirmed and is gone, and what was handled twice",
  ignore: lacking("read", "write"),
  fn: () =>
    withFolder(async (folder) => {
      const journal = journalOf("r1", "r2", "r3", "r4", "f5", "f6", "w7", "w8");
      journal.note("sender", "accepted r 9"); // Kept, and never confirmed.
      for (const run of ["r 1", "r 3", "r 3", "w 7"]) journal.note("receiver", `began ${run}`);
      await folders(folder, {
        effects: { r1: 1, r2: 2, r3: 1, f5: 1, f6: 1, w7: 1 },
        stored: [5],
        letters: [4],
      });
      const { w, r, f } = judge(journal, folder);
      assertEquals([r.lost, r.forgotten, r.twice], [["r9"], ["r4"], ["r2", "r3"]]);
      assertEquals([f.lost, f.forgotten, f.twice], [[], ["f6"], []]);
      assertEquals([w.lost, w.forgotten, w.twice], [["w8"], ["w8"], []]);
      const report = { kills: 1, killsOfSender: 1, duringWork: 0, verdicts: { w, r, f } };
      const counted = { acknowledged: 9, lost: 4, handled_twice: 2, during_work: 0 };
      assertEquals(summaryOf(report), { kills: 1, ...counted });
      assertMatch(linesOf(report)[2], /1 lost, 1 forgotten, 2 twice \(r9, r4, r2, r3\)$/);
    }),
});

Deno.test({
  name: "R10 judge() allows another run of a handler that was killed, once per kill, but never of a word",
  ignore: lacking("read", "write"),
  fn: () =>
    withFolder(async (folder) => {
      const journal = journalOf("r1", "w2");
      for (const run of ["r 1", "w 2"]) journal.note("receiver", `began ${run}`);
      assertEquals(journal.isAtWork("receiver"), true);
      assertEquals(journal.noteEnd("receiver"), true);
      for (const run of ["r 1", "w 2"]) journal.note("receiver", `began ${run}`);
      for (const run of ["r 1", "w 2"]) journal.note("receiver", `answered ${run}`);
      assertEquals(journal.noteEnd("receiver"), false);
      await folders(folder, { effects: { r1: 1, w2: 1 }, stored: [], letters: [] });
      const { w, r } = judge(journal, folder);
      assertEquals([w.twice, r.twice], [["w2"], []]);
      journal.note("receiver", "began r 1");
      assertEquals(judge(journal, folder).r.twice, ["r1"]);
    }),
});

Deno.test("readOptions() of the kill loop takes whole numbers, and 1000 kills unless told otherwise", () => {
  assertEquals(readOptions([]), { kills: 1_000, seed: 1 });
  assertEquals(readOptions(["--kills", "50", "--seed=0"]), { kills: 50, seed: 0 });
});

const WRONG = [
  ["--kills", "0"],
  ["--kills", "1.5"],
  ["--kills", "many"],
  ["--kills"],
  ["--seed=-1"],
  [
    "--seed",
    "1e400",
  ],
  ["--loops", "3"],
  ["50"],
];

for (const args of WRONG) {
  Deno.test(`readOptions() of the kill loop says in a sentence what is wrong with ${args.join(" ")}`, () => {
    const complaint = readOptions(args);
    assert(typeof complaint === "string");
    assertMatch(complaint, /^Cannot run the kill loop: [^\n]*\(usage: deno task kill-loop [^\n]*\)$/);
    assert(complaint.includes(args[0].split("=")[0]), complaint);
  });
}

Deno.test({
  name: "The kill loop that is asked for what it cannot do says so and exits with 2",
  ignore: lacking("run"),
  fn: async () => {
    const program = fileURLToPath(import.meta.resolve("./kill_loop.ts"));
    const args = ["run", "-A", "--quiet", "--no-check", program, "--kills", "none"];
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
    const [said, complaint] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    assertEquals([code, said, complaint.trim().split("\n").length], [2, "", 1]);
    assertMatch(complaint, /--kills must be a whole number of at least 1, got "none"/);
  },
});
