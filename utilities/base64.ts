/**
 * Base64 as nara writes bytes on the wire: standard alphabet, padded, one spelling per value.
 * @module
 */
import { decodeBase64 as decode, encodeBase64 as encode } from "@std/encoding";

/** Standard base64 of `bytes`, with padding. */
export function encodeBase64(bytes: Uint8Array): string {
  return encode(bytes);
}

/**
 * The bytes behind `text`. Stricter than most decoders: no line breaks, padding required, and the unused bits of the
 * last digit must be zero, so that no two texts mean the same bytes.
 *
 * A short result may be a view of a larger `ArrayBuffer`, as Node's `Buffer`s are.
 *
 * @throws {SyntaxError} If {@linkcode encodeBase64} would not write `text`.
 */
export function decodeBase64(text: string): Uint8Array {
  let bytes: Uint8Array | undefined;
  try {
    bytes = decode(text);
  } catch {
    // Told below, in words that are the same for every decoder.
  }
  if (bytes === undefined || !isOnlySpelling(text, bytes.length)) {
    const shown = text.length > 40 ? `${text.slice(0, 40)}…` : text;
    throw new SyntaxError(
      `Cannot decode ${JSON.stringify(shown)}: expected padded standard base64 in its one spelling`,
    );
  }
  return bytes;
}

/** Last digits before the padding whose unused bits are zero. */
const BEFORE_ONE = /[AEIMQUYcgkosw048]=$/, BEFORE_TWO = /[AQgw]==$/;

/** Decoders differ in what they forgive: white space, missing padding, bits behind the end. Here there is nothing to forgive. */
function isOnlySpelling(text: string, bytes: number): boolean {
  if (text.length !== Math.ceil(bytes / 3) * 4) return false;
  const rest = bytes % 3;
  return rest === 0 || (rest === 1 ? BEFORE_TWO : BEFORE_ONE).test(text);
}
