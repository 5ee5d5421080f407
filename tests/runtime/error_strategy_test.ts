import { assertEquals, assertRejects } from "@std/assert";
import {
  DEFAULT_STRATEGIES,
  type ErrorStrategies,
  type ErrorStrategy,
} from "../../runtime/error_strategy.ts";
import type { Failure } from "../../runtime/primitives/failures.ts";
import type { PeerStage, StreamStage } from "../../runtime/stage.ts";
import { storedEvent } from "../../runtime/templates.ts";
import { settled } from "../../runtime/testing/virtual_clock.ts";
import { MeshError } from "../../runtime/transport/mesh.ts";
import { assertBalanced, totalsOf } from "../helpers/books.ts";
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

/** A runtime whose notes cannot be sent, with keepers that take everything. */
async function failing(strategy: ErrorStrategy, keepers: { retry?: boolean; deadLetters?: boolean } = {}) {
  const kept: string[] = [];
  const keeper = (name: string) => ({ message, direction, stage, error }: Failure) => {
    kept.push(`${name}: ${direction} of ${message.kind} at ${stage}, ${error.message}`);
    return true;
  };
  const behavior = note.with({ emit: { transport: brokenPeer("wire") }, onError: { transport: strategy } });
  const bench = await Bench.create([behavior], {
    ...keepers.retry && { retry: keeper("retry") },
    ...keepers.deadLetters && { deadLetters: keeper("dead letter") },
  });
  return { bench, kept };
}

for (const strategy of ["drop", "log"] as const) {
  Deno.test(`ErrorStrategy ${strategy} rejects the emit, and ${strategy === "log" ? "warns" : "says nothing"}`, async () => {
    const { bench: made, kept } = await failing(strategy, { retry: true, deadLetters: true });
    await using bench = made;
    await assertRejects(() => bench.service.rt.emit(draft), Error, "wire broke");
    assertEquals(kept, []);
    const lines = bench.mock.logs.map(({ level, fields }) =>
      `${level} ${fields.kind} ${fields.stage} ${fields.error}`
    );
    assertEquals(lines, strategy === "log" ? ["warn test:note wire wire broke"] : []);
    assertEquals(totalsOf(bench.mock.runtime, "emit", "test:note").errored, { wire: 1 });
  });
}

Deno.test("ErrorStrategy retry hands the message to whoever tries again, and the emit resolves as retrying", async () => {
  const { bench: made, kept } = await failing("retry", { retry: true, deadLetters: true });
  await using bench = made;
  const { outcome, reason } = await bench.service.rt.emit(draft);
  assertEquals([outcome, reason, kept], ["retrying", "wire broke", [
    "retry: emit of test:note at wire, wire broke",
  ]]);
});

for (const strategy of ["retry", "queue"] as const) {
  Deno.test(`ErrorStrategy ${strategy} ends in the dead letters where nobody tries again, and the emit resolves as queued`, async () => {
    const { bench: made, kept } = await failing(strategy, { deadLetters: true });
    await using bench = made;
    const { outcome, reason } = await bench.service.rt.emit(draft);
    assertEquals([outcome, reason, kept], ["queued", "wire broke", [
      "dead letter: emit of test:note at wire, wire broke",
    ]]);
  });

  Deno.test(`ErrorStrategy ${strategy} rejects the emit and warns where nobody keeps anything`, async () => {
    const { bench: made } = await failing(strategy);
    await using bench = made;
    await assertRejects(() => bench.service.rt.emit(draft), Error, "wire broke");
    assertEquals(bench.mock.logs.map(({ level }) => level), ["warn"]);
  });
}

Deno.test("ErrorStrategy panic stops the nara with the reason, and the emit rejects", async () => {
  const { bench: made, kept } = await failing("panic", { retry: true, deadLetters: true });
  await using bench = made;
  await assertRejects(() => bench.service.rt.emit(draft), Error, "wire broke");
  assertEquals(await bench.mock.runtime.stopped, "emit of test:note failed at wire: wire broke");
  assertEquals(kept, []);
  await assertRejects(() => bench.service.rt.emit(draft), MeshError, "has stopped");
});

