/**
 * The keypair in plain TypeScript, for runtimes whose Web Crypto lacks Ed25519.
 * @module
 */

import { signWithSeed, verifyStrictly } from "./_ed25519.ts";
import { createKeypairBase } from "./_keypair_base.ts";
import type { Keypair } from "./keypair.ts";
import { type Random, systemRandom } from "./random.ts";

/**
 * The keypair of a soul's seed, without any help from the platform.
 *
 * @param seed 32 bytes; nothing keeps a reference to it.
 * @param random Where nonces come from. @default {systemRandom}
 * @throws {RangeError} If `seed` is not 32 bytes long.
 */
export function createNobleKeypair(seed: Uint8Array, random: Random = systemRandom): Keypair {
  const base = createKeypairBase(seed, random);
  const ownSeed = seed.slice();
  return { ...base, sign: (bytes) => signWithSeed(ownSeed, bytes), verify: verifyStrictly };
}
