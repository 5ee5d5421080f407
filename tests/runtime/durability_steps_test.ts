/**
 * R11 at the level of the runtime: a nara dies at every step that writes, and I1 and I2 hold in the life behind it.
 *
 * I1: nothing is missing of what somebody was told is in good hands. I2: no effect is there twice, and the handler of a best-effort
 * message runs once at most, however often the message comes again.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import * as z from "zod";
import { store } from "../../runtime/stages/store.ts";
import { meshRequest } from "../../runtime/templates.ts";
import { signedFrame } from "../../runtime/testing/frames.ts";
import { VIRTUAL_START } from "../../runtime/testing/virtual_clock.ts";
import { crashAtEveryStep, type CrashStory, type Life, Worker, type World } from "../helpers/crash_steps.ts";
import { note, type TextBehavior, textSchema } from "../helpers/kinds.ts";
import { sqliteLives } from "../helpers/lives.ts";
import { lacking } from "../helpers/permissions.ts";
import { alice } from "../helpers/stage_context.ts";
import { withFolder } from "../helpers/temp_folder.ts";

const task: TextBehavior = meshRequest("test:task", "Does something").withVersion(1, textSchema);
const fact: TextBehavior = meshRequest("test:fact", "Is kept").withVersion(1, textSchema)
  .with({ emit: { store: store(2) }, receive: { store: store(2) }, onError: { handler: "queue" } });
const report: TextBehavior = meshRequest("test:report", "Says that it is done").withVersion(1, textSchema);
const newFact = fact.withVersion(2, z.strictObject({ text: z.string(), mood: z.string() }));
const KINDS = [note, task, fact];

const START_NS = BigInt(Date.parse(VIRTUAL_START)) * 1_000_000n;

/** A frame of alice to this nara: the same in every life. */
function frameOf({ mock: { runtime } }: Life, kind: TextBehavior, text: string): Promise<Uint8Array> {
  const atNs = START_NS + BigInt(text.length) * 1_000n + BigInt(text.charCodeAt(0));
  return signedFrame(kind.draft({ text }, { to: runtime.me.id }), { from: alice, spec: kind.spec, atNs });
}

function worker(world: World): Worker {
  const speak: ConstructorParameters<typeof Worker>[1] = (rt, work) => {
    for (const kind of KINDS) rt.register(kind, { 1: work });
    rt.register(report);
  };
  return new Worker(world, speak, (text, { effects }) => {
    if (text.endsWith("!")) effects.emit(report.draft({ text: `done ${text}` }, { to: alice.id }));
  });
}

/** As a sender does that was not told that its message was handled, and somebody who replays what was. */
async function comesAgain(life: Life, kind: TextBehavior, texts: readonly string[]): Promise<void> {
  for (let times = 0; times < 2; times++) {
    for (const text of texts) {
      const said = await life.receive(text, await frameOf(life, kind, text));
      if (times === 1) assertEquals(said, "duplicate_id", `${text} comes once more`);
    }
  }
}

function deadLetters({ mock }: Life): number {
  return mock.runtime.deadLetters.size;
}

function keptToSend({ mock }: Life): number {
  return mock.runtime.limits.all().find(({ name }) => name === "outbox.messages")!.inUse();
}

/** Messages of a kind that come one after the other, the second of which makes this nara send something. */
function received(kind: TextBehavior, texts: readonly string[]): CrashStory {
  return {
    worker,
    live: async (life) => {
      for (const text of texts) await life.receive(text, await frameOf(life, kind, text));
      await life.advance(1_000);
    },
    recover: async (life, before) => {
      await life.advance(1_000);
      for (const text of texts) { // I1, before anybody sends anything again.
        if (before.told.get(text) !== "handled") continue;
        assertEquals(await life.worker.effects(text), 1, `${text} was said to be handled`);
      }
      await comesAgain(life, kind, texts);
      await life.advance(1_000);
      for (const text of texts) {
        const [effects, runs] = [await life.worker.effects(text), life.world.runs.get(text) ?? 0];
        if (kind === note) assert(effects <= 1 && runs <= 1, `${text}: ${effects} effects of ${runs} runs`);
        else assertEquals(effects, 1, `effects of ${text} after ${runs} runs`);
        if (kind === fact) assert(life.mock.runtime.ledger.count({ kinds: [kind.kind] }) === texts.length);
      }
      const done = (await Promise.all(texts.map((text) => life.worker.effects(text))))
        .filter((effects, at) => effects === 1 && texts[at].endsWith("!"));
      assertEquals(
        [life.world.sent.size, keptToSend(life)],
        [done.length, 0],
        "sent what goes with the effects",
      );
    },
  };
}

/** Messages that cannot leave at first. */
const emitted: CrashStory = {
  worker,
  live: async ({ mock, worker, world, advance }) => {
    mock.unreachable.add(alice.id);
    for (const [text, kind] of [["one", task], ["two", fact], ["three", task]] as const) {
      const { outcome, id } = await worker.rt.emit(kind.draft({ text }, { to: alice.id }));
      world.told.set(id, outcome);
    }
    await advance(5_000);
    mock.unreachable.clear();
    await advance(60_000);
    assertEquals(world.sent.size, 3);
  },
  recover: async (life, before) => {
    await life.advance(60_000);
    for (const [id, outcome] of before.told) {
      assertEquals(outcome, "retrying");
      assert(life.world.sent.has(id), `${id} was said to be kept, and never left`);
    }
    assertEquals([keptToSend(life), deadLetters(life)], [0, 0]);
  },
};

