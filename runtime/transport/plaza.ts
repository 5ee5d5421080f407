/**
 * The port of the plaza: frames to everybody who listens to a topic.
 *
 * A plaza is a broker, or plays one. It carries frames and says nothing of who sent them: what came from it is proven by its
 * signature or not at all, and a topic is only an address. Nobody answers in it, and whoever is away misses what is said.
 * @module
 */
import type { Clock } from "../../utilities/clock.ts";
import { NaraError } from "../../utilities/errors.ts";
import type { Random } from "../../utilities/random.ts";
import type { Limit } from "../primitives/limits.ts";
import type { Me } from "../stage.ts";

/** A frame could not be published, or a topic not be used. Only `unreachable` is worth another try. */
export class PlazaError extends NaraError<"unreachable" | "closed" | "frame_too_large" | "bad_topic"> {}

/** A frame that somebody published. */
export interface PlazaFrame {
  /** Where, without the root, e.g. `plaza/hey_there`. Whoever may publish chooses it. */
  readonly topic: string;
  /** The bytes of one message. */
  readonly frame: Uint8Array;
  /** Where it came from, as far as the plaza tells: an address, never an identity. */
  readonly peer: string;
}

/** What a plaza can promise; callers adapt. */
export interface PlazaFeatures {
  /** Bytes that one frame may hold. */
  readonly frameBytesMax: number;
}

/** Options of a publication. */
export interface PublishOptions {
  /** Gives up when it aborts. */
  readonly signal?: AbortSignal;
}

/** Frames to and from everybody. Dispose of it to leave the plaza. */
export interface Plaza extends AsyncDisposable {
  /** Which plaza this is, for logs: `memory`, `mqtt`, `nats`. */
  readonly name: string;
  /** What it can promise. */
  readonly features: PlazaFeatures;
  /**
   * What others published on the topics that are subscribed to, each frame once, those of one publisher on one topic in order.
   * What this nara published itself is not among it, whether the broker echoes it or not. At most {@linkcode PLAZA_INBOUND_MAX} wait
   * for their reader; past it what comes is lost, and counted. It closes on disposal and never errors.
   */
  readonly inbound: ReadableStream<PlazaFrame>;
  /** Its bounds. */
  readonly limits: readonly Limit[];
  /**
   * Says a frame to everybody who listens to `topic`. Resolves when the plaza has it: who else has it nobody knows.
   *
   * @param topic Under the root: words joined by `/`, of which one may be a nara's name.
   * @throws {PlazaError} `unreachable`, `closed`, `frame_too_large` or `bad_topic`.
   */
  publish(topic: string, frame: Uint8Array, options?: PublishOptions): Promise<void>;
  /**
   * Listens to more topics. When it resolves, nothing that is said later is missed while the plaza can be reached.
   *
   * @param topics Topics under the root, or patterns in which `%s` stands for any one name.
   * @throws {PlazaError} `closed` or `bad_topic`; then nothing was subscribed to.
   */
  subscribe(topics: readonly string[]): Promise<void>;
}

/** What a plaza needs to know of the nara that it serves. */
export interface PlazaHost {
  /** Who this nara is. */
  readonly me: Me;
  /** The runtime's time. */
  readonly clock: Clock;
  /** The runtime's chance, for pauses between attempts. */
  readonly random: Random;
  /** What stands before every topic, so that several towns can share a broker; naras of another root are never heard. */
  readonly root: string;
}

/** Joins a plaza for a nara. */
export type PlazaFactory = (host: PlazaHost) => Plaza | Promise<Plaza>;

/** What stands before every topic unless told otherwise. */
export const PLAZA_ROOT = "nara";

/** Frames that wait for their reader at most. */
export const PLAZA_INBOUND_MAX = 256;
