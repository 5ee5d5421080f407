/**
 * What a nara says, and keeps, when its disk fails once or its upgrade is stopped in the middle of its work.
 * @module
 */
import { assertEquals } from "@std/assert";
import * as z from "zod";
import { store } from "../../runtime/stages/store.ts";
import { meshRequest } from "../../runtime/templates.ts";
import { signedFrame } from "../../runtime/testing/frames.ts";
import type { MockRuntime } from "../../runtime/testing/mock_runtime.ts";
import { settled, VIRTUAL_START } from "../../runtime/testing/virtual_clock.ts";
import { assertBalanced } from "../helpers/books.ts";
import { note, TestService, type TextBehavior, textSchema } from "../helpers/kinds.ts";
import { LIFE_PLACES, type Lives, sqliteLives } from "../helpers/lives.ts";
import { lacking } from "../helpers/permissions.ts";
import { alice } from "../helpers/stage_context.ts";
import { withFolder } from "../helpers/temp_folder.ts";

const task: TextBehavior = meshRequest("test:task", "").withVersion(1, textSchema);
const fact: TextBehavior = meshRequest("test:fact", "").withVersion(1, textSchema)
  .with({ receive: { store: store(2) } });
const START_NS = BigInt(Date.parse(VIRTUAL_START)) * 1_000_000n;

const FAILURES = [
  { kind: note, refusal: "record_failed", runsThen: 0, why: "it may be lost, but never repeated" },
  { kind: task, refusal: "record_failed", runsThen: 1, why: "its handler's effects are undone" },
  { kind: fact, refusal: "store_failed", runsThen: 0, why: "what is not stored is not handled" },
];

for (const { kind, refusal, runsThen, why } of FAILURES) {
  Deno.test({
    name:
      `Runtime whose disk fails once does not acknowledge ${kind.kind}: ${why}; it takes it when it comes again [R15]`,
    ignore: lacking("read", "write"),
    fn: () =>
      withFolder(async (folder) => {
        let fails = false;
        let runs = 0;
        const service = new TestService((rt) => {
          rt.register(kind, {
            1: async (_message, { effects }) => {
              runs++;
              const [before = 0] = await rt.store.get("count") ?? [];
              effects.set("count", new Uint8Array([before + 1]));
            },
          });
        });
        const lives = sqliteLives(`${folder}/nara.db`);
        const mock = await lives.open({
          services: [service],
          onStep: (step) => {
            if (!fails || step !== "before COMMIT") return;
            fails = false;
            throw new Error("the disk does not synchronise");
          },
        });
        const draft = kind.draft({ text: "a" }, { to: mock.runtime.me.id });
        const frame = await signedFrame(draft, { from: alice, spec: kind.spec, atNs: START_NS });
        mock.runtime.keyring.markOurs(alice.id); // To learn that takes a write of its own.
        fails = true;
        const refused = await mock.runtime.receive(frame, "mock:x");
        assertEquals(refused.receipt, { outcome: "error", reason: refusal });
        assertEquals([runs, await service.rt.store.get("count")], [runsThen, undefined]);
        const taken = await mock.runtime.receive(frame, "mock:x");
        assertEquals([taken.receipt, runs], [{ outcome: "handled" }, runsThen + 1]);
        assertEquals(await service.rt.store.get("count"), new Uint8Array([1]));
        await mock.runtime.stop();
        assertBalanced(mock.runtime);
      }),
  });
}

const later = fact.withVersion(2, z.strictObject({ text: z.string(), mood: z.string() }));

/** A nara that kept a message of a later version. */
async function keepFuture(lives: Lives): Promise<Uint8Array> {
  const mock = await lives.open({ services: [new TestService((rt) => rt.register(fact))] });
  const draft = later.draft({ text: "new", mood: "calm" }, { to: mock.runtime.me.id });
  const frame = await signedFrame(draft, { from: alice, spec: later.spec, atNs: START_NS });
  assertEquals((await mock.runtime.receive(frame, "mock:x")).receipt, { outcome: "quarantined" });
  await mock.runtime.stop();
  return frame;
}

/** The same after an upgrade, with a handler that takes `ms`. */
async function upgraded(lives: Lives, ms: number): Promise<{ mock: MockRuntime; runs: () => number }> {
  let runs = 0;
  const service = new TestService((rt) => {
    const handler = async () => {
      runs++;
      if (ms > 0) await rt.clock.sleep(ms, { signal: rt.signal });
    };
    rt.register(later, { 1: handler, 2: handler });
  });
  return { mock: await lives.open({ services: [service] }), runs: () => runs };
}

function quarantined({ runtime }: MockRuntime): number {
  return runtime.limits.all().find(({ name }) => name === "quarantine.messages")!.inUse();
}

for (const place of LIFE_PLACES) {
  Deno.test({
    name:
      `Runtime that is stopped while it hands over what was quarantined goes on in its next life, over ${place.name}`,
    ignore: place.ignore,
    fn: () =>
      place.use(async (lives) => {
        await keepFuture(lives);
        const first = await upgraded(lives, 10_000);
        await lives.clock.advance(5_000); // Longer than anybody waits for an answer.
        assertEquals([first.runs(), quarantined(first.mock)], [1, 1]);
        await first.mock.runtime.stop();
        const second = await upgraded(lives, 0);
        await settled();
        assertEquals([second.runs(), quarantined(second.mock)], [1, 0]);
        await second.mock.runtime.stop();
        assertBalanced(second.mock.runtime);
        const third = await upgraded(lives, 0);
        await settled();
        assertEquals(third.runs(), 0);
        await third.mock.runtime.stop();
      }),
  });

  Deno.test({
    name:
      `Runtime handles what was quarantined once, also when it comes again while that is new, over ${place.name}`,
    ignore: place.ignore,
    fn: () =>
      place.use(async (lives) => {
        const frame = await keepFuture(lives);
        const { mock, runs } = await upgraded(lives, 0);
        await settled();
        assertEquals(runs(), 1);
        const { receipt } = await mock.runtime.receive(frame, "mock:x");
        assertEquals([receipt, runs()], [{ outcome: "drop", reason: "duplicate_id" }, 1]);
        await mock.runtime.stop();
      }),
  });
}
