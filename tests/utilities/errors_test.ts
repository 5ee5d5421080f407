import { assertEquals, assertInstanceOf } from "@std/assert";
import { messageOf, toError } from "../../utilities/errors.ts";

Deno.test("toError() makes an error of whatever was thrown, also of what has no text", () => {
  const error = new Error("as it is");
  assertEquals(toError(error), error);
  assertEquals(toError("a text").message, "a text");
  assertInstanceOf(toError(Object.create(null)), Error);
  assertEquals(messageOf(Object.create(null)), "something was thrown that has no text");
});
