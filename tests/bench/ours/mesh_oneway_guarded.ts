/**
 * Messages to another process that has the guard at its port.
 * @module
 */
import type { KeypairName, Rig } from "../harness.ts";
import { openOneway } from "./mesh_oneway.ts";

/** Starts the other process. */
export function open(keypair: KeypairName): Promise<Rig> {
  return openOneway(keypair, { guard: true });
}
