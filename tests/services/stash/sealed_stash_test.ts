import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  assertFits,
  CIPHERTEXT_BYTES_MAX,
  DATA_BYTES_MAX,
  stashCodec,
} from "../../../services/stash/sealed_stash.ts";
import { StashError } from "../../../services/stash/stash_error.ts";
import { createNodeKeypair } from "../../../utilities/node_keypair.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("stashCodec writes NS1, the number as 8 bytes big-endian, and the data", () => {
  const plaintext = stashCodec.encode({ sequence: 0x01_02_03, data: bytes("hi") });
  assertEquals(plaintext, Uint8Array.of(0x4e, 0x53, 0x31, 0, 0, 0, 0, 0, 1, 2, 3, 0x68, 0x69));
});

Deno.test("stashCodec reads what it wrote", () => {
  for (const sequence of [0, 1, 255, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
    for (const data of [new Uint8Array(), bytes("x"), bytes("NS1NS1NS1NS1")]) {
      assertEquals(stashCodec.decode(stashCodec.encode({ sequence, data })), { sequence, data });
    }
  }
});

Deno.test("stashCodec reads anything else as number 0, all of it data", () => {
  const foreign = [
    '{"likes":"tea"}',
    "",
    "NS1",
    "NS1\0\0\0\0\0\0\0",
    "NS2\0\0\0\0\0\0\0\x01tea",
    "nS1\0\0\0\0\0\0\0\x01",
  ];
  for (const text of foreign) {
    assertEquals(stashCodec.decode(bytes(text)), { sequence: 0, data: bytes(text) });
  }
});

Deno.test("stashCodec reads a number beyond what a nara counts to as data", () => {
  const plaintext = Uint8Array.of(0x4e, 0x53, 0x31, 0, 0x20, 0, 0, 0, 0, 0, 0, 7);
  assertEquals(stashCodec.decode(plaintext), { sequence: 0, data: plaintext });
});

Deno.test("stashCodec reads a view of a larger buffer", () => {
  const larger = new Uint8Array(64);
  larger.set(stashCodec.encode({ sequence: 9, data: bytes("tea") }), 5);
  assertEquals(stashCodec.decode(larger.subarray(5, 19)), { sequence: 9, data: bytes("tea") });
});

Deno.test("DATA_BYTES_MAX fills the ciphertext that a confidant keeps to the last byte", () => {
  assertEquals(DATA_BYTES_MAX, 49_125);
  const { seal } = createNodeKeypair(new Uint8Array(32));
  const { ciphertext } = seal(stashCodec.encode({ sequence: 1, data: new Uint8Array(DATA_BYTES_MAX) }));
  assertEquals(ciphertext.length, CIPHERTEXT_BYTES_MAX);
});

Deno.test("assertFits() takes the limit, and names it one byte above", () => {
  assertFits(new Uint8Array(DATA_BYTES_MAX));
  const error = assertThrows(() => assertFits(new Uint8Array(DATA_BYTES_MAX + 1)), StashError);
  assertEquals(error.code, "too_large");
  assertStringIncludes(error.message, "49125");
  assertStringIncludes(error.message, "49126");
});
