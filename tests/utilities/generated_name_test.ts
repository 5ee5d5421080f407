import { assert, assertEquals } from "@std/assert";
import { generatedName, generatedNameOf } from "../../utilities/generated_name.ts";
import { isNaraName } from "../../utilities/names.ts";
import vectors from "../interop/vectors/identity.json" with { type: "json" };

for (const { name, text, generated_name } of vectors.generated_names) {
  Deno.test(`generatedNameOf() generates what Go generates: ${name}`, () => {
    assertEquals(generatedNameOf(text), generated_name);
  });
}

Deno.test("generatedName() generates what Go generates for a soul", () => {
  for (const { name, seed_hex, name_from_soul } of [...vectors.identities, ...vectors.souls_given]) {
    assertEquals(generatedName(Uint8Array.fromHex(seed_hex)), name_from_soul, name);
  }
});

Deno.test("generatedName() generates names that a nara may have", () => {
  for (let byte = 0; byte < 256; byte++) assert(isNaraName(generatedName(new Uint8Array(32).fill(byte))));
});
