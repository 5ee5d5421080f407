import { assertEquals, assertThrows } from "@std/assert";
import { encodeEnvelope } from "../../../messages/envelope.ts";
import { MessageError } from "../../../messages/message_error.ts";
import {
  decodeKept,
  encodeKept,
  keptError,
  keptReader,
  keyOf,
  sequenceAfter,
} from "../../../runtime/primitives/kept_message.ts";
import { MeshError } from "../../../runtime/transport/mesh.ts";
import { ownNote, readNotes } from "../../helpers/kept.ts";
import { messageOf } from "../../helpers/stage_context.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

Deno.test("decodeKept() gives back what encodeKept() wrote, whatever is in it", () => {
  const frames = [new Uint8Array(), new Uint8Array([10, 0, 255, 10]), bytes('{"a":"\n"}')];
  for (const frame of frames) {
    const meta = { text: "line\nfeed \u2028 ü", number: 1.5, none: undefined };
    assertEquals(decodeKept(encodeKept(meta, frame)), {
      meta: { text: "line\nfeed \u2028 ü", number: 1.5 },
      frame,
    });
  }
});

Deno.test("decodeKept() refuses what is damaged", () => {
  for (const text of ["", "\n", "{}", "null\n", "[]\n", "7\nframe", '{"a":\n}', "\xff\n"]) {
    assertThrows(() => decodeKept(bytes(text)), SyntaxError);
  }
  assertThrows(() => decodeKept(new Uint8Array([0xff, 10])), TypeError);
});

Deno.test("keptReader() reads a message of ours as it was kept: whether it was signed yet or not", () => {
  const beside = { proof: "envelope", direction: "emit" } as const;
  for (const parts of [{}, { envelopeSignature: new Uint8Array(64), signature: new Uint8Array(64) }]) {
    const message = ownNote("a", { toId: undefined, ...parts });
    const read = readNotes(encodeEnvelope(message), { ...beside, toAddress: "http://127.0.0.1:1" });
    assertEquals([read.id, read.timestamp, read.toAddress, read.proof], [
      message.id,
      message.timestamp,
      "http://127.0.0.1:1",
      "envelope",
    ]);
    assertEquals(encodeEnvelope(read), encodeEnvelope(message));
    assertEquals(
      [read.signedEnvelope, read.frame],
      [undefined, undefined],
      "what it says may still be added to",
    );
  }
});

Deno.test("keptReader() reads a received message with the bytes that came", () => {
  const frame = encodeEnvelope(messageOf({ envelopeSignature: new Uint8Array(64) }));
  const read = readNotes(frame, { proof: "signature", direction: "receive" });
  assertEquals([read.frame, read.proof, typeof read.signedEnvelope], [frame, "signature", "function"]);
});

Deno.test("keptReader() refuses a version without a schema", () => {
  const read = keptReader(() => ({ schemas: new Map() }));
  const frame = encodeEnvelope(ownNote("a"));
  const refused = assertThrows(() => read(frame, { proof: "none", direction: "emit" }), MessageError);
  assertEquals(refused.code, "unsupported_version");
});

Deno.test("keyOf() gives keys that sort as their numbers, and sequenceAfter() goes on behind the last", () => {
  const keys = [1, 9, 10, 99, 100, 1_000_000].map(keyOf);
  assertEquals(keys.toSorted(), keys);
  const entries = [...keys, "next", "no number", ""].map((key) => [key, 0] as const);
  assertEquals([sequenceAfter(entries), sequenceAfter([])], [1_000_001, 1]);
});

Deno.test("keptError() keeps the code of an error that has one", () => {
  assertEquals(keptError(new MeshError("unreachable", "away")), { code: "unreachable", message: "away" });
  assertEquals(keptError(Object.assign(new Error("odd"), { code: 7 })), { message: "odd" });
});
