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
  // Decoders differ in what they forgive; what writes the same text again left nothing to forgive.
  if (bytes === undefined || encode(bytes) !== text) {
    const shown = text.length > 40 ? `${text.slice(0, 40)}…` : text;
    throw new SyntaxError(
      `Cannot decode ${JSON.stringify(shown)}: expected padded standard base64 in its one spelling`,
    );
  }
  return bytes;
}
