/**
 * `seal.json`: what a nara seals for itself, and what must and must not open.
 * @module
 */
import type { CaseReader } from "../case_reader.ts";
import { deriveSoul, NaraError, openBytes, sealBytes, stashKeyOf } from "../nara.ts";
import type { CaseContext, Topic } from "../topic.ts";
import { bytesOrRule, fromBase64, keypairsOf, sha256Hex } from "./bytes.ts";

const TAG_BYTES = 16;

async function checkSeal(vector: CaseReader, context: CaseContext): Promise<void> {
  const key = vector.hex("key_hex");
  const nonce = vector.hex("nonce_hex");
  const plaintext = bytesOrRule(vector, "plaintext_b64", "plaintext_rule");
  const ciphertext = sealBytes(key, nonce, plaintext);
  vector.expect("nonce_b64", nonce.toBase64());
  vector.expect("plaintext_length", plaintext.length);
  vector.expect("plaintext_sha256_hex", sha256Hex(plaintext));
  vector.expect("ciphertext_length", ciphertext.length);
  vector.expect("ciphertext_sha256_hex", sha256Hex(ciphertext));
  if (!vector.has("ciphertext_b64")) vector.need("ciphertext_first_32_hex", "tag_hex"); // Where it is long.
  if (vector.has("ciphertext_b64")) vector.expect("ciphertext_b64", ciphertext.toBase64());
  if (vector.has("ciphertext_first_32_hex")) {
    vector.expect("ciphertext_first_32_hex", ciphertext.subarray(0, 32).toHex());
  }
  if (vector.has("tag_hex")) vector.expect("tag_hex", ciphertext.subarray(-TAG_BYTES).toHex());
  vector.expect("go_opens", tryOpen(() => openBytes(key, nonce, ciphertext)) === plaintext.toHex());
  await checkOwner(vector, context, { nonce, ciphertext }, plaintext.toHex());
}

async function checkOpen(vector: CaseReader, context: CaseContext): Promise<void> {
  const [key, nonce, ciphertext] = [
    vector.hex("key_hex"),
    vector.hex("nonce_hex"),
    vector.hex("ciphertext_hex"),
  ];
  const plaintext = tryOpen(() => openBytes(key, nonce, ciphertext));
  vector.expect("opens", plaintext !== undefined);
  vector.expectError("error", plaintext === undefined);
  vector.expect("plaintext_b64", plaintext === undefined ? null : Uint8Array.fromHex(plaintext).toBase64());
  if (plaintext !== undefined) fromBase64(vector, "plaintext_b64");
  await checkOwner(vector, context, { nonce, ciphertext }, plaintext);
}

/** The plaintext in hexadecimal, or `undefined` where it does not open. */
function tryOpen(open: () => Uint8Array): string | undefined {
  try {
    return open().toHex();
  } catch (error) {
    if (error instanceof NaraError && error.code === "unsealable") return undefined;
    throw error;
  }
}

/** The key has to be the owner's, and both keypairs of that owner have to do the same. */
async function checkOwner(
  vector: CaseReader,
  { seedsOf }: CaseContext,
  sealed: { nonce: Uint8Array; ciphertext: Uint8Array },
  plaintext: string | undefined,
): Promise<void> {
  const owner = vector.text("owner");
  const usual = deriveSoul(Uint8Array.fromHex(sha256Hex(`test-hardware-${owner}`)), owner).seed.toHex();
  const introduced = seedsOf(owner);
  const seed = [usual, ...introduced ?? []].map((hex) => Uint8Array.fromHex(hex))
    .find((seed) => stashKeyOf(seed).toHex() === vector.value("key_hex"));
  if (!seed && !introduced) return; // The file stands alone: the owner is a name and no more.
  if (!seed) return vector.differ("key_hex", `the key of a nara called ${owner}`, vector.value("key_hex"));
  for (const [kind, keypair] of await keypairsOf(seed)) {
    const got = tryOpen(() => keypair.open(sealed));
    if (got !== plaintext) vector.differ(`what the ${kind} keypair opens`, plaintext ?? null, got ?? null);
  }
}

/** The topic `seal`. */
export const sealTopic: Topic = { name: "seal", lists: { seal: checkSeal, open: checkOpen } };
