import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import {
  DEFAULT_STRATEGIES,
  type ErrorStrategies,
  type ErrorStrategy,
  strategiesFor,
  STRATEGY_TABLE,
  strategyOfCall,
} from "../../runtime/error_strategy.ts";
import { LedgerError } from "../../runtime/ledger/ledger.ts";
import type { MockRuntimeOptions } from "../../runtime/testing/mock_runtime.ts";
import { fail, type PeerStage, type StreamStage } from "../../runtime/stage.ts";
import { ephemeral, local, meshRequest, protocol, storedEvent } from "../../runtime/templates.ts";
import { settled } from "../../runtime/testing/virtual_clock.ts";
import { MeshError } from "../../runtime/transport/mesh.ts";
import { assertBalanced, totalsOf } from "../helpers/books.ts";
import { TroubledFile } from "../helpers/kept.ts";
import { note, TestService, type TextBehavior, textSchema } from "../helpers/kinds.ts";
import { Bench } from "../helpers/mock.ts";
import { alice } from "../helpers/stage_context.ts";

function broken(name: string): StreamStage {
  return {
    order: "stream",
    name,
    describe: () => "broken",
    process: () => {
      throw new Error(`${name} broke`);
    },
  };
}

function brokenPeer(name: string, verifies = false): PeerStage {
  return {
    order: "peer",
    name,
    verifies,
    describe: () => "broken",
    process: () => Promise.reject(new Error(`${name} broke`)),
  };
}

const draft = note.draft({ text: "a" }, { to: alice.id });

/** A runtime whose notes cannot be sent. */
function failing(
  strategy: ErrorStrategy,
  { error = new Error("wire broke"), ...config }: Pick<MockRuntimeOptions, "store" | "retries"> & {
    error?: Error;
  } = {},
): Promise<Bench> {
  const wire: PeerStage = { ...brokenPeer("wire"), process: () => fail(error) };
  const behavior = note.with({ emit: { transport: wire }, onError: { transport: strategy } });
  return Bench.create([behavior], config);
}

/** The dead letters of a runtime, in words, the oldest first. */
function lettersOf({ mock }: Bench): string[] {
  return mock.runtime.deadLetters.list().letters.toReversed().map((
    { kind, direction, stage, error, attempts },
  ) => `${direction} of ${kind} at ${stage}, ${attempts} tried: ${error.message}`);
}

const levelsOf = ({ mock }: Bench): string[] => mock.logs.map(({ level }) => level);

for (const strategy of ["drop", "log"] as const) {
  Deno.test(`ErrorStrategy ${strategy} rejects the emit, and ${strategy === "log" ? "warns" : "says nothing"}`, async () => {
    await using bench = await failing(strategy);
    await assertRejects(() => bench.service.rt.emit(draft), Error, "wire broke");
    assertEquals(lettersOf(bench), []);
    const lines = bench.mock.logs.map(({ level, fields }) =>
      `${level} ${fields.kind} ${fields.stage} ${fields.error}`
    );
    assertEquals(lines, strategy === "log" ? ["warn test:note wire wire broke"] : []);
    assertEquals(totalsOf(bench.mock.runtime, "emit", "test:note").errored, { wire: 1 });
  });
}

Deno.test("ErrorStrategy retry resolves the emit as retrying, and ends in the dead letters at the deadline", async () => {
  await using bench = await failing("retry");
  const { id, outcome, reason } = await bench.service.rt.emit(draft);
  assertEquals([outcome, reason, lettersOf(bench)], ["retrying", "wire broke", []]);
  assertEquals(totalsOf(bench.mock.runtime, "emit", "test:note").retrying, 1);
  const why = bench.mock.runtime.journal.why(id);
  assertStringIncludes(why.known === "passages" ? why.underWay ?? "" : "", "in the outbox, tried 1 times");
  await bench.mock.clock.advance(4 * 60_000);
  const [letter, ...others] = lettersOf(bench);
  assertEquals(others, []);
  assertStringIncludes(letter, "emit of test:note at wire");
  assertStringIncludes(letter, "its deadline has passed; the last said: wire broke");
  assertEquals(totalsOf(bench.mock.runtime, "emit", "test:note").queued, 1);
});

Deno.test("ErrorStrategy retry ends in the dead letters where the outbox is full, and the emit resolves as queued", async () => {
  await using bench = await failing("retry", { retries: { messagesMax: 0 } });
  const { outcome, reason } = await bench.service.rt.emit(draft);
  assertEquals([outcome, reason], ["queued", "wire broke"]);
  assertEquals(lettersOf(bench), ["emit of test:note at wire, 1 tried: wire broke"]);
});

