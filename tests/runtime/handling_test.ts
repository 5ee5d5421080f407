import { assert, assertEquals } from "@std/assert";
import { receiptOf } from "../../runtime/handling.ts";
import { HANDLER_MS } from "../../runtime/dispatcher.ts";
import { meshRequest } from "../../runtime/templates.ts";
import { settled } from "../../runtime/testing/virtual_clock.ts";
import { totalsOf } from "../helpers/books.ts";
import { TroubledFile } from "../helpers/kept.ts";
import { note, TestService, type TextBehavior, textSchema, whisper } from "../helpers/kinds.ts";
import { inShort, keysIn } from "../helpers/lives.ts";
import { Bench } from "../helpers/mock.ts";
import type { HandlerOptions } from "../../runtime/behavior.ts";
import type { Message } from "../../messages/message.ts";

const SEEN = "runtime:seen";
const MINE = "service:test";
/** At least once: marked when it was handled. */
const task: TextBehavior = meshRequest("test:task", "Does something").withVersion(1, textSchema);

type Handler = (message: Message<{ text: string }>, options: HandlerOptions) => void | Promise<void>;

/** A nara whose notes, tasks and whispers come to `handler`, and its file. */
async function benchOf(handler: Handler) {
  const file = new TroubledFile();
  const service = new TestService((rt) => {
    for (const kind of [note, task, whisper]) rt.register(kind, { 1: handler });
  });
  const bench = await Bench.create([], { services: [service], store: file });
  const commits = () => file.commits.map(inShort);
  const frame = (kind: TextBehavior) =>
    bench.frame(kind.draft({ text: "a" }, { to: bench.mock.runtime.me.id }));
  file.commits.length = 0;
  return { bench, file, service, commits, frame };
}

const HANDLED = { outcome: "handled" } as const;
const RECORD_FAILED = { outcome: "error", reason: "record_failed" } as const;
const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("Handling writes down a best-effort message before its handler runs, and nothing after", async () => {
  let marksBefore = -1;
  const { bench, file, commits, frame } = await benchOf(() => void (marksBefore = keysIn(file, SEEN).length));
  await using _bench = bench;
  assertEquals(await bench.receive(await frame(note)), HANDLED);
  assertEquals([marksBefore, keysIn(file, SEEN).length, commits().length], [1, 1, 1]);
});

Deno.test("Handling writes down a message that is sent until it is handled once its handler is through", async () => {
  let marksBefore = -1;
  const { bench, file, commits, frame } = await benchOf(() => void (marksBefore = keysIn(file, SEEN).length));
  await using _bench = bench;
  assertEquals(await bench.receive(await frame(task)), HANDLED);
  assertEquals([marksBefore, keysIn(file, SEEN).length, commits().length], [0, 1, 1]);
});

Deno.test("Handling writes a handler's effects and the mark of its message in one commit", async () => {
  const { bench, file, commits, frame } = await benchOf((_message, { effects }) => {
    effects.set("cups", bytes("3"));
    effects.delete("pots");
    assertEquals(keysIn(file, MINE), [], "nothing shows before the handler's end");
  });
  await using _bench = bench;
  assertEquals(await bench.receive(await frame(task)), HANDLED);
  const [mark] = keysIn(file, SEEN);
  assertEquals(commits(), [[`${MINE} cups`, `-${MINE} pots`, `${SEEN} ${mark}`]]);
});

Deno.test("Handling writes the effects of a best-effort message, whose mark is there already", async () => {
  const { bench, commits, frame } = await benchOf((_message, { effects }) => effects.set("cups", bytes("3")));
  await using _bench = bench;
  assertEquals(await bench.receive(await frame(note)), HANDLED);
  assertEquals(commits().map((changes) => changes.length), [1, 1]);
  assertEquals(commits()[1], [`${MINE} cups`]);
});

for (const kind of [note, task]) {
  Deno.test(`Handling keeps no effect of a handler of ${kind.kind} that throws, and the message is a duplicate`, async () => {
    let runs = 0;
    const { bench, file, frame } = await benchOf((_message, { effects }) => {
      runs++;
      effects.set("cups", bytes("3"));
      effects.emit(task.draft({ text: "b" }, { to: bench.alice.id }));
      throw new Error("boom");
    });
    await using _bench = bench;
    const came = await frame(kind);
    assertEquals(await bench.receive(came), { outcome: "error", reason: "handler_failed" });
    assertEquals(await bench.receive(came), { outcome: "drop", reason: "duplicate_id" });
    assertEquals([runs, keysIn(file, MINE), keysIn(file, "runtime:outbox")], [1, [], []]);
    assertEquals([keysIn(file, SEEN).length, bench.mock.emitted.length], [1, 0]);
  });
}

