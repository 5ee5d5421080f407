/**
 * Ed25519 in plain TypeScript: what Web Crypto and `node:crypto` cannot do (judge a point), and all of it for runtimes whose Web Crypto lacks Ed25519. Some twenty times slower than those.
 *
 * The only module that knows `@noble/ed25519`.
 * @module
 */

import { createHash } from "node:crypto";
import { hashes, Point, sign, verify } from "@noble/ed25519";

hashes.sha512 = (bytes) => new Uint8Array(createHash("sha512").update(bytes).digest());

/** Whether `key` spells a point of the curve in the one canonical way (RFC 8032), and not one of small order. */
export function isStrongPoint(key: Uint8Array): boolean {
  try {
    return !Point.fromBytes(key, false).isSmallOrder();
  } catch {
    return false; // Not 32 bytes, not on the curve, or a second spelling.
  }
}

/** Signs `bytes` with a seed of 32 bytes: 64 bytes. */
export function signWithSeed(seed: Uint8Array, bytes: Uint8Array): Uint8Array {
  return sign(bytes, seed);
}

/** Whether the signature holds; keys, points and scalars in second spellings and keys of small order never do. */
export function verifyStrictly(key: Uint8Array, signature: Uint8Array, bytes: Uint8Array): boolean {
  try {
    return verify(signature, bytes, key, { zip215: false });
  } catch {
    return false;
  }
}
