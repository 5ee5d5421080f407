/**
 * Calls to another process: request and reply are signed and verified, the reply travels in the response.
 * @module
 */
import type { KeypairName, Rig } from "../harness.ts";
import { openPair } from "./mesh_pair.ts";
import { answer, PAYLOAD, question } from "./service.ts";

/** Starts the other process. */
export async function open(keypair: KeypairName): Promise<Rig> {
  const pair = await openPair(keypair, { batching: true }); // As naras do.
  const draft = question.draft(PAYLOAD, { to: pair.to });
  return {
    once: () => pair.service.rt.call(draft, answer, { deadlineMs: 10_000 }),
    [Symbol.asyncDispose]: () => pair[Symbol.asyncDispose](),
  };
}
