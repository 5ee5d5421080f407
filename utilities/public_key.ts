/**
 * Ed25519 public keys: their text form, where they come from, and which of them are worth pinning.
 * @module
 */

import { createPrivateKey, createPublicKey } from "node:crypto";
import { Buffer } from "node:buffer";
import { isStrongPoint } from "./_ed25519.ts";
import { pkcs8Of } from "./_pkcs8.ts";
import { IdentityError } from "./identity_error.ts";

const KEY_BYTES = 32;
/** 43 characters carry 32 bytes and two unused bits. */
const KEY_TEXT = /^[A-Za-z0-9+/]{43}=$/;

/**
 * Reads a public key's text form: standard base64 with padding, without white space, its unused bits zero. Each
 * key has one spelling only; Go takes a few more.
 *
 * The key may still be a weak one: see {@linkcode isStrongPublicKey}.
 *
 * @throws {IdentityError} `bad_public_key`, if the text is anything else or not 32 bytes.
 */
export function parsePublicKey(text: string): Uint8Array {
  if (!KEY_TEXT.test(text)) {
    throw new IdentityError(
      "bad_public_key",
      `Cannot read the public key as it must be ${KEY_BYTES} bytes in standard base64, 44 characters with the "=": ` +
        `got ${text.length} characters`,
    );
  }
  const key = Uint8Array.fromBase64(text);
  if (key.toBase64() !== text) {
    throw new IdentityError(
      "bad_public_key",
      `Cannot read the public key as the last character before the "=" must leave its unused bits zero`,
    );
  }
  return key;
}

/** A public key's text form: standard base64 with padding. */
export function formatPublicKey(key: Uint8Array): string {
  return key.toBase64();
}

/**
 * Whether a key is safe to pin: a point of the curve in its one canonical spelling, and not one of the eight of
 * small order, for which anyone can make a signature that holds for any message.
 *
 * It never throws: bytes of another length are just no key. Takes about 40 us.
 */
export function isStrongPublicKey(key: Uint8Array): boolean {
  return isStrongPoint(key);
}

/**
 * The public key that belongs to a soul's seed (RFC 8032). Takes about 70 us.
 *
 * @throws {RangeError} If `seed` is not 32 bytes long.
 */
export function publicKeyOf(seed: Uint8Array): Uint8Array {
  if (seed.length !== KEY_BYTES) {
    throw new RangeError(`seed must be ${KEY_BYTES} bytes long: got ${seed.length}`);
  }
  // Not by `@noble/ed25519`: the tables that it makes first would be a fifth of a nara's start.
  const secret = createPrivateKey({ key: Buffer.from(pkcs8Of(seed)), format: "der", type: "pkcs8" });
  const { x } = createPublicKey(secret).export({ format: "jwk" });
  return Uint8Array.fromBase64(x!, { alphabet: "base64url" });
}
