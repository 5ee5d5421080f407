/**
 * A real runtime for one case: a nara of the vectors, at the time of the case, on a mesh that only listens.
 * @module
 */
import {
  type Answer,
  canonicalJson,
  createRuntime,
  type MemoryMode,
  type MeshTransport,
  type Runtime,
  type RuntimeApi,
  type Service,
  VirtualClock,
} from "../nara.ts";
import type { KnownNara } from "./known_naras.ts";
import { VECTOR_KINDS, type VectorKind } from "./vector_kinds.ts";

const NS_PER_MS = 1_000_000;
/** Longer than anything that a vector waits for. */
const WAITED_MS = 60_000;
const decoder = new TextDecoder();

/** A frame that a nara sent. */
export interface SentFrame {
  /** The id that it was sent to. */
  readonly to: string;
  /** The message. */
  readonly wire: string;
}

/** A message that reached its handler. */
export interface Heard {
  /** Its payload, written again. */
  readonly payloadJson: string;
  /** Its payload as it was received. */
  readonly receivedJson: string;
}

/** Time that stands still at any nanosecond. */
class StandingClock extends VirtualClock {
  #atNs: bigint;

  constructor(atNs: bigint) {
    super();
    this.#atNs = atNs;
  }

  override nowNs(): bigint {
    return this.#atNs;
  }

  /** Moves it there, and lets what was waiting for that happen; years are leapt over. */
  async moveTo(atNs: bigint): Promise<void> {
    const ms = Number(atNs - this.#atNs) / NS_PER_MS;
    this.#atNs = atNs;
    await this.advance(Math.min(Math.max(0, ms), WAITED_MS));
  }
}

/** Registers the kinds of the vectors and keeps what their handlers get. */
class Listener implements Service {
  readonly name = "vectors";
  readonly net: readonly string[] = [];
  readonly heard: Heard[] = [];
  rt!: RuntimeApi;

  constructor(readonly kinds: ReadonlyMap<string, VectorKind>) {}

  registerBehaviors(rt: RuntimeApi): void {
    this.rt = rt;
    for (const kind of this.kinds.values()) {
      const handlers = kind.spec.schemas.entries().map(([version, schema]) => [
        version,
        ({ payload, payloadJson }: { payload: unknown; payloadJson: string }) => {
          this.heard.push({ payloadJson: canonicalJson(schema.encode(payload)), receivedJson: payloadJson });
        },
      ]);
      rt.register(kind, Object.fromEntries(handlers));
    }
  }
}

/** What a {@linkcode VectorRuntime} is made of. */
export interface VectorRuntimeOptions {
  /** Whose runtime it is. */
  readonly nara: KnownNara;
  /** Whose keys it knows. */
  readonly knows: readonly KnownNara[];
  /** When it is, in nanoseconds since 1970. */
  readonly atNs: bigint;
  /** Services that speak the kinds themselves; without any, all kinds of the vectors are only listened to. */
  readonly services?: readonly Service[];
  /** How much it may remember. */
  readonly memoryMode?: MemoryMode;
}

/** A runtime that is started, and stopped when it is disposed of. */
export class VectorRuntime implements AsyncDisposable {
  /** The real one. */
  readonly runtime: Runtime;
  /** What it sent, in order. */
  readonly sent: readonly SentFrame[];
  readonly #clock: StandingClock;
  readonly #listener: Listener;

  private constructor(
    runtime: Runtime,
    sent: readonly SentFrame[],
    clock: StandingClock,
    listener: Listener,
  ) {
    this.runtime = runtime;
    this.sent = sent;
    this.#clock = clock;
    this.#listener = listener;
  }

  /** Makes one and starts it. */
  static async start(options: VectorRuntimeOptions): Promise<VectorRuntime> {
    const { nara: { identity }, knows, atNs, services = [], memoryMode } = options;
    const sent: SentFrame[] = [];
    const clock = new StandingClock(atNs);
    const listener = new Listener(services.length > 0 ? new Map() : VECTOR_KINDS);
    const runtime = await createRuntime({
      identity,
      clock,
      env: "test",
      memoryMode,
      services: [listener, ...services],
      mesh: () => listeningMesh(identity.id, sent),
    });
    for (const { id, publicKey, name } of knows) runtime.keyring.pin(id, publicKey, name);
    await runtime.start();
    return new VectorRuntime(runtime, sent, clock, listener);
  }

  /** What reached a handler, in order. */
  get heard(): readonly Heard[] {
    return this.#listener.heard;
  }

  /** What a service sees. */
  get api(): RuntimeApi {
    return this.#listener.rt;
  }

  /** Moves the clock, and lets everything come to rest. */
  async moveTo(atNs: bigint): Promise<void> {
    await this.#clock.moveTo(atNs);
  }

  /** Takes a frame and lets everything come to rest. */
  async receive(frame: Uint8Array): Promise<Answer["receipt"]> {
    const { receipt } = await this.runtime.receive(frame, "vectors");
    await this.#clock.advance(0);
    return receipt;
  }

  /** Stops the runtime. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.runtime.stop();
  }
}

/** Takes everything, brings nothing. */
function listeningMesh(id: string, sent: SentFrame[]): MeshTransport {
  const { promise: left, resolve: leave } = Promise.withResolvers<void>();
  const send: MeshTransport["send"] = (frame, to) => {
    sent.push({ to, wire: decoder.decode(frame) });
    return Promise.resolve({ receipt: { outcome: "handled" } });
  };
  return {
    name: "vectors",
    features: { frameBytesMax: 1024 * 1024 },
    address: `vectors:${id}`,
    inbound: new ReadableStream({ start: (inbox) => void left.then(() => inbox.close()) }),
    send,
    sendToAddress: send,
    [Symbol.asyncDispose]: () => Promise.resolve(leave()),
  };
}
