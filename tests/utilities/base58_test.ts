import { assertEquals, assertFalse, assertThrows } from "@std/assert";
import fc from "fast-check";
import { base58Prefix16, decodeBase58, encodeBase58 } from "../../utilities/base58.ts";
import vectors from "../interop/vectors/identity.json" with { type: "json" };

const runs = { seed: 58, numRuns: 500 };

for (const { name, hex, base58 } of vectors.base58) {
  Deno.test(`encodeBase58() and decodeBase58() agree with Go: ${name}`, () => {
    assertEquals(encodeBase58(Uint8Array.fromHex(hex)), base58);
    assertEquals(decodeBase58(base58).toHex(), hex);
  });
}

for (const { name, text } of vectors.base58_invalid) {
  Deno.test(`decodeBase58() refuses ${name}`, () => {
    assertThrows(() => decodeBase58(text), SyntaxError);
  });
}

Deno.test("decodeBase58() says where the strange character is and does not repeat the text", () => {
  const { message } = assertThrows(() => decodeBase58("secret0secret"), SyntaxError, "character 7");
  assertFalse(message.includes("secret"));
});

Deno.test("decodeBase58() undoes encodeBase58()", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      assertEquals(decodeBase58(encodeBase58(bytes)), bytes);
    }),
    runs,
  );
});

Deno.test("base58Prefix16() is the beginning of encodeBase58()", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (digest) => {
      assertEquals(base58Prefix16(digest.toHex()), encodeBase58(digest).slice(0, 16));
    }),
    runs,
  );
});

Deno.test("base58Prefix16() counts leading zero bytes as encodeBase58() does", () => {
  for (let zeros = 0; zeros <= 32; zeros++) {
    const digest = new Uint8Array(32).fill(0xab, zeros);
    assertEquals(base58Prefix16(digest.toHex()), encodeBase58(digest).slice(0, 16));
  }
});

Deno.test("base58Prefix16() is exact where the number of digits changes", () => {
  const least44 = 58n ** 43n;
  for (const number of [least44 - 1n, least44, least44 + 1n, 1n << 248n, (1n << 256n) - 1n]) {
    const digest = Uint8Array.fromHex(number.toString(16).padStart(64, "0"));
    assertEquals(base58Prefix16(digest.toHex()), encodeBase58(digest).slice(0, 16));
  }
});

Deno.test("base58Prefix16() takes nothing but the 64 digits of 32 bytes", () => {
  assertThrows(() => base58Prefix16("ab".repeat(31)), RangeError, "got 62");
  assertThrows(() => base58Prefix16("ab".repeat(33)), RangeError, "got 66");
});
