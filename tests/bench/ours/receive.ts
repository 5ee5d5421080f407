/**
 * A signed message, from its bytes to its handler.
 * @module
 */
import { createRuntime, type Runtime } from "../../../runtime/mod.ts";
import { signedFrame } from "../../../runtime/testing/mod.ts";
import { createIdentity, type Identity } from "../../../utilities/identity.ts";
import type { KeypairName, Rig, Signatures } from "../harness.ts";
import { counted } from "./counted_keypair.ts";
import { BenchService, parcel, PAYLOAD } from "./service.ts";

const SENDERS = 8;
/**
 * Frames of the first sender, who may be the only one, and of each other; when all were taken, a runtime that has seen none of them
 * goes on. With fewer it would mostly be measured how a nara begins.
 */
const FRAMES = 16_384, FRAMES_OF_OTHERS = 4_096;

/** Prepares eight senders' frames, and a runtime that knows them. */
export async function open(keypair: KeypairName): Promise<Rig> {
  const count: Signatures = { signed: 0, verified: 0 };
  const { identity } = await createIdentity({ name: "bench", keypair });
  const me = { ...identity, keypair: counted(identity.keypair, count) };
  const senders = await Promise.all(Array.from({ length: SENDERS }, (_, index) => sender(index, me)));
  let runtime = await knowing(me, senders);
  let changing: Promise<void> | undefined;
  const full: Runtime[] = []; // Stopped at the end: what they took is still on its way.
  const taken = new Array<number>(SENDERS).fill(0);
  const change = async () => {
    const fresh = await knowing(me, senders);
    full.push(runtime);
    runtime = fresh; // At once with the counts: no frame may reach a runtime that has seen it.
    taken.fill(0);
    changing = undefined;
  };
  return {
    count,
    async once(index) {
      while (taken[index] === senders[index].frames.length) await (changing ??= change());
      const { receipt } = await runtime.receive(senders[index].frames[taken[index]++], "bench");
      if (receipt.outcome !== "handled") {
        throw new Error(`a good message was not handled: ${JSON.stringify(receipt)}`);
      }
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...full, runtime].map((used) => used.stop()));
    },
  };
}

interface Sender {
  readonly identity: Identity;
  readonly frames: Uint8Array[];
}

async function sender(index: number, to: Identity): Promise<Sender> {
  const { identity } = await createIdentity({ name: `sender ${index}`, keypair: "node" });
  const nowNs = BigInt(Date.now()) * 1_000_000n;
  const draft = parcel.draft(PAYLOAD, { to: to.id, toName: to.name });
  const frames: Uint8Array[] = [];
  for (let nth = 0; nth < (index === 0 ? FRAMES : FRAMES_OF_OTHERS); nth++) {
    frames.push(
      await signedFrame(draft, { from: identity, spec: parcel.spec, atNs: nowNs + BigInt(nth) * 100_000n }),
    );
  }
  return { identity, frames };
}

async function knowing(me: Identity, senders: readonly Sender[]): Promise<Runtime> {
  const runtime = await createRuntime({ identity: me, services: [new BenchService()] });
  for (const { identity: { id, keypair, name } } of senders) runtime.keyring.pin(id, keypair.publicKey, name);
  await runtime.start();
  return runtime;
}
