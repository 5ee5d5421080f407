/**
 * A nara with a stash service in a mock runtime, and what its neighbours send.
 * @module
 */
import { assertEquals } from "@std/assert";
import type { StashResponseV1, StashStoreV1 } from "../../messages/stash.ts";
import { MockRuntime, type MockRuntimeOptions } from "../../runtime/testing/mock_runtime.ts";
import { SeededRandom } from "../../runtime/testing/seeded_random.ts";
import { PresenceService } from "../../services/presence/service.ts";
import { stashAck, stashStore } from "../../services/stash/behaviors.ts";
import { stashCodec } from "../../services/stash/sealed_stash.ts";
import { type StashOptions, StashService } from "../../services/stash/service.ts";
import { createIdentity, type Identity } from "../../utilities/identity.ts";

/** Text as bytes. */
export const data = (text: string): Uint8Array => new TextEncoder().encode(text);
/** The nara whose service is tested. */
export const { identity: ME } = await createIdentity({
  name: "me",
  keypair: "node",
  random: new SeededRandom(99),
});

/** A nara with a stash service; `ME`, unless told otherwise. */
export async function nara(
  options: MockRuntimeOptions & StashOptions = {},
): Promise<{ mock: MockRuntime; stash: StashService }> {
  const { ownersMax, retries, isFirstLife, ...config } = options;
  const stash = new StashService({ ownersMax, retries, isFirstLife });
  const mock = await MockRuntime.create({
    identity: ME,
    services: [new PresenceService(), stash],
    ...config,
  });
  return { mock, stash };
}

/** The same, when nobody was there to recover from and this was set. */
export async function naraWith(
  text: string,
  options?: MockRuntimeOptions & StashOptions,
): Promise<{ mock: MockRuntime; stash: StashService }> {
  const { mock, stash } = await nara(options);
  const setting = stash.setStashData(data(text));
  await mock.clock.advance(30_000);
  await setting;
  return { mock, stash };
}

/** A copy of the stash of `owner` as a confidant hands it back. */
export function sealed(sequence: number, text: string, owner: Identity = ME): StashResponseV1 {
  const { nonce, ciphertext } = owner.keypair.seal(stashCodec.encode({ sequence, data: data(text) }));
  return { owner_id: owner.id, found: true, nonce, ciphertext, stored_at: 1_768_472_430 };
}

/** What `owner` asks a confidant to keep. */
export function storeBy(owner: Identity, changes: Partial<StashStoreV1> = {}): StashStoreV1 {
  const { nonce, ciphertext } = owner.keypair.seal(data(`the stash of ${owner.name}`));
  return { owner_id: owner.id, owner: owner.name, nonce, ciphertext, ts: 1_768_472_430, ...changes };
}

/** Stores as `owner`, and says what came back. */
export async function store(
  mock: MockRuntime,
  owner: Identity,
  changes?: Partial<StashStoreV1>,
): Promise<string> {
  await mock.deliver(stashStore.draft(storeBy(owner, changes), { to: ME.id }), { from: owner });
  const { toId, payload: { success, reason } } = mock.last(stashAck);
  assertEquals(toId, owner.id);
  return reason ?? `kept: ${success}`;
}
