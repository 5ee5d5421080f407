/**
 * Services: the programs that run on nara, and what the runtime gives them.
 * @module
 */
import type { Draft } from "../messages/draft.ts";
import type { Message } from "../messages/message.ts";
import type { Clock } from "../utilities/clock.ts";
import type { Sealed } from "../utilities/keypair.ts";
import type { MessageId, NaraId, NaraName } from "../utilities/names.ts";
import type { Personality } from "../utilities/personality.ts";
import type { Random } from "../utilities/random.ts";
import type { Behavior, Handlers } from "./behavior.ts";
import type { Logger } from "./primitives/logger.ts";
import type { OnlinePeer, ProvenPeer } from "./primitives/peer_directory.ts";
import type { Store } from "./primitives/store.ts";
import type { Me } from "./stage.ts";
import type { Receipt } from "./transport/mesh.ts";

/** How careful a nara is: production logs what goes wrong, development also every stage, in test nothing goes unnoticed. */
export type Environment = "production" | "development" | "test";

/** How much a nara may remember. */
export type MemoryMode = "short" | "medium" | "hog" | "custom";

/** A program that runs on nara. */
export interface Service {
  /** Its name: lower-case words, unique among the services of a runtime. */
  readonly name: string;
  /** Hosts it may open connections to; the built-in ones need none, for only transports open sockets. */
  readonly net: readonly string[];
  /** Bytes that its store may hold. @default {1 MiB} */
  readonly storeBytesMax?: number;
  /** Gets its runtime, before anything runs. */
  init?(rt: RuntimeApi): void | Promise<void>;
  /** Registers what it speaks. */
  registerBehaviors(rt: RuntimeApi): void;
  /** Begins its work. When it fails, what had started before is stopped again. */
  start?(signal: AbortSignal): Promise<void>;
  /** Ends its work; `signal` of `start` has aborted by then. */
  stop?(): Promise<void>;
}

/** What became of an emitted message. */
export interface Emitted {
  /** `sent`: it went all the way. `retrying` and `queued`: it failed, and is kept. */
  readonly outcome: "sent" | "dropped" | "retrying" | "queued";
  /** The message's id. */
  readonly id: MessageId;
  /** Why it was dropped, retried or queued. */
  readonly reason?: string;
  /** What the other side says became of it. A hint. */
  readonly receipt?: Receipt;
}

/** Options of a call. */
export interface CallOptions {
  /** Milliseconds until the call fails. */
  readonly deadlineMs: number;
  /** Fails the call early. */
  readonly signal?: AbortSignal;
}

/** Who is out there. */
export interface Peers {
  /** Peers that were heard lately and can be reached, the longest online first. */
  online(): OnlinePeer[];
  /** Peers whose address is proven, the one heard last first. */
  proven(): ProvenPeer[];
  /** Addresses that the operator gave or an earlier run proved. */
  addresses(): string[];
  /** Where others reach this nara, if they can. */
  readonly ownAddress: string | undefined;
  /** Whether `address` may be dialled before anything came from it. */
  mayDial(address: string): boolean;
  /** Where `id` is reached, once that is proven. */
  addressOf(id: NaraId): string | undefined;
  /** Who answered at `address`, if anybody did. */
  ownerOf(address: string): NaraId | undefined;
  /** Notes that a verified answer of `id` came from `address`. Only presence has a reason to. */
  prove(id: NaraId, address: string, name?: NaraName): void;
  /** Hears of peers that answered that they do not know this nara's key, until disposed. */
  onStranger(listener: (id: NaraId) => void): Disposable;
}

/** The keys of others. */
export interface Keys {
  /** The pinned key of `id`, 32 bytes. */
  get(id: NaraId): Uint8Array | undefined;
  /** Whether `id` signs whole envelopes: a nara of this implementation. */
  isOurs(id: NaraId): boolean;
  /** Who goes by `name`, as far as keys are pinned, those pinned first; names are not unique. */
  idsNamed(name: NaraName): NaraId[];
  /**
   * Keeps the key of every id for which `holds` says yes, until disposed. A crowd of newcomers pushes out keys of naras that were
   * never met, and then anybody can take such an id over: a service that holds something for an id says so.
   */
  keepWhile(holds: (id: NaraId) => boolean): Disposable;
}

/** What a service sees of its runtime. One per service: log, store and signal are its own. */
export interface RuntimeApi {
  /** Who this nara is. */
  readonly me: Me;
  /** How careful this nara is. */
  readonly env: Environment;
  /** The runtime's time. */
  readonly clock: Clock;
  /** The runtime's chance. */
  readonly random: Random;
  /** What this nara is like. */
  readonly personality: Personality;
  /** How much this nara may remember. */
  readonly memoryMode: MemoryMode;
  /** Speaks for this service. */
  readonly log: Logger;
  /** Keeps for this service. */
  readonly store: Store;
  /** Aborts when the service should end. */
  readonly signal: AbortSignal;
  /** Who is out there. */
  readonly peers: Peers;
  /** The keys of others. */
  readonly keys: Keys;
  /** Encrypts for this nara alone. */
  seal(plaintext: Uint8Array): Sealed;
  /** Decrypts what this nara sealed, in this or an earlier life. */
  open(sealed: Sealed): Uint8Array;
  /**
   * Registers a kind that this service owns, with its handlers by version.
   *
   * @throws {BehaviorError} `duplicate_kind`, `no_schema`, `bad_version`, `unsafe_order` or `too_late`.
   */
  register<P, V>(behavior: Behavior<P, V>, handlers?: Handlers<V>): void;
  /** Hears every message of a kind that passed its pipeline, whoever owns it, until disposed. */
  subscribe<P, V>(behavior: Behavior<P, V>, listener: (message: Message<P>) => void): Disposable;
  /**
   * Sends a message through its emit pipeline.
   *
   * @throws {BehaviorError | MessageError} For what the caller did wrong.
   * @throws {NaraError} For a stage that failed, unless its strategy keeps the message.
   */
  emit<P>(draft: Draft<P>): Promise<Emitted>;
  /**
   * Sends a request and waits for its verified reply.
   *
   * @throws {CallError} When no reply comes.
   * @throws As {@linkcode RuntimeApi.emit}.
   */
  call<P, R, V>(draft: Draft<P>, reply: Behavior<R, V>, options: CallOptions): Promise<Message<R>>;
}
