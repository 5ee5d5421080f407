/**
 * Stages: the steps that a message passes, each a function of a message and a context.
 *
 * A stage ends in one of three outcomes: continue, drop with a reason, error. Two types, so that the compiler holds the
 * rule about waiting: a {@linkcode StreamStage} never waits, a {@linkcode PeerStage} may, and runs in a lane per peer.
 * @module
 */
import type { Message } from "../messages/message.ts";
import type { Keyring } from "../utilities/keyring.ts";
import type { Keypair } from "../utilities/keypair.ts";
import type { Clock } from "../utilities/clock.ts";
import type { Personality } from "../utilities/personality.ts";
import type { NaraId, NaraName } from "../utilities/names.ts";
import type { BehaviorSpec } from "./behavior.ts";
import type { Ledger } from "./ledger/ledger.ts";
import type { EventBus } from "./primitives/event_bus.ts";
import type { GossipQueue } from "./primitives/gossip_queue.ts";
import type { Limits } from "./primitives/limits.ts";
import type { OpenRequests } from "./primitives/open_requests.ts";
import type { PeerDirectory } from "./primitives/peer_directory.ts";
import type { SeenSet } from "./primitives/seen_set.ts";
import type { MeshTransport, Receipt } from "./transport/mesh.ts";
import type { Plaza } from "./transport/plaza.ts";

/** Why a message went no further. Closed for our own stages; others name theirs `x:…`. */
export type DropReason =
  | "blocked"
  | "content_exists"
  | "downgraded"
  | "duplicate_content"
  | "duplicate_id"
  | "below_horizon"
  | "filtered_by_chill"
  | "filtered_by_personality"
  | "from_future"
  | "handler_timeout"
  | "in_progress"
  | "invalid_signature"
  | "key_conflict"
  | "keyring_full"
  | "no_public_key_in_payload"
  | "not_for_me"
  | "peer_busy"
  | "quarantine_full"
  | "quota_exceeded"
  | "rate_limited"
  | "retired_key"
  | "stale"
  | "stopping"
  | "unexpected_reply"
  | "unknown_sender"
  | "weak_public_key"
  | "wrong_content_key"
  | "wrong_id"
  | `x:${string}`;

/** The outcome of one stage. */
export type StageResult =
  | { readonly outcome: "continue"; readonly message: Message; readonly receipt?: Receipt }
  | { readonly outcome: "drop"; readonly reason: DropReason }
  | { readonly outcome: "error"; readonly error: Error };

/** Who this nara is. */
export interface Me {
  /** The nara's id. */
  readonly id: NaraId;
  /** The nara's name. */
  readonly name: NaraName;
  /** The nara's Ed25519 public key, 32 bytes. */
  readonly publicKey: Uint8Array;
}

/** What a stage may touch. */
export interface StageContext {
  /** The behavior whose chain this is. */
  readonly behavior: BehaviorSpec;
  /** Who this nara is. */
  readonly me: Me;
  /** The runtime's time. */
  readonly clock: Clock;
  /** Signs and verifies. */
  readonly keypair: Keypair;
  /** The pinned keys of others. */
  readonly keyring: Keyring;
  /** Where stored kinds are kept. */
  readonly ledger: Ledger;
  /** What was seen within the freshness window. */
  readonly seen: SeenSet;
  /** The way to other naras, where there is one. */
  readonly mesh: MeshTransport | undefined;
  /** The way to everybody at once, where there is one. */
  readonly plaza?: Plaza;
  /** Where bounds are shown that come up with a kind's first message. */
  readonly limits?: Limits;
  /** Who is out there, and where. */
  readonly peers: PeerDirectory;
  /** Requests whose response is still open. */
  readonly openRequests: OpenRequests;
  /** What waits to be gossiped. */
  readonly gossip: GossipQueue;
  /** Tells subscribers. */
  readonly bus: EventBus;
  /** What this nara is like. */
  readonly personality: Personality;
  /** Aborts when the runtime stops. */
  readonly signal: AbortSignal;
  /** Takes a reply that came within the response to `request`. */
  readonly takeReply: (frame: Uint8Array, peer: string, request: Message) => void;
  /**
   * Notes that a received message is being stored and has still to be handled; to be called in the same turn as the ledger's
   * `add`. Only in the receive pipeline of a nara that keeps its memory.
   */
  readonly noteStored?: (message: Message) => Promise<void>;
}

/** What every stage says of itself. */
export interface StageInfo {
  /** The stage's name, for `describe()`, logs and metrics. */
  readonly name: string;
  /** Passes everything on, and is left out when a chain is compiled. */
  readonly isNone?: boolean;
  /** Lets only messages through whose sender is proven. */
  readonly verifies?: boolean;
  /** Remembers or spreads what it sees, so it may stand only behind a stage that verifies. */
  readonly remembers?: boolean;
  /** What it does with these settings, in a few words. */
  describe(): string;
}

/** A stage that never waits. Neighbours share one `TransformStream`. */
export interface StreamStage extends StageInfo {
  /** Marks the type. */
  readonly order: "stream";
  /** Judges one message. A throw counts as an error outcome. */
  process(message: Message, context: StageContext): StageResult;
}

/** A stage that may wait. It runs in lanes, one per peer, so that a slow peer holds up nobody else. */
export interface PeerStage extends StageInfo {
  /** Marks the type. */
  readonly order: "peer";
  /**
   * `start`: messages of a lane leave the stage in the order in which they entered. `finish`: each leaves when it is done.
   * @default {"start"}
   */
  readonly release?: "start" | "finish";
  /** Judges one message. A throw or a rejection counts as an error outcome. */
  process(message: Message, context: StageContext): StageResult | Promise<StageResult>;
}

/** Any stage. */
export type Stage = StreamStage | PeerStage;

/** The message goes on, perhaps changed. */
export function continueWith(message: Message, receipt?: Receipt): StageResult {
  return receipt ? { outcome: "continue", message, receipt } : { outcome: "continue", message };
}

/** The message goes no further, and that is all right. */
export function drop(reason: DropReason): StageResult {
  return { outcome: "drop", reason };
}

/** Something broke. */
export function fail(error: Error): StageResult {
  return { outcome: "error", error };
}

/** A stage that does nothing: it says so in the catalog and is left out of the compiled chain. */
export function none(name: string, description: string): StreamStage {
  return {
    order: "stream",
    name,
    isNone: true,
    describe: () => description,
    process: (message) => continueWith(message),
  };
}
