import { assertEquals } from "@std/assert";
import { bytes, nilableBytes, optionalBytes, optionalText, publicKey } from "../../messages/fields.ts";
import { payloadFields } from "../../messages/payload_fields.ts";
import { HowdyV1 } from "../../messages/presence.ts";
import { StashStoreV1 } from "../../messages/stash.ts";
import * as z from "zod";

/** The type that is told of a field. */
function typeOf(field: z.ZodType): string {
  return payloadFields(z.strictObject({ field }))![0].type;
}

Deno.test("payloadFields() tells the fields in wire order, what each means, and which may be left out", () => {
  const fields = payloadFields(StashStoreV1)!;
  assertEquals(fields.map(({ name }) => name), ["owner_id", "owner", "nonce", "ciphertext", "ts"]);
  assertEquals(fields.map(({ isRequired }) => isRequired), [true, false, true, true, true]);
  assertEquals(fields[1], {
    name: "owner",
    type: "text of at most 128 characters",
    isRequired: false,
    description: "The owner's name, for display only",
  });
});

Deno.test("payloadFields() tells what is in the items of a list, and in an object", () => {
  assertEquals(payloadFields(HowdyV1)!.map(({ name }) => name).slice(3), [
    "neighbours",
    "neighbours[].id",
    "neighbours[].name",
    "neighbours[].public_key",
    "neighbours[].mesh_url",
  ]);
  const nested = z.strictObject({ place: z.strictObject({ street: z.string().describe("Where") }) });
  assertEquals(payloadFields(nested)![1], {
    name: "place.street",
    type: "text",
    isRequired: true,
    description: "Where",
  });
});

for (
  const [what, words, field] of [
    ["bytes", "bytes, as base64", bytes],
    ["a public key", "bytes, as base64", publicKey.describe("a key")],
    ["bytes that may be left out", "bytes, as base64", optionalBytes.describe("perhaps")],
    ["bytes that may be nil", "bytes, as base64, or `null`", nilableBytes.describe("perhaps")],
    ["text", "text", z.string()],
    ["short text", "text of at most 7 characters", optionalText(7)],
    ["an integer", "whole number", z.int()],
    ["a count", "whole number from 0", z.int().nonnegative()],
    ["a grade", "whole number from 1 up to 10", z.int().min(1).max(10)],
    ["a fraction", "number", z.number()],
    ["a flag", "true or false", z.boolean()],
    ["a short list", "list of at most 3, each: text", z.array(z.string()).max(3)],
    ["a choice", '"tea" or "milk"', z.enum(["tea", "milk"])],
    ["what is not described", "anything", z.unknown()],
  ] as const
) {
  Deno.test(`payloadFields() calls ${what} "${words}"`, () => assertEquals(typeOf(field), words));
}

Deno.test("payloadFields() knows nothing of a schema that is not zod's, or of no object", () => {
  const ofOneself = { decode: (wire: never) => wire as unknown, encode: (value: unknown) => value };
  assertEquals(payloadFields(ofOneself), undefined);
  assertEquals(payloadFields(z.string()), undefined);
});
