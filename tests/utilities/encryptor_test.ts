import { assertEquals, assertThrows } from "@std/assert";
import { Encryptor } from "../../utilities/encryptor.ts";
import { IdentityError } from "../../utilities/identity_error.ts";
import { createNodeKeypair } from "../../utilities/node_keypair.ts";

const textCodec = {
  encode: (text: string) => new TextEncoder().encode(text),
  decode: (bytes: Uint8Array) => new TextDecoder("utf-8", { fatal: true }).decode(bytes),
};

function encryptorOf(seed: number): Encryptor<string> {
  return new Encryptor(createNodeKeypair(new Uint8Array(32).fill(seed)), textCodec);
}

Deno.test("Encryptor.decrypt() gives back what the same soul encrypted, in any life [TestStashEncryptionDecryption]", () => {
  for (const text of ["", "tea", "té 🍵".repeat(1_000)]) {
    assertEquals(encryptorOf(1).decrypt(encryptorOf(1).encrypt(text)), text);
  }
});

Deno.test("Encryptor.encrypt() uses a nonce of 24 bytes once", () => {
  const encryptor = encryptorOf(1);
  const [one, other] = [encryptor.encrypt("tea"), encryptor.encrypt("tea")];
  assertEquals([one.nonce.length, one.ciphertext.length], [24, 3 + 16]);
  assertEquals(one.nonce.every((byte, index) => byte === other.nonce[index]), false);
});

Deno.test("Encryptor.decrypt() refuses what another soul encrypted, or what was altered", () => {
  const sealed = encryptorOf(1).encrypt("tea");
  const altered = sealed.ciphertext.slice();
  altered[0] ^= 1;
  assertEquals(assertThrows(() => encryptorOf(2).decrypt(sealed), IdentityError).code, "unsealable");
  assertEquals(
    assertThrows(() => encryptorOf(1).decrypt({ ...sealed, ciphertext: altered }), IdentityError).code,
    "unsealable",
  );
});

Deno.test("Encryptor lets the codec's own complaints through", () => {
  const keypair = createNodeKeypair(new Uint8Array(32));
  const encryptor = new Encryptor(keypair, textCodec);
  assertThrows(() => encryptor.decrypt(keypair.seal(Uint8Array.of(0xff))), TypeError);
});
