/**
 * The port of a nara's own key: it signs, verifies, seals and opens, and never shows its secret.
 *
 * Two adapters pass one suite: Web Crypto (`web_crypto_keypair.ts`) and `node:crypto` (`node_keypair.ts`).
 * @module
 */

/** Something only its owner can read: XChaCha20-Poly1305, the nonce kept apart, the tag at the end. */
export interface Sealed {
  /** 24 bytes, never used twice with one key. */
  readonly nonce: Uint8Array;
  /** The encrypted bytes and, behind them, the tag of 16 bytes. */
  readonly ciphertext: Uint8Array;
}

/** A nara's own Ed25519 key and the symmetric key derived from the same seed. */
export interface Keypair {
  /** The public key, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** Signs `bytes` with Ed25519 (RFC 8032, no pre-hash): 64 bytes. */
  sign(bytes: Uint8Array): Uint8Array | Promise<Uint8Array>;
  /** Whether `signature` over `bytes` was made by the owner of `key`. It never throws and never rejects. */
  verify(key: Uint8Array, signature: Uint8Array, bytes: Uint8Array): boolean | Promise<boolean>;
  /** Encrypts for oneself, under a fresh random nonce. */
  seal(plaintext: Uint8Array): Sealed;
  /**
   * Decrypts what {@linkcode Keypair.seal} made.
   *
   * @throws {IdentityError} `unsealable`, if nonce, key or bytes are not those that were sealed.
   */
  open(sealed: Sealed): Uint8Array;
}
