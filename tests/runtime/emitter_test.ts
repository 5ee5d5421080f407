import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import * as z from "zod";
import { MessageError } from "../../messages/message_error.ts";
import { BehaviorError } from "../../runtime/behavior_error.ts";
import { drop, type StreamStage } from "../../runtime/stage.ts";
import { broadcastEvent, meshRequest, protocol, storedEvent } from "../../runtime/templates.ts";
import { settled } from "../../runtime/testing/virtual_clock.ts";
import { MeshError } from "../../runtime/transport/mesh.ts";
import { totalsOf } from "../helpers/books.ts";
import { note, Recorder, TestService, type TextBehavior, textSchema, whisper } from "../helpers/kinds.ts";
import { Bench } from "../helpers/mock.ts";
import { me } from "../helpers/stage_context.ts";
import { createRuntime } from "../../runtime/runtime.ts";

const unregistered: TextBehavior = meshRequest("test:unregistered", "").withVersion(1, textSchema);

function dropping(reason: "x:mood" = "x:mood"): StreamStage {
  return { order: "stream", name: "mood", describe: () => "never", process: () => drop(reason) };
}

Deno.test("Emitter resolves with the id, the outcome and the receipt of what it sent", async () => {
  await using bench = await Bench.create();
  const emitted = await bench.service.rt.emit(note.draft({ text: "hello" }, { to: bench.alice.id }));
  const message = bench.mock.last(note);
  assertEquals([emitted.outcome, emitted.id, emitted.receipt], ["sent", message.id, { outcome: "handled" }]);
  assertEquals([message.fromId, message.from, message.toId, message.version], [
    bench.mock.runtime.me.id,
    "mock",
    bench.alice.id,
    1,
  ]);
  assertEquals(totalsOf(bench.mock.runtime, "emit", "test:note").done, 1);
});

Deno.test("Emitter stamps no two messages with the same instant", async () => {
  await using bench = await Bench.create();
  for (let count = 0; count < 20; count++) {
    await bench.service.rt.emit(note.draft({ text: "same" }, { to: bench.alice.id }));
  }
  const messages = bench.mock.ofKind(note);
  assertEquals(new Set(messages.map(({ timestamp }) => timestamp)).size, 20);
  assertEquals(new Set(messages.map(({ id }) => id)).size, 20);
});

Deno.test("Emitter sends the payload as it was when it was handed over", async () => {
  await using bench = await Bench.create();
  const payload = { text: "before" };
  const sent = bench.service.rt.emit(note.draft(payload, { to: bench.alice.id }));
  payload.text = "after";
  await sent;
  assertEquals(bench.mock.last(note).payloadJson, '{"text":"before"}');
});

Deno.test("Emitter rejects an unregistered kind, and names it", async () => {
  await using bench = await Bench.create();
  const error = await assertRejects(
    () => bench.service.rt.emit(unregistered.draft({ text: "a" })),
    BehaviorError,
  );
  assertEquals(error.code, "unregistered_kind");
  assertStringIncludes(error.message, "test:unregistered");
});

for (const version of [0, 1, 4, 2.5, NaN]) {
  Deno.test(`Emitter rejects version ${version} of a kind at 2 to 3, and names kind and range`, async () => {
    const behavior = meshRequest("test:versions", "").withVersion(1, textSchema).withVersion(2, textSchema)
      .withVersion(3, textSchema).withMin(2);
    const service = new TestService((rt) => rt.register(behavior));
    await using bench = await Bench.create([], { services: [service] });
    const draft = behavior.draft({ text: "a" }, { to: bench.alice.id, version });
    const error = await assertRejects(() => service.rt.emit(draft), MessageError);
    assertEquals(error.code, "unsupported_version");
    assertStringIncludes(error.message, `test:versions v${version}: versions 2 to 3 are supported`);
    await service.rt.emit(behavior.draft({ text: "a" }, { to: bench.alice.id, version: 2 }));
    assertEquals(bench.mock.emitted.map(({ version }) => version), [2]);
  });
}

