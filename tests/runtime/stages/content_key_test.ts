import { assertEquals } from "@std/assert";
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

Deno.test("noContentKey() is none", () => {
  assertEquals([noContentKey().isNone, noContentKey().process(message, context)], [
    true,
    continueWith(message),
  ]);
});

function resultKey(result: ReturnType<ReturnType<typeof contentKey>["process"]>): string | undefined {
  return result.outcome === "continue" ? result.message.contentKey : result.outcome;
}
