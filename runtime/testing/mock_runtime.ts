/**
 * The runtime in a test: real pipelines, a mesh that only listens, time that stands still.
 *
 * What a service emits is captured; what a test delivers is signed as the stated sender and passes every stage, for
 * nothing in here can skip one.
 * @module
 */
import type { Draft } from "../../messages/draft.ts";
import type { Message } from "../../messages/message.ts";
import { createIdentity, type Identity } from "../../utilities/identity.ts";
import type { NaraId } from "../../utilities/names.ts";
import type { Behavior } from "../behavior.ts";
import type { LogRecord } from "../primitives/logger.ts";
import { createRuntime, type Runtime, type RuntimeConfig } from "../runtime.ts";
import type { Service } from "../service.ts";
import { type Answer, MeshError, type MeshTransport } from "../transport/mesh.ts";
import { type FrameForm, signedFrame } from "./frames.ts";
import { SeededRandom } from "./seeded_random.ts";
import { settled, VirtualClock } from "./virtual_clock.ts";

/** Options of a {@linkcode MockRuntime}: those of a runtime, with defaults for a test. */
export interface MockRuntimeOptions extends Partial<Omit<RuntimeConfig, "clock" | "mesh" | "log">> {
  /** The nara's name. @default {"mock"} */
  readonly name?: string;
  /** Time. @default {a new one} */
  readonly clock?: VirtualClock;
  /** The seed of its chance. @default {1} */
  readonly seed?: number;
}

/** How a message is delivered. */
export interface DeliverOptions {
  /** Who sends it. Made with {@linkcode MockRuntime.peer}, its key is pinned. */
  readonly from: Identity;
  /** Which signatures it bears. @default {"ours"} */
  readonly form?: FrameForm;
  /** How old it is, in milliseconds. @default {0} */
  readonly ageMs?: number;
}

interface Captured {
  readonly clock: VirtualClock;
  readonly emitted: Message[];
  readonly logs: LogRecord[];
  readonly unreachable: Set<NaraId>;
}

/** A runtime for tests. Dispose of it, or declare it with `await using`. */
export class MockRuntime implements AsyncDisposable {
  /** The real runtime inside. */
  readonly runtime: Runtime;
  /** Time, in the test's hand. */
  readonly clock: VirtualClock;
  /** Every log line. */
  readonly logs: readonly LogRecord[];
  /** Who cannot be reached: a send there fails. Everybody else takes everything. */
  readonly unreachable: Set<NaraId>;
  readonly #emitted: Message[];
  #stamp = 0n;

  private constructor(runtime: Runtime, { clock, emitted, logs, unreachable }: Captured) {
    this.runtime = runtime;
    this.clock = clock;
    this.logs = logs;
    this.unreachable = unreachable;
    this.#emitted = emitted;
  }

  /** Makes and starts a runtime with these services. */
  static async create(options: MockRuntimeOptions = {}): Promise<MockRuntime> {
    const { name = "mock", clock = new VirtualClock(), seed = 1, ...config } = options;
    const random = new SeededRandom(seed);
    const identity = config.identity ?? (await createIdentity({ name, keypair: "node", random })).identity;
    const emitted: Message[] = [];
    const logs: LogRecord[] = [];
    const unreachable = new Set<NaraId>();
    const runtime = await createRuntime({
      random,
      ...config,
      identity,
      clock,
      log: (record) => void logs.push(record),
      mesh: () => listeningMesh(identity.id, (to) => unreachable.has(to)),
      tap: (message) => {
        if (message.fromId === identity.id) emitted.push(message);
        config.tap?.(message);
      },
    });
    await runtime.start();
    return new MockRuntime(runtime, { clock, emitted, logs, unreachable });
  }

  /** Everything that was emitted and went all the way, in order. */
  get emitted(): readonly Message[] {
    return this.#emitted;
  }

  /** The service of this class. */
  service<S extends Service>(constructor: abstract new (...args: never[]) => S): S {
    return this.runtime.service(constructor);
  }

