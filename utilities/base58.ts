/**
 * Base58 in the Bitcoin alphabet: the text form of souls and ids.
 *
 * Every zero byte in front becomes a `1` in front; there is no checksum.
 * @module
 */

import { base58 } from "@scure/base";

const ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const PAIRS = [...ALPHABET].flatMap((first) => [...ALPHABET].map((second) => first + second));

const PREFIX_LENGTH = 16;
const DIGEST_DIGITS = 64;
/** The least number of 44 digits. A digest that starts with no zero byte has 44 digits, or else 43. */
const DIGITS_44 = 58n ** 43n;
const ALL_BUT_16_OF_44 = 58n ** 28n;
const ALL_BUT_16_OF_43 = 58n ** 27n;
const EIGHT_DIGITS = 58n ** 8n;
const FOUR_DIGITS = 58 ** 4;
const TWO_DIGITS = 58 ** 2;

/** The base58 text of `bytes`. Its cost grows with the square of the length: meant for ids and souls. */
export function encodeBase58(bytes: Uint8Array): string {
  return base58.encode(bytes);
}

/**
 * The bytes behind a base58 text. Its cost grows with the square of the length: bound the text first.
 *
 * @throws {SyntaxError} If a character is not in the alphabet. The message does not repeat the text.
 */
export function decodeBase58(text: string): Uint8Array {
  const strange = text.search(/[^1-9A-HJ-NP-Za-km-z]/);
  if (strange >= 0) {
    throw new SyntaxError(
      `Cannot decode base58 as character ${strange + 1} is none of its 58 letters and digits ` +
        `(0, O, I, l, spaces and line breaks never are)`,
    );
  }
  return base58.decode(text);
}

/**
 * The first 16 characters of the base58 text of a SHA-256 digest, which is what message ids are made of.
 *
 * The same as `encodeBase58(digest).slice(0, 16)`, twenty times faster: one division leaves the 16 leading digits.
 *
 * @param digest As 64 lower-case hexadecimal digits, which a hash gives sooner than bytes.
 * @throws {RangeError} If `digest` has another length.
 */
export function base58Prefix16(digest: string): string {
  if (digest.length !== DIGEST_DIGITS) {
    throw new RangeError(`digest must have ${DIGEST_DIGITS} hexadecimal digits: got ${digest.length}`);
  }
  if (digest.startsWith("00")) { // One digest in 256.
    return encodeBase58(Uint8Array.fromHex(digest)).slice(0, PREFIX_LENGTH);
  }
  const number = BigInt("0x" + digest);
  const leading = number / (number >= DIGITS_44 ? ALL_BUT_16_OF_44 : ALL_BUT_16_OF_43);
  const front = leading / EIGHT_DIGITS;
  return eightDigits(Number(front)) + eightDigits(Number(leading - front * EIGHT_DIGITS));
}

/** The digits of a number below 58^8, which a double holds exactly. */
function eightDigits(number: number): string {
  const front = Math.floor(number / FOUR_DIGITS);
  const back = number - front * FOUR_DIGITS;
  return PAIRS[Math.floor(front / TWO_DIGITS)] + PAIRS[front % TWO_DIGITS] +
    PAIRS[Math.floor(back / TWO_DIGITS)] + PAIRS[back % TWO_DIGITS];
}
