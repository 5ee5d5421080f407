import { assertEquals } from "@std/assert";
import { personalityOf } from "../../utilities/personality.ts";
import vectors from "../interop/vectors/identity.json" with { type: "json" };

Deno.test("personalityOf() draws the traits that Go draws", () => {
  for (const { name, soul, personality } of [...vectors.identities, ...vectors.souls_given]) {
    assertEquals(personalityOf(soul), personality, name);
  }
});
