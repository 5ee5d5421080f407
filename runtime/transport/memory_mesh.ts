/**
 * The mesh in memory: the network that tests run on, and the plainest example of a {@linkcode MeshTransport}.
 * @module
 */
import type { NaraId } from "../../utilities/names.ts";
import {
  type Answer,
  type InboundFrame,
  MeshError,
  type MeshFactory,
  type MeshFeatures,
  type MeshHost,
  type MeshTransport,
  type Receipt,
  type SendOptions,
} from "./mesh.ts";

const FEATURES: MeshFeatures = { frameBytesMax: 1024 * 1024 };
/** Frames that wait in one inbox; past it the sender is told `peer_busy`. */
const INBOX_MAX = 64;
const SCHEME = "memory:";

/** The address of `id` on a memory mesh. */
export function memoryAddress(id: NaraId): string {
  return SCHEME + id;
}

/** A place where naras find each other. Two meshes never meet. */
export class MemoryMesh {
  readonly #members = new Map<NaraId, Member>();

  /** Joins as the host; dispose of the transport to leave. */
  readonly join: MeshFactory = (host: MeshHost): MeshTransport => {
    const member = new Member(host, this.#members);
    this.#members.set(host.me.id, member);
    return member;
  };
}

class Member implements MeshTransport {
  readonly name = "memory";
  readonly features = FEATURES;
  readonly address: string;
  readonly inbound: ReadableStream<InboundFrame>;
  readonly #host: MeshHost;
  readonly #members: Map<NaraId, Member>;
  readonly #sending = new Set<(reason: unknown) => void>();
  readonly #open = new Set<(receipt: Receipt) => void>();
  #inbox!: ReadableStreamDefaultController<InboundFrame>;
  #isClosed = false;

  constructor(host: MeshHost, members: Map<NaraId, Member>) {
    this.#host = host;
    this.#members = members;
    this.address = memoryAddress(host.me.id);
    this.inbound = new ReadableStream({ start: (inbox) => void (this.#inbox = inbox) }, {
      highWaterMark: INBOX_MAX,
    });
  }

  async send(frame: Uint8Array, to: NaraId, { signal }: SendOptions = {}): Promise<Answer> {
    signal?.throwIfAborted();
    this.#check(frame);
    const member = this.#members.get(to);
    if (!member) throw new MeshError("unreachable", `Cannot reach ${to}: it has not joined this mesh`);
    const { promise: ended, reject } = Promise.withResolvers<never>();
    const abort = () => reject(signal?.reason);
    this.#sending.add(reject);
    signal?.addEventListener("abort", abort, { once: true });
    try {
      return asSent(await Promise.race([member.#take(frame, this.address), ended]), to);
    } finally {
      this.#sending.delete(reject);
      signal?.removeEventListener("abort", abort);
    }
  }

  async sendToAddress(frame: Uint8Array, address: string, options?: SendOptions): Promise<Answer> {
    if (!this.#host.mayDial(address)) {
      throw new MeshError(
        "refused",
        `Cannot send to ${address}: it is no peer that was given, and no allowed address`,
      );
    }
    if (!address.startsWith(SCHEME)) {
      throw new MeshError("unreachable", `Cannot send to ${address}: expected an address like ${SCHEME}ID`);
    }
    return await this.send(frame, address.slice(SCHEME.length), options);
  }

  [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#members.delete(this.#host.me.id);
      for (const settle of [...this.#open]) settle({ outcome: "unknown" });
      for (const reject of this.#sending) reject(left());
      this.#inbox.close();
    }
    return Promise.resolve();
  }

  #take(frame: Uint8Array, peer: string): Promise<Answer> {
    if ((this.#inbox.desiredSize ?? 0) <= 0) {
      throw new MeshError(
        "peer_busy",
        `Cannot send to ${this.#host.me.name} as ${INBOX_MAX} frames wait there: try later`,
      );
    }
    const { promise, resolve } = Promise.withResolvers<Answer>();
    const settle = (receipt: Receipt, reply?: Uint8Array) => {
      this.#open.delete(settle);
      resolve({ receipt, ...reply && { reply: reply.slice() }, peer: this.address });
    };
    this.#open.add(settle);
    this.#inbox.enqueue({ frame: frame.slice(), peer, settle }); // A copy: a wire shares no memory.
    return promise;
  }

  #check(frame: Uint8Array): void {
    if (this.#isClosed) throw left();
    if (frame.length <= FEATURES.frameBytesMax) return;
    throw new MeshError(
      "frame_too_large",
      `Cannot send ${frame.length} bytes as a frame must hold at most ${FEATURES.frameBytesMax}: split the payload`,
    );
  }
}

/** A receiver that is too busy has not taken the frame: over HTTP that is a 503, and an error here too. */
function asSent(answer: Answer, to: NaraId): Answer {
  const { receipt } = answer;
  if (!("reason" in receipt) || receipt.reason !== "peer_busy") return answer;
  throw new MeshError("peer_busy", `Cannot send to ${to} now as it is too busy: try again later`);
}

function left(): MeshError {
  return new MeshError("closed", "Cannot send: this nara has left the mesh");
}
