/**
 * Souls: the secret from which all of a nara's identity follows.
 *
 * A soul is a seed of 32 bytes and a bond of 8, which ties it to one name. Its text form, base58 of the 40 bytes,
 * has no checksum: a mistyped soul often reads well as another one, and only the bond shows it. So ask
 * {@linkcode hasBond} before a soul is used. No error of this module repeats a soul.
 * @module
 */

import { createHash, createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import { decodeBase58, encodeBase58 } from "./base58.ts";
import { generatedName } from "./generated_name.ts";
import { IdentityError } from "./identity_error.ts";
import { messageOf } from "./errors.ts";
import type { NaraId, NaraName } from "./names.ts";

/** A soul's two parts. Keep it secret: who has it is the nara. */
export interface Soul {
  /** 32 bytes, from which the keys are derived. */
  readonly seed: Uint8Array;
  /** 8 bytes that only the seed's owner can make for a name. */
  readonly tag: Uint8Array;
}

const SEED_BYTES = 32;
const TAG_BYTES = 8;
const SOUL_BYTES = SEED_BYTES + TAG_BYTES;
/** As many characters as 40 bytes can take at most, and so all that is ever decoded. */
const TEXT_LENGTH_MAX = 55;

const GENERIC_PARTS = ["localhost", "raspberrypi", "raspberry", "debian", "ubuntu", "nixos", "nara"];
const CONTAINER_ID = /^[0-9a-f]{12,}$/;
const GEMSTONES = "💎 🔮 🌈 🧿 ⛵️ 🧊 🏮 🐚 🪙 🧧 🪬".split(" ");

/**
 * Reads a soul's text form.
 *
 * @throws {IdentityError} `bad_soul`, if it is not base58 of exactly 40 bytes.
 */
export function parseSoul(text: string): Soul {
  if (text.trim() !== text) throw badSoul("there is white space around it");
  if (text.length > TEXT_LENGTH_MAX) throw badSoul(`it has ${text.length} characters`);
  const bytes = decodeSoulText(text);
  if (bytes.length !== SOUL_BYTES) throw badSoul(`it has ${text.length} characters (${bytes.length} bytes)`);
  return { seed: bytes.slice(0, SEED_BYTES), tag: bytes.slice(SEED_BYTES) };
}

/**
 * A soul's text form, nearly always 54 or 55 characters. It is the secret itself: never log it.
 *
 * @throws {RangeError} If seed or tag have the wrong length.
 */
export function formatSoul(soul: Soul): string {
  return encodeBase58(soulBytes(soul));
}

/**
 * The soul with this seed, bonded to `name`: its tag is the first 8 bytes of an HMAC-SHA256 of the name, with the
 * seed as the key.
 *
 * @throws {RangeError} If `seed` is not 32 bytes long.
 */
export function createSoul(seed: Uint8Array, name: NaraName): Soul {
  if (seed.length !== SEED_BYTES) {
    throw new RangeError(`seed must be ${SEED_BYTES} bytes long: got ${seed.length}`);
  }
  return { seed: seed.slice(), tag: bondFor(seed, name) };
}

/**
 * The soul that Go makes for a machine: always the same for the same fingerprint and name (HKDF-SHA256).
 *
 * @param fingerprint What tells the machine from others; Go takes a SHA-256 over host id and network addresses.
 * @param name The name that was chosen. Without one the soul is bonded to the name that it generates itself.
 */
export function deriveSoul(fingerprint: Uint8Array, name?: NaraName): Soul {
  const info = name === undefined ? "seed:generated" : `seed:custom:${name}`;
  const seed = new Uint8Array(hkdfSync("sha256", fingerprint, "nara:soul:v2", info, SEED_BYTES));
  return createSoul(seed, name ?? generatedName(seed));
}

/** Whether `soul` was made for `name`. Nothing is ever bonded to an empty name. */
export function hasBond(soul: Soul, name: NaraName): boolean {
  if (name === "" || soul.tag.length !== TAG_BYTES) return false;
  return timingSafeEqual(soul.tag, bondFor(soul.seed, name));
}

/**
 * The id of the nara with this soul and name: base58 of SHA-256 over the 40 bytes and the name in UTF-8.
 *
 * Nobody else can recompute it, as the soul is secret: who owns an id is a matter of the key pinned for it.
 *
 * @throws {RangeError} If seed or tag have the wrong length.
 */
export function naraIdOf(soul: Soul, name: NaraName): NaraId {
  return encodeBase58(createHash("sha256").update(soulBytes(soul)).update(name).digest());
}

/**
 * Whether Go would take `hostName` for one that says nothing, and generate a name instead.
 *
 * For interoperability only: the list catches too much (every name that contains `nara`), and our naras are
 * never named after their host.
 */
export function isGenericName(hostName: string): boolean {
  const lower = hostName.toLowerCase();
  return GENERIC_PARTS.some((part) => lower.includes(part)) || CONTAINER_ID.test(lower);
}

/** The gemstone of a nara: an emoji picked by the first 8 bytes of SHA-256 over its name and its soul's text. */
export function gemstoneOf(name: NaraName, soulText: string): string {
  const digest = createHash("sha256").update(name).update(soulText).digest();
  return GEMSTONES[Number(digest.readBigUInt64BE() % BigInt(GEMSTONES.length))];
}

function bondFor(seed: Uint8Array, name: NaraName): Uint8Array {
  return new Uint8Array(createHmac("sha256", seed).update(`nara:name:v2:${name}`).digest()).slice(
    0,
    TAG_BYTES,
  );
}

function soulBytes({ seed, tag }: Soul): Uint8Array {
  if (seed.length !== SEED_BYTES || tag.length !== TAG_BYTES) {
    throw new RangeError(
      `soul must have a seed of ${SEED_BYTES} and a tag of ${TAG_BYTES} bytes: got ${seed.length} and ${tag.length}`,
    );
  }
  const bytes = new Uint8Array(SOUL_BYTES);
  bytes.set(seed);
  bytes.set(tag, SEED_BYTES);
  return bytes;
}

function decodeSoulText(text: string): Uint8Array {
  try {
    return decodeBase58(text);
  } catch (error) {
    throw badSoul(messageOf(error));
  }
}

function badSoul(found: string): IdentityError {
  return new IdentityError(
    "bad_soul",
    `Cannot read the soul as it must be 40 bytes in base58, 54 or 55 characters as a rule: ${found}; copy it whole`,
  );
}
