/**
 * What a nara knows in its next life of what it was told in this one, over memory and over a real SQLite file.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { meshRequest } from "../../runtime/templates.ts";
import { store } from "../../runtime/stages/store.ts";
import { signedFrame } from "../../runtime/testing/frames.ts";
import type { MockRuntime } from "../../runtime/testing/mock_runtime.ts";
import { settled } from "../../runtime/testing/virtual_clock.ts";
import type { Receipt } from "../../runtime/transport/mesh.ts";
import { assertBalanced, totalsOf } from "../helpers/books.ts";
import { note, TestService, type TextBehavior, textSchema } from "../helpers/kinds.ts";
import { keysIn, LIFE_PLACES, type Lives } from "../helpers/lives.ts";
import { alice } from "../helpers/stage_context.ts";

const PENDING = "runtime:pending";
const task: TextBehavior = meshRequest("test:task", "Does something").withVersion(1, textSchema);
const fact: TextBehavior = meshRequest("test:fact", "Is kept").withVersion(1, textSchema)
  .with({ receive: { store: store(2) }, onError: { handler: "queue" } });
const KINDS = { "best effort": note, "at least once": task, stored: fact } as const;
type Promised = keyof typeof KINDS;
const PROMISED = Object.keys(KINDS) as Promised[];

const HANDLED: Receipt = { outcome: "handled" };
const DUPLICATE: Receipt = { outcome: "drop", reason: "duplicate_id" };

/** Speaks all kinds and keeps what came; a handler does not come to its end while `isStuck`. */
class Scribe extends TestService {
  readonly texts: string[] = [];
  isStuck = false;
  fails = false;

  constructor(kinds: readonly TextBehavior[] = Object.values(KINDS)) {
    super((rt) => {
      for (const kind of kinds) {
        rt.register(kind, {
          1: (message, { signal }) => {
            this.texts.push(message.payload.text);
            if (this.fails) throw new Error("boom");
            if (!this.isStuck) return;
            return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
          },
        });
      }
    });
  }
}

/** The next life, and who lives it. */
async function nextLife(lives: Lives, scribe: Scribe = new Scribe()) {
  const mock = await lives.open({ services: [scribe] });
  mock.runtime.keyring.pin(alice.id, alice.keypair.publicKey, alice.name);
  await settled();
  const receive = async (frame: Uint8Array) => (await mock.runtime.receive(frame, "mock:x")).receipt;
  return { mock, scribe, receive };
}

let stamp = 0n;

/** A frame of alice to the nara of all lives. */
async function frameOf(
  kind: TextBehavior,
  { runtime: { me }, clock }: MockRuntime,
  text: string = kind.kind,
) {
  const atNs = clock.nowNs() + stamp++;
  return await signedFrame(kind.draft({ text }, { to: me.id }), { from: alice, spec: kind.spec, atNs });
}

async function stop({ runtime }: MockRuntime): Promise<void> {
  await runtime.stop();
  assertBalanced(runtime);
}

