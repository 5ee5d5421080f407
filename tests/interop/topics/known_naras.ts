/**
 * The naras that sign in a file, and the lists that introduce them.
 * @module
 */
import { BadCase, type CaseReader, type Fields } from "../case_reader.ts";
import { deriveSoul, formatPublicKey, formatSoul, type Keypair, naraIdOf, publicKeyOf } from "../nara.ts";
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

async function introduce(file: VectorFile, name: string): Promise<KnownNara> {
  const fields = ["identities", "known", "unknown"]
    .flatMap<Fields>((list) => file.lists.get(list) ?? []).find((fields) => fields.name === name);
  if (!fields) throw new BadCase(`no identity of the file is called ${JSON.stringify(name)}`);
  const seed = Uint8Array.fromHex(String(fields.seed_hex));
  return { name, id: String(fields.id), keypairs: await keypairsOf(seed), publicKey: publicKeyOf(seed) };
}
