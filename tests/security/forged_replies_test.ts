/**
 * R65: only the callee's own reply resolves a call: signed by it, of the kind that was asked for, in time, to this very request.
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import type { Message } from "../../messages/message.ts";
import { CallError } from "../../runtime/call_error.ts";
import { SeededRandom } from "../../runtime/testing/seeded_random.ts";
import { settled } from "../../runtime/testing/virtual_clock.ts";
import type { Identity } from "../../utilities/identity.ts";
import { letter, otherReply, riddle, type Sample, saying, solution } from "../helpers/all_kinds.ts";
import {
  alice,
  ENTRY_POINTS,
  type FrameOfOptions,
  gopher,
  mallory,
  stranger,
  Target,
  tries,
} from "../helpers/hostile.ts";
import { lacking } from "../helpers/permissions.ts";
import { messageOf } from "../helpers/stage_context.ts";

const FORGED = tries(10_000);
const DEADLINE_MS = 60_000;

/** A call that waits. */
interface Waiting {
  readonly request: Message;
  readonly callee: Identity;
  readonly reply: Promise<Message<{ text: string }>>;
}

/** Calls, half of them to alice and half to the gopher, that nobody has answered yet. */
function callsOf({ runtime, clock }: Target, count: number): Waiting[] {
  const waiting = Array.from({ length: count }, (_, at): Waiting => {
    const callee = at % 2 === 0 ? alice : gopher;
    const request = messageOf({
      kind: riddle.kind,
      fromId: runtime.me.id,
      toId: callee.id,
      timestamp: clock.nowNs() + BigInt(at),
      payload: saying(`riddle ${at}`),
    });
    const reply = runtime.calls.wait({
      request,
      replyKind: solution.kind,
      replyVersion: 1,
      deadlineMs: DEADLINE_MS,
    }) as Waiting["reply"];
    reply.catch(() => {}); // Looked at later.
    return { request, callee, reply };
  });
  assertEquals(runtime.calls.size, count);
  return waiting;
}

const sampleOf = ({ samples }: Target, kind: string): Sample =>
  samples.find(({ spec }) => spec.kind === kind)!;

/** What a forger may say of a call, and why it is dropped: by a reason, or by one where whole envelopes are expected. */
interface Forgery {
  readonly what: string;
  readonly kind?: string;
  readonly reason: (callee: Identity) => string;
  readonly options: (call: Waiting, guess: string) => FrameOfOptions;
}

const other = (callee: Identity): Identity => callee === alice ? gopher : alice;
const form = (from: Identity) => from === gopher ? "go" : "ours";
const answering = ({ request: { id } }: Waiting) => ({ inReplyTo: id });

const FORGERIES: readonly Forgery[] = [
  {
    what: "a known peer answers in its own name",
    reason: () => "unexpected_reply",
    options: (call) => ({ from: mallory, draft: answering(call) }),
  },
  {
    what: "another callee answers",
    reason: () => "unexpected_reply",
    options: (call) => ({ from: other(call.callee), form: form(other(call.callee)), draft: answering(call) }),
  },
  {
    what: "another key answers in the callee's name",
    reason: () => "invalid_signature",
    options: (call) => ({ from: { ...mallory, id: call.callee.id }, draft: answering(call) }),
  },
  {
    what: "nobody signs in the callee's name",
    reason: (callee) => callee === alice ? "downgraded" : "invalid_signature",
    options: (call) => ({ from: call.callee, form: "unsigned", draft: answering(call) }),
  },
  {
    what: "a stranger answers",
    reason: () => "unknown_sender",
    options: (call) => ({ from: stranger, draft: answering(call) }),
  },
  {
    what: "the callee answers with another kind",
    kind: otherReply.kind,
    reason: () => "unexpected_reply",
    options: (call) => ({ from: call.callee, form: form(call.callee), draft: answering(call) }),
  },
  {
    what: "the callee answers a request that was guessed",
    reason: () => "unexpected_reply",
    options: ({ callee }, guess) => ({ from: callee, form: form(callee), draft: { inReplyTo: guess } }),
  },
  {
    what: "the callee answers somebody else",
    reason: () => "not_for_me",
    options: (call) => ({
      from: call.callee,
      form: form(call.callee),
      to: mallory.id,
      draft: answering(call),
    }),
  },
  {
    what: "the callee's answer of another day",
    reason: () => "stale",
    options: (call) => ({
      from: call.callee,
      form: form(call.callee),
      ageMs: 86_400_000,
      draft: answering(call),
    }),
  },
];

const BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

function guessed(random: SeededRandom): string {
  return Array.from({ length: 16 }, () => BASE58[Math.floor(random.next() * BASE58.length)]).join("");
}

function forged(target: Target, { kind = solution.kind, options }: Forgery, call: Waiting, guess: string) {
  return target.frameOf(sampleOf(target, kind), options(call, guess));
}

