/**
 * Which key belongs to which id: the first one that was proven, for good.
 *
 * An id cannot be checked against a key (it hashes a secret), so the keyring pins: whoever comes later with another
 * key for the same id is refused and reported. It is kept in memory; `onChange` tells what is to be kept on disk,
 * and at the next start every kept pin is pinned (and marked as ours) again.
 * @module
 */

import { IdentityError } from "./identity_error.ts";
import type { NaraId, NaraName } from "./names.ts";
import { isStrongPublicKey } from "./public_key.ts";

/** A key that is pinned for an id. */
export interface Pin {
  /** Whose key it is. */
  readonly id: NaraId;
  /** The public key, 32 bytes. It is the keyring's own array: do not change it. */
  readonly key: Uint8Array;
  /** The name its owner goes by at the moment: a label that proves nothing. */
  readonly name?: NaraName;
  /** Whether a valid `envelope_signature` of this key was seen, so that one is expected from now on. */
  readonly ours: boolean;
}

/** Someone came with another key for a pinned id. */
export interface KeyConflict {
  /** The id that was claimed. */
  readonly id: NaraId;
  /** The key that stays. */
  readonly pinned: Uint8Array;
  /** The key that was refused. */
  readonly offered: Uint8Array;
  /** The name that came with it, if one did. */
  readonly name?: NaraName;
}

/** Options for {@linkcode Keyring}. */
export interface KeyringOptions {
  /**
   * Pins at most; past it new ids are refused, as forgetting a pin would let anyone take its id over. More costs
   * about 400 bytes each.
   * @default {10_000}
   */
  pinsMax?: number;
  /** Called for every new pin, new name and new mark, after it holds. What it throws goes to the caller. */
  onChange?: (pin: Pin) => void;
  /** Called once for every pair of id and refused key (as long as it is among the last 1 000). */
  onConflict?: (conflict: KeyConflict) => void;
}

const KEY_BYTES = 32;
/** Keys of one name that are tried; a nara of ours beyond them is known by its envelope signature all the same. */
export const NAMESAKES_MAX = 8;
/** Refused pairs of id and key that are remembered, so that each is reported once. */
const REPORTS_MAX = 1_000;

/** The pinned keys of a runtime. */
export class Keyring {
  readonly #pins = new Map<NaraId, Pin>();
  readonly #idsByName = new Map<NaraName, Set<NaraId>>();
  readonly #reported = new Set<string>();
  readonly #options: KeyringOptions;
  readonly #pinsMax: number;
  #conflicts = 0;
  #refusals = 0;

  /**
   * An empty keyring.
   *
   * @throws {RangeError} If `pinsMax` is not a positive integer.
   */
  constructor(options: KeyringOptions = {}) {
    const { pinsMax = 10_000 } = options;
    if (!Number.isInteger(pinsMax) || pinsMax < 1) {
      throw new RangeError(`pinsMax must be a positive integer: got ${pinsMax}`);
    }
    this.#options = options;
    this.#pinsMax = pinsMax;
  }

  /** How many ids have a key. */
  get size(): number {
    return this.#pins.size;
  }

  /** How many may have one. */
  get pinsMax(): number {
    return this.#pinsMax;
  }

  /** How often an id was refused because there was no room. */
  get refusals(): number {
    return this.#refusals;
  }

  /** How often another key was offered for a pinned id. */
  get conflicts(): number {
    return this.#conflicts;
  }

  /** The key pinned for `id`. It is the keyring's own array: do not change it. */
  get(id: NaraId): Uint8Array | undefined {
    return this.#pins.get(id)?.key;
  }

