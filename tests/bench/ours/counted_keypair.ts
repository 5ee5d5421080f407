/**
 * Counts what a keypair signs and verifies.
 * @module
 */
import type { Keypair } from "../../../utilities/keypair.ts";
import type { Signatures } from "../harness.ts";

/** `keypair`, with every signature counted in `count`. */
export function counted(keypair: Keypair, count: Signatures): Keypair {
  return {
    publicKey: keypair.publicKey,
    sign(bytes) {
      count.signed++;
      return keypair.sign(bytes);
    },
    verify(key, signature, bytes) {
      count.verified++;
      return keypair.verify(key, signature, bytes);
    },
    seal: (plaintext) => keypair.seal(plaintext),
    open: (sealed) => keypair.open(sealed),
  };
}
