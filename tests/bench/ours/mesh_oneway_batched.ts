/**
 * Messages to another process, those that would wait in one request.
 * @module
 */
import type { KeypairName, Rig } from "../harness.ts";
import { openOneway } from "./mesh_oneway.ts";

/** Starts the other process. */
export function open(keypair: KeypairName): Promise<Rig> {
  return openOneway(keypair, { batching: true });
}
