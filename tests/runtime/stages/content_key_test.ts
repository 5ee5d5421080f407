import { assertEquals, assertThrows } from "@std/assert";
import { continueWith, drop } from "../../../runtime/stage.ts";
import { checkContentKey, contentKey, noContentKey } from "../../../runtime/stages/content_key.ts";
import { messageOf, stageContext } from "../../helpers/stage_context.ts";

const key = ({ text }: { text: string }) => `said:${text}`;
const context = stageContext();
const message = messageOf();

Deno.test("contentKey() computes the key of a message that has none, and keeps one that is there", () => {
  const stage = contentKey(key);
  assertEquals(resultKey(stage.process(message, context)), "said:hello");
  assertEquals(resultKey(stage.process(message.with({ contentKey: "mine" }), context)), "mine");
});

Deno.test("checkContentKey() lets the right key through as it is", () => {
  const right = message.with({ contentKey: "said:hello", proof: "envelope" });
  assertEquals(checkContentKey(key).process(right, context), continueWith(right));
});

Deno.test("checkContentKey() drops a key that its sender signed and that does not follow from the payload", () => {
  for (const contentKey of ["said:bye", undefined]) {
    const wrong = message.with({ contentKey, proof: "envelope" });
    assertEquals(checkContentKey(key).process(wrong, context), drop("wrong_content_key"));
  }
});

Deno.test("checkContentKey() replaces a key that nothing vouches for", () => {
  for (const proof of ["signature", "none"] as const) {
    for (const contentKey of ["said:bye", undefined]) {
      assertEquals(
        resultKey(checkContentKey(key).process(message.with({ contentKey, proof }), context)),
        "said:hello",
      );
    }
  }
});

Deno.test("contentKey() and checkContentKey() take an empty key for none", () => {
  const none = () => "";
  assertEquals(contentKey(none).process(message, context), continueWith(message));
  const signed = message.with({ proof: "envelope" });
  assertEquals(checkContentKey(none).process(signed, context), continueWith(signed));
  const claimed = message.with({ contentKey: "claimed", proof: "signature" });
  assertEquals(resultKey(checkContentKey(none).process(claimed, context)), undefined);
  const lied = message.with({ contentKey: "claimed", proof: "envelope" });
  assertEquals(checkContentKey(none).process(lied, context), drop("wrong_content_key"));
});

Deno.test("contentKey() takes 1 024 characters and refuses more; checkContentKey() drops what computes to more", () => {
  const long = (length: number) => () => "x".repeat(length);
  assertEquals(resultKey(contentKey(long(1_024)).process(message, context))?.length, 1_024);
  assertThrows(
    () => contentKey(long(1_025)).process(message, context),
    TypeError,
    "test:note as it must have at most 1024",
  );
  assertEquals(resultKey(checkContentKey(long(1_024)).process(message, context))?.length, 1_024);
  for (const proof of ["envelope", "signature", "none"] as const) {
    assertEquals(
      checkContentKey(long(1_025)).process(message.with({ proof }), context),
      drop("wrong_content_key"),
    );
  }
});

Deno.test("contentKey() and checkContentKey() refuse a key that is no text", () => {
  for (const stage of [contentKey, checkContentKey]) {
    const wrong = stage((() => 5) as never);
    assertThrows(() => wrong.process(message, context), TypeError, "test:note as it must be text: got 5");
  }
});

Deno.test("noContentKey() is none", () => {
  assertEquals([noContentKey().isNone, noContentKey().process(message, context)], [
    true,
    continueWith(message),
  ]);
});

function resultKey(result: ReturnType<ReturnType<typeof contentKey>["process"]>): string | undefined {
  return result.outcome === "continue" ? result.message.contentKey : result.outcome;
}