Deno.test("ErrorStrategy panic of a handler stops the nara with the reason, and the sender is not told why", async () => {
  const service = new TestService((rt) =>
    rt.register(note.with({ onError: { handler: "panic" } }), {
      1: () => {
        throw new Error("own ledger is corrupt");
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

Deno.test("ErrorStrategy survives keepers that throw: the chain goes on for the next message", async () => {
  const throwing = () => {
    throw new Error("disk full");
  };
  for (const stage of [broken("mood"), brokenPeer("mood")]) {
    const behavior = note.with({ emit: { gossip: stage }, onError: { other: "retry" } });
    await using bench = await Bench.create([behavior], { retry: throwing, deadLetters: throwing });
    for (let count = 0; count < 3; count++) {
      await assertRejects(() => bench.service.rt.emit(draft), Error, "mood broke");
    }
    assertBalanced(bench.mock.runtime);
    assertEquals(totalsOf(bench.mock.runtime, "emit", "test:note").errored, { mood: 3 });
  }
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
    const kept: string[] = [];
    const strategies = {
      transport: "drop",
      store: "drop",
      verify: "drop",
      other: "drop",
      handler: "drop",
      [slot]: "queue",
    } as const;
    const deadLetters = ({ stage, direction }: Failure) => kept.push(`${direction} at ${stage}`) > 0;
    await using bench = await Bench.create([behavior.with({ onError: strategies })], { deadLetters });
    for (let count = 1; count <= 2; count++) {
      const frame = await bench.frame(behavior.draft({ text: "a" }));
      assertEquals(await bench.receive(frame), { outcome: "error", reason: `${stage}_failed` });
      assertEquals(bench.received(behavior.kind).errored, { [stage]: count });
    }
    assertEquals(kept, Array(2).fill(`receive at ${stage}`));
    assertEquals(bench.service.texts, []);
  });
}

Deno.test("ErrorStrategy handler is asked where a handler throws or rejects, and later messages are handled", async () => {
  let count = 0;
  const kept: Failure[] = [];
  const service = new TestService((rt) =>
    rt.register(note.with({ onError: { handler: "queue" } }), {
      1: () => {
        count++;
        if (count === 1) throw new Error("thrown");
        if (count === 2) return Promise.reject(new Error("rejected"));
      },
    })
  );
  await using bench = await Bench.create([], {
    services: [service],
    deadLetters: (failure) => kept.push(failure) > 0,
  });
  const outcomes = [];
  for (let times = 0; times < 3; times++) outcomes.push((await bench.receive(await bench.note())).outcome);
  assertEquals(outcomes, ["error", "error", "handled"]);
  assertEquals(kept.map(({ stage, error }) => `${stage} ${error.message}`), [
    "handler thrown",
    "handler rejected",
  ]);
  const { done, errored } = bench.received();
  assertEquals([done, errored], [1, { handler: 2 }]);
});

Deno.test("ErrorStrategy of a store that fails on the way out is the store's, and nothing is sent", async () => {
  const behavior = stored.with({ emit: { store: brokenPeer("shelf") }, onError: { store: "queue" } });
  const kept: string[] = [];
  await using bench = await Bench.create([behavior], { deadLetters: ({ stage }) => kept.push(stage) > 0 });
  assertEquals((await bench.service.rt.emit(stored.draft({ text: "a" }))).outcome, "queued");
  await settled();
  assertEquals([kept, bench.mock.emitted], [["shelf"], []]);
});

Deno.test("DEFAULT_STRATEGIES let nothing fail in silence, and never panic", () => {
  assertEquals(Object.values(DEFAULT_STRATEGIES), Array(5).fill("log"));
});
