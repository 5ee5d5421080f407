import { assert, assertEquals, assertFalse } from "@std/assert";
import { OpenRequests } from "../../../runtime/primitives/open_requests.ts";
import { alice, mallory, me, messageOf } from "../../helpers/stage_context.ts";

const request = messageOf({ kind: "test:question" });
const frame = new Uint8Array([1]);

function replyTo(inReplyTo: string | undefined, toId: string | undefined) {
  return messageOf({ kind: "test:answer", fromId: me.id, toId, inReplyTo });
}

function opened() {
  const answers: Uint8Array[] = [];
  const requests = new OpenRequests();
  requests.open(request, (reply) => void answers.push(reply));
  return { requests, answers };
}

Deno.test("OpenRequests.answer() puts the reply to an open request into its response, once", () => {
  const { requests, answers } = opened();
  assert(requests.answer(replyTo(request.id, alice.id), frame));
  assertFalse(requests.answer(replyTo(request.id, alice.id), frame));
  assertEquals(answers, [frame]);
});

Deno.test("OpenRequests.answer() takes no reply to another request, to somebody else, or to nobody", () => {
  const { requests, answers } = opened();
  for (
    const reply of [
      replyTo("another", alice.id),
      replyTo(request.id, mallory.id),
      replyTo(request.id, undefined),
      replyTo(undefined, alice.id),
    ]
  ) assertFalse(requests.answer(reply, frame));
  assertEquals(answers, []);
});

Deno.test("OpenRequests.close() lets later replies go their own way", () => {
  const { requests, answers } = opened();
  requests.close(request);
  requests.close(request);
  assertFalse(requests.answer(replyTo(request.id, alice.id), frame));
  assertEquals(answers, []);
});