Deno.test("ErrorStrategy retry rejects what no try can help: its caller can", async () => {
  await using bench = await failing("retry", { error: new MeshError("frame_too_large", "split it") });
  await assertRejects(() => bench.service.rt.emit(draft), MeshError, "split it");
  assertEquals(lettersOf(bench), []);
});

Deno.test("ErrorStrategy queue ends in the dead letters, and the emit resolves as queued", async () => {
  await using bench = await failing("queue");
  const { outcome, reason } = await bench.service.rt.emit(draft);
  assertEquals([outcome, reason], ["queued", "wire broke"]);
  assertEquals(lettersOf(bench), ["emit of test:note at wire, 1 tried: wire broke"]);
});

for (const strategy of ["retry", "queue"] as const) {
  Deno.test(`ErrorStrategy ${strategy} rejects the emit and warns where the disk keeps nothing, and the chain goes on`, async () => {
    const store = new TroubledFile();
    await using bench = await failing(strategy, { store });
    store.isRefusing = true;
    for (let count = 1; count <= 3; count++) {
      await assertRejects(() => bench.service.rt.emit(draft), Error, "wire broke");
      assertEquals(totalsOf(bench.mock.runtime, "emit", "test:note").errored, { wire: count });
    }
    assertBalanced(bench.mock.runtime);
    assert(levelsOf(bench).includes("error") && levelsOf(bench).at(-1) === "warn");
    store.isRefusing = false;
    assertEquals((await bench.service.rt.emit(draft)).outcome, strategy === "retry" ? "retrying" : "queued");
  });
}

const damaged = new LedgerError("unreadable", "own ledger is corrupt");

Deno.test("ErrorStrategy panic stops the nara for what its machine broke, with the reason, and the emit rejects", async () => {
  await using bench = await failing("panic", { error: damaged });
  await assertRejects(() => bench.service.rt.emit(draft), LedgerError, "own ledger is corrupt");
  assertEquals(await bench.mock.runtime.stopped, "emit of test:note failed at wire: own ledger is corrupt");
  await assertRejects(() => bench.service.rt.emit(draft), MeshError, "has stopped");
});

Deno.test("ErrorStrategy panic of a handler stops the nara with the reason, and the sender is not told why", async () => {
  const service = new TestService((rt) =>
    rt.register(note.with({ onError: { handler: "panic" } }), {
      1: () => {
        throw damaged;
      },
    })
  );
  await using bench = await Bench.create([], { services: [service] });
  assertEquals(await bench.receive(await bench.note()), { outcome: "error", reason: "handler_failed" });
  assertEquals(
    await bench.mock.runtime.stopped,
    "receive of test:note failed at handler: own ledger is corrupt",
  );
});

Deno.test("ErrorStrategy panic lets the nara live for anything else: a dead letter and an alarm", async () => {
  await using bench = await failing("panic");
  assertEquals((await bench.service.rt.emit(draft)).outcome, "queued");
  assertEquals(lettersOf(bench), ["emit of test:note at wire, 1 tried: wire broke"]);
  assertEquals(levelsOf(bench), ["error"]);
  assertEquals((await bench.service.rt.emit(draft)).outcome, "queued");
});

const stored: TextBehavior = storedEvent("test:stored", "", 2).withVersion(1, textSchema);
/** Where a message fails on its way in, and which of the strategies is asked. */
const PLACES: [slot: keyof ErrorStrategies, stage: string, behavior: TextBehavior][] = [
  ["verify", "verifier", note.with({ receive: { verify: brokenPeer("verifier", true) } })],
  ["store", "shelf", stored.with({ receive: { store: brokenPeer("shelf") } })],
  ["other", "mood", note.withFilter(broken("mood"))],
  ["other", "gate", note.with({ receive: { dedupe: broken("gate") } })],
];

for (const [slot, stage, behavior] of PLACES) {
  Deno.test(`ErrorStrategy ${slot} is asked where the receive stage "${stage}" fails, and no other`, async () => {
    const strategies = {
      transport: "drop",
      store: "drop",
      verify: "drop",
      other: "drop",
      handler: "drop",
      [slot]: "queue",
    } as const;
    await using bench = await Bench.create([behavior.with({ onError: strategies })]);
    for (let count = 1; count <= 2; count++) {
      const frame = await bench.frame(behavior.draft({ text: "a" }));
      assertEquals(await bench.receive(frame), { outcome: "error", reason: `${stage}_failed` });
      assertEquals(bench.received(behavior.kind).failures, { [stage]: count });
    }
    assertEquals(
      lettersOf(bench),
      Array(2).fill(`receive of ${behavior.kind} at ${stage}, 1 tried: ${stage} broke`),
    );
    assertEquals(bench.received(behavior.kind).queued, 2);
    assertEquals(bench.service.texts, []);
  });
}

