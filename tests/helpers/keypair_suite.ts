/**
 * What every {@linkcode Keypair} has to do: the same as all the others, to the byte.
 * @module
 */

import { createHash } from "node:crypto";
import { assert, assertEquals, assertFalse, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import { IdentityError } from "../../utilities/identity_error.ts";
import type { Keypair } from "../../utilities/keypair.ts";
import type { Random } from "../../utilities/random.ts";
import ed25519 from "../interop/vectors/ed25519.json" with { type: "json" };
import identity from "../interop/vectors/identity.json" with { type: "json" };
import seal from "../interop/vectors/seal.json" with { type: "json" };
import { plaintextOf } from "./seal_vectors.ts";

/** Makes the keypair under test. */
export type CreateKeypair = (seed: Uint8Array, random?: Random) => Keypair | Promise<Keypair>;

/** Go accepts these, for it takes keys of small order and second spellings of a key. We do not. */
const STRICTER = [
  "key is the neutral point, R neutral, S 0 (any message passes)",
  "key is the neutral point, other message",
  "key is the neutral point in a second spelling (y = p + 1)",
  "neutral key with sign bit set",
  "key of order 2, R neutral, S 0, message 1",
  "key of order 2, R neutral, S 0, message 2",
  "key of order 2, R neutral, S 0, message 3",
];

const GROUP_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const hex = (text: string) => Uint8Array.fromHex(text);
const seedOf = (owner: string) => hex(identity.identities.find((each) => each.nara_name === owner)!.seed_hex);
const alice = () => seedOf("alice");

/** Declares the suite for one implementation. */
export function testKeypair(label: string, create: CreateKeypair): void {
  testSigning(label, create);
  testVerifying(label, create);
  testSealing(label, create);

  Deno.test(`${label} takes nothing but a seed of 32 bytes`, async () => {
    for (const length of [0, 31, 33, 64]) {
      await assertRejects(async () => await create(new Uint8Array(length)), RangeError, `got ${length}`);
    }
  });

  Deno.test(`${label} does not show its secrets`, async () => {
    const keypair = await create(alice());
    const shown = Deno.inspect(keypair, { depth: 10, showHidden: true }) + JSON.stringify(keypair);
    const { self_key_hex } = identity.identities.find(({ name }) => name === "alice")!;
    for (const secret of [alice(), hex(self_key_hex)]) {
      assertFalse(shown.includes([...secret.subarray(0, 4)].join(", ")));
      assertFalse(shown.includes(`"0":${secret[0]},"1":${secret[1]},"2":${secret[2]}`));
      assertFalse(shown.includes(secret.toHex().slice(0, 8)));
    }
  });
}

function testSigning(label: string, create: CreateKeypair): void {
  for (const { name, seed_hex, public_key_hex, message_hex, signature_hex } of ed25519.sign) {
    Deno.test(`${label} signs what Go signs: ${name}`, async () => {
      const keypair = await create(hex(seed_hex));
      assertEquals(keypair.publicKey, hex(public_key_hex));
      assertEquals(await keypair.sign(hex(message_hex)), hex(signature_hex));
      assert(await keypair.verify(keypair.publicKey, hex(signature_hex), hex(message_hex)));
    });
  }

  Deno.test(`${label} has the keys and signatures of Go's naras`, async () => {
    for (const each of [...identity.identities, ...identity.souls_given]) {
      const keypair = await create(hex(each.seed_hex));
      assertEquals(keypair.publicKey.toBase64(), each.public_key_b64, each.name);
      const signature = await keypair.sign(new TextEncoder().encode(each.nara_name));
      assertEquals(signature.toBase64(), each.signature_of_name_b64, each.name);
    }
  });

  Deno.test(`${label} keeps no reference to the seed and to what it signs`, async () => {
    const [{ seed_hex, message_hex, signature_hex }] = ed25519.sign.filter(({ name }) => name === "4 bytes");
    const [seed, bytes] = [hex(seed_hex), hex(message_hex)];
    const keypair = await create(seed);
    seed.fill(0);
    const signing = keypair.sign(bytes);
    bytes.fill(0);
    assertEquals(await signing, hex(signature_hex));
  });
}

function testVerifying(label: string, create: CreateKeypair): void {
  for (const { name, public_key_hex, signature_hex, message_hex, go_accepts } of ed25519.verify) {
    const accepts = go_accepts && !STRICTER.includes(name);
    Deno.test(`${label} ${accepts ? "accepts" : "refuses"} a signature: ${name}`, async () => {
      const keypair = await create(alice());
      for (const time of ["first", "second"]) { // The second time the key is known already.
        const verified = await keypair.verify(hex(public_key_hex), hex(signature_hex), hex(message_hex));
        assertEquals(verified, accepts, time);
      }
    });
  }

  Deno.test(`${label} refuses every other spelling of S`, async () => {
    const keypair = await create(alice());
    const bytes = new Uint8Array(100);
    const signature = await keypair.sign(bytes);
    const s = BigInt("0x" + signature.slice(32).reverse().toHex());
    for (let multiple = 1n; s + multiple * GROUP_ORDER < 2n ** 256n; multiple++) {
      const spelled = (s + multiple * GROUP_ORDER).toString(16).padStart(64, "0");
      const other = new Uint8Array([...signature.slice(0, 32), ...hex(spelled).reverse()]);
      assertFalse(await keypair.verify(keypair.publicKey, other, bytes), `${multiple}`);
    }
    assert(await keypair.verify(keypair.publicKey, signature, bytes));
  });

  Deno.test(`${label} verifies what was there when it was asked`, async () => {
    const [{ public_key_hex, message_hex, signature_hex }] = ed25519.verify;
    const keypair = await create(alice());
    for (const time of ["first", "second"]) {
      const arrays = [public_key_hex, signature_hex, message_hex].map(hex);
      const verifying = keypair.verify(arrays[0], arrays[1], arrays[2]);
      for (const array of arrays) array.fill(0);
      assert(await verifying, time);
    }
  });

  Deno.test(`${label} refuses what is no bytes at all, and does not throw`, async () => {
    const keypair = await create(alice());
    const signature = await keypair.sign(new Uint8Array(1));
    const right = [keypair.publicKey, signature, new Uint8Array(1)];
    for (const place of right.keys()) {
      for (const wrong of [undefined, null, 1, "text", {}]) {
        const verified: unknown = Reflect.apply(keypair.verify, keypair, right.with(place, wrong as never));
        assertEquals(await verified, false, `${wrong} at ${place}`);
      }
    }
  });
}

function testSealing(label: string, create: CreateKeypair): void {
  for (const vector of seal.seal) {
    Deno.test(`${label} seals what Go seals, and opens it: ${vector.name}`, async () => {
      const random: Random = { next: () => 0, bytes: () => hex(vector.nonce_hex) };
      const keypair = await create(seedOf(vector.owner), random);
      const plaintext = plaintextOf(vector);
      const sealed = keypair.seal(plaintext);
      assertEquals(sealed.nonce.toHex(), vector.nonce_hex);
      assertEquals(sha256(sealed.ciphertext), vector.ciphertext_sha256_hex);
      assertEquals(sha256(keypair.open(sealed)), sha256(plaintext));
    });
  }

  Deno.test(`${label} opens what Go opens, and nothing else`, async () => {
    for (const { name, owner, nonce_hex, ciphertext_hex, plaintext_b64 } of seal.open) {
      const keypair = await create(seedOf(owner));
      const open = () => keypair.open({ nonce: hex(nonce_hex), ciphertext: hex(ciphertext_hex) });
      if (plaintext_b64 !== null) assertEquals(open().toBase64(), plaintext_b64, name);
      else assertEquals(assertThrows(open, IdentityError, "Cannot open", name).code, "unsealable");
    }
  });

  Deno.test(`${label} opens what it sealed, under a nonce that is new each time`, async () => {
    const keypair = await create(alice());
    const property = fc.property(fc.uint8Array({ maxLength: 200 }), (plaintext) => {
      const [one, other] = [keypair.seal(plaintext), keypair.seal(plaintext)];
      assertEquals(one.nonce.length, 24);
      assertNotEquals(one.nonce, other.nonce);
      assertEquals(keypair.open(one), plaintext);
      assertEquals(keypair.open(other), plaintext);
    });
    fc.assert(property, { seed: 2, numRuns: 50 });
  });
}
