import { assert, assertEquals, assertFalse, assertInstanceOf } from "@std/assert";
import { createNobleKeypair } from "../../utilities/_noble_keypair.ts";
import { createNodeKeypair } from "../../utilities/node_keypair.ts";
import { createWebCryptoKeypair } from "../../utilities/web_crypto_keypair.ts";
import { testKeypair } from "../helpers/keypair_suite.ts";

testKeypair("createWebCryptoKeypair()", createWebCryptoKeypair);
testKeypair("createNodeKeypair()", createNodeKeypair);
testKeypair("createNobleKeypair()", createNobleKeypair);

const seed = new Uint8Array(32).fill(7);

Deno.test("createNodeKeypair() signs and verifies without a promise", () => {
  const keypair = createNodeKeypair(seed);
  const bytes = new Uint8Array(10);
  const signature = keypair.sign(bytes);
  assertInstanceOf(signature, Uint8Array);
  assertEquals(keypair.verify(keypair.publicKey, signature, bytes), true);
});

Deno.test("createWebCryptoKeypair() does without Web Crypto where that lacks Ed25519", async () => {
  const expected = await createWebCryptoKeypair(seed);
  using _ = withImportKey(() => Promise.reject(new DOMException("Unrecognized name", "NotSupportedError")));
  const keypair = await createWebCryptoKeypair(seed);
  const bytes = new Uint8Array(10);
  const signature = await keypair.sign(bytes);
  assertEquals(signature, await expected.sign(bytes));
  assert(await keypair.verify(keypair.publicKey, signature, bytes));
  assertFalse(await keypair.verify(keypair.publicKey, signature, new Uint8Array(11)));
});

Deno.test("createWebCryptoKeypair() imports a peer's key once", async () => {
  const keypair = await createWebCryptoKeypair(seed);
  const bytes = new Uint8Array(10);
  const signature = await keypair.sign(bytes);
  const importKey = crypto.subtle.importKey.bind(crypto.subtle);
  let imports = 0;
  using _ = withImportKey((...args) => {
    imports++;
    return Reflect.apply(importKey, crypto.subtle, args);
  });
  for (let time = 0; time < 5; time++) assert(await keypair.verify(keypair.publicKey, signature, bytes));
  assertEquals(imports, 1);
});

/** Replaces `crypto.subtle.importKey` until it is disposed of. */
function withImportKey(importKey: (...args: unknown[]) => Promise<unknown>): Disposable {
  Object.defineProperty(crypto.subtle, "importKey", { value: importKey, configurable: true });
  return { [Symbol.dispose]: () => void Reflect.deleteProperty(crypto.subtle, "importKey") };
}
