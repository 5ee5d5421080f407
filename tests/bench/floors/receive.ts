/**
 * The least a receive costs: one verification of 600 bytes that came signed, each time other ones.
 * @module
 */

import { createPrivateKey, createPublicKey, sign, verify } from "node:crypto";

/** What verifies one sender's messages in turn, with a key that was imported beforehand. */
async function sender(keypair: string, seed: number): Promise<() => boolean | Promise<boolean>> {
  const der = "302e020100300506032b657004220420" + seed.toString(16).padStart(64, "0"); // RFC 8410
  const secret = createPrivateKey({ key: Buffer.from(der, "hex"), format: "der", type: "pkcs8" });
  const key = createPublicKey(secret);
  const bytes = Array.from({ length: 2_048 }, () => crypto.getRandomValues(new Uint8Array(600)));
  const signatures = bytes.map((message) => new Uint8Array(sign(null, message, secret)));
  let next = 0;
  if (keypair === "node") return () => verify(null, bytes[++next % 2_048], key, signatures[next % 2_048]);
  const jwk = key.export({ format: "jwk" });
  const webKey = await crypto.subtle.importKey("jwk", jwk, "Ed25519", false, ["verify"]);
  return () => crypto.subtle.verify("Ed25519", webKey, signatures[++next % 2_048], bytes[next % 2_048]);
}

/** Prepares eight senders. */
export async function open(keypair: string) {
  const count = { signed: 0, verified: 0 };
  const verifiers = await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map((seed) => sender(keypair, seed)));
  return {
    count,
    async once(sender: number): Promise<void> {
      if (!await verifiers[sender]()) throw new Error("a good signature was refused");
      count.verified++;
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

if (import.meta.main) {
  await using floor = await open(Deno.args[0] ?? "node");
  await floor.once(0).then(() => console.log("one message:", floor.count));
}
