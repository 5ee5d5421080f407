import { assert, assertEquals } from "@std/assert";
import type { HandlerOptions } from "../../runtime/behavior.ts";
import { meshRequest } from "../../runtime/templates.ts";
import type { RetryOptions } from "../../runtime/primitives/outbox.ts";
import { MockRuntime } from "../../runtime/testing/mock_runtime.ts";
import { settled } from "../../runtime/testing/virtual_clock.ts";
import { totalsOf } from "../helpers/books.ts";
import { TroubledFile } from "../helpers/kept.ts";
import { TestService, type TextBehavior, textSchema } from "../helpers/kinds.ts";
import { fileAfter, inShort, keysIn } from "../helpers/lives.ts";
import { Bench } from "../helpers/mock.ts";

const OUTBOX = "runtime:outbox";
const task: TextBehavior = meshRequest("test:task", "Does something").withVersion(1, textSchema);
const report: TextBehavior = meshRequest("test:report", "Says that it is done").withVersion(1, textSchema);

type Work = (options: HandlerOptions, bench: Bench, text: string) => void | Promise<void>;

/** A nara whose tasks are done by `work`; `report` is what it sends along. */
async function benchOf(work: Work, retries: Partial<RetryOptions> = {}) {
  const file = new TroubledFile();
  const service = new TestService((rt) => {
    rt.register(task, { 1: (message, options) => work(options, bench, message.payload.text) });
    rt.register(report);
  });
  const bench: Bench = await Bench.create([], { services: [service], store: file, retries });
  file.commits.length = 0;
  const frame = (text = "a") => bench.frame(task.draft({ text }, { to: bench.mock.runtime.me.id }));
  const sent = () => bench.mock.ofKind(report).map(({ payload }) => payload.text);
  return { bench, file, service, frame, sent };
}

const reporting: Work = ({ effects }, { alice }, text) =>
  effects.emit(report.draft({ text: `done: ${text}` }, { to: alice.id }));
const HANDLED = { outcome: "handled" } as const;
const RECORD_FAILED = { outcome: "error", reason: "record_failed" } as const;

function limitOf({ mock }: Bench, name: string) {
  return mock.runtime.limits.all().find((limit) => limit.name === name)!;
}

Deno.test("Effects.emit() keeps a message in the commit that says that its cause was handled, then sends it", async () => {
  const { bench, file, frame, sent } = await benchOf((options, bench, text) => {
    options.effects.set("done", new TextEncoder().encode(text));
    return reporting(options, bench, text);
  });
  await using _bench = bench;
  assertEquals(await bench.receive(await frame()), HANDLED);
  const [first] = file.commits.map(inShort);
  assertEquals(first.slice(0, 2), ["service:test done", `${OUTBOX} 000000000001`]);
  assert(first[2].startsWith("runtime:seen "));
  await settled();
  assertEquals([sent(), keysIn(file, OUTBOX), inShort(file.commits[1])], [["done: a"], [], [
    `-${OUTBOX} 000000000001`,
  ]]);
});

Deno.test("Effects.emit() sends nothing before the commit, and in order behind it", async () => {
  const { bench, frame, sent } = await benchOf(async ({ effects }, { alice }) => {
    for (const text of ["1", "2", "3"]) effects.emit(report.draft({ text }, { to: alice.id }));
    await settled();
    assertEquals(sent(), []);
  });
  await using _bench = bench;
  assertEquals(await bench.receive(await frame()), HANDLED);
  await settled();
  assertEquals(sent(), ["1", "2", "3"]);
});

Deno.test("Effects.emit() tries again when its target is away, and the handled message stays handled", async () => {
  const { bench, frame, sent } = await benchOf(reporting, { baseMs: 500, capMs: 1_000 });
  await using _bench = bench;
  bench.mock.unreachable.add(bench.alice.id);
  assertEquals(await bench.receive(await frame()), HANDLED);
  await bench.mock.clock.advance(3_000);
  assertEquals([sent(), limitOf(bench, "outbox.messages").inUse()], [[], 1]);
  bench.mock.unreachable.clear();
  await bench.mock.clock.advance(10_000);
  assertEquals([sent(), limitOf(bench, "outbox.messages").inUse()], [["done: a"], 0]);
  assertEquals(totalsOf(bench.mock.runtime, "emit", report.kind).done, 1);
});

