import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Message } from "../../messages/message.ts";
import { decodeEnvelope } from "../../messages/envelope.ts";
import { RECEIPT_MS } from "../../runtime/receiver.ts";
import { drop } from "../../runtime/stage.ts";
import type { RuntimeApi } from "../../runtime/service.ts";
import { settled } from "../../runtime/testing/virtual_clock.ts";
import type { Answer } from "../../runtime/transport/mesh.ts";
import { MeshError } from "../../runtime/transport/mesh.ts";
import { assertBalanced } from "../helpers/books.ts";
import { answer, note, question, TestService, type Text } from "../helpers/kinds.ts";
import { Bench } from "../helpers/mock.ts";

/** A runtime whose questions are handled so. */
async function answering(handle: (rt: RuntimeApi, message: Message<Text>) => void | Promise<void>) {
  const service: TestService = new TestService((rt) => {
    rt.register(answer);
    rt.register(question, { 1: (message) => handle(rt, message) });
  });
  const bench = await Bench.create([], { services: [service] });
  const ask = async (form: "ours" | "go" = "ours"): Promise<Answer> => {
    const draft = question.draft({ text: "tea?" }, { to: bench.mock.runtime.me.id });
    return await bench.mock.runtime.receive(await bench.frame(draft, { form }), "mock:x");
  };
  return { bench, service, ask, [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose]() };
}

function emitYes(rt: RuntimeApi, message: Message): Promise<unknown> {
  return rt.emit(answer.reply(message, { text: "yes" }));
}

Deno.test("Receiver puts a reply that is ready in time into the response, and nothing on the mesh", async () => {
  await using made = await answering(async (rt, message) => void await emitYes(rt, message));
  made.bench.mock.unreachable.add(made.bench.alice.id);
  const { receipt, reply } = await made.ask();
  assertEquals(receipt, { outcome: "handled" });
  assert(reply);
  const { kind, inReplyTo, toId } = decodeEnvelope(reply);
  assertEquals([kind, inReplyTo, toId], [
    "test:answer",
    made.bench.mock.last(answer).inReplyTo,
    made.bench.alice.id,
  ]);
});

Deno.test("Receiver puts one reply into a response, and sends the second by itself", async () => {
  const second = Promise.withResolvers<unknown>();
  await using made = await answering(async (rt, message) => {
    await emitYes(rt, message);
    await emitYes(rt, message).catch(second.resolve);
  });
  made.bench.mock.unreachable.add(made.bench.alice.id);
  assert((await made.ask()).reply);
  assert(await second.promise instanceof MeshError);
});

Deno.test("Receiver sends a reply to a Go peer by a request of its own", async () => {
  const sent = Promise.withResolvers<unknown>();
  await using made = await answering(async (rt, message) =>
    void await emitYes(rt, message).catch(sent.resolve)
  );
  made.bench.mock.unreachable.add(made.bench.alice.id);
  assertEquals(await made.ask("go"), { receipt: { outcome: "handled" } });
  assert(await sent.promise instanceof MeshError);
});

Deno.test("Receiver closes the response with the handler: what is emitted later goes its own way", async () => {
  const requests: Message[] = [];
  await using made = await answering((_, message) => void requests.push(message));
  assertEquals(await made.ask(), { receipt: { outcome: "handled" } });
  made.bench.mock.unreachable.add(made.bench.alice.id);
  await assertRejects(() => emitYes(made.service.rt, requests[0]), MeshError);
});

Deno.test("Receiver tells a sender nothing more after 2 s, and counts the message when it is handled", async () => {
  const end = Promise.withResolvers<void>();
  const late = Promise.withResolvers<unknown>();
  await using made = await answering(async (rt, message) => {
    await end.promise;
    await emitYes(rt, message).catch(late.resolve);
  });
  let isOver = false;
  const asked = made.ask();
  asked.then(() => isOver = true);
  await made.bench.mock.clock.advance(RECEIPT_MS - 1);
  assertEquals(isOver, false);
  await made.bench.mock.clock.advance(1);
  assertEquals(await asked, { receipt: { outcome: "unknown" } });
  assertBalanced(made.bench.mock.runtime, 1);
  made.bench.mock.unreachable.add(made.bench.alice.id);
  end.resolve();
  assert(await late.promise instanceof MeshError, "the late reply went by itself");
  await settled();
  assertEquals(made.bench.received("test:question").done, 1);
});

Deno.test("Receiver frees the lane of a handler that never ends after 30 s, and counts why", async () => {
  await using made = await answering(() => new Promise(() => {}));
  const all = Array.from({ length: 130 }, () => made.ask());
  await settled();
  await made.bench.mock.clock.advance(RECEIPT_MS);
  const outcomes = (await Promise.all(all)).map(({ receipt }) =>
    receipt.outcome === "drop" ? receipt.reason : receipt.outcome
  );
  assertEquals(outcomes.filter((outcome) => outcome === "peer_busy").length, 2);
  assertEquals(outcomes.filter((outcome) => outcome === "unknown").length, 128);
  await made.bench.mock.clock.advance(60_000);
  assertEquals(made.bench.received("test:question").dropped, { peer_busy: 2, handler_timeout: 128 });
});

Deno.test("Receiver lets nobody fill the lane of somebody who comes by another connection", async () => {
  const gate = Promise.withResolvers<void>();
  const slow = note.with({
    receive: {
      verify: {
        order: "peer",
        name: "slow",
        verifies: true,
        describe: () => "slow",
        process: async (message) => {
          await gate.promise;
          return message.from === "alice" ? { outcome: "continue", message } : drop("invalid_signature");
        },
      },
    },
  });
  await using bench = await Bench.create([slow]);
  const forger = { ...await bench.mock.stranger("mallory"), id: bench.alice.id };
  const forged: Promise<Answer>[] = [];
  for (let nth = 0; nth < 150; nth++) {
    forged.push(
      bench.mock.runtime.receive(await bench.note("forged", { from: forger }), "10.0.0.1:6666"),
    );
  }
  const hers = bench.mock.runtime.receive(await bench.note("hers"), "10.0.0.1:7433");
  await settled();
  gate.resolve();
  assertEquals((await hers).receipt, { outcome: "handled" });
  await Promise.all(forged);
  assertEquals(bench.received().dropped, { peer_busy: 22, invalid_signature: 128 });
});

Deno.test("Receiver drops what comes when the runtime has stopped, and what was under way", async () => {
  const gate = Promise.withResolvers<void>();
  const slow = note.with({
    receive: {
      verify: {
        order: "peer",
        name: "slow",
        verifies: true,
        describe: () => "slow",
        process: async (message) => {
          await gate.promise;
          return { outcome: "continue", message: message.with({ proof: "envelope" }) };
        },
      },
    },
  });
  const bench = await Bench.create([slow]);
  const underWay = bench.receive(await bench.note("under way"));
  await settled();
  const stopped = bench.mock.runtime.stop();
  await settled();
  gate.resolve();
  await stopped;
  assertEquals(await underWay, { outcome: "drop", reason: "stopping" });
  assertEquals(await bench.receive(await bench.note("late")), { outcome: "drop", reason: "stopping" });
  assertEquals([bench.service.texts, bench.received().dropped], [[], { stopping: 2 }]);
  await settled();
  assertEquals(bench.mock.clock.pending, 0);
  assertBalanced(bench.mock.runtime);
});
