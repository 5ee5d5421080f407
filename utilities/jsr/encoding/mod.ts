/**
 * The part of `@std/encoding` that nara uses, for machines that cannot reach JSR: same names, same results.
 *
 * Built on the methods that `Uint8Array` has itself. `deno.json` points the JSR name here in `links`; without that
 * field the real package takes over.
 * @module
 */

/** Results up to this many bytes share a slab, for a buffer of one's own costs ten times what decoding does. */
const SHARED_BYTES_MAX = 256;
const SLAB_BYTES = 8 * 1024;

let slab = new Uint8Array(SLAB_BYTES);
let used = 0;

/** Room for `length` bytes, never handed out before. */
function room(length: number): Uint8Array<ArrayBuffer> {
  if (length > SHARED_BYTES_MAX) return new Uint8Array(length);
  if (used + length > SLAB_BYTES) {
    slab = new Uint8Array(SLAB_BYTES);
    used = 0;
  }
  const view = new Uint8Array(slab.buffer, used, length);
  used += length;
  return view;
}

function bytesOf(data: ArrayBuffer | Uint8Array | string): Uint8Array {
  if (typeof data === "string") return new TextEncoder().encode(data);
  return data instanceof Uint8Array ? data : new Uint8Array(data);
}

/** Base64 of `data` (RFC 4648 section 4), with padding; text is taken as UTF-8. */
export function encodeBase64(data: ArrayBuffer | Uint8Array | string): string {
  return bytesOf(data).toBase64();
}

/**
 * The bytes behind `b64`. As with a Node `Buffer`, a short result is a view of a larger `ArrayBuffer`.
 *
 * @throws {TypeError} If `b64` is not padded standard base64.
 */
export function decodeBase64(b64: string): Uint8Array<ArrayBuffer> {
  const padding = b64.endsWith("==") ? 2 : b64.endsWith("=") ? 1 : 0;
  const length = Math.floor(b64.length / 4) * 3 - padding;
  if (b64.length % 4 !== 0 || length < 0) throw notBase64();
  const bytes = room(length);
  let written: number;
  try {
    ({ written } = bytes.setFromBase64(b64, { lastChunkHandling: "strict" }));
  } catch {
    throw notBase64();
  }
  if (written !== length) throw notBase64(); // White space was passed over.
  return bytes;
}

function notBase64(): TypeError {
  return new TypeError("Cannot decode input as base64: expected padded standard base64");
}

/** Lower-case hexadecimal digits of `src`; text is taken as UTF-8. */
export function encodeHex(src: string | Uint8Array | ArrayBuffer): string {
  return bytesOf(src).toHex();
}

/**
 * The bytes behind pairs of hexadecimal digits, of either case.
 *
 * @throws {TypeError} If `src` has another character or an odd length.
 */
export function decodeHex(src: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.fromHex(src);
  } catch {
    throw new TypeError("Cannot decode input as hex: expected pairs of hexadecimal digits");
  }
}
