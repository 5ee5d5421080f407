/**
 * A local message, from emit to its handler.
 * @module
 */
import { createRuntime } from "../../../runtime/mod.ts";
import { createIdentity } from "../../../utilities/identity.ts";
import type { KeypairName, Rig } from "../harness.ts";
import { BenchService, note, PAYLOAD } from "./service.ts";

/** Prepares a runtime whose service hears its own notes. */
export async function open(keypair: KeypairName): Promise<Rig> {
  const { identity } = await createIdentity({ name: "bench", keypair });
  const service = new BenchService();
  const runtime = await createRuntime({ identity, services: [service] });
  await runtime.start();
  const waiting: (() => void)[] = []; // Notes are handled in the order in which they were emitted.
  service.onNote = () => waiting.shift()!();
  const draft = note.draft(PAYLOAD);
  return {
    count: { signed: 0, verified: 0 },
    once: () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.push(resolve);
      return Promise.all([service.rt.emit(draft), promise]);
    },
    [Symbol.asyncDispose]: () => runtime.stop(),
  };
}
