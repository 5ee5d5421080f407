/**
 * Private keys in the form in which platforms import them.
 * @module
 */

/** What stands before the seed in the DER form of PKCS #8 (RFC 8410). */
const PKCS8_PREFIX = Uint8Array.fromHex("302e020100300506032b657004220420");

/** The private key in the form in which both platforms import it: DER of PKCS #8. */
export function pkcs8Of(seed: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array([...PKCS8_PREFIX, ...seed]);
}
