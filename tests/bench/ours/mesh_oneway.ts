/**
 * Messages to another process, each signed here, verified and handled there.
 * @module
 */
import type { KeypairName, Rig } from "../harness.ts";
import { openPair, type PairOptions } from "./mesh_pair.ts";
import { parcel, PAYLOAD } from "./service.ts";

/** Starts the other process; each message travels by itself. */
export function open(keypair: KeypairName): Promise<Rig> {
  return openOneway(keypair);
}

/** Starts the other process, with or without the guard at its port, and with or without batches. */
export async function openOneway(keypair: KeypairName, options?: PairOptions): Promise<Rig> {
  const pair = await openPair(keypair, options);
  const draft = parcel.draft(PAYLOAD, { to: pair.to });
  return {
    async once() {
      const { receipt } = await pair.service.rt.emit(draft);
      if (receipt?.outcome !== "handled") {
        throw new Error(`a message was not handled: ${JSON.stringify(receipt)}`);
      }
    },
    [Symbol.asyncDispose]: () => pair[Symbol.asyncDispose](),
  };
}
