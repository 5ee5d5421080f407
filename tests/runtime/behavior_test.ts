import {
  assert,
  assertEquals,
  assertFalse,
  assertNotEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import * as z from "zod";
import type { Message } from "../../messages/message.ts";
import { type Behavior, DEFAULT_FRESHNESS, isLocal } from "../../runtime/behavior.ts";
import { BehaviorError } from "../../runtime/behavior_error.ts";
import { strategiesFor } from "../../runtime/error_strategy.ts";
import { continueWith, drop, type StageResult, type StreamStage } from "../../runtime/stage.ts";
import { casual } from "../../runtime/stages/filter.ts";
import { noVerify } from "../../runtime/stages/verify.ts";
import {
  broadcastEvent,
  ephemeral,
  local,
  meshRequest,
  protocol,
  protocolUnverified,
  storedEvent,
} from "../../runtime/templates.ts";
import { note, type Text, textSchema } from "../helpers/kinds.ts";
import { alice, messageOf, stageContext } from "../helpers/stage_context.ts";

const numberSchema = z.strictObject({ count: z.int() });

Deno.test("Behavior takes kinds of lower-case words joined by colons, at most 64 characters", () => {
  for (const kind of ["a", "stash", "hey-there", "stash:store", "x:1:2", "a".repeat(64)]) {
    assertEquals(meshRequest(kind, "").kind, kind);
  }
});

for (
  const kind of ["", "A", "1a", ":a", "a:", "a::b", "a b", "a_b", "-a", "a/b", "é", "a".repeat(65), "a\n"]
) {
  Deno.test(`Behavior refuses the kind ${JSON.stringify(kind)}`, () => {
    const error = assertThrows(() => meshRequest(kind, ""), BehaviorError, JSON.stringify(kind));
    assertEquals(error.code, "bad_kind");
  });
}

Deno.test("Behavior.withVersion() adds versions in ascending order; the last is the current one, the first the oldest", () => {
  const behavior = meshRequest("test:a", "").withVersion(2, textSchema).withVersion(5, numberSchema);
  const { current, min, schemas } = behavior.spec;
  assertEquals([current, min, [...schemas.keys()]], [5, 2, [2, 5]]);
});

for (const version of [0, -1, 1.5, NaN, Infinity, 2, 1]) {
  Deno.test(`Behavior.withVersion() refuses ${version} behind version 2`, () => {
    const behavior = meshRequest("test:a", "").withVersion(2, textSchema);
    const error = assertThrows(
      () => behavior.withVersion(version, textSchema),
      BehaviorError,
      `version ${version}`,
    );
    assertEquals(error.code, "bad_version");
  });
}

Deno.test("Behavior is immutable: every method gives another one and leaves its own as it was", () => {
  const behavior = meshRequest("test:a", "").withVersion(1, textSchema);
  const before = JSON.stringify(behavior.spec);
  const stage: StreamStage = {
    order: "stream",
    name: "mine",
    describe: () => "mine",
    process: (message) => continueWith(message),
  };
  const changed = behavior.withVersion(2, textSchema).withMin(2).withReplies(note).withContentKey(() => "k")
    .withRateLimit({ max: 1, windowMs: 1 }).withFilter(stage).ordered()
    .with({ emit: { sign: stage }, onError: { handler: "drop" }, freshness: { pastMs: 1 } });
  assertEquals(JSON.stringify(behavior.spec), before);
  assertEquals([behavior.spec.schemas.size, behavior.spec.contentKey], [1, undefined]);
  assertNotEquals(JSON.stringify(changed.spec), before);
  assert(Object.isFrozen(behavior.spec) && Object.isFrozen(changed.spec));
});

Deno.test("Behavior keeps what was set when something else is set behind it", () => {
  const stage: StreamStage = {
    order: "stream",
    name: "mine",
    describe: () => "mine",
    process: (message) => continueWith(message),
  };
  const { spec } = meshRequest("test:a", "text").withReplies(note).ordered().withFilter(stage)
    .with({ onError: { transport: "queue" }, freshness: { pastMs: 1_000 } }).withVersion(1, textSchema)
    .withContentKey(() => "k").with({ onError: { handler: "retry" }, freshness: { futureMs: 5 } });
  assertEquals([spec.replies, spec.isOrdered, spec.description, spec.contentKey?.(undefined as never)], [
    ["test:note"],
    true,
    "text",
    "k",
  ]);
  assertStrictEquals(spec.receive.filter, stage);
  assertEquals(spec.onError, { ...strategiesFor("meshRequest"), transport: "queue", handler: "retry" });
  assertEquals(spec.freshness, { pastMs: 1_000, futureMs: 5 });
});

Deno.test("Behavior.with() replaces the stages that it names and no others", () => {
  const verify = noVerify();
  const { receive, emit } = note.with({ receive: { verify } }).spec;
  assertStrictEquals(receive.verify, verify);
  assertStrictEquals(receive.dedupe, note.spec.receive.dedupe);
  assertStrictEquals(emit.sign, note.spec.emit.sign);
});

Deno.test("Behavior.withRateLimit() and withFilter() judge by the payload, without a cast", () => {
  const senderAndText = ({ fromId, payload }: Message<Text>) => `${fromId} ${payload.text}`;
  const { rateLimit, filter } = note.withRateLimit({ max: 1, windowMs: 1_000, key: senderAndText })
    .withFilter(casual<Text>(({ payload }, { chill }) => chill < 50 || payload.text !== "boo")).spec.receive;
  assertEquals(rateLimit.describe(), "at most 1 per senderAndText in any 1 s");
  const context = stageContext({ personality: { agreeableness: 0, sociability: 0, chill: 50 } });
  const said = (text: string) => messageOf({ payload: { text }, proof: "envelope" });
  assertEquals(filter.process(said("boo"), context), drop("filtered_by_personality"));
  assertEquals(filter.process(said("hello"), context), continueWith(said("hello")));
  const outcomes = ["a", "b", "a"].map((text) => rateLimit.process(said(text), context) as StageResult);
  assertEquals(outcomes.map(({ outcome }) => outcome), ["continue", "continue", "drop"]);
});

Deno.test("Behavior.withMin() raises the oldest version that is taken, and ordered() narrows the lanes", () => {
  const behavior = meshRequest("test:a", "").withVersion(1, textSchema).withVersion(2, textSchema);
  assertEquals([behavior.spec.min, behavior.withMin(2).spec.min], [1, 2]);
  assertEquals([behavior.spec.isOrdered, behavior.ordered().spec.isOrdered], [false, true]);
});

Deno.test("Behavior.with() replaces every single stage of both pipelines", () => {
  const mine = (name: string): StreamStage => ({
    order: "stream",
    name,
    describe: () => name,
    process: (message) => continueWith(message),
  });
  const given = {
    emit: { sign: mine("a"), store: mine("b"), gossip: mine("c"), transport: mine("d") },
    receive: {
      ...{ verify: mine("e"), dedupe: mine("f"), rateLimit: mine("g") },
      ...{ filter: mine("h"), store: mine("i"), gossip: mine("j") },
    },
  };
  const { emit, receive } = note.with(given).spec;
  assertEquals([emit, receive], [given.emit, given.receive]);
});

Deno.test("Behavior.draft() names its kind, its payload and where it should go", () => {
  assertEquals(note.draft({ text: "a" }), { kind: "test:note", payload: { text: "a" }, version: 1 });
  assertEquals(note.draft({ text: "a" }, { to: "b", toName: "bob", version: 1, toAddress: "memory:b" }), {
    kind: "test:note",
    payload: { text: "a" },
    to: "b",
    toName: "bob",
    version: 1,
    toAddress: "memory:b",
  });
});

Deno.test("Behavior.reply() goes back to the request's sender, linked to it", () => {
  const request = messageOf({ from: "alice" });
  assertEquals(note.reply(request, { text: "a" }), {
    kind: "test:note",
    payload: { text: "a" },
    version: 1,
    to: alice.id,
    toName: "alice",
    inReplyTo: request.id,
  });
});

Deno.test("Behavior.draft() and reply() write the highest version of this declaration, unless told an older one", () => {
  const behavior = meshRequest("test:a", "").withVersion(1, textSchema).withVersion(3, textSchema);
  const versions = [behavior.draft({ text: "a" }), behavior.reply(messageOf(), { text: "a" })].map((draft) =>
    draft.version
  );
  assertEquals([...versions, behavior.draft({ text: "a" }, { version: 1 }).version], [3, 3, 1]);
});

/** What each template is made of: sign, store, gossip, transport | verify, dedupe, rate limit, filter, store, gossip. */
const TEMPLATES: [Behavior<unknown, object>, string, boolean][] = [
  [meshRequest("a", ""), "sign - - mesh | verify id_dedupe - - - -", false],
  [protocol("a", "", "t"), "sign - - plaza | verify id_dedupe - - - -", false],
  [protocolUnverified("a", "", "t"), "- - - plaza | - id_dedupe - - - -", false],
  [ephemeral("a", "", "t"), "- - - plaza | - id_dedupe - - - -", false],
  [storedEvent("a", "", 2), "sign store gossip - | verify id_dedupe - - store gossip", false],
  [broadcastEvent("a", "", 2, "t"), "sign store gossip plaza | verify id_dedupe - - store gossip", false],
  [local("a", ""), "- - - - | - id_dedupe - - - -", true],
];

for (const [behavior, stages, stays] of TEMPLATES) {
  const { template, emit, receive, freshness, onError, isOrdered } = behavior.spec;

  Deno.test(`${template}() is ${stages}`, () => {
    const nameOf = ({ name, isNone }: { name: string; isNone?: boolean }) => isNone ? "-" : name;
    const sent = [emit.sign, emit.store, emit.gossip, emit.transport].map(nameOf);
    const { verify, dedupe, rateLimit, filter, store, gossip } = receive;
    const taken = [verify, dedupe, rateLimit, filter, store, gossip].map(nameOf);
    assertEquals(`${sent.join(" ")} | ${taken.join(" ")}`, stages);
    assertEquals([freshness, onError, isOrdered], [DEFAULT_FRESHNESS, strategiesFor(template), false]);
    assertEquals(isLocal(behavior.spec), stays);
  });
}

Deno.test("isLocal() is about where messages go, not about the template", () => {
  assertFalse(
    isLocal(local("a", "").with({ emit: { gossip: storedEvent("a", "", 1).spec.emit.gossip } }).spec),
  );
  assertFalse(isLocal(local("a", "").with({ emit: { transport: note.spec.emit.transport } }).spec));
  assert(
    isLocal(meshRequest("a", "").with({ emit: { transport: local("a", "").spec.emit.transport } }).spec),
  );
});
