/**
 * The port of the mesh: frames from one nara to another, and what became of them.
 *
 * A frame is a whole encoded message. The mesh carries it, bounds it and says how it ended; it never looks inside.
 * @module
 */
import type { Clock } from "../../utilities/clock.ts";
import { NaraError } from "../../utilities/errors.ts";
import type { Keypair } from "../../utilities/keypair.ts";
import type { Keyring } from "../../utilities/keyring.ts";
import type { NaraId } from "../../utilities/names.ts";
import type { Limit } from "../primitives/limits.ts";
import type { Me } from "../stage.ts";

/**
 * A frame could not leave, or a mesh could not be joined (`address_in_use`, `cannot_listen`). `unreachable` and
 * `peer_busy` are worth another try; `cannot_send` means that this machine, not the peer, stands in the way.
 */
export class MeshError extends NaraError<
  | "unreachable"
  | "peer_busy"
  | "frame_too_large"
  | "closed"
  | "no_target"
  | "no_plaza"
  | "refused"
  | "address_in_use"
  | "cannot_listen"
  | "cannot_send"
> {
  /** When the other side asked to be tried again, in milliseconds from then; it goes with `peer_busy`. */
  readonly retryAfterMs: number | undefined;

  /**
   * An error of a mesh.
   *
   * @param options The cause; and when to try again, where the other side said it.
   */
  constructor(
    code: MeshError["code"],
    message: string,
    options: ErrorOptions & { retryAfterMs?: number } = {},
  ) {
    super(code, message, options);
    this.retryAfterMs = options.retryAfterMs;
  }
}

/**
 * What came as an answer is none: the cause of an `unreachable`, where the other side is there and does not behave as a nara.
 */
export class AnswerError extends NaraError<"no_receipt" | "too_long"> {}

/** What the other side says became of a frame. A hint: what must be certain is a signed reply. */
export type Receipt =
  | { readonly outcome: "handled" | "quarantined" }
  | {
    readonly outcome: "drop" | "error";
    /** A stable code. */
    readonly reason: string;
    /** The same for a person, where there is more to say. */
    readonly detail?: string;
  }
  | { readonly outcome: "unknown" };

/** The receipt that most get. */
export const HANDLED: Receipt = { outcome: "handled" };

/** A frame that came in, and the way to answer it. */
export interface InboundFrame {
  /** The bytes of one message. */
  readonly frame: Uint8Array;
  /** Where it came from: an address, never an identity. */
  readonly peer: string;
  /** Says what became of it, with a reply where one is ready. Only the first call counts. */
  settle(receipt: Receipt, reply?: Uint8Array): void;
}

/** What a mesh can promise; callers adapt. */
export interface MeshFeatures {
  /** Bytes that one frame may hold. */
  readonly frameBytesMax: number;
}

/** How a frame was answered. */
export interface Answer {
  /** What the other side says became of it. */
  readonly receipt: Receipt;
  /** A reply that was ready while the request was open. */
  readonly reply?: Uint8Array;
  /** Where the reply came from: an address, never an identity. */
  readonly peer?: string;
}

/** Options of a send. */
export interface SendOptions {
  /** Gives up when it aborts. */
  readonly signal?: AbortSignal;
}

/** Frames to and from other naras. Dispose of it to leave the mesh. */
export interface MeshTransport extends AsyncDisposable {
  /** Which mesh this is, for logs: `memory`, `http`. */
  readonly name: string;
  /** What it can promise. */
  readonly features: MeshFeatures;
  /** Where others reach this nara, as told to them; `undefined` when nobody can. */
  readonly address: string | undefined;
  /** What comes in, at most 64 frames ahead of its reader. It closes on disposal and never errors. */
  readonly inbound: ReadableStream<InboundFrame>;
  /**
   * Sends one frame to the nara `to`.
   *
   * @throws {MeshError} `unreachable`, `peer_busy`, `frame_too_large` or `closed`.
   */
  send(frame: Uint8Array, to: NaraId, options?: SendOptions): Promise<Answer>;
  /**
   * Sends one frame to whoever listens at `address`, before its id is known.
   *
   * @throws {MeshError} As {@linkcode MeshTransport.send}; `refused` for an address that may not be dialled.
   */
  sendToAddress(frame: Uint8Array, address: string, options?: SendOptions): Promise<Answer>;
  /** Its bounds, for `nara limits`. */
  limits?(): Limit[];
  /** How many requests never became a frame, by the status that they were answered with: for meshes that have such. */
  refusals?(): ReadonlyMap<number, number>;
  /** The same by reason, in words of few kinds. */
  refusalReasons?(): ReadonlyMap<string, number>;
  /** Told who was proven to have sent what came from the address `peer` last, for meshes that give everybody a fair share. */
  proven?(peer: string, id: NaraId): void;
}

/** What a mesh needs to know of the nara that it serves. */
export interface MeshHost {
  /** Who this nara is. */
  readonly me: Me;
  /** Signs Go's request headers, and checks those of others. */
  readonly keypair: Keypair;
  /** The pinned keys of others. */
  readonly keyring: Keyring;
  /** The runtime's time. */
  readonly clock: Clock;
  /** Where `id` is reached, once that is proven. */
  addressOf(id: NaraId): string | undefined;
  /** Whether `address` may be dialled before anything came from it. */
  mayDial(address: string): boolean;
  /** Bytes of the largest frame that anybody here would read. @default {any} */
  bytesMax?(): number;
}

/** Joins a mesh for a nara. */
export type MeshFactory = (host: MeshHost) => MeshTransport | Promise<MeshTransport>;
