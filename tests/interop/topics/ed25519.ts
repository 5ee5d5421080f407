/**
 * `ed25519.json`: plain signatures, and the corner cases in which libraries differ.
 * @module
 */
import type { CaseReader } from "../case_reader.ts";
import { isStrongPublicKey, publicKeyOf } from "../nara.ts";
import { type CaseContext, isStricter, type Topic } from "../topic.ts";
import { keypairsOf } from "./bytes.ts";
import { goVerify } from "./go_ed25519.ts";

async function checkSign(vector: CaseReader): Promise<void> {
  const [seed, message] = [vector.hex("seed_hex"), vector.hex("message_hex")];
  vector.expect("public_key_hex", publicKeyOf(seed).toHex());
  for (const [kind, keypair] of await keypairsOf(seed)) {
    vector.expect("public_key_hex", keypair.publicKey.toHex());
    const signature = await keypair.sign(message);
    vector.expect("signature_hex", signature.toHex());
    const isValid = await keypair.verify(keypair.publicKey, signature, message);
    if (!isValid) vector.differ(`what the ${kind} keypair says of its own signature`, true, isValid);
  }
}

async function checkVerify(vector: CaseReader, context: CaseContext): Promise<void> {
  const key = vector.hex("public_key_hex");
  const [message, signature] = [vector.hex("message_hex"), vector.hex("signature_hex")];
  const seed = new Uint8Array(32);
  const verdicts = new Map<string, boolean>();
  for (const [kind, keypair] of await keypairsOf(seed)) {
    verdicts.set(kind, await keypair.verify(key, signature, message));
  }
  const { web, node } = Object.fromEntries(verdicts);
  if (web !== node) vector.differ("the node keypair against the web one", web, node);
  const reason = isStrongPublicKey(key) ? "bad signature" : "weak public key";
  if (isStricter(vector, context, web ? "accepted" : `refused: ${reason}`)) {
    vector.expect("go_accepts", true);
    vector.expect("go_accepts", goVerify(key, signature, message));
  } else vector.expect("go_accepts", web);
}

/** The topic `ed25519`. */
export const ed25519Topic: Topic = { name: "ed25519", lists: { sign: checkSign, verify: checkVerify } };