/** Messages that are given up. */
const givenUp: CrashStory = {
  worker,
  live: async ({ mock, worker, world, advance }) => {
    mock.unreachable.add(alice.id);
    for (const text of ["one", "two"]) {
      const { outcome, id } = await worker.rt.emit(task.draft({ text }, { to: alice.id }));
      world.told.set(id, outcome);
    }
    await advance(300_000);
    assertEquals(mock.runtime.deadLetters.size, 2);
  },
  recover: async (life, before) => {
    life.mock.unreachable.add(alice.id);
    await life.advance(300_000);
    const letters = life.mock.runtime.deadLetters.list().letters.map(({ messageId }) => messageId);
    for (const id of before.told.keys()) {
      assertEquals(letters.filter((one) => one === id).length, 1, `${id} was said to be kept: ${letters}`);
    }
    assertEquals([keptToSend(life), new Set(letters).size], [0, letters.length]);
  },
};

/** Stored messages whose handler throws, and that go to the dead letters; in the next life it works. */
const failed: CrashStory = {
  worker: (world, isFirst) => Object.assign(worker(world), { fails: isFirst }),
  live: async (life) => {
    for (const text of ["a!", "bb"]) await life.receive(text, await frameOf(life, fact, text));
    assertEquals(life.mock.runtime.deadLetters.size, 2);
  },
  recover: async (life, before) => {
    await life.advance(1_000);
    await comesAgain(life, fact, ["a!", "bb"]);
    const letters = life.mock.runtime.deadLetters.list().letters;
    for (const text of ["a!", "bb"]) {
      const id = life.mock.runtime.ledger.query().records.find(({ frame }) =>
        new TextDecoder().decode(frame).includes(`"${text}"`)
      )!.id;
      const kept = letters.filter(({ messageId }) =>
        messageId === id
      ).length;
      assertEquals(await life.worker.effects(text) + kept, 1, `${text} is handled or a dead letter`);
      if (before.told.has(text)) assertEquals(kept, 1, `${text} was said to have failed`);
    }
    for (const { id } of letters) await life.mock.runtime.deadLetters.retry(id);
    for (const text of ["a!", "bb"]) assertEquals(await life.worker.effects(text), 1, `${text} is made good`);
  },
};

/** A frame of a version that is not understood yet. */
function futureFrame(to: string, text: string): Promise<Uint8Array> {
  const atNs = START_NS + BigInt(text.length);
  return signedFrame(newFact.draft({ text, mood: "calm" }, { to }), {
    from: alice,
    spec: newFact.spec,
    atNs,
  });
}

function upgraded(world: World): Worker {
  return new Worker(world, (rt, work) => rt.register(newFact, { 1: work, 2: work }));
}

const FUTURE = ["new", "newer"];

/** Messages of a later version, which the next life understands. */
const quarantined: CrashStory = {
  worker: (world, isFirst) => isFirst ? worker(world) : upgraded(world),
  live: async (life) => {
    for (const text of FUTURE) await life.receive(text, await futureFrame(life.mock.runtime.me.id, text));
  },
  recover: async (life, before) => {
    await life.advance(1_000);
    for (const text of FUTURE) {
      if (before.told.get(text) === "quarantined") assertEquals(await life.worker.effects(text), 1, text);
    }
    for (const text of FUTURE) await life.receive(text, await futureFrame(life.mock.runtime.me.id, text));
    await life.advance(1_000);
    for (const text of FUTURE) assertEquals(await life.worker.effects(text), 1, `${text} came again`);
  },
};

/** The upgraded nara itself dies while it hands over what was quarantined. */
const released: CrashStory = {
  worker: upgraded,
  isFromBirth: true,
  prepare: async (path) => {
    const world = { runs: new Map() } as World;
    const mock = await sqliteLives(path).open({ services: [worker(world)] });
    for (const text of FUTURE) {
      const { receipt } = await mock.runtime.receive(await futureFrame(mock.runtime.me.id, text), "mock:x");
      assertEquals(receipt.outcome, "quarantined");
    }
    await mock.runtime.stop();
  },
  live: async (life) => {
    await life.advance(1_000);
    for (const text of FUTURE) assertEquals(await life.worker.effects(text), 1);
  },
  recover: async (life) => {
    await life.advance(1_000);
    for (const text of FUTURE) assertEquals(await life.worker.effects(text), 1, `${text} is handled once`);
    const held = life.mock.runtime.limits.all().find(({ name }) => name === "quarantine.messages")!;
    assertEquals(held.inUse(), 0);
  },
};

const STORIES: Readonly<Record<string, CrashStory>> = {
  "best-effort messages: seen mark, effects": received(note, ["a", "bb!", "ccc"]),
  "at-least-once messages: effects, seen mark, outbox keep and remove": received(task, ["a", "bb!", "ccc"]),
  "stored messages: ledger add, pending, effects, seen mark, outbox": received(fact, ["a", "bb!", "ccc"]),
  "messages that are tried again: outbox keep, note of a try, remove": emitted,
  "messages that are given up: outbox remove, dead letter add": givenUp,
  "handlers that fail: seen mark, dead letter add and remove": failed,
  "messages of a later version: quarantine add": quarantined,
  "an upgrade: quarantine release": released,
};

for (const [what, story] of Object.entries(STORIES)) {
  Deno.test({
    name: `Runtime that dies at any step that writes keeps I1 and I2: ${what} [R11]`,
    ignore: lacking("read", "write"),
    fn: () =>
      withFolder(async (folder) => {
        const steps = await crashAtEveryStep(folder, story);
        console.log(`${steps.length} steps covered: ${steps.join(", ")}`);
        assert(steps.length > 8, "every commit has four steps at least");
        for (const step of ["before BEGIN", "after SET", "before COMMIT", "after COMMIT"]) {
          assert(steps.some((one) => one.endsWith(step)), `${step} must be covered`);
        }
      }),
  });
}