Deno.test("Handling takes no effect of a handler whose time was over, whatever it does later", async () => {
  const gate = Promise.withResolvers<void>();
  const { bench, file, frame } = await benchOf(async (_message, { effects }) => {
    await gate.promise;
    effects.set("cups", bytes("3"));
  });
  await using _bench = bench;
  const receipt = bench.receive(await frame(task));
  await bench.mock.clock.advance(HANDLER_MS);
  assertEquals(await receipt, { outcome: "unknown" }, "its sender did not wait so long");
  gate.resolve();
  await settled();
  assertEquals([keysIn(file, MINE), bench.received(task.kind).dropped], [[], { handler_timeout: 1 }]);
});

Deno.test("Handling that cannot write says record_failed, keeps nothing, and takes the message when it comes again", async () => {
  let runs = 0;
  const { bench, file, frame } = await benchOf((_message, { effects }) => {
    runs++;
    effects.set("cups", bytes("3"));
  });
  await using _bench = bench;
  const came = await frame(task);
  file.isRefusing = true;
  for (let times = 1; times <= 3; times++) assertEquals(await bench.receive(came), RECORD_FAILED);
  assertEquals([runs, keysIn(file, MINE), keysIn(file, SEEN)], [3, [], []]);
  file.isRefusing = false;
  assertEquals(await bench.receive(came), HANDLED);
  assertEquals(await bench.receive(came), { outcome: "drop", reason: "duplicate_id" });
  assertEquals([runs, keysIn(file, MINE), keysIn(file, SEEN).length], [4, ["cups"], 1]);
  const { errored, done, dropped } = bench.received(task.kind);
  assertEquals([errored, done, dropped], [{ record: 3 }, 1, { duplicate_id: 1 }]);
  const used = bench.mock.runtime.limits.all().find(({ name }) => name === `store.${MINE}`)!;
  assertEquals(used.inUse(), "cups3".length, "what was refused takes no room");
});

Deno.test("Handling that cannot mark a best-effort message does not hand it to its handler, until it can", async () => {
  let runs = 0;
  const { bench, file, frame } = await benchOf(() => void runs++);
  await using _bench = bench;
  const came = await frame(note);
  file.isRefusing = true;
  assertEquals([await bench.receive(came), runs], [RECORD_FAILED, 0]);
  file.isRefusing = false;
  assertEquals([await bench.receive(came), runs], [HANDLED, 1]);
});

Deno.test("Handling marks no message that stays at home, and writes its effects", async () => {
  const { bench, service, file, commits } = await benchOf((_message, { effects }) =>
    effects.set("cups", bytes("3"))
  );
  await using _bench = bench;
  await service.rt.emit(whisper.draft({ text: "psst" }));
  await settled();
  assertEquals([commits(), keysIn(file, SEEN)], [[[`${MINE} cups`]], []]);
  assertEquals(totalsOf(bench.mock.runtime, "receive", whisper.kind).done, 1);
});

Deno.test("Handling writes nothing in a nara that has no file, and knows duplicates all the same", async () => {
  await using bench = await Bench.create([task]);
  const came = await bench.frame(task.draft({ text: "a" }, { to: bench.mock.runtime.me.id }));
  assertEquals(await bench.receive(came), HANDLED);
  assertEquals(await bench.receive(came), { outcome: "drop", reason: "duplicate_id" });
  assert(bench.mock.runtime.limits.all().every(({ name }) => name !== "seen.marks"));
});

Deno.test("Handling says peer_busy for what its handlers have no room for, writes no mark, and takes it later", async () => {
  const gate = Promise.withResolvers<void>();
  const { bench, file, frame } = await benchOf(() => gate.promise);
  await using _bench = bench;
  const frames = await Promise.all(Array.from({ length: 129 }, () => frame(task)));
  const receipts = frames.map((one) => bench.receive(one));
  assertEquals(await receipts[128], { outcome: "drop", reason: "peer_busy" });
  gate.resolve();
  assertEquals(
    (await Promise.all(receipts.slice(0, 128))).every(({ outcome }) => outcome === "handled"),
    true,
  );
  assertEquals(keysIn(file, SEEN).length, 128);
  assertEquals(await bench.receive(frames[128]), HANDLED);
});

Deno.test("receiptOf() says the stage that failed and never why", () => {
  const error = new Error("the disk /home/secret is full");
  assertEquals(receiptOf({ outcome: "done" }), HANDLED);
  assertEquals(receiptOf({ outcome: "drop", reason: "stopping" }), { outcome: "drop", reason: "stopping" });
  assertEquals(receiptOf({ outcome: "error", stage: "record", error, kept: "queued" }), RECORD_FAILED);
  assertEquals(receiptOf({ outcome: "error", stage: "handler", error, kept: "dropped" }), {
    outcome: "error",
    reason: "handler_failed",
  });
});
