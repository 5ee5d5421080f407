/**
 * The kernel: what the parts of one runtime share. Services never see it.
 * @module
 */
import type { Clock } from "../utilities/clock.ts";
import type { Keypair } from "../utilities/keypair.ts";
import type { Keyring } from "../utilities/keyring.ts";
import type { Personality } from "../utilities/personality.ts";
import type { Random } from "../utilities/random.ts";
import type { Calls } from "./calls.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { IdleChains } from "./idle_chains.ts";
import type { Ledger } from "./ledger/ledger.ts";
import type { Books } from "./primitives/books.ts";
import type { DeadLetters } from "./primitives/dead_letters.ts";
import type { EventBus } from "./primitives/event_bus.ts";
import type { Failures } from "./primitives/failures.ts";
import type { GossipQueue } from "./primitives/gossip_queue.ts";
import type { Logger, LogSink } from "./primitives/logger.ts";
import type { CallLatency } from "./primitives/metrics_latency.ts";
import type { Limits } from "./primitives/limits.ts";
import type { OpenRequests } from "./primitives/open_requests.ts";
import type { Outbox } from "./primitives/outbox.ts";
import type { Journal, Passage } from "./primitives/journal.ts";
import type { PeerDirectory } from "./primitives/peer_directory.ts";
import type { Pending } from "./primitives/pending.ts";
import type { Quarantine } from "./primitives/quarantine.ts";
import type { SeenMarks } from "./primitives/seen_marks.ts";
import type { SeenSet } from "./primitives/seen_set.ts";
import type { Stamper } from "./primitives/stamper.ts";
import type { KeyValueFile } from "./primitives/store.ts";
import type { Registry } from "./registry.ts";
import type { Environment, MemoryMode } from "./service.ts";
import type { Me } from "./stage.ts";
import type { MeshTransport } from "./transport/mesh.ts";
import type { Plaza } from "./transport/plaza.ts";

/** All that the parts of a runtime share. */
export interface Kernel {
  readonly me: Me;
  readonly env: Environment;
  readonly memoryMode: MemoryMode;
  readonly clock: Clock;
  readonly random: Random;
  readonly keypair: Keypair;
  readonly keyring: Keyring;
  readonly personality: Personality;
  readonly ledger: Ledger;
  readonly file: KeyValueFile;
  readonly mesh: MeshTransport | undefined;
  readonly plaza: Plaza | undefined;
  readonly peers: PeerDirectory;
  readonly seen: SeenSet;
  /** What was handled, on disk; `undefined` in a nara that forgets with its process. */
  readonly marks: SeenMarks | undefined;
  /** What is stored and not handled yet, on disk. */
  readonly pending: Pending | undefined;
  readonly quarantine: Quarantine;
  readonly outbox: Outbox;
  readonly deadLetters: DeadLetters;
  readonly journal: Journal;
  /** Told of every message's way, once it has ended. */
  readonly note: (passage: Passage) => void;
  readonly openRequests: OpenRequests;
  readonly gossip: GossipQueue;
  readonly bus: EventBus;
  readonly books: Books;
  readonly limits: Limits;
  readonly calls: Calls;
  readonly latency: CallLatency;
  readonly stamper: Stamper;
  readonly registry: Registry;
  readonly idleChains: IdleChains;
  readonly dispatcher: Dispatcher;
  readonly failures: Failures;
  readonly log: Logger;
  readonly logSink: LogSink;
  readonly signal: AbortSignal;
}