Deno.test("Emitter rejects a payload that its schema refuses, and names kind, version and field", async () => {
  const deep = meshRequest("test:deep", "").withVersion(
    1,
    z.strictObject({ list: z.array(z.strictObject({ n: z.int() })) }),
  );
  const service = new TestService((rt) => rt.register(deep));
  await using bench = await Bench.create([], { services: [service] });
  const bad: unknown[] = [
    { list: [{ n: 1 }, { n: 0.5 }] },
    { list: [], more: 1 },
    {},
    undefined,
    null,
    "text",
  ];
  for (const payload of bad) {
    const draft = deep.draft(payload as never, { to: bench.alice.id });
    const error = await assertRejects(() => service.rt.emit(draft), MessageError);
    assertEquals(error.code, "bad_payload");
    assertStringIncludes(error.message, "Cannot emit test:deep v1 with this payload");
  }
  const error = await assertRejects(
    () => service.rt.emit(deep.draft(bad[0] as never, { to: bench.alice.id })),
    MessageError,
  );
  assertStringIncludes(error.message, 'field "list.1.n"');
  assertEquals(totalsOf(bench.mock.runtime, "emit", "test:deep").entered, 0);
});

Deno.test("Emitter rejects a mesh-only message without a target", async () => {
  await using bench = await Bench.create();
  const error = await assertRejects(
    () => bench.service.rt.emit(note.draft({ text: "a" })),
    MeshError,
    "test:note",
  );
  assertEquals(error.code, "no_target");
  assertEquals(totalsOf(bench.mock.runtime, "emit", "test:note").errored, { mesh: 1 });
});

Deno.test("Emitter rejects for a target that cannot be reached, names it, and leaves it alone for a while", async () => {
  await using bench = await Bench.create();
  bench.mock.unreachable.add(bench.alice.id);
  const send = () => bench.service.rt.emit(note.draft({ text: "a" }, { to: bench.alice.id }));
  assertStringIncludes((await assertRejects(send, MeshError)).message, bench.alice.id);
  bench.mock.unreachable.clear();
  const error = await assertRejects(send, MeshError, "Cannot reach alice");
  assertEquals(error.code, "unreachable");
  await bench.mock.clock.advance(1_000);
  assertEquals((await send()).outcome, "sent");
});

Deno.test("Emitter tells a broadcast to every proven peer over the mesh, and rejects it where there is none", async () => {
  const news: TextBehavior = protocol("test:news", "", "topic").withVersion(1, textSchema);
  await using bench = await Bench.create([news]);
  assertEquals((await bench.service.rt.emit(news.draft({ text: "a" }))).outcome, "sent");
  const service = new TestService((rt) => {
    rt.register(news);
    rt.register(note);
  });
  await using alone = await createRuntime({ identity: me, services: [service] });
  await alone.start();
  const broadcast = await assertRejects(
    () => service.rt.emit(news.draft({ text: "a" })),
    MeshError,
    "test:news",
  );
  assertEquals(broadcast.code, "no_plaza");
  const direct = await assertRejects(
    () => service.rt.emit(note.draft({ text: "a" }, { to: "bob" })),
    MeshError,
  );
  assertEquals(direct.code, "unreachable");
});

Deno.test("Emitter rejects what a full lane refuses, and goes on when there is room", async () => {
  const gate = Promise.withResolvers<void>();
  const slow = note.with({
    emit: {
      transport: {
        order: "peer",
        name: "slow",
        describe: () => "slow",
        process: async (message) => {
          await gate.promise;
          return { outcome: "continue", message };
        },
      },
    },
  });
  await using bench = await Bench.create([slow]);
  const send = () => bench.service.rt.emit(note.draft({ text: "a" }, { to: bench.alice.id }));
  const all = Array.from({ length: 128 }, send);
  const error = await assertRejects(send, MeshError, "await each emit before the next");
  assertEquals(error.code, "peer_busy");
  gate.resolve();
  assertEquals((await Promise.all(all)).every(({ outcome }) => outcome === "sent"), true);
  assertEquals((await send()).outcome, "sent");
});

Deno.test("Emitter resolves with what an emit stage dropped, and rejects in the test environment", async () => {
  const moody = note.with({ emit: { gossip: dropping() } });
  await using bench = await Bench.create([moody]);
  const draft = note.draft({ text: "a" }, { to: bench.alice.id });
  const { outcome, reason } = await bench.service.rt.emit(draft);
  assertEquals([outcome, reason, bench.mock.emitted.length], ["dropped", "x:mood", 0]);
  await using strict = await Bench.create([moody], { env: "test" });
  await assertRejects(() => strict.service.rt.emit(draft), MeshError, "x:mood");
  assertEquals(totalsOf(strict.mock.runtime, "emit", "test:note").dropped, { "x:mood": 1 });
});

