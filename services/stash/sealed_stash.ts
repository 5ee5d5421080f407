/**
 * What a stash looks like before it is sealed: `NS1`, the sequence number as 8 bytes big-endian, the data.
 *
 * The number travels inside, so that no confidant can change it: of several copies the owner takes the one
 * with the highest. Anything without that head is what the Go implementation sealed, and counts as number 0.
 * @module
 */
import type { BytesCodec } from "../../utilities/encryptor.ts";
import { StashError } from "./stash_error.ts";

/** A stash as its owner sees it. */
export interface Stash {
  /** Counts up with every change; 0 for what the Go implementation sealed. */
  readonly sequence: number;
  /** What is kept. */
  readonly data: Uint8Array;
}

/** Bytes of ciphertext that a confidant keeps: 48 KiB. */
export const CIPHERTEXT_BYTES_MAX: number = 48 * 1024;

const MAGIC = new TextEncoder().encode("NS1");
const HEAD_BYTES = MAGIC.length + 8;
const TAG_BYTES = 16;

/** Bytes of data that fit into one stash: 49 125. */
export const DATA_BYTES_MAX: number = CIPHERTEXT_BYTES_MAX - TAG_BYTES - HEAD_BYTES;

/**
 * Checks that `data` fits into a stash.
 *
 * @throws {StashError} `too_large`, naming the limit.
 */
export function assertFits(data: Uint8Array): void {
  if (data.length <= DATA_BYTES_MAX) return;
  throw new StashError(
    "too_large",
    `Cannot keep ${data.length} bytes in a stash as it holds at most ${DATA_BYTES_MAX}: keep less, or in parts elsewhere`,
  );
}

/** A stash as the bytes that are sealed. */
export const stashCodec: BytesCodec<Stash> = {
  /** Throws {@linkcode StashError} `too_large`. */
  encode({ sequence, data }: Stash): Uint8Array {
    assertFits(data);
    const plaintext = new Uint8Array(HEAD_BYTES + data.length);
    plaintext.set(MAGIC);
    new DataView(plaintext.buffer).setBigUint64(MAGIC.length, BigInt(sequence));
    plaintext.set(data, HEAD_BYTES);
    return plaintext;
  },
  /** Reads whatever was sealed: it never throws. */
  decode(plaintext: Uint8Array): Stash {
    const sequence = sequenceOf(plaintext);
    return sequence === undefined
      ? { sequence: 0, data: plaintext }
      : { sequence, data: plaintext.slice(HEAD_BYTES) };
  },
};

function sequenceOf(plaintext: Uint8Array): number | undefined {
  if (plaintext.length < HEAD_BYTES || !MAGIC.every((byte, index) => plaintext[index] === byte)) {
    return undefined;
  }
  const { buffer, byteOffset } = plaintext;
  const sequence = new DataView(buffer, byteOffset).getBigUint64(MAGIC.length);
  return sequence <= Number.MAX_SAFE_INTEGER ? Number(sequence) : undefined; // No nara counts that far.
}
