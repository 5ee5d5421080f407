/**
 * Sealing for oneself: XChaCha20-Poly1305 under a key that follows from the soul's seed.
 *
 * There is no associated data; the tag of 16 bytes stands at the end of the ciphertext, the nonce beside it.
 * @module
 */

import { hkdfSync } from "node:crypto";
import { xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import { IdentityError } from "./identity_error.ts";

const KEY_BYTES = 32;
const NONCE_BYTES = 24;
const TAG_BYTES = 16;

/** The key of 32 bytes with which the owner of `seed` seals what only it shall read (HKDF-SHA256). */
export function stashKeyOf(seed: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", seed, "nara:stash:v1", "symmetric", KEY_BYTES));
}

/**
 * Encrypts `plaintext`: the result is 16 bytes longer.
 *
 * @param key 32 bytes.
 * @param nonce 24 bytes that are never used twice with this key; random ones are fine.
 * @throws {RangeError} If key or nonce have another length.
 */
export function sealBytes(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array): Uint8Array {
  assertLength("key", key, KEY_BYTES);
  assertLength("nonce", nonce, NONCE_BYTES);
  return xchacha20poly1305(key, nonce).encrypt(plaintext);
}

/**
 * Decrypts what {@linkcode sealBytes} made.
 *
 * @throws {IdentityError} `unsealable`, if nonce, key or ciphertext are not those that were sealed.
 * @throws {RangeError} If the key is not 32 bytes long.
 */
export function openBytes(key: Uint8Array, nonce: Uint8Array, ciphertext: Uint8Array): Uint8Array {
  assertLength("key", key, KEY_BYTES);
  if (nonce.length !== NONCE_BYTES) {
    throw unsealable(`the nonce must be ${NONCE_BYTES} bytes: got ${nonce.length}`);
  }
  if (ciphertext.length < TAG_BYTES) {
    throw unsealable(`what is sealed is at least ${TAG_BYTES} bytes: got ${ciphertext.length}`);
  }
  try {
    return xchacha20poly1305(key, nonce).decrypt(ciphertext);
  } catch (error) {
    throw unsealable(`they were altered, or sealed with another key or nonce`, error);
  }
}

function unsealable(reason: string, cause?: unknown): IdentityError {
  return new IdentityError("unsealable", `Cannot open the sealed bytes as ${reason}`, { cause });
}

function assertLength(name: string, bytes: Uint8Array, length: number): void {
  if (bytes.length !== length) {
    throw new RangeError(`${name} must be ${length} bytes long: got ${bytes.length}`);
  }
}
