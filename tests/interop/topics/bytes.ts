/**
 * Small things that several topics need: bytes by rule, digests, both keypairs of a seed.
 * @module
 */
import { createHash } from "node:crypto";
import { BadCase, type CaseReader } from "../case_reader.ts";
import { createNodeKeypair, createWebCryptoKeypair, type Keypair } from "../nara.ts";

/** SHA-256 in lower-case hexadecimal. */
export function sha256Hex(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Bytes that a case describes: `length 65536, byte i = (7*i + 3) mod 256`, `… byte i = i`, `… all bytes 0`. */
export function bytesByRule(rule: string): Uint8Array {
  const [, length, each] = /^length (\d{1,8}), (.*)$/.exec(rule) ?? [];
  const constant = /^all bytes (\d+)$/.exec(each);
  const linear = /^byte i = (?:i|\((?:(\d+)\*)?i(?: \+ (\d+))?\) mod 256)$/.exec(each);
  if (!constant && !linear) throw new BadCase(`cannot follow the rule ${JSON.stringify(rule)}`);
  const factor = constant ? 0 : Number(linear?.[1] ?? 1);
  const addend = Number(constant?.[1] ?? linear?.[2] ?? 0);
  return Uint8Array.from({ length: Number(length) }, (_, index) => (factor * index + addend) % 256);
}

/** The bytes of a case that gives them as base64, by a rule, or both. */
export function bytesOrRule(vector: CaseReader, base64Field: string, ruleField: string): Uint8Array {
  const byRule = vector.has(ruleField) ? bytesByRule(vector.text(ruleField)) : undefined;
  if (byRule && !vector.has(base64Field)) return byRule;
  const given = fromBase64(vector, base64Field);
  if (byRule && byRule.toHex() !== given.toHex()) {
    vector.differ(base64Field, byRule.toBase64(), given.toBase64());
  }
  return given;
}

/** The bytes of a base64 field. */
export function fromBase64(vector: CaseReader, field: string): Uint8Array {
  const text = vector.text(field);
  try {
    return Uint8Array.fromBase64(text, { lastChunkHandling: "strict" });
  } catch {
    throw new BadCase(`field "${field}" must be base64, got ${JSON.stringify(text.slice(0, 40))}`);
  }
}

/** Both keypairs of a seed: they have to behave alike. */
export async function keypairsOf(seed: Uint8Array): Promise<ReadonlyMap<string, Keypair>> {
  return new Map([["web", await createWebCryptoKeypair(seed)], ["node", createNodeKeypair(seed)]]);
}