async function assertStillAnswered(target: Target, calls: readonly Waiting[]): Promise<void> {
  for (const [at, { request, callee, reply }] of calls.entries()) {
    const frame = await target.frameOf(sampleOf(target, solution.kind), {
      from: callee,
      form: form(callee),
      draft: { payload: saying(`solution ${at}`), inReplyTo: request.id },
    });
    await target.attempt(frame);
    assertEquals((await reply).payload.text, `solution ${at}`);
  }
}

/** What a message leaves behind that its true sender signed, and that answers nothing. */
const LEFT_BEHIND = new Set(["seen", "peers", "pins", "told to subscribers", "written to the store"]);

for (const entry of ENTRY_POINTS) {
  Deno.test({
    name: `Calls resolve for no forged reply, over ${entry.name} [R65]`,
    ignore: lacking(...entry.rights),
    fn: async () => {
      await using target = await Target.open(entry);
      const calls = callsOf(target, 4);
      const random = new SeededRandom(65);
      for (const forgery of FORGERIES) {
        for (const call of calls) {
          const attempt = await target.attempt(await forged(target, forgery, call, guessed(random)));
          const what = `${forgery.what}, where ${call.callee.name} is asked: ${JSON.stringify(attempt)}`;
          if (attempt.receipt && "reason" in attempt.receipt && attempt.receipt.reason === "unauthorized") {
            continue;
          }
          assertEquals(attempt.dropped, [forgery.reason(call.callee)], what);
          assertEquals(attempt.changed.filter((name) => !LEFT_BEHIND.has(name)), [], what);
        }
      }
      await assertStillAnswered(target, calls.filter(({ callee }) => callee === alice));
      assertEquals(target.runtime.calls.size, 2);
      target.runtime.calls[Symbol.dispose]();
    },
  });
}

Deno.test(`Calls resolve for none of ${FORGED} forged replies, and then for the real ones, once [R65]`, async () => {
  await using target = await Target.open();
  const calls: Waiting[] = [];
  for (let at = 0; at < 16; at++) {
    const callee = at % 2 === 0 ? alice : gopher;
    const draft = riddle.draft(saying(`riddle ${at}`), { to: callee.id });
    const reply = target.service.rt.call(draft, solution, { deadlineMs: DEADLINE_MS });
    await settled();
    calls.push({ request: target.said.at(-1)!, callee, reply });
  }
  const random = new SeededRandom(65);
  const pick = <T>(list: readonly T[]) => list[Math.floor(random.next() * list.length)];
  const { handled } = target.effects();
  for (let at = 0; at < FORGED; at += 100) {
    await Promise.all(Array.from({ length: 100 }, async (_, lane) => {
      const [call, forgery] = [pick(calls), pick(FORGERIES)];
      const frame = await forged(target, forgery, call, guessed(random));
      const { receipt } = await target.runtime.receive(frame, `mock:${lane}`);
      assertEquals(receipt, { outcome: "drop", reason: forgery.reason(call.callee) }, forgery.what);
    }));
  }
  assertEquals([target.runtime.calls.size, target.effects().handled], [calls.length, handled]);
  await assertStillAnswered(target, calls);
});

Deno.test("Calls take one reply: a second, other one of the callee's answers nothing [R65]", async () => {
  await using target = await Target.open();
  const calls = callsOf(target, 2);
  await assertStillAnswered(target, calls);
  const { handled } = target.effects();
  for (const { callee, request } of calls) {
    const frame = await target.frameOf(sampleOf(target, solution.kind), {
      from: callee,
      form: form(callee),
      draft: { inReplyTo: request.id },
    });
    assertEquals((await target.attempt(frame)).dropped, ["unexpected_reply"]);
  }
  assertEquals(target.effects().handled, handled);
});

Deno.test("Calls that are over take no reply that comes too late, however true it is [R65]", async () => {
  await using target = await Target.open();
  const calls = callsOf(target, 4);
  const failed = calls.map(({ reply }) => assertRejects(() => reply, CallError, "within"));
  await target.clock.advance(DEADLINE_MS);
  await Promise.all(failed);
  for (const { callee, request } of calls) {
    const frame = await target.frameOf(sampleOf(target, solution.kind), {
      from: callee,
      form: form(callee),
      draft: { inReplyTo: request.id },
    });
    assertEquals((await target.attempt(frame)).dropped, ["unexpected_reply"]);
  }
});

Deno.test("Calls take what is no reply at all for what it is, whatever it says that it answers [R65]", async () => {
  await using target = await Target.open();
  const calls = callsOf(target, 2);
  const [{ request }] = calls;
  const frame = await target.frameOf(sampleOf(target, letter.kind), {
    from: alice,
    draft: { inReplyTo: request.id },
  });
  const { dropped, changed } = await target.attempt(frame);
  assertEquals([dropped, changed.includes("handled"), changed.includes("calls")], [[], true, false]);
  await assertStillAnswered(target, calls);
});
