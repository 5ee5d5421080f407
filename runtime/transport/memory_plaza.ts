/**
 * The plaza in memory: the broker that tests run on, and the plainest example of a {@linkcode Plaza}.
 * @module
 */
import type { Limit } from "../primitives/limits.ts";
import {
  type Plaza,
  PlazaError,
  type PlazaFactory,
  type PlazaFeatures,
  type PlazaFrame,
  type PlazaHost,
  type PublishOptions,
} from "./plaza.ts";
import { PlazaInbox } from "./plaza_inbox.ts";
import { checkFullTopic, checkRoot, checkSubscription, matchesTopic } from "./plaza_topic.ts";

const FEATURES: PlazaFeatures = { frameBytesMax: 256 * 1024 };
/** Where every frame comes from: as with a broker, nobody says who published it. */
const PEER = "plaza:memory";

/** A place where naras talk to everybody. Two plazas never meet. */
export class MemoryPlaza {
  readonly #members = new Set<Member>();
  /** Whether it can be reached; a test may cut it off. */
  isReachable = true;

  /**
   * Joins as the host; dispose of what it gives to leave.
   *
   * @throws {PlazaError} `bad_topic`, for a root that is none.
   */
  readonly join: PlazaFactory = (host: PlazaHost): Plaza => {
    checkRoot(host.root);
    const member = new Member(host, this.#members, () => this.isReachable);
    this.#members.add(member);
    return member;
  };
}

class Member implements Plaza {
  readonly name = "memory";
  readonly features = FEATURES;
  readonly limits: readonly Limit[];
  readonly #host: PlazaHost;
  readonly #members: Set<Member>;
  readonly #isReachable: () => boolean;
  readonly #patterns = new Set<string>();
  readonly #inbox = new PlazaInbox();
  #isClosed = false;

  constructor(host: PlazaHost, members: Set<Member>, isReachable: () => boolean) {
    this.#host = host;
    this.#members = members;
    this.#isReachable = isReachable;
    this.limits = [this.#inbox.limit];
  }

  get inbound(): ReadableStream<PlazaFrame> {
    return this.#inbox.stream;
  }

  publish(topic: string, frame: Uint8Array, { signal }: PublishOptions = {}): Promise<void> {
    return Promise.try(() => this.#publish(topic, frame, signal));
  }

  subscribe(topics: readonly string[]): Promise<void> {
    return Promise.try(() => this.#subscribe(topics));
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#members.delete(this);
    this.#inbox.close();
    return Promise.resolve();
  }

  #publish(topic: string, frame: Uint8Array, signal: AbortSignal | undefined): void {
    signal?.throwIfAborted();
    this.#assertOpen(`publish on ${topic}`);
    checkFullTopic(topic);
    if (frame.length > FEATURES.frameBytesMax) {
      throw new PlazaError(
        "frame_too_large",
        `Cannot publish ${frame.length} bytes as a frame must hold at most ${FEATURES.frameBytesMax}: split the payload`,
      );
    }
    if (!this.#isReachable()) {
      throw new PlazaError(
        "unreachable",
        `Cannot publish on ${topic}: the plaza cannot be reached; try later`,
      );
    }
    for (const member of this.#members) {
      if (member !== this && member.#host.root === this.#host.root) member.#hear(topic, frame);
    }
  }

  #subscribe(topics: readonly string[]): void {
    this.#assertOpen("listen to a topic");
    topics.forEach(checkSubscription);
    for (const topic of topics) this.#patterns.add(topic);
  }

  #hear(topic: string, frame: Uint8Array): void {
    if (!this.#patterns.values().some((pattern) => matchesTopic(pattern, topic))) return;
    this.#inbox.put({ topic, frame: frame.slice(), peer: PEER }); // A copy: a wire shares no memory.
  }

  #assertOpen(what: string): void {
    if (!this.#isClosed) return;
    throw new PlazaError("closed", `Cannot ${what}: this nara has left the plaza`);
  }
}
