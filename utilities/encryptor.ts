/**
 * The encryptor: values of one type, sealed for their owner alone.
 *
 * It joins what can seal bytes (a keypair, or the runtime as a service sees it) to the form that a type has as bytes.
 *
 * @example A secret diary
 * ```ts
 * import { createIdentity } from "@nara/nara";
 * import { Encryptor } from "@nara/nara";
 * const { identity } = await createIdentity();
 * const diary = new Encryptor<string>(identity.keypair, {
 *   encode: (text) => new TextEncoder().encode(text),
 *   decode: (bytes) => new TextDecoder().decode(bytes),
 * });
 * const sealed = diary.encrypt("I met a nara today.");
 * diary.decrypt(sealed); // "I met a nara today."
 * ```
 * @module
 */
import type { Keypair, Sealed } from "./keypair.ts";

/** The form that a type has as bytes. */
export interface BytesCodec<T> {
  /** From a value to bytes. */
  encode(value: T): Uint8Array;
  /** From bytes to a value. */
  decode(bytes: Uint8Array): T;
}

/** Seals and opens values of one type. */
export class Encryptor<T> {
  readonly #keys: Pick<Keypair, "seal" | "open">;
  readonly #codec: BytesCodec<T>;

  /**
   * An encryptor for one type.
   *
   * @param keys What seals bytes: a keypair, or a service's runtime.
   * @param codec The form of a value as bytes.
   */
  constructor(keys: Pick<Keypair, "seal" | "open">, codec: BytesCodec<T>) {
    this.#keys = keys;
    this.#codec = codec;
  }

  /**
   * Seals `value` under a fresh nonce.
   *
   * @throws What the codec throws for a value that it cannot write.
   */
  encrypt(value: T): Sealed {
    return this.#keys.seal(this.#codec.encode(value));
  }

  /**
   * Opens what {@linkcode Encryptor.encrypt} sealed, in this or an earlier life.
   *
   * @throws {IdentityError} `unsealable`, if nonce, key or bytes are not those that were sealed.
   * @throws What the codec throws for bytes that it cannot read.
   */
  decrypt(sealed: Sealed): T {
    return this.#codec.decode(this.#keys.open(sealed));
  }
}
