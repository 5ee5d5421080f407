import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { StashAckV1, StashRequestV1, StashResponseV1 } from "../../messages/stash.ts";
import { BehaviorError } from "../../runtime/behavior_error.ts";
import { CallError } from "../../runtime/call_error.ts";
import { Correlator } from "../../runtime/correlator.ts";
import type { RuntimeApi, Service } from "../../runtime/service.ts";
import { meshRequest } from "../../runtime/templates.ts";
import { MockRuntime } from "../../runtime/testing/mock_runtime.ts";

const answer = meshRequest("test:answer", "An answer").withVersion(1, StashResponseV1);
const other = meshRequest("test:other", "Answers nothing").withVersion(1, StashAckV1);
const question = meshRequest("test:question", "A question").withVersion(1, StashRequestV1).withReplies(
  answer,
);

class Asking implements Service {
  readonly name = "asking";
  readonly net = [];
  rt!: RuntimeApi;
  registerBehaviors(rt: RuntimeApi): void {
    this.rt = rt;
    rt.register(question);
    rt.register(answer);
    rt.register(other);
  }
}

async function setUp() {
  const mock = await MockRuntime.create({ services: [new Asking()] });
  const { rt } = mock.service(Asking);
  return { mock, rt, questions: new Correlator(rt, question, answer, { deadlineMs: 1_000 }) };
}

Deno.test("Correlator.send() resolves with the callee's reply", async () => {
  const { mock, questions } = await setUp();
  await using _ = mock;
  const bob = await mock.peer("bob");
  const asking = questions.send({ owner_id: "me" }, bob.id);
  const [request] = await mock.waitFor(question);
  assertEquals([request.toId, request.payload], [bob.id, { owner_id: "me" }]);
  await mock.answer(request, answer, { owner_id: "me", found: false }, { from: bob });
  const reply = await asking;
  assertEquals([reply.fromId, reply.inReplyTo, reply.payload.found], [bob.id, request.id, false]);
});

Deno.test("Correlator.send() keeps questions apart", async () => {
  const { mock, questions } = await setUp();
  await using _ = mock;
  const [bob, carol] = [await mock.peer("bob"), await mock.peer("carol")];
  const asking = [questions.send({ owner_id: "1" }, bob.id), questions.send({ owner_id: "2" }, carol.id)];
  const [first, second] = await mock.waitFor(question, 2);
  await mock.answer(second, answer, { owner_id: "2", found: true }, { from: carol });
  await mock.answer(first, answer, { owner_id: "1", found: true }, { from: carol }); // Not hers to answer.
  await mock.answer(first, answer, { owner_id: "1", found: true }, { from: bob });
  assertEquals((await Promise.all(asking)).map(({ payload }) => payload.owner_id), ["1", "2"]);
});

Deno.test("Correlator.send() rejects after its deadline, or after one of the request's own", async () => {
  const { mock, questions } = await setUp();
  await using _ = mock;
  const bob = await mock.peer("bob");
  const over: string[] = [];
  const asking = [{}, { deadlineMs: 5_000 }].map(async (options, index) => {
    const { code } = await assertRejects(
      () => questions.send({ owner_id: "me" }, bob.id, options),
      CallError,
    );
    over.push(`${index} ${code}`);
  });
  await mock.clock.advance(1_000);
  assertEquals(over, ["0 timeout"]);
  await mock.clock.advance(4_000);
  await Promise.all(asking);
  assertEquals(over, ["0 timeout", "1 timeout"]);
});

Deno.test("Correlator.send() rejects with its signal's reason", async () => {
  const { mock, questions } = await setUp();
  await using _ = mock;
  const bob = await mock.peer("bob");
  const controller = new AbortController();
  const asking = questions.send({ owner_id: "me" }, bob.id, { signal: controller.signal });
  controller.abort(new RangeError("enough"));
  await assertRejects(() => asking, RangeError, "enough");
});

Deno.test("Correlator refuses a reply kind that the request does not allow, and a deadline of nothing", async () => {
  const { mock, rt } = await setUp();
  await using _ = mock;
  const bob = await mock.peer("bob");
  const wrong = new Correlator(rt, question, other, { deadlineMs: 1_000 });
  await assertRejects(() => wrong.send({ owner_id: "me" }, bob.id), BehaviorError);
  for (const deadlineMs of [0, -1, NaN]) {
    assertThrows(() => new Correlator(rt, question, answer, { deadlineMs }), RangeError, "deadlineMs");
  }
});
