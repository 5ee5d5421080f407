/**
 * The keypair on `node:crypto`: synchronous, on the calling thread.
 *
 * The faster one where all cores are busy anyway, and the one with the shorter way for a single message.
 * @module
 */

import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { Buffer } from "node:buffer";
import { createKeypairBase, PEER_KEYS_MAX } from "./_keypair_base.ts";
import { pkcs8Of } from "./_pkcs8.ts";
import { KeyCache } from "./_key_cache.ts";
import type { Keypair } from "./keypair.ts";
import { isStrongPublicKey } from "./public_key.ts";
import { type Random, systemRandom } from "./random.ts";

/** What stands before a public key in the DER form of its SPKI (RFC 8410). */
const SPKI_PREFIX = Uint8Array.fromHex("302a300506032b6570032100");

/**
 * The keypair of a soul's seed. `sign` and `verify` answer at once, not with a promise.
 *
 * @param seed 32 bytes; nothing keeps a reference to it.
 * @param random Where nonces come from. @default {systemRandom}
 * @throws {RangeError} If `seed` is not 32 bytes long.
 */
export function createNodeKeypair(seed: Uint8Array, random: Random = systemRandom): Keypair {
  const base = createKeypairBase(seed, random);
  const privateKey = createPrivateKey({ key: Buffer.from(pkcs8Of(seed)), format: "der", type: "pkcs8" });
  const peerKeys = new KeyCache(importPublicKey, PEER_KEYS_MAX);
  return {
    ...base,
    sign: (bytes) => new Uint8Array(sign(null, bytes, privateKey)),
    verify: (key, signature, bytes) => {
      try {
        const peerKey = peerKeys.get(key);
        return peerKey !== "weak" && verify(null, bytes, peerKey, signature);
      } catch {
        return false; // Arguments that are no bytes.
      }
    },
  };
}

/** `node:crypto` itself accepts keys of small order, under which every signature can be made to hold. */
function importPublicKey(key: Uint8Array): KeyObject | "weak" {
  if (!isStrongPublicKey(key)) return "weak";
  return createPublicKey({ key: Buffer.concat([SPKI_PREFIX, key]), format: "der", type: "spki" });
}
