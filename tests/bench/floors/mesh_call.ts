/** The least a call to another process costs: each side signs 600 bytes, and verifies those of the other. @module */
import { createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
const jwk = { kty: "OKP", crv: "Ed25519", x: "6kpsY-KcUgq-9VB7Ey7F-ZVHdq6-vnuSQh7qaRRG0iw" }; // Of a seed of sevens.
const secretJwk = { ...jwk, d: "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc" };
const secret = createPrivateKey({ key: secretJwk, format: "jwk" });
const key = createPublicKey(secret);
const webSecret = await crypto.subtle.importKey("jwk", secretJwk, "Ed25519", false, ["sign"]);
const webKey = await crypto.subtle.importKey("jwk", jwk, "Ed25519", false, ["verify"]);
const signature = async (keypair: string, bytes: Uint8Array<ArrayBuffer>) =>
  keypair === "web" ? await crypto.subtle.sign("Ed25519", webSecret, bytes) : sign(null, bytes, secret);
const sealed = async (keypair: string, bytes: Uint8Array<ArrayBuffer>) =>
  Buffer.concat([new Uint8Array(await signature(keypair, bytes)), bytes]);
const isGood = (keypair: string, sig: Uint8Array<ArrayBuffer>, bytes: Uint8Array<ArrayBuffer>) =>
  keypair === "web" ? crypto.subtle.verify("Ed25519", webKey, sig, bytes) : verify(null, bytes, key, sig);
/** Starts the other process. */
export async function open(keypair: string) {
  const args = ["run", "-A", import.meta.filename!, keypair, "serve"];
  const child = new Deno.Command(Deno.execPath(), { args, stdout: "piped" }).spawn();
  const { value } = await child.stdout.getReader().read(); // { hostname: ..., port: 1234, ... }
  const url = "http://127.0.0.1:" + /port: (\d+)/.exec(new TextDecoder().decode(value))![1];
  const count = { signed: 0, verified: 0 };
  const once = async (_sender: number) => {
    const response = await fetch(url, { method: "POST", body: await sealed(keypair, new Uint8Array(600)) });
    const frame = await response.bytes();
    if (!await isGood(keypair, frame.subarray(0, 64), frame.subarray(64))) throw new Error("a side refused");
    count.verified = count.signed += 2;
  };
  return { count, once, [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() };
}
if (Deno.args[1] === "serve") {
  Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: console.log }, async (request) => {
    const frame = await request.bytes();
    const good = await isGood(Deno.args[0], frame.subarray(0, 64), frame.subarray(64));
    return new Response(good ? await sealed(Deno.args[0], frame.subarray(64)) : null);
  });
} else if (import.meta.main) {
  await using floor = await open(Deno.args[0] ?? "node");
  console.log("one call:", await floor.once(0).then(() => floor.count));
}
