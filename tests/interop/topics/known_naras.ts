/**
 * The naras that sign in a file, and the lists that introduce them.
 * @module
 */
import { BadCase, type CaseReader, type Fields } from "../case_reader.ts";
import {
  deriveSoul,
  formatPublicKey,
  formatSoul,
  type Identity,
  type Keypair,
  naraIdOf,
  personalityOf,
  publicKeyOf,
} from "../nara.ts";
import type { VectorFile } from "../topic.ts";
import { keypairsOf, sha256Hex } from "./bytes.ts";

/** Checks a case of `identities`, `known` or `unknown`. */
export function checkIntroduction(vector: CaseReader): void {
  const name = vector.text("name");
  const soul = deriveSoul(Uint8Array.fromHex(sha256Hex(vector.text("fingerprint_text"))), name);
  vector.expect("seed_hex", soul.seed.toHex());
  vector.expect("soul", formatSoul(soul));
  vector.expect("id", naraIdOf(soul, name));
  vector.expect("public_key_b64", formatPublicKey(publicKeyOf(soul.seed)));
}

/** A nara that a file introduces. */
export interface KnownNara {
  /** Its name. */
  readonly name: string;
  /** Its id. */
  readonly id: string;
  /** Both of its keypairs, by kind. */
  readonly keypairs: ReadonlyMap<string, Keypair>;
  /** Its public key. */
  readonly publicKey: Uint8Array;
  /** The seed of its keys. */
  readonly seed: Uint8Array;
  /** Its soul, as text. */
  readonly soul: string;
  /** All that a runtime needs to be this nara; its keypair answers at once. */
  readonly identity: Identity;
}

const introduced = new WeakMap<VectorFile, Map<string, Promise<KnownNara>>>();

/** The nara of that name in the file's lists `identities`, `known` or `unknown`. */
export function naraNamed(file: VectorFile, name: string): Promise<KnownNara> {
  const naras = introduced.get(file) ?? new Map<string, Promise<KnownNara>>();
  introduced.set(file, naras);
  const nara = naras.get(name) ?? introduce(file, name);
  naras.set(name, nara);
  return nara;
}

/** The keys of all naras of that name whom a receiver of the file knows. */
export function keysNamed(file: VectorFile, name: string): Uint8Array[] {
  return [...file.lists.get("identities") ?? [], ...file.lists.get("known") ?? []]
    .filter((fields) => fields.name === name)
    .map((fields) => Uint8Array.fromBase64(String(fields.public_key_b64)));
}

/** All naras whom a receiver of the file knows. */
export function knownNaras(file: VectorFile): Promise<KnownNara[]> {
  const lists = ["identities", "known"].flatMap((list) => file.lists.get(list) ?? []);
  return Promise.all(lists.map(({ name }) => naraNamed(file, String(name))));
}

/** Whom nobody introduces: a nara of that name whose machine has the usual fingerprint. */
export function usualNara(name: string): Promise<KnownNara> {
  const soul = deriveSoul(Uint8Array.fromHex(sha256Hex(`test-hardware-${name}`)), name);
  return knownNara(name, naraIdOf(soul, name), soul.seed, formatSoul(soul));
}

async function introduce(file: VectorFile, name: string): Promise<KnownNara> {
  const fields = ["identities", "known", "unknown"]
    .flatMap<Fields>((list) => file.lists.get(list) ?? []).find((fields) => fields.name === name);
  if (!fields) throw new BadCase(`no identity of the file is called ${JSON.stringify(name)}`);
  return await knownNara(
    name,
    String(fields.id),
    Uint8Array.fromHex(String(fields.seed_hex)),
    String(fields.soul),
  );
}

async function knownNara(name: string, id: string, seed: Uint8Array, soul: string): Promise<KnownNara> {
  const keypairs = await keypairsOf(seed);
  const identity = { id, name, keypair: keypairs.get("node")!, personality: personalityOf(soul) };
  return { name, id, keypairs, publicKey: publicKeyOf(seed), seed, soul, identity };
}
