/**
 * The part of a keypair that all its implementations share.
 * @module
 */

import { openBytes, sealBytes, stashKeyOf } from "./encryption.ts";
import type { Keypair } from "./keypair.ts";
import { publicKeyOf } from "./public_key.ts";
import type { Random } from "./random.ts";

const NONCE_BYTES = 24;

/** Peers whose imported key a keypair remembers. More costs about 1 KB each, fewer imports keys again and again. */
export const PEER_KEYS_MAX = 4_096;

/**
 * A keypair's public key, and how it seals for itself.
 *
 * @throws {RangeError} If `seed` is not 32 bytes long.
 */
export function createKeypairBase(
  seed: Uint8Array,
  random: Random,
): Pick<Keypair, "publicKey" | "seal" | "open"> {
  const publicKey = publicKeyOf(seed);
  const stashKey = stashKeyOf(seed);
  return {
    publicKey,
    seal: (plaintext) => {
      const nonce = random.bytes(NONCE_BYTES);
      return { nonce, ciphertext: sealBytes(stashKey, nonce, plaintext) };
    },
    open: ({ nonce, ciphertext }) => openBytes(stashKey, nonce, ciphertext),
  };
}
