/** The stand-in for `@std/encoding`: what the real package promises, for the functions that nara uses. */
import { decodeBase64, decodeHex, encodeBase64, encodeHex } from "@std/encoding";
import { assertEquals, assertThrows } from "@std/assert";

const BYTES = new Uint8Array([0xfa, 0x1f, 0x44, 0x69]);

Deno.test("encodeBase64() of @std/encoding takes text, bytes and buffers", () => {
  assertEquals(encodeBase64("é"), "w6k=");
  assertEquals(encodeBase64(BYTES), "+h9EaQ==");
  assertEquals(encodeBase64(BYTES.buffer), "+h9EaQ==");
});

Deno.test("decodeBase64() of @std/encoding reads padded text and refuses other characters", () => {
  assertEquals(new Uint8Array(decodeBase64("+h9EaQ==")), BYTES);
  assertThrows(() => decodeBase64("%%%%"), TypeError);
});

Deno.test("encodeHex() of @std/encoding takes text, bytes and buffers", () => {
  assertEquals(encodeHex("é"), "c3a9");
  assertEquals(encodeHex(BYTES), "fa1f4469");
  assertEquals(encodeHex(BYTES.buffer), "fa1f4469");
});

Deno.test("decodeHex() of @std/encoding reads both cases and refuses anything else", () => {
  assertEquals(decodeHex("fa1F4469"), BYTES);
  assertThrows(() => decodeHex("abc"), TypeError);
  assertThrows(() => decodeHex("zz"), TypeError);
});