for (const place of LIFE_PLACES) {
  for (const promised of PROMISED) {
    Deno.test({
      name: `Runtime handles no replay of a ${promised} message in later lives, over ${place.name} [R63]`,
      ignore: place.ignore,
      fn: () =>
        place.use(async (lives) => {
          const first = await nextLife(lives);
          const frame = await frameOf(KINDS[promised], first.mock);
          assertEquals([await first.receive(frame), await first.receive(frame)], [HANDLED, DUPLICATE]);
          await stop(first.mock);
          const second = await nextLife(lives);
          assertEquals([await second.receive(frame), second.scribe.texts], [DUPLICATE, []]);
          await lives.crash(second.mock);
          await lives.clock.advance(290_000);
          const third = await nextLife(lives);
          assertEquals([await third.receive(frame), third.scribe.texts], [DUPLICATE, []]);
          await lives.clock.advance(20_000);
          assertEquals(await third.receive(frame), { outcome: "drop", reason: "stale" });
          await stop(third.mock);
        }),
    });
  }

  Deno.test({
    name: `Runtime that dies in the middle of a best-effort handler never runs it again, over ${place.name}`,
    ignore: place.ignore,
    fn: () =>
      place.use(async (lives) => {
        const first = await nextLife(lives);
        first.scribe.isStuck = true;
        const frame = await frameOf(note, first.mock);
        const answer = first.receive(frame);
        await settled();
        assertEquals(first.scribe.texts.length, 1);
        await lives.crash(first.mock);
        await answer;
        const second = await nextLife(lives);
        assertEquals([await second.receive(frame), second.scribe.texts], [DUPLICATE, []]);
        await stop(second.mock);
      }),
  });

  Deno.test({
    name:
      `Runtime that dies in the middle of an at-least-once handler runs it when it comes again, over ${place.name}`,
    ignore: place.ignore,
    fn: () =>
      place.use(async (lives) => {
        const first = await nextLife(lives);
        first.scribe.isStuck = true;
        const frame = await frameOf(task, first.mock);
        const answer = first.receive(frame);
        await settled();
        await lives.crash(first.mock);
        await answer;
        const second = await nextLife(lives);
        assertEquals(second.scribe.texts, [], "nobody sends it again by itself");
        assertEquals([await second.receive(frame), await second.receive(frame)], [HANDLED, DUPLICATE]);
        assertEquals(second.scribe.texts.length, 1);
        await stop(second.mock);
      }),
  });

  Deno.test({
    name:
      `Resumption.run() runs the handlers of stored messages that no life came through with, over ${place.name}`,
    ignore: place.ignore,
    fn: () =>
      place.use(async (lives) => {
        let life = await nextLife(lives);
        const frames: Uint8Array[] = [];
        for (let count = 0; count < 3; count++) {
          life.scribe.isStuck = true;
          const frame = await frameOf(fact, life.mock, `${count}`);
          frames.push(frame);
          const answer = life.receive(frame);
          await settled();
          await lives.crash(life.mock);
          await answer;
          const scribe = new Scribe();
          scribe.isStuck = count < 2;
          life = await nextLife(lives, scribe);
        }
        // The first was stuck in each life; the last life comes through with all, one after the other.
        assertEquals(life.scribe.texts.toSorted(), ["0", "1", "2"]);
        for (const frame of frames) assertEquals(await life.receive(frame), DUPLICATE);
        assertEquals(totalsOf(life.mock.runtime, "receive", fact.kind).done, 3);
        assertEquals(life.mock.runtime.ledger.count(), 3);
        await stop(life.mock);
        const later = await nextLife(lives);
        assertEquals(later.scribe.texts, [], "once is enough");
        await stop(later.mock);
        using file = lives.file();
        assertEquals(keysIn(file, PENDING), []);
      }),
  });

  Deno.test({
    name:
      `Resumption.run() puts a stored message whose handler throws with the dead letters, over ${place.name}`,
    ignore: place.ignore,
    fn: () =>
      place.use(async (lives) => {
        const first = await nextLife(lives);
        first.scribe.isStuck = true;
        const answer = first.receive(await frameOf(fact, first.mock));
        await settled();
        await lives.crash(first.mock);
        await answer;
        const scribe = new Scribe();
        scribe.fails = true;
        const second = await nextLife(lives, scribe);
        assertEquals([scribe.texts.length, second.mock.runtime.deadLetters.size], [1, 1]);
        await stop(second.mock);
        using file = lives.file();
        assertEquals(keysIn(file, PENDING), []);
      }),
  });

  Deno.test({
    name:
      `Resumption.run() warns of what it cannot read, goes on, and takes it up once it can, over ${place.name}`,
    ignore: place.ignore,
    fn: () =>
      place.use(async (lives) => {
        const other: TextBehavior = fact.with({}) as TextBehavior;
        const gone: TextBehavior = meshRequest("test:gone", "").withVersion(1, textSchema)
          .with({ receive: { store: store(2) } });
        const stuck = new Scribe([other, gone]);
        stuck.isStuck = true;
        const first = await nextLife(lives, stuck);
        const answers = [];
        for (const kind of [gone, other]) answers.push(first.receive(await frameOf(kind, first.mock)));
        await settled();
        assertEquals(stuck.texts.length, 2);
        await lives.crash(first.mock);
        await Promise.all(answers);

        const second = await nextLife(lives, new Scribe([other]));
        assertEquals(second.scribe.texts, [other.kind]);
        const warned = second.mock.logs.filter(({ level }) => level === "warn").map(({ message }) => message);
        assertEquals(warned, ["a stored message of an earlier run cannot be handled"]);
        await stop(second.mock);

        const third = await nextLife(lives, new Scribe([other, gone]));
        assertEquals(third.scribe.texts, [gone.kind]);
        await stop(third.mock);
      }),
  });

  Deno.test({
    name: `Resumption.run() forgets what was never stored, or has made room for others, over ${place.name}`,
    ignore: place.ignore,
    fn: () =>
      place.use(async (lives) => {
        {
          using file = lives.file();
          file.setAll(PENDING, [["0123456789abcdef", new Uint8Array()]]);
        }
        const { mock, scribe } = await nextLife(lives);
        assertEquals([scribe.texts, mock.logs], [[], []]);
        await stop(mock);
        using file = lives.file();
        assertEquals(keysIn(file, PENDING), []);
      }),
  });

  Deno.test({
    name:
      `Runtime.stop() with a stored message in its handler leaves it for the next life, over ${place.name}`,
    ignore: place.ignore,
    fn: () =>
      place.use(async (lives) => {
        const first = await nextLife(lives);
        first.scribe.isStuck = true;
        const answer = first.receive(await frameOf(fact, first.mock));
        await settled();
        await stop(first.mock);
        assertEquals(await answer, { outcome: "drop", reason: "stopping" });
        const second = await nextLife(lives);
        assertEquals(second.scribe.texts, [fact.kind]);
        await stop(second.mock);
      }),
  });

  Deno.test({
    name:
      `Runtime.stop() with a busy outbox loses nothing: the next life sends all, in order, over ${place.name}`,
    ignore: place.ignore,
    fn: () =>
      place.use(async (lives) => {
        const gate = Promise.withResolvers<never>();
        gate.promise.catch(() => {});
        const service = new TestService((rt) => rt.register(task));
        const first = await lives.open({ services: [service], retries: { baseMs: 1_000, capMs: 1_000 } });
        first.unreachable.add(alice.id);
        for (const text of ["1", "2", "3"]) {
          const { outcome } = await service.rt.emit(task.draft({ text }, { to: alice.id }));
          assertEquals(outcome, "retrying");
        }
        const late = service.rt.emit(task.draft({ text: "4" }, { to: alice.id })); // While it stops.
        await stop(first);
        assertEquals((await late).outcome, "retrying");
        const again = new TestService((rt) => rt.register(task));
        const second = await lives.open({ services: [again] });
        assert(second.runtime.limits.all().find(({ name }) => name === "outbox.messages")!.inUse() === 4);
        await again.rt.emit(task.draft({ text: "5" }, { to: alice.id }));
        await lives.clock.advance(10_000);
        assertEquals(second.ofKind(task).map(({ payload }) => payload.text), ["1", "2", "3", "4", "5"]);
        assertEquals(totalsOf(second.runtime, "emit", task.kind).done, 5);
        await stop(second);
      }),
  });
}

for (const place of LIFE_PLACES) {
  Deno.test({
    name:
      `Resumption.run() does not run a handler twice whose message comes again meanwhile, over ${place.name}`,
    ignore: place.ignore,
    fn: () =>
      place.use(async (lives) => {
        const first = await nextLife(lives);
        first.scribe.isStuck = true;
        const frames = [await frameOf(fact, first.mock, "1"), await frameOf(fact, first.mock, "2")];
        const answers = frames.map(first.receive);
        await settled();
        await lives.crash(first.mock);
        await Promise.all(answers);

        const scribe = new Scribe();
        scribe.isStuck = true; // The one that comes first holds up the other.
        const early: Promise<Receipt>[] = [];
        const second = await lives.open({ services: [scribe] });
        scribe.isStuck = false;
        for (const frame of frames) {
          early.push(second.runtime.receive(frame, "mock:x").then(({ receipt }) => receipt));
        }
        await settled();
        await lives.clock.advance(30_000); // So long has the first.
        assertEquals(await Promise.all(early), [DUPLICATE, DUPLICATE]);
        assertEquals(scribe.texts.toSorted(), ["1", "2"]);
        await stop(second);
      }),
  });
}
