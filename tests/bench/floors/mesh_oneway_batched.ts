/** As `mesh_oneway.ts`, but what waits leaves in one request, up to four of them at once: each 600 bytes are signed, verified and answered by themselves. @module */
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
  const waiting: { frame: Uint8Array; done: PromiseWithResolvers<void> }[] = [];
  let requests = 0;
  const leave = async (most: number) => {
    const batch = waiting.splice(0, most);
    requests++;
    const body = Buffer.concat(batch.map(({ frame }) => frame));
    const answers = await (await fetch(url, { method: "POST", body })).bytes();
    requests--;
    gather();
    if (answers.length !== batch.length || answers.includes(0)) throw new Error("the other side refused");
    for (const { done } of batch) done.resolve();
  };
  let turn: unknown;
  const gather = () => { // One turn later, for an answer to many makes as many send again.
    turn ??= setImmediate(() => {
      turn = undefined;
      while (waiting.length > 0 && requests < 4) {
        leave(Math.max(8, Math.ceil(waiting.length / (4 - requests))));
      }
    });
  };
  const once = async (_sender: number) => {
    const frame = await sealed(keypair, new Uint8Array(600));
    const done = Promise.withResolvers<void>();
    waiting.push({ frame, done });
    gather();
    await done.promise;
    count.verified = ++count.signed;
  };
  return { count, once, [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() };
}
if (Deno.args[1] === "serve") {
  Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: console.log }, async (request) => {
    const all = await request.bytes();
    const frames = Array.from(
      { length: all.length / 664 },
      (_, at) => all.subarray(at * 664, at * 664 + 664),
    );
    const good = frames.map((one) => isGood(Deno.args[0], one.subarray(0, 64), one.subarray(64)));
    return new Response(new Uint8Array((await Promise.all(good)).map(Number)));
  });
} else if (import.meta.main) {
  await using floor = await open(Deno.args[0] ?? "node");
  console.log("one message:", await floor.once(0).then(() => floor.count));
}