Deno.test("Emitter hands a local message to its owner's handler and to the subscribers of all services", async () => {
  const owner = new Recorder(whisper);
  const heard: string[] = [];
  const listeners = ["first", "second"].map((name) =>
    new TestService(
      (rt) => rt.subscribe(whisper, ({ payload }) => void heard.push(`${name} ${payload.text}`)),
      name,
    )
  );
  await using bench = await Bench.create([], { services: [listeners[0], owner, listeners[1]] });
  assertEquals((await listeners[0].rt.emit(whisper.draft({ text: "psst" }))).outcome, "sent");
  assertEquals([heard, owner.texts], [["first psst", "second psst"], ["psst"]]);
  assertEquals(totalsOf(bench.mock.runtime, "receive", "test:whisper").done, 1);
});

Deno.test("Emitter puts a local message whose handler throws with the dead letters, and the next is handled", async () => {
  let count = 0;
  const service = new TestService((rt) =>
    rt.register(whisper, {
      1: () => {
        if (count++ === 0) throw new Error("boom");
      },
    })
  );
  await using bench = await Bench.create([], { services: [service] });
  for (let times = 0; times < 2; times++) {
    assertEquals((await service.rt.emit(whisper.draft({ text: "a" }))).outcome, "sent");
  }
  const { done, queued } = totalsOf(bench.mock.runtime, "receive", "test:whisper");
  assertEquals([done, queued, bench.mock.runtime.deadLetters.size], [1, 1, 1]);
});

Deno.test("Emitter neither signs, stores nor sends a local message", async () => {
  await using bench = await Bench.create();
  await bench.service.rt.emit(whisper.draft({ text: "psst" }));
  const { signature, envelopeSignature, proof } = bench.mock.last(whisper);
  assertEquals([signature, envelopeSignature, proof], [undefined, undefined, "envelope"]);
});

Deno.test("Emitter stores and gossips what it emits of a stored kind before it is sent", async () => {
  const event: TextBehavior = broadcastEvent("test:event", "", 2, "topic").withVersion(1, textSchema);
  await using bench = await Bench.create([event]);
  await bench.service.rt.emit(event.draft({ text: "fact" }));
  const { signature, envelopeSignature } = bench.mock.last(event);
  assertEquals([signature?.length, envelopeSignature?.length], [64, 64]);
  const chain = bench.mock.runtime.describe("test:event").emit;
  const places = ["sign", "store", "gossip", "plaza", "notify"].map((name) => chain.indexOf(`${name}: `));
  assertEquals(places.toSorted((a, b) => a - b), places);
});

Deno.test("Emitter bears the content key on what it sends", async () => {
  const keyed: TextBehavior = storedEvent("test:keyed", "", 2).withVersion(1, textSchema).withContentKey((
    { text },
  ) => `said:${text}`);
  await using bench = await Bench.create([keyed]);
  await bench.service.rt.emit(keyed.draft({ text: "a" }));
  assertEquals(bench.mock.last(keyed).contentKey, "said:a");
});

Deno.test("Emitter rejects everything once the runtime has stopped, and counts nothing", async () => {
  const bench = await Bench.create();
  await bench[Symbol.asyncDispose]();
  const error = await assertRejects(() => bench.service.rt.emit(whisper.draft({ text: "a" })), MeshError);
  assertEquals(error.code, "closed");
  assertEquals(totalsOf(bench.mock.runtime, "emit", "test:whisper").entered, 0);
});

Deno.test("Emitter sends what is emitted after awaiting the emit before, after it; an ordered kind needs no awaiting", async () => {
  const sent: string[] = [];
  const transport = {
    order: "peer" as const,
    name: "wire",
    describe: () => "a wire",
    process: async (message: Parameters<StreamStage["process"]>[0]) => {
      const { text } = message.payload as { text: string };
      for (let turns = Number(text); turns > 0; turns--) await settled();
      sent.push(text);
      return { outcome: "continue" as const, message };
    },
  };
  await using ordered = await Bench.create([note.with({ emit: { transport } }).ordered()]);
  await Promise.all(
    ["3", "2", "1"].map((text) => ordered.service.rt.emit(note.draft({ text }, { to: ordered.alice.id }))),
  );
  assertEquals(sent.splice(0), ["3", "2", "1"]);
  await using free = await Bench.create([note.with({ emit: { transport } })]);
  await Promise.all(
    ["3", "2", "1"].map((text) => free.service.rt.emit(note.draft({ text }, { to: free.alice.id }))),
  );
  assertEquals(sent.splice(0), ["1", "2", "3"]);
  for (const text of ["3", "2", "1"]) await free.service.rt.emit(note.draft({ text }, { to: free.alice.id }));
  assertEquals(sent, ["3", "2", "1"]);
});
