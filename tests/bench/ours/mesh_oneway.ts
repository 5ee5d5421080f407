/**
 * Messages to another process, each signed here, verified and handled there.
 * @module
 */
import type { KeypairName, Rig } from "../harness.ts";
import { openPair } from "./mesh_pair.ts";
import { parcel, PAYLOAD } from "./service.ts";

/** Starts the other process. */
export async function open(keypair: KeypairName): Promise<Rig> {
  const pair = await openPair(keypair);
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
