import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import * as z from "zod";
import {
  decodeEnvelope,
  decodeMessage,
  encodeEnvelope,
  envelopeContent,
  signableContent,
} from "../../messages/envelope.ts";
import { MessageError } from "../../messages/message_error.ts";
import { Message, type MessageParts } from "../../messages/message.ts";
import { textSchema } from "../helpers/kinds.ts";

const RUNS = { seed: 20261121, numRuns: 500 };
const encoder = new TextEncoder();
const decoder = new TextDecoder();

const BASE: MessageParts<unknown> = {
  kind: "test:note",
  version: 1,
  fromId: "alice-id",
  timestamp: "2026-01-15T10:20:30Z",
  payload: { text: "hello" },
  payloadJson: '{"text":"hello"}',
};

const anyText = fc.string({ unit: "binary", minLength: 1, maxLength: 40 });
const anyId = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/);
const anyMessage = fc.record({
  kind: fc.constantFrom("a", "stash:store", "hey-there", "x:1:2"),
  version: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  fromId: anyId,
  from: fc.option(anyText, { nil: undefined }),
  to: fc.option(anyText, { nil: undefined }),
  toId: fc.option(anyId, { nil: undefined }),
  contentKey: fc.option(anyText, { nil: undefined }),
  inReplyTo: fc.option(anyId, { nil: undefined }),
  signature: fc.option(fc.uint8Array({ minLength: 64, maxLength: 64 }), { nil: undefined }),
  envelopeSignature: fc.option(fc.uint8Array({ minLength: 64, maxLength: 64 }), { nil: undefined }),
  timestamp: fc.bigInt({ min: 0n, max: 4_000_000_000_000_000_000n }),
  text: fc.string({ unit: "binary" }),
}).map(({ text, ...parts }) => new Message({ ...parts, payload: { text }, payloadJson: () => ({ text }) }));

/** The frame with these members; each value is JSON text. */
function frameOf(members: Readonly<Record<string, string | undefined>>): Uint8Array {
  const wire: Record<string, string | undefined> = {
    id: '"0123456789abcdef"',
    kind: '"test:note"',
    version: "1",
    from_id: '"alice-id"',
    timestamp: '"2026-01-15T10:20:30Z"',
    payload: '{"text":"hello"}',
    ...members,
  };
  const written = Object.entries(wire).filter(([, value]) => value !== undefined);
  return encoder.encode(`{${written.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(",")}}`);
}

function refusal(members: Readonly<Record<string, string | undefined>>): MessageError {
  const error = assertThrows(() => decodeEnvelope(frameOf(members)), MessageError);
  assertEquals(error.code, "undecodable");
  return error;
}

Deno.test("decodeEnvelope() and decodeMessage() give back whatever encodeEnvelope() wrote", () => {
  fc.assert(
    fc.property(anyMessage, (message) => {
      const frame = encodeEnvelope(message);
      const again = decodeMessage(decodeEnvelope(frame), textSchema);
      for (const field of ["id", "kind", "version", "from", "fromId", "to", "toId", "timestamp"] as const) {
        assertEquals(again[field], message[field], field);
      }
      assertEquals(again.contentKey, message.contentKey);
      assertEquals(again.inReplyTo, message.inReplyTo);
      assertEquals(again.payload, message.payload);
      assertEquals(again.payloadJson, message.payloadJson);
      assertEquals(again.signature, message.signature);
      assertEquals(again.envelopeSignature, message.envelopeSignature);
      assertEquals(decoder.decode(encodeEnvelope(again)), decoder.decode(frame));
      assertEquals(again.proof, "none");
    }),
    RUNS,
  );
});

Deno.test("envelopeContent() and signableContent() are the same for whoever wrote a message and whoever read it", () => {
  fc.assert(
    fc.property(anyMessage, (message) => {
      const again = decodeMessage(decodeEnvelope(encodeEnvelope(message)), textSchema);
      assertEquals(decoder.decode(envelopeContent(again)), decoder.decode(envelopeContent(message)));
      assertEquals(signableContent(again), signableContent(message));
    }),
    RUNS,
  );
});

Deno.test("encodeEnvelope() writes the fields in Go's order, ours last, and leaves out what is empty", () => {
  const full = new Message({
    ...BASE,
    id: "0123456789abcdef",
    contentKey: "c",
    from: "alice",
    to: "bob",
    toId: "bob-id",
    inReplyTo: "fedcba9876543210",
    signature: new Uint8Array(2),
    envelopeSignature: new Uint8Array([255]),
  });
  assertEquals(
    decoder.decode(encodeEnvelope(full)),
    '{"id":"0123456789abcdef","content_key":"c","kind":"test:note","version":1,"from":"alice","from_id":"alice-id",' +
      '"to":"bob","to_id":"bob-id","timestamp":"2026-01-15T10:20:30Z","payload":{"text":"hello"},"signature":"AAA=",' +
      '"in_reply_to":"fedcba9876543210","envelope_signature":"/w=="}',
  );
  const bare = new Message({
    ...BASE,
    id: "0123456789abcdef",
    from: "",
    to: "",
    toId: "",
    contentKey: "",
    inReplyTo: "",
  });
  assertEquals(
    decoder.decode(encodeEnvelope(bare)),
    '{"id":"0123456789abcdef","kind":"test:note","version":1,"from_id":"alice-id","timestamp":"2026-01-15T10:20:30Z",' +
      '"payload":{"text":"hello"}}',
  );
});

