/**
 * A sealed stash at rest, as one value of the store: when it was kept, its nonce, its ciphertext.
 * @module
 */
import type { Sealed } from "../../utilities/keypair.ts";

/** A sealed stash and when it was kept. */
export interface StashRecord extends Sealed {
  /** When it was kept, in Unix seconds. */
  readonly storedAt: number;
}

/** Bytes of a nonce. */
export const NONCE_BYTES = 24;
const TIME_BYTES = 8;

/** Bytes of a record beside its ciphertext. */
export const RECORD_OVERHEAD_BYTES: number = TIME_BYTES + NONCE_BYTES;

/** A record as bytes. */
export function encodeRecord({ storedAt, nonce, ciphertext }: StashRecord): Uint8Array {
  const bytes = new Uint8Array(RECORD_OVERHEAD_BYTES + ciphertext.length);
  new DataView(bytes.buffer).setBigInt64(0, BigInt(storedAt));
  bytes.set(nonce, TIME_BYTES);
  bytes.set(ciphertext, RECORD_OVERHEAD_BYTES);
  return bytes;
}

/** The record behind `bytes`; `undefined` when there are too few of them. */
export function decodeRecord(bytes: Uint8Array): StashRecord | undefined {
  if (bytes.length <= RECORD_OVERHEAD_BYTES) return undefined;
  return {
    storedAt: Number(new DataView(bytes.buffer, bytes.byteOffset).getBigInt64(0)),
    nonce: bytes.slice(TIME_BYTES, RECORD_OVERHEAD_BYTES),
    ciphertext: bytes.slice(RECORD_OVERHEAD_BYTES),
  };
}