  /** What was emitted of one kind. */
  ofKind<P, V>(behavior: Behavior<P, V>): Message<P>[] {
    return this.#emitted.filter(({ kind }) => kind === behavior.kind) as Message<P>[];
  }

  /**
   * What was emitted last of one kind.
   *
   * @throws {Error} When nothing was.
   */
  last<P, V>(behavior: Behavior<P, V>): Message<P> {
    const last = this.ofKind(behavior).at(-1);
    if (last) return last;
    throw new Error(`Expected a message of kind ${behavior.kind}: emitted were ${this.#kinds()}`);
  }

  /** Forgets what was emitted. */
  clear(): void {
    this.#emitted.length = 0;
  }

  /**
   * Waits until `count` messages of a kind were emitted, without moving the clock.
   *
   * @throws {Error} When everything has come to rest before that.
   */
  async waitFor<P, V>(behavior: Behavior<P, V>, count: number = 1): Promise<Message<P>[]> {
    for (let turns = 0; turns < 50; turns++) {
      const found = this.ofKind(behavior);
      if (found.length >= count) return found;
      await settled();
    }
    throw new Error(`Expected ${count} of kind ${behavior.kind}: emitted were ${this.#kinds()}`);
  }

  /** Another nara, whose key is pinned and whose address is proven. */
  async peer(name: string): Promise<Identity> {
    const peer = await this.stranger(name);
    this.runtime.keyring.pin(peer.id, peer.keypair.publicKey, peer.name);
    this.runtime.peers.prove(peer.id, `mock:${peer.id}`, peer.name);
    return peer;
  }

  /** Another nara that nobody here knows. The same name gives the same one. */
  async stranger(name: string): Promise<Identity> {
    const seed = [...name].reduce((sum, letter) => Math.imul(sum, 31) + letter.codePointAt(0)!, 7);
    return (await createIdentity({ name, keypair: "node", random: new SeededRandom(seed) })).identity;
  }

  /** Delivers a message as if `from` had sent it: signed, encoded, and through every stage. */
  async deliver(draft: Draft, { from, form, ageMs = 0 }: DeliverOptions): Promise<Answer> {
    const { spec } = this.runtime.catalog.forDraft(draft.kind);
    // No two frames bear the same instant, as no runtime stamps one twice.
    const atNs = this.clock.nowNs() - BigInt(ageMs) * 1_000_000n + this.#stamp++;
    return await this.runtime.receive(
      await signedFrame(draft, { from, form, spec, atNs }),
      `mock:${from.id}`,
    );
  }

  /** Answers a captured request as the nara that it was sent to. */
  async answer<P, V>(
    request: Message,
    reply: Behavior<P, V>,
    payload: P,
    options: DeliverOptions,
  ): Promise<Answer> {
    return await this.deliver(reply.reply(request, payload), options);
  }

  /** Stops the runtime. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.runtime.stop();
  }

  #kinds(): string {
    return this.#emitted.map(({ kind }) => kind).join(", ") || "none";
  }
}

function listeningMesh(id: NaraId, isAway: (to: NaraId) => boolean): MeshTransport {
  const { promise: left, resolve: leave } = Promise.withResolvers<void>();
  const send = (to: NaraId): Promise<Answer> =>
    isAway(to)
      ? Promise.reject(new MeshError("unreachable", `Cannot reach ${to}: this test says that it is away`))
      : Promise.resolve({ receipt: { outcome: "handled" } });
  return {
    name: "mock",
    features: { frameBytesMax: 1024 * 1024 },
    address: `mock:${id}`,
    inbound: new ReadableStream({ start: (inbox) => void left.then(() => inbox.close()) }),
    send: (_frame, to) => send(to),
    sendToAddress: (_frame, address) => send(address.slice("mock:".length)),
    [Symbol.asyncDispose]: () => Promise.resolve(leave()),
  };
}
