/**
 * What an operator can do with dead letters, in the life in which they came and in later ones.
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import { DeadLetterError } from "../../runtime/primitives/letter.ts";
import { local, meshRequest } from "../../runtime/templates.ts";
import { signedFrame } from "../../runtime/testing/frames.ts";
import type { MockRuntime } from "../../runtime/testing/mock_runtime.ts";
import { settled } from "../../runtime/testing/virtual_clock.ts";
import { assertBalanced } from "../helpers/books.ts";
import { TestService, type TextBehavior, textSchema } from "../helpers/kinds.ts";
import { keysIn, LIFE_PLACES, type Lives } from "../helpers/lives.ts";
import { alice } from "../helpers/stage_context.ts";

const task: TextBehavior = meshRequest("test:task", "").withVersion(1, textSchema)
  .with({ onError: { handler: "queue" } });
const psst: TextBehavior = local("test:psst", "").withVersion(1, textSchema);

/** A life whose handlers fail as long as they are told to. */
async function nextLife(lives: Lives) {
  const handled: string[] = [];
  const trouble = { isThere: true };
  const service = new TestService((rt) => {
    for (const kind of [task, psst]) {
      rt.register(kind, {
        1: ({ payload }, { effects }) => {
          effects.set(payload.text, new Uint8Array([1]));
          if (trouble.isThere) throw new Error("boom");
          handled.push(payload.text);
        },
      });
    }
  });
  const mock = await lives.open({ services: [service] });
  const { deadLetters } = mock.runtime;
  return { mock, service, handled, trouble, desk: deadLetters };
}

async function receive({ runtime, clock }: MockRuntime, text: string): Promise<void> {
  const draft = task.draft({ text }, { to: runtime.me.id });
  await runtime.receive(
    await signedFrame(draft, { from: alice, spec: task.spec, atNs: clock.nowNs() }),
    "mock:x",
  );
}

async function stop({ runtime }: MockRuntime): Promise<void> {
  await runtime.stop();
  assertBalanced(runtime);
}

for (const place of LIFE_PLACES) {
  const lettersTest = (says: string, check: (lives: Lives) => Promise<void>) =>
    Deno.test({
      name: `LetterDesk.retry() ${says}, over ${place.name}`,
      ignore: place.ignore,
      fn: () => place.use(check),
    });

  lettersTest(
    "hands a received message to its handler again, in a later life too, and its effects count",
    async (lives) => {
      const first = await nextLife(lives);
      await receive(first.mock, "tea");
      const [{ id, direction, stage, fromId }] = first.desk.list().letters;
      assertEquals([direction, stage, fromId], ["receive", "handler", alice.id]);
      await assertRejects(() => first.desk.retry(id), Error, "boom");
      assertEquals([first.desk.size, first.handled], [1, []]);
      await stop(first.mock);
      await lives.clock.advance(86_400_000); // Long after the message was fresh.
      const second = await nextLife(lives);
      second.trouble.isThere = false;
      assertEquals(await second.desk.retry(id), { outcome: "handled" });
      assertEquals([second.desk.size, second.handled], [0, ["tea"]]);
      await assertRejects(() => second.desk.retry(id), DeadLetterError, "Cannot find dead letter");
      await stop(second.mock);
      using file = lives.file();
      assertEquals(keysIn(file, "service:test"), ["tea"]);
    },
  );

  lettersTest("emits a message of our own anew, for its time is past", async (lives) => {
    const first = await nextLife(lives);
    first.mock.unreachable.add(alice.id);
    const { id: before } = await first.service.rt.emit(task.draft({ text: "tea" }, { to: alice.id }));
    await lives.clock.advance(300_000);
    const [{ id, messageId, direction }] = first.desk.list().letters;
    assertEquals([direction, messageId, first.desk.size], ["emit", before, 1]);
    await stop(first.mock);
    const second = await nextLife(lives);
    const emitted = await second.desk.retry(id);
    assertEquals([emitted.outcome, second.desk.size], ["sent", 0]);
    const { id: after, payload, toId } = second.mock.last(task);
    assertEquals([payload.text, toId, after === before], ["tea", alice.id, false]);
    await stop(second.mock);
  });

  lettersTest(
    "keeps a message of our own in the outbox when its target is still away: one letter, one try",
    async (lives) => {
      const { mock, desk, service } = await nextLife(lives);
      mock.unreachable.add(alice.id);
      await service.rt.emit(task.draft({ text: "tea" }, { to: alice.id }));
      await lives.clock.advance(300_000);
      const [{ id }] = desk.list().letters;
      const [one, two] = await Promise.allSettled([desk.retry(id), desk.retry(id)]);
      assertEquals(one.status === "fulfilled" && one.value.outcome, "retrying");
      assertEquals(two.status === "rejected" && two.reason.code, "busy");
      assertEquals(desk.size, 0);
      mock.unreachable.clear();
      await lives.clock.advance(120_000);
      assertEquals(mock.ofKind(task).length, 1);
      await stop(mock);
    },
  );

  lettersTest("emits a local message anew to its handler", async (lives) => {
    const first = await nextLife(lives);
    await first.service.rt.emit(psst.draft({ text: "home" }));
    await settled();
    const [{ id, kind, direction, fromId }] = first.desk.list().letters;
    assertEquals([kind, direction, fromId], [psst.kind, "receive", first.mock.runtime.me.id]);
    await stop(first.mock);
    const second = await nextLife(lives);
    second.trouble.isThere = false;
    assertEquals((await second.desk.retry(id)).outcome, "sent");
    await settled();
    assertEquals([second.handled, second.desk.size], [["home"], 0]);
    await stop(second.mock);
  });
}
