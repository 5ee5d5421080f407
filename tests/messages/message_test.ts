import { assertEquals, assertNotEquals, assertStrictEquals } from "@std/assert";
import { Message, type MessageParts, provenName } from "../../messages/message.ts";
import { computeId, idWithEmptySender } from "../../messages/message_id.ts";
import messages from "../interop/vectors/messages.json" with { type: "json" };

const BASE: MessageParts<{ text: string }> = {
  kind: "test:note",
  version: 1,
  fromId: "alice-id",
  timestamp: 1_768_472_430_500_000_000n,
  payload: { text: "hello" },
  payloadJson: () => ({ text: "hello" }),
};

Deno.test("Message.id is that of kind, sender, time and payload, and no other field counts", () => {
  const { id } = new Message(BASE);
  assertEquals(
    id,
    computeId({
      kind: "test:note",
      fromId: "alice-id",
      timestamp: "2026-01-15T10:20:30.5Z",
      payloadJson: '{"text":"hello"}',
    }),
  );
  assertEquals(
    new Message({ ...BASE, version: 2, from: "a", to: "b", toId: "b-id", contentKey: "c", inReplyTo: "r" })
      .id,
    id,
  );
  for (
    const other of [
      { kind: "test:other" },
      { fromId: "bob-id" },
      { timestamp: 1_768_472_430_500_000_001n },
      { payloadJson: '{"text":"bye"}' },
    ]
  ) assertNotEquals(new Message({ ...BASE, ...other }).id, id);
});

Deno.test("computeId() and idWithEmptySender() give what the Go implementation gives, for all its vectors", () => {
  for (
    const { name, fields, payload_json: payloadJson, computed_id, id_with_empty_sender } of messages.messages
  ) {
    if (payloadJson === "null") continue; // For a nil Go hashes nothing; such a payload is refused here.
    const source = { kind: fields.kind, fromId: fields.from_id, timestamp: fields.timestamp, payloadJson };
    assertEquals([computeId(source), idWithEmptySender(source)], [computed_id, id_with_empty_sender], name);
  }
});

Deno.test("idWithEmptySender() is the id of the same message without a sender", () => {
  const { kind, timestamp, payloadJson } = new Message(BASE);
  const source = { kind, timestamp, payloadJson, fromId: "alice-id" };
  assertEquals(idWithEmptySender(source), computeId({ ...source, fromId: "" }));
  assertNotEquals(idWithEmptySender(source), computeId(source));
});

Deno.test("Message writes its payload when somebody asks for it, and once", () => {
  let written = 0;
  const message = new Message({
    ...BASE,
    payloadJson: () => {
      written++;
      return { text: "<" };
    },
  });
  assertEquals(message.with({ proof: "envelope" }).kind, "test:note");
  assertEquals(written, 0);
  assertEquals(message.payloadJson, '{"text":"\\u003c"}');
  assertEquals(message.id, computeId(message));
  assertEquals(message.with({ contentKey: "c" }).id, message.id);
  assertEquals(written, 1);
});

Deno.test("Message keeps an id that it was given, for that is what its sender claims", () => {
  assertEquals(new Message({ ...BASE, id: "claimed" }).id, "claimed");
});

Deno.test("Message keeps a timestamp that came as text, and writes instants as UTC", () => {
  assertEquals(new Message(BASE).timestamp, "2026-01-15T10:20:30.5Z");
  assertEquals(new Message({ ...BASE, timestamp: 1n }).timestamp, "1970-01-01T00:00:00.000000001Z");
  const timestamp = "2026-01-15T11:20:30.5+01:00";
  assertEquals(new Message({ ...BASE, timestamp }).timestamp, timestamp);
});

Deno.test("Message.with() changes what it is told, nothing else, and not the message itself", () => {
  const full = new Message({
    ...BASE,
    id: "i",
    from: "alice",
    to: "bob",
    toId: "bob-id",
    inReplyTo: "r",
    contentKey: "c",
    toAddress: "memory:x",
    proof: "signature",
    signature: new Uint8Array([1]),
    envelopeSignature: new Uint8Array([2]),
    signedEnvelope: () => new Uint8Array([3]),
  });
  const changed = full.with({ proof: "envelope", contentKey: undefined, inReplyTo: "s" });
  assertEquals([changed.proof, changed.contentKey, changed.inReplyTo], ["envelope", undefined, "s"]);
  assertEquals([full.proof, full.contentKey, full.inReplyTo], ["signature", "c", "r"]);
  for (
    const field of [
      ...[
        "kind",
        "version",
        "fromId",
        "from",
        "toId",
        "to",
        "payload",
        "toAddress",
        "id",
        "timestamp",
        "payloadJson",
      ],
      ...["signature", "envelopeSignature", "signedEnvelope"],
    ] as (keyof Message)[]
  ) assertStrictEquals(changed[field], full[field], field);
});

Deno.test("Message proves nothing unless it was told otherwise", () => {
  assertEquals(new Message(BASE).proof, "none");
});

Deno.test("provenName() is the sender's name where the envelope signature covers it, and it may be a name at all", () => {
  const envelopeSignature = new Uint8Array(64);
  assertEquals(provenName(new Message({ ...BASE, from: "zoë", envelopeSignature })), "zoë");
  assertEquals(provenName(new Message({ ...BASE, envelopeSignature })), undefined);
  assertEquals(provenName(new Message({ ...BASE, from: "zoë", signature: envelopeSignature })), undefined);
  for (const from of ["", "a/b", "a\u202eb", "x".repeat(65), " a"]) {
    assertEquals(provenName(new Message({ ...BASE, from, envelopeSignature })), undefined, from);
  }
});
