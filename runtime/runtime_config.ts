/**
 * What a runtime is made of.
 * @module
 */
import type { Message } from "../messages/message.ts";
import type { Clock } from "../utilities/clock.ts";
import type { Identity } from "../utilities/identity.ts";
import type { Random } from "../utilities/random.ts";
import type { Ledger } from "./ledger/ledger.ts";
import type { Passage } from "./primitives/journal.ts";
import type { LogSink } from "./primitives/logger.ts";
import type { RetryOptions } from "./primitives/outbox.ts";
import type { PeerQuotaOptions } from "./primitives/peer_quotas.ts";
import type { KeyValueFile } from "./primitives/store.ts";
import type { Environment, MemoryMode, Service } from "./service.ts";
import type { MeshFactory } from "./transport/mesh.ts";
import type { PlazaFactory } from "./transport/plaza.ts";

/** What a runtime is made of; everything but the identity has a default. */
export interface RuntimeConfig {
  /** Who this nara is. */
  readonly identity: Identity;
  /** The programs to run, in the order in which they start. */
  readonly services?: readonly Service[];
  /** The mesh to join. @default {none} */
  readonly mesh?: MeshFactory;
  /** The plaza to join. @default {none: what is for everybody goes to known peers over the mesh} */
  readonly plaza?: PlazaFactory;
  /** What stands before every topic of the plaza. @default {"nara"} */
  readonly plazaRoot?: string;
  /** Where stored messages are kept; the runtime closes it. @default {memory} */
  readonly ledger?: Ledger;
  /** Where all is kept that outlives the process but the ledger; the runtime closes it. @default {memory} */
  readonly store?: KeyValueFile;
  /** Addresses of first peers. */
  readonly peers?: readonly string[];
  /** Whether an address that was only heard of may be dialled. @default {never} */
  readonly mayDial?: (address: string) => boolean;
  /** How careful this nara is. @default {"production"} */
  readonly env?: Environment;
  /** How much this nara may remember. @default {"medium"} */
  readonly memoryMode?: MemoryMode;
  /** Where log lines go. @default {nowhere} */
  readonly log?: LogSink;
  /** Time. @default {the machine's} */
  readonly clock?: Clock;
  /** Chance. @default {the machine's} */
  readonly random?: Random;
  /** Sees every message that passed a pipeline, emitted and received. @default {nobody} */
  readonly tap?: (message: Message) => void;
  /** Sees every message's way through a pipeline, once it has ended. @default {nobody} */
  readonly onPassage?: (passage: Passage) => void;
  /** What one verified peer may bring in a minute. */
  readonly peerQuotas?: PeerQuotaOptions;
  /** How messages that failed are tried again. */
  readonly retries?: Partial<RetryOptions>;
}
