import { assertEquals } from "@std/assert";
import { laterPersonalityOf, personalityOf } from "../../utilities/personality.ts";
import vectors from "../interop/vectors/identity.json" with { type: "json" };

Deno.test("personalityOf() draws the traits that Go draws", () => {
  for (const { name, soul, personality } of [...vectors.identities, ...vectors.souls_given]) {
    assertEquals(personalityOf(soul), personality, name);
  }
});

Deno.test("laterPersonalityOf() draws the same traits, whichever is read first", () => {
  for (const { name, soul, personality } of vectors.identities) {
    assertEquals(laterPersonalityOf(soul).chill, personality.chill, name);
    assertEquals({ ...laterPersonalityOf(soul) }, personality, name);
  }
});
