import { createHash } from "node:crypto";
import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { openBytes, sealBytes, stashKeyOf } from "../../utilities/encryption.ts";
import { IdentityError } from "../../utilities/identity_error.ts";
import { plaintextOf } from "../helpers/seal_vectors.ts";
import identity from "../interop/vectors/identity.json" with { type: "json" };
import vectors from "../interop/vectors/seal.json" with { type: "json" };

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

for (const vector of vectors.seal) {
  Deno.test(`sealBytes() seals as Go does, and openBytes() opens it: ${vector.name}`, () => {
    const [key, nonce] = [Uint8Array.fromHex(vector.key_hex), Uint8Array.fromHex(vector.nonce_hex)];
    const plaintext = plaintextOf(vector);
    assertEquals(sha256(plaintext), vector.plaintext_sha256_hex);
    const ciphertext = sealBytes(key, nonce, plaintext);
    assertEquals(ciphertext.length, vector.ciphertext_length);
    assertEquals(sha256(ciphertext), vector.ciphertext_sha256_hex);
    assertEquals(sha256(openBytes(key, nonce, ciphertext)), vector.plaintext_sha256_hex);
  });
}

for (const vector of vectors.open) {
  const open = () =>
    openBytes(
      Uint8Array.fromHex(vector.key_hex),
      Uint8Array.fromHex(vector.nonce_hex),
      Uint8Array.fromHex(vector.ciphertext_hex),
    );
  if (vector.plaintext_b64 !== null) {
    Deno.test(`openBytes() opens what Go opens: ${vector.name}`, () => {
      assertEquals(open().toBase64(), vector.plaintext_b64);
    });
  } else {
    Deno.test(`openBytes() refuses what Go refuses: ${vector.name}`, () => {
      assertEquals(assertThrows(open, IdentityError, "Cannot open").code, "unsealable");
    });
  }
}

Deno.test("openBytes() undoes sealBytes()", () => {
  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
  fc.assert(
    fc.property(bytes(32), bytes(24), fc.uint8Array({ maxLength: 300 }), (key, nonce, plaintext) => {
      assertEquals(openBytes(key, nonce, sealBytes(key, nonce, plaintext)), plaintext);
    }),
    { seed: 24, numRuns: 200 },
  );
});

Deno.test("openBytes() notices any flipped bit", () => {
  const [key, nonce] = [new Uint8Array(32).fill(1), new Uint8Array(24).fill(2)];
  const sealed = sealBytes(key, nonce, new TextEncoder().encode("a secret"));
  for (let bit = 0; bit < 8 * sealed.length; bit++) {
    const altered = sealed.slice();
    altered[bit >> 3] ^= 1 << (bit & 7);
    assertThrows(() => openBytes(key, nonce, altered), IdentityError, "Cannot open");
  }
});

Deno.test("openBytes() says which length is wrong", () => {
  const [key, nonce] = [new Uint8Array(32), new Uint8Array(24)];
  assertThrows(() => openBytes(key, nonce.slice(12), new Uint8Array(16)), IdentityError, "24 bytes: got 12");
  assertThrows(() => openBytes(key, nonce, new Uint8Array(15)), IdentityError, "16 bytes: got 15");
});

Deno.test("sealBytes() and openBytes() take nothing but a key of 32 bytes", () => {
  assertThrows(() => sealBytes(new Uint8Array(31), new Uint8Array(24), new Uint8Array()), RangeError, "key");
  assertThrows(
    () => sealBytes(new Uint8Array(32), new Uint8Array(12), new Uint8Array()),
    RangeError,
    "nonce",
  );
  assertThrows(
    () => openBytes(new Uint8Array(33), new Uint8Array(24), new Uint8Array(16)),
    RangeError,
    "key",
  );
});

Deno.test("stashKeyOf() derives the key that Go derives", () => {
  for (const { name, seed_hex, self_key_hex } of identity.identities) {
    assertEquals(stashKeyOf(Uint8Array.fromHex(seed_hex)).toHex(), self_key_hex, name);
  }
});
