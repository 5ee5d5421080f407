/**
 * Who a nara is: its soul, the name that the soul is bound to, the id that follows from both, and its keys.
 * @module
 */
import { generatedName } from "./generated_name.ts";
import { IdentityError } from "./identity_error.ts";
import type { Keypair } from "./keypair.ts";
import { isNaraName, type NaraId, type NaraName } from "./names.ts";
import { createNodeKeypair } from "./node_keypair.ts";
import { laterPersonalityOf, type Personality } from "./personality.ts";
import { type Random, systemRandom } from "./random.ts";
import { createSoul, formatSoul, hasBond, naraIdOf, parseSoul, type Soul } from "./soul.ts";
import { createWebCryptoKeypair } from "./web_crypto_keypair.ts";

/** Which implementation of Ed25519 a nara uses: Web Crypto, or `node:crypto`. */
export type KeypairKind = "web" | "node";

/** A nara's identity. The soul itself is not part of it: what is not carried around is not printed. */
export interface Identity {
  /** The nara's id. */
  readonly id: NaraId;
  /** The nara's name. */
  readonly name: NaraName;
  /** Signs, verifies, seals and opens. */
  readonly keypair: Keypair;
  /** What the nara is like. */
  readonly personality: Personality;
}

/** Where an identity comes from. */
export interface IdentityOptions {
  /** The soul as text; a new one is drawn when left out. */
  readonly soul?: string;
  /** The name; the one that the soul generates when left out. */
  readonly name?: string;
  /** Which Ed25519. @default {"web"} */
  readonly keypair?: KeypairKind;
  /** Draws a new soul's seed. @default {the machine's} */
  readonly random?: Random;
}

/** An identity, and the soul that it can be made from again. */
export interface CreatedIdentity {
  /** The identity. */
  readonly identity: Identity;
  /** The soul as text. A secret: whoever has it is this nara. */
  readonly soul: string;
}

/**
 * Makes an identity from a soul and a name, or a new one.
 *
 * @throws {IdentityError} `bad_soul`; `bad_name`; `wrong_name`, when the soul is bound to another name.
 */
export async function createIdentity(options: IdentityOptions = {}): Promise<CreatedIdentity> {
  const { keypair = "web", random = systemRandom } = options;
  const { soul, name } = options.soul === undefined
    ? freshSoul(random.bytes(32), options.name)
    : givenSoul(parseSoul(options.soul), options.name);
  const text = formatSoul(soul);
  return {
    soul: text,
    identity: {
      id: naraIdOf(soul, name),
      name,
      keypair: keypair === "node"
        ? createNodeKeypair(soul.seed, random)
        : await createWebCryptoKeypair(soul.seed, random),
      personality: laterPersonalityOf(text),
    },
  };
}

function freshSoul(seed: Uint8Array, wanted: string | undefined): { soul: Soul; name: NaraName } {
  const name = wanted === undefined ? generatedName(seed) : checkedName(wanted);
  return { soul: createSoul(seed, name), name };
}

function givenSoul(soul: Soul, wanted: string | undefined): { soul: Soul; name: NaraName } {
  const name = wanted === undefined ? generatedName(soul.seed) : checkedName(wanted);
  if (hasBond(soul, name)) return { soul, name };
  throw new IdentityError(
    "wrong_name",
    wanted === undefined
      ? "Cannot use this soul without its name, for the name is not one that it generates: pass --name NAME"
      : `Cannot use this soul as ${
        JSON.stringify(name)
      }, for it is bound to another name: pass --name NAME with the name it was made for`,
  );
}

function checkedName(name: string): NaraName {
  if (isNaraName(name)) return name;
  throw new IdentityError(
    "bad_name",
    `Cannot be called ${
      JSON.stringify(name)
    }: expected 1 to 64 printable characters without "/", "+" and "#"`,
  );
}