for (const commits of [0, 1, 2]) {
  Deno.test(`Effects.emit() of a nara that dies behind ${commits} of its two commits is sent once in all, or its cause is new`, async () => {
    const { bench, file, frame } = await benchOf(reporting);
    const came = await frame();
    await using _bench = bench;
    await bench.receive(came);
    await settled();
    assertEquals(file.commits.length, 2, "kept, and removed when it was sent");
    await using next = await MockRuntime.create({
      store: fileAfter(file.commits.slice(0, commits)),
      clock: bench.mock.clock,
      services: [
        new TestService((rt) => {
          rt.register(task, {
            1: (_message, { effects }) =>
              effects.emit(report.draft({ text: "again" }, { to: bench.alice.id })),
          });
          rt.register(report);
        }),
      ],
    });
    await next.peer("alice");
    await bench.mock.clock.advance(1_000);
    assertEquals(next.ofKind(report).map(({ payload }) => payload.text), commits === 1 ? ["done: a"] : []);
    if (commits === 1) assertEquals(next.last(report).id, bench.mock.last(report).id, "its target knows it");
    const { receipt } = await next.runtime.receive(came, "mock:alice");
    assertEquals(receipt, commits === 0 ? HANDLED : { outcome: "drop", reason: "duplicate_id" });
  });
}

Deno.test("Effects.emit() is undone when the commit is refused, and made once when the message comes again", async () => {
  const { bench, file, frame, sent } = await benchOf(reporting);
  await using _bench = bench;
  const came = await frame();
  file.isRefusing = true;
  assertEquals([await bench.receive(came), await bench.receive(came)], [RECORD_FAILED, RECORD_FAILED]);
  await bench.mock.clock.advance(60_000);
  assertEquals([sent(), limitOf(bench, "outbox.messages").inUse(), limitOf(bench, "outbox.bytes").inUse()], [
    [],
    0,
    0,
  ]);
  file.isRefusing = false;
  assertEquals(await bench.receive(came), HANDLED);
  await bench.mock.clock.advance(60_000);
  assertEquals([sent(), keysIn(file, OUTBOX)], [["done: a"], []]);
});

Deno.test("Effects.emit() that the outbox has no room for fails with all other effects, and leaves the room as it was", async () => {
  const { bench, file, frame, sent } = await benchOf(async (options, bench, text) => {
    options.effects.set("done", new TextEncoder().encode(text));
    for (let times = 0; times < 3; times++) await reporting(options, bench, text);
  }, { messagesMax: 2 });
  await using _bench = bench;
  assertEquals(await bench.receive(await frame()), RECORD_FAILED);
  await settled();
  assertEquals([sent(), file.commits.length, limitOf(bench, "outbox.messages").inUse()], [[], 0, 0]);
  assertEquals(keysIn(file, "service:test"), []);
});

Deno.test("Effects.emit() of what cannot be emitted fails with all other effects", async () => {
  const unknown: TextBehavior = meshRequest("test:unknown", "").withVersion(1, textSchema);
  const drafts = {
    kind: unknown.draft({ text: "" }),
    payload: { ...report.draft({ text: "" }), payload: { tea: 1 } },
  };
  for (const draft of Object.values(drafts)) {
    const { bench, file, frame, sent } = await benchOf(({ effects }, { alice }) => {
      effects.set("done", new Uint8Array());
      effects.emit(report.draft({ text: "fine" }, { to: alice.id }));
      effects.emit(draft);
    });
    await using _bench = bench;
    assertEquals(await bench.receive(await frame()), RECORD_FAILED);
    await settled();
    assertEquals([sent(), file.commits, keysIn(file, "service:test")], [[], [], []]);
  }
});

Deno.test("Effects that a service's store has no room for fail with all other effects", async () => {
  const { bench, file, frame, sent } = await benchOf((options, bench, text) => {
    options.effects.set("large", new Uint8Array(2 * 1024 * 1024));
    return reporting(options, bench, text);
  });
  await using _bench = bench;
  assertEquals(await bench.receive(await frame()), RECORD_FAILED);
  await settled();
  assertEquals([sent(), file.commits, limitOf(bench, "outbox.messages").inUse()], [[], [], 0]);
  assertEquals(limitOf(bench, "store.service:test").overflows(), 1);
});
