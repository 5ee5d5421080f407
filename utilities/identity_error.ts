/**
 * What can be wrong with a soul, a name, a key, or something that was sealed.
 * @module
 */

import { NaraError } from "./errors.ts";

/**
 * Something about an identity is not what it must be.
 *
 * - `bad_soul`: the text is no soul. The message never repeats the text, for it may be most of one.
 * - `wrong_name`: the soul is bonded to another name.
 * - `bad_name`: the text cannot be a name.
 * - `bad_public_key`: the text is no public key.
 * - `weak_public_key`: the key is no usable point of the curve, so anyone could sign in its name.
 * - `key_conflict`: another key is pinned for this id.
 * - `keyring_full`: no key can be pinned until the limit is raised.
 * - `unsealable`: nonce, key or bytes are not those that were sealed.
 * - `cannot_sign`: this nara's own key does not sign; the cause says why.
 */
export class IdentityError extends NaraError<
  | "bad_soul"
  | "wrong_name"
  | "bad_name"
  | "bad_public_key"
  | "weak_public_key"
  | "key_conflict"
  | "keyring_full"
  | "unsealable"
  | "cannot_sign"
> {}
