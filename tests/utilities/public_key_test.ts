import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { IdentityError } from "../../utilities/identity_error.ts";
import {
  formatPublicKey,
  isStrongPublicKey,
  parsePublicKey,
  publicKeyOf,
} from "../../utilities/public_key.ts";
import ed25519 from "../interop/vectors/ed25519.json" with { type: "json" };
import identity from "../interop/vectors/identity.json" with { type: "json" };

/** Second spellings of a key that Go takes, and we do not. */
const STRICTER = ["line break inside", "unused bits set"];

/** The eight points of small order, in their canonical spelling; the sign of x is the last bit. */
const SMALL_ORDER = [
  "0100000000000000000000000000000000000000000000000000000000000000",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0000000000000000000000000000000000000000000000000000000000000080",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
];

for (const { name, text, key_hex } of identity.public_key_texts) {
  if (key_hex !== null && !STRICTER.includes(name)) {
    Deno.test(`parsePublicKey() reads what Go reads: ${name}`, () => {
      assertEquals(parsePublicKey(text).toHex(), key_hex);
      assertEquals(formatPublicKey(Uint8Array.fromHex(key_hex)), text);
    });
  } else {
    Deno.test(`parsePublicKey() refuses a key text: ${name}`, () => {
      const error = assertThrows(() => parsePublicKey(text), IdentityError, "Cannot read the public key");
      assertEquals(error.code, "bad_public_key");
    });
  }
}

Deno.test("publicKeyOf() derives the key that Go derives", () => {
  for (const { seed_hex, public_key_hex } of ed25519.sign) {
    assertEquals(publicKeyOf(Uint8Array.fromHex(seed_hex)).toHex(), public_key_hex);
  }
});

Deno.test("publicKeyOf() takes nothing but 32 bytes", () => {
  assertThrows(() => publicKeyOf(new Uint8Array(31)), RangeError, "got 31");
});

Deno.test("isStrongPublicKey() takes the keys of naras", () => {
  for (const { public_key_b64 } of identity.identities) {
    assert(isStrongPublicKey(parsePublicKey(public_key_b64)));
  }
});

Deno.test("isStrongPublicKey() refuses the points of small order", () => {
  for (const hex of SMALL_ORDER) assertFalse(isStrongPublicKey(Uint8Array.fromHex(hex)), hex);
});

Deno.test("isStrongPublicKey() refuses second spellings of any point", () => {
  const p = 2n ** 255n - 19n; // y may be spelled as y + p for y below 19; 3, 4, 9, 10 and others are on the curve.
  for (let y = 0n; y < 19n; y++) {
    for (const sign of [0n, 1n << 255n]) assertFalse(isStrongPublicKey(littleEndian(y + p + sign)), `${y}`);
  }
  assert(isStrongPublicKey(littleEndian(3n)));
});

Deno.test("isStrongPublicKey() refuses a sign where x is 0", () => {
  for (const y of [1n, 2n ** 255n - 20n]) assertFalse(isStrongPublicKey(littleEndian(y + (1n << 255n))));
});

Deno.test("isStrongPublicKey() refuses what is no point and what is no key, and does not throw", () => {
  assertFalse(isStrongPublicKey(littleEndian(2n)));
  for (const length of [0, 31, 33]) assertFalse(isStrongPublicKey(new Uint8Array(length).fill(3)));
});

function littleEndian(number: bigint): Uint8Array {
  return Uint8Array.fromHex(number.toString(16).padStart(64, "0")).reverse();
}
