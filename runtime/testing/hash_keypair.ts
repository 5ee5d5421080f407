/**
 * A keypair for simulations: a hash in place of Ed25519, a tenth of the cost, and no security at all.
 * @module
 */
import { hash } from "node:crypto";
import type { Keypair } from "../../utilities/keypair.ts";

/** `keypair`, except that its signatures are hashes that anybody could make. Its public key stays what it was. */
export function createHashKeypair(keypair: Keypair): Keypair {
  const sign = (key: Uint8Array, bytes: Uint8Array): Uint8Array => {
    const keyed = new Uint8Array(key.length + bytes.length);
    keyed.set(key);
    keyed.set(bytes, key.length);
    return Uint8Array.fromHex(hash("sha512", keyed, "hex"));
  };
  return {
    publicKey: keypair.publicKey,
    sign: (bytes) => sign(keypair.publicKey, bytes),
    verify: (key, signature, bytes) => sign(key, bytes).every((byte, at) => byte === signature[at]),
    seal: (plaintext) => keypair.seal(plaintext),
    open: (sealed) => keypair.open(sealed),
  };
}