Deno.test("envelopeContent() is the domain, a newline and the envelope without its two signatures", () => {
  const message = new Message({
    ...BASE,
    id: "i",
    signature: new Uint8Array(64),
    envelopeSignature: new Uint8Array(64),
  });
  assertEquals(
    decoder.decode(envelopeContent(message)),
    'nara:envelope:v1\n{"id":"i","kind":"test:note","version":1,"from_id":"alice-id","timestamp":"2026-01-15T10:20:30Z",' +
      '"payload":{"text":"hello"}}',
  );
});

const NO_ENVELOPES: Readonly<Record<string, string | Uint8Array>> = {
  "nothing": "",
  "no JSON": "hello",
  "a list": "[]",
  "a text": '"hello"',
  "null": "null",
  "a number": "1",
  "half an object": '{"id":',
  "two objects": "{}{}",
  "an empty object": "{}",
  "bytes that are not UTF-8": new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
  "a key twice": '{"kind":"a","kind":"b"}',
  "a prototype's name": '{"__proto__":{}}',
  "a thousand brackets": "[".repeat(1000),
};

for (const [what, text] of Object.entries(NO_ENVELOPES)) {
  Deno.test(`decodeEnvelope() refuses ${what} as undecodable`, () => {
    const frame = typeof text === "string" ? encoder.encode(text) : text;
    assertEquals(assertThrows(() => decodeEnvelope(frame), MessageError).code, "undecodable");
  });
}

Deno.test("decodeEnvelope() says too_large to more than a mebibyte, and takes a mebibyte", () => {
  const bare = frameOf({ payload: '{"text":""}' }).length;
  const withText = (length: number) => frameOf({ payload: `{"text":"${"x".repeat(length)}"}` });
  assertEquals(decodeEnvelope(withText(2 ** 20 - bare)).kind, "test:note");
  assertEquals(
    assertThrows(() => decodeEnvelope(withText(2 ** 20 - bare + 1)), MessageError).code,
    "too_large",
  );
});

const TEXT_FIELDS_MAX: Readonly<Record<string, number>> = {
  id: 64,
  content_key: 1024,
  kind: 64,
  from: 256,
  from_id: 64,
  to: 256,
  to_id: 64,
  in_reply_to: 64,
};

for (const [field, max] of Object.entries(TEXT_FIELDS_MAX)) {
  Deno.test(`decodeEnvelope() takes ${max} characters of ${field} and refuses more, or what is no text`, () => {
    assertEquals(decodeEnvelope(frameOf({ [field]: JSON.stringify("x".repeat(max)) })).version, 1);
    for (const wrong of [JSON.stringify("x".repeat(max + 1)), "5", "true", "null", "[]", "{}", '["a"]']) {
      assertStringIncludes(refusal({ [field]: wrong }).message, `"${field}"`);
    }
  });
}

for (const field of ["signature", "envelope_signature"]) {
  Deno.test(`decodeEnvelope() reads ${field} as base64 of any length and refuses what is none`, () => {
    const name = field === "signature" ? "signature" : "envelopeSignature";
    assertEquals(decodeEnvelope(frameOf({ [field]: '"AAEC"' }))[name], new Uint8Array([0, 1, 2]));
    assertEquals(decodeEnvelope(frameOf({ [field]: '""' }))[name], undefined);
    for (
      const wrong of ['"A"', '"AA"', '"AB=="', '"A A="', '"-_8="', "5", "null", "[1]", `"${"A".repeat(132)}"`]
    ) {
      assertStringIncludes(refusal({ [field]: wrong }).message, `"${field}"`);
    }
  });
}

Deno.test("decodeEnvelope() reads empty text fields as left out, and a missing sender or id as empty", () => {
  const { id, contentKey, from, fromId, to, toId, inReplyTo } = decodeEnvelope(
    frameOf({
      id: undefined,
      content_key: '""',
      from: '""',
      from_id: '""',
      to: '""',
      to_id: '""',
      in_reply_to: '""',
    }),
  );
  assertEquals({ id, contentKey, from, fromId, to, toId, inReplyTo }, {
    id: "",
    contentKey: undefined,
    from: undefined,
    fromId: "",
    to: undefined,
    toId: undefined,
    inReplyTo: undefined,
  });
});

for (const kind of ['""', undefined]) {
  Deno.test(`decodeEnvelope() refuses an envelope whose kind is ${kind ?? "missing"}`, () => {
    assertStringIncludes(refusal({ kind }).message, 'field "kind" must be the kind of the message');
  });
}