  /**
   * Pins `key` for `id`; call it only with a key whose owner has just proven to have it. With the key that is
   * pinned already it only takes over `name`.
   *
   * @returns Whether the pin is new or was known.
   * @throws {IdentityError} `key_conflict`, if another key is pinned; `keyring_full`; `weak_public_key`.
   */
  pin(id: NaraId, key: Uint8Array, name?: NaraName): "pinned" | "known" {
    if (key.length !== KEY_BYTES) throw weakKey(id);
    const known = this.#pins.get(id);
    if (known) {
      if (!sameBytes(known.key, key)) {
        throw this.#conflict({ id, pinned: known.key, offered: key.slice(), name });
      }
      if (name !== undefined && name !== known.name) this.#set({ ...known, name });
      return "known";
    }
    if (this.#pins.size >= this.#pinsMax) {
      this.#refusals++;
      throw new IdentityError(
        "keyring_full",
        `Cannot pin a key for "${id}" as the keyring holds ${this.#pinsMax} already: raise pinsMax to know more naras`,
      );
    }
    if (!isStrongPublicKey(key)) throw weakKey(id);
    this.#set({ id, key: key.slice(), ...(name !== undefined && { name }), ours: false });
    return "pinned";
  }

  /** Whether a valid `envelope_signature` of the nara with this id was seen. */
  isOurs(id: NaraId): boolean {
    return this.#pins.get(id)?.ours ?? false;
  }

  /** Remembers that a valid `envelope_signature` of this nara was seen. An id without a pin stays unknown. */
  markOurs(id: NaraId): void {
    const pin = this.#pins.get(id);
    if (pin && !pin.ours) this.#set({ ...pin, ours: true });
  }

  /**
   * The keys of naras that go by `name`, as far as pinned: names are not unique. At most {@linkcode NAMESAKES_MAX}, those
   * pinned first, for whoever checks a signature has to try them all.
   */
  keysNamed(name: NaraName): Uint8Array[] {
    return this.idsNamed(name).map((id) => this.#pins.get(id)!.key);
  }

  /** The ids of naras that go by `name`, in the same way. */
  idsNamed(name: NaraName): NaraId[] {
    return [...Iterator.from(this.#idsByName.get(name) ?? []).take(NAMESAKES_MAX)];
  }

  /** All pins, the oldest first. */
  pins(): IterableIterator<Pin> {
    return this.#pins.values();
  }

  #set(pin: Pin): void {
    const before = this.#pins.get(pin.id);
    this.#pins.set(pin.id, pin);
    try {
      this.#options.onChange?.(pin);
    } catch (thrown) { // What could not be kept does not hold, or the next start would know less than this run.
      if (before) this.#pins.set(pin.id, before);
      else this.#pins.delete(pin.id);
      throw thrown;
    }
    if (before?.name !== pin.name) this.#rename(pin, before?.name);
  }

  #rename({ id, name }: Pin, before: NaraName | undefined): void {
    if (before !== undefined) {
      const ids = this.#idsByName.get(before);
      ids?.delete(id);
      if (ids?.size === 0) this.#idsByName.delete(before);
    }
    if (name !== undefined) {
      const ids = this.#idsByName.get(name) ?? new Set();
      this.#idsByName.set(name, ids.add(id));
    }
  }

  #conflict(conflict: KeyConflict): IdentityError {
    this.#conflicts++;
    const pair = `${conflict.id} ${conflict.offered.toHex()}`;
    if (!this.#reported.has(pair)) {
      this.#reported.add(pair);
      if (this.#reported.size > REPORTS_MAX) this.#reported.delete(this.#reported.keys().next().value!);
      this.#options.onConflict?.(conflict);
    }
    return new IdentityError(
      "key_conflict",
      `Cannot pin another key for "${conflict.id}" as the first one stays: ` +
        `pinned is ${conflict.pinned.toBase64()}, offered was ${conflict.offered.toBase64()}`,
    );
  }
}

function weakKey(id: NaraId): IdentityError {
  return new IdentityError(
    "weak_public_key",
    `Cannot pin a key for "${id}" as it must be 32 bytes that spell a point of Ed25519 in the one canonical way, ` +
      `and not one of small order: anyone could sign with the one that came`,
  );
}

function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
