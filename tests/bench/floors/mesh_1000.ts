/** The least that a thousand naras in one process cost: a key pair and a queue each, and 600 bytes signed here and verified there. @module */
import { generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";
export const NARAS = 1_000;
/** KiB of the heap that are in use once all garbage is collected. */
export async function heapKiB(): Promise<number> {
  const { setFlagsFromString } = await import("node:v8");
  const { runInNewContext } = await import("node:vm");
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc");
  for (let round = 0; round < 4; round++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    collect();
  }
  return Deno.memoryUsage().heapUsed / 1_024;
}
/** Makes them. */
export async function open(keypair: string) {
  const before = await heapKiB();
  const started = performance.now();
  const naras: { privateKey: KeyObject | CryptoKey; publicKey: KeyObject | CryptoKey; stream: unknown }[] =
    [];
  for (let index = 0; index < NARAS; index++) {
    const pair = keypair === "web"
      ? await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]) as CryptoKeyPair
      : generateKeyPairSync("ed25519");
    naras.push({ ...pair, stream: new TransformStream<Uint8Array, Uint8Array>() });
  }
  const startMs = performance.now() - started;
  const each = (await heapKiB() - before) / NARAS;
  const count = { signed: 0, verified: 0 };
  let next = 0;
  const once = async () => {
    const { privateKey, publicKey } = naras[next++ % NARAS];
    const bytes = new Uint8Array(600);
    const good = keypair === "web"
      ? await crypto.subtle.verify(
        "Ed25519",
        publicKey as CryptoKey,
        await crypto.subtle.sign("Ed25519", privateKey as CryptoKey, bytes),
        bytes,
      )
      : verify(null, bytes, publicKey as KeyObject, sign(null, bytes, privateKey as KeyObject));
    if (!good) throw new Error("the other one refused");
    count.verified = ++count.signed;
  };
  const kib = { "kib-per-nara": each, "kib-with-chains": each, "kib-when-idle": each };
  return {
    count,
    once,
    figures: { "start-ms": startMs, ...kib },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
