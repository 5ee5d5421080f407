/**
 * Bytes that need not be UTF-8 as JavaScript text: what is no UTF-8 becomes the lone surrogates U+DC80 to U+DCFF, one per
 * byte (Python calls it surrogateescape). Go's strings may hold such bytes, ours can not.
 * @module
 */

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
/** A character in UTF-8 (Unicode 15, table 3-7), its bytes seen as Latin-1. */
const CHARACTER = new RegExp([
  "^[\\0-\\x7f]",
  "^[\\xc2-\\xdf][\\x80-\\xbf]",
  "^(?:\\xe0[\\xa0-\\xbf]|[\\xe1-\\xec\\xee\\xef][\\x80-\\xbf]|\\xed[\\x80-\\x9f])[\\x80-\\xbf]",
  "^(?:\\xf0[\\x90-\\xbf]|[\\xf1-\\xf3][\\x80-\\xbf]|\\xf4[\\x80-\\x8f])[\\x80-\\xbf]{2}",
].join("|"));

/** The text of `bytes`. */
export function decodeUtf8Escaping(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length;) {
    const [character] = CHARACTER.exec(String.fromCharCode(...bytes.subarray(at, at + 4))) ?? [];
    if (character === undefined) text += String.fromCharCode(0xdc00 + bytes[at++]);
    else text += decoder.decode(bytes.subarray(at, at += character.length));
  }
  return text;
}
