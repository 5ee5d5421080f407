import { assert, assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { MemoryStore } from "../../runtime/primitives/memory_store.ts";
import { ServiceStore } from "../../runtime/primitives/store.ts";
import type { Message } from "../../messages/message.ts";
import { Dispatcher, HANDLER_MS } from "../../runtime/dispatcher.ts";
import { Books } from "../../runtime/primitives/books.ts";
import { type AnyHandler, type Handled, Registry } from "../../runtime/registry.ts";
import { settled, VirtualClock } from "../../runtime/testing/virtual_clock.ts";
import { note } from "../helpers/kinds.ts";
import { alice, mallory, messageOf } from "../helpers/stage_context.ts";

const fromAlice = messageOf({ fromId: alice.id });
const fromMallory = messageOf({ fromId: mallory.id });

function bench(handler?: AnyHandler, behavior = note) {
  const clock = new VirtualClock();
  const dispatcher = new Dispatcher(clock);
  const registry = new Registry(new Books());
  registry.add(
    behavior.spec,
    handler ? { 1: handler } : {},
    "test",
    new ServiceStore(new MemoryStore(), "test"),
  );
  const registered = registry.forDraft("test:note");
  const dispatch = (message: Message): Promise<Handled> =>
    new Promise((resolve) => dispatcher.dispatch(registered, message, resolve));
  return { clock, dispatcher, dispatch, [Symbol.dispose]: () => dispatcher[Symbol.dispose]() };
}

const boom = new Error("boom");
const HANDLERS: Readonly<Record<string, [AnyHandler, Handled]>> = {
  "is done at once": [() => {}, { outcome: "done" }],
  "is done later": [() => Promise.resolve(), { outcome: "done" }],
  "throws": [() => {
    throw boom;
  }, { outcome: "error", error: boom }],
  "rejects": [() => Promise.reject(boom), { outcome: "error", error: boom }],
};

for (const [says, [handler, handled]] of Object.entries(HANDLERS)) {
  Deno.test(`Dispatcher.dispatch() tells how it ended where a handler ${says}`, async () => {
    using made = bench(handler);
    assertEquals(await made.dispatch(fromAlice), handled);
    assertEquals(await made.dispatch(fromAlice), handled, "the lane goes on");
    assertEquals(made.dispatcher.running, 0);
  });
}

Deno.test("Dispatcher.dispatch() hands the message itself to the handler of its version; none is fine too", async () => {
  const heard: Message[] = [];
  using made = bench((message) => void heard.push(message));
  await made.dispatch(fromAlice);
  assertEquals(await made.dispatch(messageOf({ version: 2 })), { outcome: "done" });
  assertEquals(heard, [fromAlice]);
});

Deno.test("Dispatcher frees the lane of a handler that never ends after 30 s, and aborts its signal", async () => {
  const signals: AbortSignal[] = [];
  using made = bench((_, options) => {
    signals.push(options.signal);
    return new Promise(() => {});
  });
  const handled = made.dispatch(fromAlice);
  await made.clock.advance(HANDLER_MS - 1);
  assertEquals([made.dispatcher.running, signals[0].aborted], [1, false]);
  await made.clock.advance(1);
  assertEquals([await handled, made.dispatcher.running, signals[0].aborted], [
    { outcome: "timeout" },
    0,
    true,
  ]);
  assertStringIncludes(String(signals[0].reason), "30 s");
});

Deno.test("Dispatcher gives a handler that asks too late a signal that has aborted", async () => {
  const asks: (() => AbortSignal)[] = [];
  using made = bench((_, options) => {
    asks.push(() => options.signal);
    return new Promise(() => {});
  });
  const handled = made.dispatch(fromAlice);
  await made.clock.advance(HANDLER_MS);
  await handled;
  assert(asks[0]().aborted && asks[0]() === asks[0]());
});

Deno.test("Dispatcher counts a handler once that ends, or fails, after its time", async () => {
  for (const end of ["resolve", "reject"] as const) {
    const late = Promise.withResolvers<void>();
    using made = bench(() => late.promise);
    let ends = 0;
    const handled = made.dispatch(fromAlice).then((each) => (ends++, each));
    await made.clock.advance(HANDLER_MS);
    late[end](boom as never);
    await settled();
    assertEquals([await handled, ends], [{ outcome: "timeout" }, 1]);
  }
});

Deno.test("Dispatcher never aborts a handler that came back in time", async () => {
  let signal: AbortSignal | undefined;
  using made = bench(async (_, options) => {
    signal = options.signal;
    await Promise.resolve();
  });
  await made.dispatch(fromAlice);
  await made.clock.advance(HANDLER_MS * 2);
  assertFalse(signal!.aborted);
  assertEquals(made.clock.pending, 0);
});

Deno.test("Dispatcher says busy to the 129th message of a sender, and handles those of others", async () => {
  using made = bench((message) => message.fromId === alice.id ? new Promise(() => {}) : undefined);
  const all = Array.from({ length: 128 }, () => made.dispatch(fromAlice));
  assertEquals(await made.dispatch(fromAlice), { outcome: "busy" });
  assertEquals(await made.dispatch(fromMallory), { outcome: "done" });
  assertEquals(made.dispatcher.running, 64);
  await made.clock.advance(2 * HANDLER_MS);
  assertEquals((await Promise.all(all)).every(({ outcome }) => outcome === "timeout"), true);
  assertEquals(made.dispatcher.running, 0);
});

Deno.test("Dispatcher runs one handler of a sender after another where the behavior is ordered", async () => {
  const ends: (() => void)[] = [];
  using made = bench(() => new Promise((resolve) => ends.push(resolve)), note.ordered());
  const all = [1, 2, 3].map(() => made.dispatch(fromAlice));
  const others = made.dispatch(fromMallory);
  assertEquals(ends.length, 2);
  for (let at = 0; at < 4; at++) {
    ends[at]();
    await settled();
  }
  await Promise.all([...all, others]);
});

Deno.test("Dispatcher aborts what runs when it is disposed of, and leaves no timer behind", async () => {
  let signal: AbortSignal | undefined;
  const { clock, dispatcher, dispatch } = bench((_, options) => {
    signal = options.signal;
    return new Promise(() => {});
  });
  const handled = dispatch(fromAlice);
  dispatcher[Symbol.dispose]();
  assertEquals([await handled, signal!.aborted], [{ outcome: "stopped" }, true]);
  signal = undefined;
  assertEquals([await dispatch(fromAlice), signal], [{ outcome: "stopped" }, undefined]);
  await settled();
  assertEquals([clock.pending, dispatcher.running], [0, 0]);
});

Deno.test("Dispatcher that is disposed of runs nothing that waited in a lane", async () => {
  let begun = 0;
  const { dispatcher, dispatch } = bench(() => {
    begun++;
    return new Promise(() => {});
  });
  const all = Array.from({ length: 100 }, () => dispatch(fromAlice));
  dispatcher[Symbol.dispose]();
  assertEquals((await Promise.all(all)).every(({ outcome }) => outcome === "stopped"), true);
  assertEquals(begun, 64);
});
