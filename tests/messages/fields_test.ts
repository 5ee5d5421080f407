import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import * as z from "zod";
import {
  bytes,
  naraId,
  nilableBytes,
  optionalBytes,
  optionalText,
  optionalUnixSeconds,
  publicKey,
  unixSeconds,
} from "../../messages/fields.ts";
import { schemaComplaint } from "../../messages/message_error.ts";
import type { PayloadSchema } from "../../messages/payload_schema.ts";
import { canonicalJson } from "../../utilities/canonical_json.ts";

const RUNS = { seed: 20261121, numRuns: 300 };

/** What the wire text becomes, as text again. */
function again(field: z.ZodType, text: string): string {
  const schema: PayloadSchema<{ field?: unknown }> = z.strictObject({ field });
  return canonicalJson(schema.encode(schema.decode(JSON.parse(text) as never)));
}

const KEPT: [says: string, field: z.ZodType, texts: string[]][] = [
  ["bytes", bytes, ['{"field":""}', '{"field":"AAEC"}', '{"field":"/w=="}']],
  ["nilableBytes", nilableBytes, ['{"field":null}', '{"field":""}', '{"field":"AAEC"}']],
  ["optionalBytes", optionalBytes, ["{}", '{"field":"AAEC"}']],
  ["optionalText()", optionalText(4), ["{}", '{"field":"a"}', '{"field":"日本語é"}']],
  ["naraId", naraId, ['{"field":""}', `{"field":"${"x".repeat(64)}"}`]],
  ["unixSeconds", unixSeconds, ['{"field":0}', '{"field":-5}', '{"field":1768472430}']],
  ["optionalUnixSeconds", optionalUnixSeconds, ["{}", '{"field":1}', '{"field":-5}']],
  ["publicKey", publicKey, [`{"field":"${new Uint8Array(32).toBase64()}"}`]],
];

for (const [says, field, texts] of KEPT) {
  Deno.test(`${says} writes what it read, character by character`, () => {
    for (const text of texts) assertEquals(again(field, text), text);
  });
}

const LEFT_OUT: [says: string, field: z.ZodType, text: string][] = [
  ["optionalBytes", optionalBytes, '{"field":""}'],
  ["optionalText()", optionalText(4), '{"field":""}'],
  ["optionalUnixSeconds", optionalUnixSeconds, '{"field":0}'],
];

for (const [says, field, text] of LEFT_OUT) {
  Deno.test(`${says} is left out when empty, as Go's omitempty does`, () =>
    assertEquals(again(field, text), "{}"));
}

const REFUSED: [says: string, field: z.ZodType, texts: string[]][] = [
  ["bytes", bytes, [
    "{}",
    '{"field":null}',
    '{"field":5}',
    '{"field":"A"}',
    '{"field":"AB=="}',
    '{"field":[1]}',
  ]],
  ["nilableBytes", nilableBytes, ["{}", '{"field":5}', '{"field":"A"}']],
  ["optionalBytes", optionalBytes, ['{"field":null}', '{"field":5}', '{"field":"A"}']],
  ["optionalText()", optionalText(4), ['{"field":null}', '{"field":5}', '{"field":"abcde"}']],
  ["naraId", naraId, ["{}", '{"field":null}', `{"field":"${"x".repeat(65)}"}`]],
  ["unixSeconds", unixSeconds, [
    "{}",
    '{"field":"1"}',
    '{"field":1.5}',
    '{"field":9007199254740993}',
    '{"field":null}',
  ]],
  ["optionalUnixSeconds", optionalUnixSeconds, ['{"field":"1"}', '{"field":1.5}', '{"field":null}']],
  ["publicKey", publicKey, ["{}", '{"field":""}', `{"field":"${new Uint8Array(31).toBase64()}"}`]],
];

for (const [says, field, texts] of REFUSED) {
  Deno.test(`${says} refuses what it does not describe, and the complaint names the field`, () => {
    for (const text of texts) {
      const thrown = assertThrows(() => again(field, text), Error, "", text);
      assertEquals(schemaComplaint(thrown).slice(0, 14), 'field "field":', text);
    }
  });
}

Deno.test("bytes are the same array of numbers in the program, whatever they are", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (value) => {
      const wire = canonicalJson(bytes.encode(value as Uint8Array<ArrayBuffer>));
      assertEquals(bytes.decode(JSON.parse(wire)), value as Uint8Array<ArrayBuffer>);
    }),
    RUNS,
  );
});

Deno.test("publicKey refuses another length on the way out too", () => {
  assertThrows(() => publicKey.encode(new Uint8Array(31)), Error, "32 bytes");
});

Deno.test("schemaComplaint() says in words whatever was thrown", () => {
  assertEquals(
    schemaComplaint({ issues: [{ path: ["a", 0, "b"], message: "wrong" }] }),
    'field "a.0.b": wrong',
  );
  assertEquals(schemaComplaint({ issues: [{ path: [], message: "wrong" }] }), "wrong");
  assertEquals(schemaComplaint(new Error("boom")), "boom");
  assertEquals(schemaComplaint("boom"), "boom");
  assertEquals(schemaComplaint(undefined), "undefined");
});
