/**
 * What a stage may touch and what it works on, so that a stage is tested as the function that it is.
 * @module
 */
import { Message, type MessageParts } from "../../messages/message.ts";
import type { Behavior, BehaviorSpec } from "../../runtime/behavior.ts";
import { MemoryLedger } from "../../runtime/ledger/memory_ledger.ts";
import { EventBus } from "../../runtime/primitives/event_bus.ts";
import { GossipQueue } from "../../runtime/primitives/gossip_queue.ts";
import type { Limits } from "../../runtime/primitives/limits.ts";
import { OpenRequests } from "../../runtime/primitives/open_requests.ts";
import { PeerDirectory } from "../../runtime/primitives/peer_directory.ts";
import { SeenSet } from "../../runtime/primitives/seen_set.ts";
import type { StageContext } from "../../runtime/stage.ts";
import type { Plaza } from "../../runtime/transport/plaza.ts";
import { SeededRandom } from "../../runtime/testing/seeded_random.ts";
import { VIRTUAL_START, VirtualClock } from "../../runtime/testing/virtual_clock.ts";
import { createIdentity, type Identity } from "../../utilities/identity.ts";
import { Keyring } from "../../utilities/keyring.ts";
import { note } from "./kinds.ts";

/** The same name gives the same nara, whose keypair answers at once. */
export async function naraNamed(name: string): Promise<Identity> {
  const seed = [...name].reduce((sum, letter) => Math.imul(sum, 31) + letter.codePointAt(0)!, 7);
  return (await createIdentity({ name, keypair: "node", random: new SeededRandom(seed) })).identity;
}

/** The nara whose stages are tested. */
export const me: Identity = await naraNamed("me");
/** Somebody else. */
export const alice: Identity = await naraNamed("alice");
/** A third. */
export const mallory: Identity = await naraNamed("mallory");

/** What a test may give a stage. */
export interface StageContextParts extends Partial<StageContext> {
  /** The kind whose chain it stands in. */
  readonly kind?: Behavior;
  /** The plaza to publish on. */
  readonly plaza?: Plaza;
  /** Where bounds are listed. */
  readonly limits?: Limits;
}

/** What a stage may touch: nothing but what is given, and fresh primitives. */
export function stageContext(parts: StageContextParts = {}): StageContext {
  const { kind = note, ...rest } = parts;
  const clock = new VirtualClock();
  const behavior: BehaviorSpec = kind.spec;
  return {
    behavior,
    me: { id: me.id, name: me.name, publicKey: me.keypair.publicKey },
    clock,
    keypair: me.keypair,
    keyring: new Keyring(),
    ledger: new MemoryLedger(),
    seen: new SeenSet({ clock }),
    mesh: undefined,
    peers: new PeerDirectory({ clock, random: new SeededRandom(1) }),
    openRequests: new OpenRequests(),
    gossip: new GossipQueue(),
    bus: new EventBus(() => {}),
    personality: me.personality,
    signal: new AbortController().signal,
    takeReply: () => {},
    ...rest,
  };
}

/** A message from alice to me, made when virtual time begins. */
export function messageOf(parts: Partial<MessageParts<unknown>> = {}): Message {
  const { payload = { text: "hello" } } = parts;
  return new Message({
    kind: "test:note",
    version: 1,
    fromId: alice.id,
    toId: me.id,
    timestamp: VIRTUAL_START,
    payloadJson: () => payload,
    ...parts,
    payload,
  });
}
