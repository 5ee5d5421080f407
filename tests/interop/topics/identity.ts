/**
 * `identity.json`: souls, ids, keys, bonds, personalities and names.
 * @module
 */
import type { CaseReader } from "../case_reader.ts";
import {
  createIdentity,
  createSoul,
  decodeBase58,
  deriveSoul,
  encodeBase58,
  formatPublicKey,
  formatSoul,
  gemstoneOf,
  generatedName,
  generatedNameOf,
  hasBond,
  isGenericName,
  isNaraName,
  NaraError,
  naraIdOf,
  parsePublicKey,
  parseSoul,
  personalityOf,
  publicKeyOf,
  seedFromText,
  type Soul,
  stashKeyOf,
} from "../nara.ts";
import { type CaseContext, isStricter, type Outcome, type Topic } from "../topic.ts";
import { keypairsOf, sha256Hex } from "./bytes.ts";

/** What a call gives, or `undefined` where it throws one of our own errors. */
function attempt<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch (error) {
    if (error instanceof NaraError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** What this implementation does when it is started with that soul and name. */
async function startOutcome(soul: string, name: string): Promise<Outcome> {
  try {
    await createIdentity({ soul, name });
    return "accepted";
  } catch (error) {
    if (error instanceof NaraError) return `refused: ${error.code}`;
    throw error;
  }
}

/** Whose machine it is, and what Go calls the nara there: an argument, else the host's name up to its first dot. */
function readMachine(vector: CaseReader): { fingerprint: Uint8Array; wanted: string; isGeneric: boolean } {
  const fingerprintHex = sha256Hex(vector.text("fingerprint_text"));
  if (vector.has("fingerprint_hex")) vector.expect("fingerprint_hex", fingerprintHex);
  const hostname = vector.has("hostname") ? vector.text("hostname") : "";
  const wanted = vector.text("name_arg") || hostname.split(".")[0];
  return { fingerprint: Uint8Array.fromHex(fingerprintHex), wanted, isGeneric: isGenericName(wanted) };
}

async function checkIdentity(vector: CaseReader, context: CaseContext): Promise<void> {
  vector.need("fingerprint_hex", "hostname");
  const { fingerprint, wanted, isGeneric } = readMachine(vector);
  const ofMachine = deriveSoul(fingerprint, isGeneric ? undefined : wanted);
  const soulArg = vector.text("soul_arg");
  const soul = soulArg ? parseSoul(soulArg) : ofMachine;
  const name = isGeneric ? generatedName(soul.seed) : wanted;
  vector.expect("generic_hostname", isGeneric);
  vector.expect("nara_name", name);
  vector.expect("soul", formatSoul(soul));
  vector.expect("seed_hex", soul.seed.toHex());
  vector.expect("tag_hex", soul.tag.toHex());
  vector.expect("valid_bond", hasBond(soul, name));
  vector.expect("native", formatSoul(ofMachine) === formatSoul(soul));
  vector.expect("id", naraIdOf(soul, name));
  vector.expect("name_from_soul", generatedName(soul.seed));
  vector.expect("gemstone", gemstoneOf(name, formatSoul(soul)));
  vector.expect("self_key_hex", stashKeyOf(soul.seed).toHex());
  vector.expect("private_key_seed_b64", soul.seed.toBase64());
  vector.expect("public_key_b64", formatPublicKey(publicKeyOf(soul.seed)));
  const personality = vector.object("personality");
  for (const [trait, value] of Object.entries(personalityOf(formatSoul(soul)))) {
    personality.expect(trait, value);
  }
  await checkSigning(vector, soul, name);
  await checkStart(vector, context, soul, name);
}

async function checkSigning(vector: CaseReader, soul: Soul, name: string): Promise<void> {
  const message = new TextEncoder().encode(name);
  for (const [kind, keypair] of await keypairsOf(soul.seed)) {
    vector.expect("public_key_b64", formatPublicKey(keypair.publicKey));
    const signature = await keypair.sign(message);
    vector.expect("signature_of_name_b64", signature.toBase64());
    const isValid = await keypair.verify(keypair.publicKey, signature, message);
    if (!isValid) vector.differ(`what the ${kind} keypair says of its own signature`, true, isValid);
  }
}

/**
 * Go runs with any soul and any name; we refuse broken bonds, and names that could not travel. A vector says what
 * follows from a soul and a name, not what starts: only a bonded soul with a proper name has to.
 */
async function checkStart(vector: CaseReader, context: CaseContext, soul: Soul, name: string): Promise<void> {
  const outcome = await startOutcome(formatSoul(soul), name);
  if (isStricter(vector, context, outcome)) return;
  const mustStart = hasBond(soul, name) && isNaraName(name);
  if (mustStart && outcome !== "accepted") {
    vector.differ("whether a nara starts with it", "accepted", outcome);
  }
}

async function checkInvalidSoul(vector: CaseReader, context: CaseContext): Promise<void> {
  const { fingerprint, wanted, isGeneric } = readMachine(vector);
  const text = vector.text("soul_arg");
  const parsed = attempt(() => parseSoul(text));
  vector.expect("decoded_length", attempt(() => decodeBase58(text))?.length ?? 0);
  vector.expectError("parse_error", parsed === undefined);
  vector.expectError("id_error", parsed === undefined);
  const outcome = await startOutcome(text, wanted);
  if (!parsed && outcome !== "refused: bad_soul") {
    vector.differ("our own outcome", "refused: bad_soul", outcome);
  }

  // What Go goes on with: the soul that it read, else one of zeros.
  const soul = parsed ?? { seed: new Uint8Array(32), tag: new Uint8Array(8) };
  const name = isGeneric ? parsed ? generatedName(soul.seed) : "unnamed-nara" : wanted;
  vector.expect("go_name", name);
  vector.expect("go_id", parsed ? naraIdOf(soul, name) : "");
  vector.expect("go_seed_hex", soul.seed.toHex());
  vector.expect("go_tag_hex", soul.tag.toHex());
  vector.expect("go_valid_bond", hasBond(soul, name));
  const ofMachine = deriveSoul(fingerprint, isGeneric ? undefined : wanted);
  vector.expect("go_native", formatSoul(ofMachine) === formatSoul(soul));
  vector.expect("go_public_key_b64", formatPublicKey(publicKeyOf(soul.seed)));
  if (parsed) await checkStart(vector, context, soul, name);
}

function checkBond(vector: CaseReader): void {
  const [soul, name] = [parseSoul(vector.text("soul")), vector.text("nara_name")];
  vector.expect("tag_hex", soul.tag.toHex());
  vector.expect("expected_tag_hex", createSoul(soul.seed, name).tag.toHex());
  vector.expect("valid_bond", hasBond(soul, name));
}

function checkPublicKeyText(vector: CaseReader, context: CaseContext): void {
  const text = vector.text("text");
  const key = attempt(() => parsePublicKey(text));
  if (isStricter(vector, context, key ? "accepted" : "refused: bad_public_key")) {
    vector.expect("error", null);
    // As Go decodes: without line breaks, whatever the unused bits are.
    return vector.expect("key_hex", Uint8Array.fromBase64(text.replace(/[\r\n]/g, "")).toHex());
  }
  vector.expectError("error", key === undefined);
  vector.expect("key_hex", key?.toHex() ?? null);
  if (key && formatPublicKey(key) !== text) vector.differ("text", text, formatPublicKey(key));
}

/** The topic `identity`. */
export const identityTopic: Topic = {
  name: "identity",
  lists: {
    identities: checkIdentity,
    souls_given: checkIdentity,
    invalid_souls: checkInvalidSoul,
    bonds: checkBond,
    generic_names: (vector) => vector.expect("generic", isGenericName(vector.text("hostname"))),
    generated_names: (vector) => {
      const text = vector.text("text");
      vector.expect("prng_seed", String(seedFromText(text)));
      vector.expect("generated_name", generatedNameOf(text));
    },
    base58: (vector) => {
      vector.expect("base58", encodeBase58(vector.hex("hex")));
      vector.expect("hex", decodeBase58(vector.text("base58")).toHex());
    },
    base58_invalid: (vector) => {
      const bytes = attempt(() => decodeBase58(vector.text("text")));
      vector.expect("strict_error", bytes === undefined);
      vector.expect("bytes_from_soul_decoder", bytes?.length ?? 0);
    },
    public_key_texts: checkPublicKeyText,
  },
};