Deno.test("decodeEnvelope() refuses an envelope without payload, or with null for it", () => {
  for (const payload of [undefined, "null"]) assertStringIncludes(refusal({ payload }).message, '"payload"');
});

const VERSIONS: Readonly<Record<string, number>> = {
  "1": 1,
  "0": 1,
  "2": 2,
  "-1": -1,
  "9007199254740991": 2 ** 53 - 1,
};

Deno.test("decodeEnvelope() reads a missing version and version 0 as 1, and other whole numbers as they are", () => {
  assertEquals(decodeEnvelope(frameOf({ version: undefined })).version, 1);
  for (const [text, version] of Object.entries(VERSIONS)) {
    assertEquals(decodeEnvelope(frameOf({ version: text })).version, version, text);
  }
});

for (
  const text of [
    "1.0",
    "1e0",
    "1E0",
    "10e-1",
    "-0",
    "0.5",
    "9007199254740993",
    "1e400",
    '"1"',
    "null",
    "true",
    "[1]",
  ]
) {
  Deno.test(`decodeEnvelope() refuses the version ${text}, for it would be written differently again`, () => {
    const { message } = refusal({ version: text });
    assertStringIncludes(message, 'field "version" must be a whole number');
    assertStringIncludes(message, JSON.stringify(text));
  });
}

const NO_TIMES = [
  '""',
  '"2026-01-15"',
  '"2026-01-15T10:20:30z"',
  '"2026-01-15T10:20:30.10Z"',
  '"2026-01-15T10:20:30+00:00"',
];

Deno.test("decodeEnvelope() keeps a timestamp as Go writes it, with offset and nanoseconds", () => {
  for (
    const text of [
      "2026-01-15T10:20:30Z",
      "2026-01-15T10:20:30.123456789+01:00",
      "2026-01-15T10:20:30.5-23:59",
    ]
  ) {
    assertEquals(decodeEnvelope(frameOf({ timestamp: JSON.stringify(text) })).timestamp, text);
  }
});

for (const text of [...NO_TIMES, '"2026-02-30T10:20:30Z"', "1768472430", "null", undefined]) {
  Deno.test(`decodeEnvelope() refuses ${text ?? "no"} timestamp`, () => {
    assertStringIncludes(refusal({ timestamp: text }).message, '"timestamp"');
  });
}

for (const field of ["id", "from_id", "to_id", "in_reply_to"]) {
  Deno.test(`decodeEnvelope() refuses what is no id in ${field}, and says what one is`, () => {
    for (const id of ["a b", "a/b", "..", "a+", "#", "a*", ">", "a\n", "\u202e", "\u0430", "a".repeat(65)]) {
      assertStringIncludes(refusal({ [field]: JSON.stringify(id) }).message, `"${field}" must be`);
    }
  });
}

Deno.test("decodeMessage() names the payload's field that its schema refuses, the kind and the version", () => {
  const schema = z.strictObject({ list: z.array(z.strictObject({ count: z.int() })) });
  const envelope = decodeEnvelope(frameOf({ version: "3", payload: '{"list":[{"count":1},{"count":"2"}]}' }));
  const error = assertThrows(() => decodeMessage(envelope, schema), MessageError);
  assertEquals(error.code, "undecodable");
  assertStringIncludes(error.message, 'payload of test:note v3: field "list.1.count"');
});

Deno.test("decodeMessage() refuses a payload with a field that its schema does not know", () => {
  const envelope = decodeEnvelope(frameOf({ payload: '{"text":"hello","extra":1}' }));
  assertStringIncludes(
    assertThrows(() => decodeMessage(envelope, textSchema), MessageError).message,
    "extra",
  );
});

for (const payload of ['{ "text":"hello"}', '{"text":"\\u0068ello"}', '{"text":"<"}', '{"text":"\\/"}']) {
  Deno.test(`decodeMessage() refuses the payload ${payload}, which Go would write differently`, () => {
    const error = assertThrows(
      () => decodeMessage(decodeEnvelope(frameOf({ payload })), textSchema),
      MessageError,
    );
    assertStringIncludes(error.message, "not canonical");
  });
}

Deno.test("decodeMessage() refuses a payload that is no object, whatever else it is", () => {
  for (const payload of ["1", '"text"', "[]", "true"]) {
    assertThrows(() => decodeMessage(decodeEnvelope(frameOf({ payload })), textSchema), MessageError);
  }
});

Deno.test("decodeEnvelope() never throws anything but a MessageError, whatever bytes come", () => {
  const pieces = fc.array(
    fc.oneof(
      fc.uint8Array({ maxLength: 8 }),
      fc.constantFrom("{", "}", '"kind"', ":", ",", '"a"', "1", "[", "]").map((text) => encoder.encode(text)),
    ),
    { maxLength: 30 },
  ).map((parts) => new Uint8Array(parts.flatMap((part) => [...part])));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), pieces), (frame) => {
      try {
        decodeEnvelope(frame);
      } catch (thrown) {
        assertEquals(thrown instanceof MessageError && thrown.code, "undecodable");
      }
    }),
    { ...RUNS, numRuns: 2_000 },
  );
});
