import { assertEquals } from "@std/assert";
import { computeId, idWithEmptySender } from "../../../messages/message_id.ts";
import { continueWith, drop } from "../../../runtime/stage.ts";
import { checkId, id } from "../../../runtime/stages/id.ts";
import { messageOf, stageContext } from "../../helpers/stage_context.ts";

const context = stageContext();
const message = messageOf();
const signature = new Uint8Array(64);

Deno.test("id() passes a message on without computing what nobody may ask for", () => {
  const lazy = messageOf({
    payloadJson: () => {
      throw new Error("written too early");
    },
  });
  assertEquals(id().process(lazy, context), continueWith(lazy));
});

Deno.test("checkId() takes the id that follows from the content, and no other", () => {
  const right = messageOf({ id: computeId(message) });
  assertEquals(checkId().process(right, context), continueWith(right));
  for (
    const wrong of ["", "0123456789abcdef", computeId(message).slice(0, 15), computeId(message).toLowerCase()]
  ) {
    assertEquals(checkId().process(messageOf({ id: wrong }), context), drop("wrong_id"));
  }
});

for (
  const [field, altered] of Object.entries({
    kind: "test:other",
    fromId: "other",
    timestamp: "2026-01-15T10:20:31Z",
  })
) {
  Deno.test(`checkId() drops a message whose ${field} is not the one that was hashed`, () => {
    assertEquals(
      checkId().process(messageOf({ id: message.id, [field]: altered }), context),
      drop("wrong_id"),
    );
  });
}

Deno.test("checkId() drops a message whose payload is not the one that was hashed", () => {
  assertEquals(
    checkId().process(messageOf({ id: message.id, payload: { text: "bye" } }), context),
    drop("wrong_id"),
  );
});

Deno.test("checkId() takes the id of Go's calls, which hash an empty sender, unless the envelope is signed", () => {
  const fromGo = { id: idWithEmptySender(message), signature };
  const taken = messageOf(fromGo);
  assertEquals(checkId().process(taken, context), continueWith(taken));
  assertEquals(
    checkId().process(messageOf({ ...fromGo, envelopeSignature: signature }), context),
    drop("wrong_id"),
  );
});
