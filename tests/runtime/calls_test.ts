import {
  assert,
  assertEquals,
  assertFalse,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import type { Message } from "../../messages/message.ts";
import { CallError } from "../../runtime/call_error.ts";
import { Calls, CALLS_MAX, type PendingCall } from "../../runtime/calls.ts";
import { settled, VirtualClock } from "../../runtime/testing/virtual_clock.ts";
import { alice, mallory, me, messageOf } from "../helpers/stage_context.ts";

const request = messageOf({ kind: "test:question", fromId: me.id, toId: alice.id });
const byAddress = messageOf({
  payload: { text: "anyone?" },
  kind: "test:question",
  fromId: me.id,
  toId: undefined,
  toAddress: "memory:x",
});

/** A verified answer of alice to the request, but for what is different. */
function reply(parts: Parameters<typeof messageOf>[0] = {}): Message {
  return messageOf({
    kind: "test:answer",
    fromId: alice.id,
    toId: me.id,
    inReplyTo: request.id,
    proof: "envelope",
    ...parts,
  });
}

function bench() {
  const clock = new VirtualClock();
  const calls = new Calls(clock);
  const wait = (options: Partial<PendingCall> = {}): Promise<Message> =>
    calls.wait({ request, replyKind: "test:answer", replyVersion: 1, deadlineMs: 1_000, ...options });
  return { clock, calls, wait, [Symbol.dispose]: () => calls[Symbol.dispose]() };
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => promise, CallError)).code;
}

Deno.test("Calls.wait() resolves with the reply of the callee", async () => {
  using made = bench();
  const answered = made.wait();
  const right = reply();
  assert(made.calls.offer(right));
  assert(await answered === right);
  assertEquals([made.calls.size, made.calls.unexpected], [0, 0]);
});

const NO_REPLIES: Readonly<Record<string, Message>> = {
  "from another than the callee": reply({ fromId: mallory.id }),
  "of another kind": reply({ kind: "test:note" }),
  "of another version": reply({ version: 2 }),
  "to another request": reply({ inReplyTo: "0123456789abcdef" }),
  "to no request": reply({ inReplyTo: undefined }),
  "from nobody": reply({ fromId: "" }),
};

for (const [says, message] of Object.entries(NO_REPLIES)) {
  Deno.test(`Calls.offer() takes no reply ${says}, counts it, and goes on waiting`, async () => {
    using made = bench();
    const answered = made.wait();
    assertFalse(made.calls.offer(message));
    assertFalse(made.calls.offer(message, request), "not even in the response to the request");
    assertEquals([made.calls.size, made.calls.unexpected], [1, 2]);
    const right = reply();
    assert(made.calls.offer(right));
    assert(await answered === right);
  });
}

Deno.test("Calls.offer() takes a reply once: the second of two is counted", async () => {
  using made = bench();
  const answered = made.wait();
  const [first, second] = [reply(), reply({ payload: { text: "no, wait" } })];
  assert(made.calls.offer(first));
  assertFalse(made.calls.offer(second));
  assert(await answered === first);
  assertEquals(made.calls.unexpected, 1);
});

Deno.test("Calls.offer() takes no reply that comes behind the deadline", async () => {
  using made = bench();
  const answered = made.wait();
  const failed = codeOf(answered);
  await made.clock.advance(1_000);
  assertFalse(made.calls.offer(reply()));
  assertEquals([await failed, made.calls.unexpected, made.calls.size], ["timeout", 1, 0]);
});

Deno.test("Calls.wait() takes a reply in the last millisecond and fails in the next, naming callee, kind and time", async () => {
  using made = bench();
  const last = made.wait();
  await made.clock.advance(999);
  assert(made.calls.offer(reply()));
  await last;
  const failed = assertRejects(() => made.wait({ request: request.with({ to: "alice" }) }), CallError);
  await made.clock.advance(1_000);
  assertStringIncludes(
    (await failed).message,
    "alice to answer test:question: no test:answer came within 1000 ms",
  );
});

Deno.test("Calls.offer() answers a call by address only by what came in the response to its own request", async () => {
  using made = bench();
  const answered = made.wait({ request: byAddress });
  const right = reply({ inReplyTo: byAddress.id });
  assertFalse(made.calls.offer(right), "it came by itself");
  assertFalse(made.calls.offer(right, request), "it came in the response to another request");
  assert(made.calls.offer(right, byAddress));
  assert(await answered === right);
});

Deno.test("Calls.wait() fails with the signal's reason when it aborts, before or while it waits", async () => {
  using made = bench();
  const controller = new AbortController();
  const failed = assertRejects(() => made.wait({ signal: controller.signal }), Error, "changed my mind");
  controller.abort(new Error("changed my mind"));
  await failed;
  await assertRejects(() => made.wait({ signal: controller.signal }), Error, "changed my mind");
  assertFalse(made.calls.offer(reply()));
  assertEquals(made.calls.size, 0);
});

Deno.test("Calls.wait() keeps no listener on a signal when the call is over", async () => {
  using made = bench();
  const listening = new Set<unknown>();
  const { signal } = new AbortController();
  signal.addEventListener = (_: string, listener: unknown) => void listening.add(listener);
  signal.removeEventListener = (_: string, listener: unknown) => void listening.delete(listener);
  const answered = made.wait({ signal });
  assertEquals(listening.size, 1);
  made.calls.offer(reply());
  await answered;
  assertEquals(listening.size, 0);
});

Deno.test(`Calls.wait() refuses more than ${CALLS_MAX} at once, before anything is sent`, async () => {
  using made = bench();
  const all = Array.from({ length: CALLS_MAX }, (_, at) => {
    const each = messageOf({ fromId: me.id, payload: { text: `${at}` } });
    return made.wait({ request: each });
  });
  assertEquals(assertThrows(() => made.wait(), CallError).code, "too_many");
  assertEquals(made.calls.size, CALLS_MAX);
  made.calls[Symbol.dispose]();
  assertEquals((await Promise.allSettled(all)).every(({ status }) => status === "rejected"), true);
});

Deno.test("Calls.fail() ends a call with an error, and one that is over not again", async () => {
  using made = bench();
  const failed = assertRejects(() => made.wait(), Error, "no way there");
  made.calls.fail(request.id, new Error("no way there"));
  made.calls.fail(request.id, new Error("too late"));
  made.calls.fail("nobody's", new Error("whose?"));
  await failed;
  assertFalse(made.calls.offer(reply()));
});

Deno.test("Calls fail when the runtime stops, and leave no timer behind", async () => {
  const { clock, calls, wait } = bench();
  const failed = codeOf(wait());
  calls[Symbol.dispose]();
  assertEquals(await failed, "stopped");
  await settled();
  assertEquals([clock.pending, calls.size], [0, 0]);
});

Deno.test("Calls tell whoever measures how long each took, those that failed included", async () => {
  const clock = new VirtualClock();
  const took: [string, number][] = [];
  using calls = new Calls(clock, (kind, ms) => void took.push([kind, ms]));
  const options = { replyKind: "test:answer", replyVersion: 1, deadlineMs: 1_000 };
  const answered = calls.wait({ request, ...options });
  const late = codeOf(calls.wait({ request: byAddress, ...options }));
  await clock.advance(40);
  assert(calls.offer(reply()));
  await answered;
  await clock.advance(1_000);
  assertEquals(await late, "timeout");
  assertEquals(took, [["test:question", 40], ["test:question", 1_000]]);
});