Deno.test("ErrorStrategy handler is asked where a handler throws or rejects, and later messages are handled", async () => {
  let count = 0;
  const service = new TestService((rt) =>
    rt.register(note.with({ onError: { handler: "queue" } }), {
      1: () => {
        count++;
        if (count === 1) throw new Error("thrown");
        if (count === 2) return Promise.reject(new Error("rejected"));
      },
    })
  );
  await using bench = await Bench.create([], { services: [service] });
  const outcomes = [];
  for (let times = 0; times < 3; times++) outcomes.push((await bench.receive(await bench.note())).outcome);
  assertEquals(outcomes, ["error", "error", "handled"]);
  assertEquals(
    lettersOf(bench),
    ["thrown", "rejected"].map((error) => `receive of test:note at handler, 1 tried: ${error}`),
  );
  const { done, queued, failures } = bench.received();
  assertEquals([done, queued, failures], [1, 2, { handler: 2 }]);
});

Deno.test("ErrorStrategy of a store that fails on the way out is the store's, and nothing is sent", async () => {
  const behavior = stored.with({ emit: { store: brokenPeer("shelf") }, onError: { store: "queue" } });
  await using bench = await Bench.create([behavior]);
  assertEquals((await bench.service.rt.emit(stored.draft({ text: "a" }))).outcome, "queued");
  await settled();
  assertEquals(lettersOf(bench), ["emit of test:stored at shelf, 1 tried: shelf broke"]);
  assertEquals(bench.mock.emitted, []);
});

Deno.test("DEFAULT_STRATEGIES let nothing fail in silence, and never panic", () => {
  assertEquals(Object.values(DEFAULT_STRATEGIES), Array(5).fill("log"));
});

Deno.test("STRATEGY_TABLE has the seeds' four types as they have them, but for a panic that a peer could cause", () => {
  const of = (type: "checkpoint" | "observation" | "social" | "ephemeral") => {
    const { transport, store, verify } = STRATEGY_TABLE[type].strategies;
    return `${transport} ${store} ${verify}`;
  };
  assertEquals(of("checkpoint"), "retry panic log");
  assertEquals(of("observation"), "retry log log");
  assertEquals(of("social"), "log log drop");
  assertEquals(of("ephemeral"), "drop drop drop");
});

Deno.test("STRATEGY_TABLE says of every type why, and panics nowhere but in a checkpoint's store", () => {
  const panics = Object.entries(STRATEGY_TABLE).flatMap(([type, { strategies, because }]) => {
    assert(because.length > 20, type);
    return Object.entries(strategies).filter(([, strategy]) => strategy === "panic").map(([slot]) =>
      `${type} ${slot}`
    );
  });
  assertEquals(panics, ["checkpoint store"]);
});

Deno.test("strategiesFor() gives every template its row, and others the default", () => {
  const templates: [TextBehavior, keyof typeof STRATEGY_TABLE][] = [
    [meshRequest("test:d", "").withVersion(1, textSchema), "request"],
    [stored, "stored"],
    [local("test:a", "").withVersion(1, textSchema), "local"],
    [protocol("test:b", "", "t").withVersion(1, textSchema), "protocol"],
    [ephemeral("test:c", "", "t").withVersion(1, textSchema), "ephemeral"],
  ];
  for (const [{ spec }, type] of templates) {
    assertEquals(strategiesFor(spec.template), STRATEGY_TABLE[type].strategies);
    assertEquals(spec.onError, STRATEGY_TABLE[type].strategies);
  }
  for (const name of ["", "somebodys", "constructor"]) assertEquals(strategiesFor(name), DEFAULT_STRATEGIES);
});

Deno.test("strategyOfCall() leaves nothing to go on behind the back of whoever calls", () => {
  const strategies = ["drop", "log", "retry", "queue", "panic"] as const;
  assertEquals(strategies.map(strategyOfCall), ["drop", "log", "drop", "drop", "panic"]);
});

Deno.test("ErrorStrategy of the way in is another than that of the way out, where onReceiveError says so", async () => {
  const shelf = brokenPeer("shelf");
  const behavior = stored.with({
    emit: { store: shelf },
    receive: { store: shelf },
    onError: { store: "log" },
    onReceiveError: { store: "queue" },
  });
  await using bench = await Bench.create([behavior]);
  await assertRejects(() => bench.service.rt.emit(behavior.draft({ text: "out" })), Error);
  assertEquals(lettersOf(bench), []);
  await bench.receive(await bench.frame(behavior.draft({ text: "in" })));
  assertEquals(lettersOf(bench).map((letter) => letter.split(",")[0]), ["receive of test:stored at shelf"]);
});
