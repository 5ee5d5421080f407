/**
 * A mesh that misbehaves: the memory mesh with latency, loss, duplication, reordering and partitions, all from one seed.
 * @module
 */
import type { Clock } from "../../utilities/clock.ts";
import type { NaraId } from "../../utilities/names.ts";
import type { Random } from "../../utilities/random.ts";
import {
  type Answer,
  MeshError,
  type MeshFactory,
  type MeshHost,
  type MeshTransport,
  type SendOptions,
} from "../transport/mesh.ts";

/** How a {@linkcode FaultyMesh} misbehaves. Rates are from 0 to 1. */
export interface Faults {
  /** Frames and answers that get lost, each way. @default {0} */
  lossRate?: number;
  /** Frames that arrive twice. @default {0} */
  duplicateRate?: number;
  /** Frames that are held back, so that later ones overtake them. @default {0} */
  reorderRate?: number;
  /** How long a frame or an answer is under way, in milliseconds. @default {[0, 0]} */
  latencyMs?: readonly [min: number, max: number];
  /** How long a held-back frame is late, in milliseconds. @default {200} */
  reorderMs?: number;
  /** How long a sender waits for an answer, in milliseconds. @default {5_000} */
  timeoutMs?: number;
}

/** Options of a {@linkcode FaultyMesh}. */
export interface FaultyMeshOptions extends Faults {
  /** Virtual time. */
  clock: Clock;
  /** Seeded chance. */
  random: Pick<Random, "next">;
}

/** Made once: a reason of its own for each frame would cost more than the frame. */
const ANSWERED = new Error("The answer came in time");

/** Wraps another mesh and drops, doubles and delays what passes. */
export class FaultyMesh {
  readonly #inner: MeshFactory;
  readonly #clock: Clock;
  readonly #random: Pick<Random, "next">;
  readonly #sides = new Map<NaraId, number>();
  /** `from to` of each way that is cut in one direction only. */
  readonly #cuts = new Set<string>();
  readonly #isolated = new Set<NaraId>();
  #faults: Required<Faults>;
  /** Frames that were handed to the mesh, lost ones and doubles included. */
  frames = 0;
  /** Frames and answers that were lost. */
  lost = 0;

  /**
   * Wraps a mesh.
   *
   * @param inner The mesh to wrap: `new MemoryMesh().join`.
   * @param options How it misbehaves.
   */
  constructor(inner: MeshFactory, { clock, random, ...faults }: FaultyMeshOptions) {
    this.#inner = inner;
    this.#clock = clock;
    this.#random = random;
    this.#faults = {
      lossRate: 0,
      duplicateRate: 0,
      reorderRate: 0,
      latencyMs: [0, 0],
      reorderMs: 200,
      timeoutMs: 5_000,
      ...faults,
    };
  }

  /** Misbehaves differently from now on. */
  set(faults: Faults): void {
    this.#faults = { ...this.#faults, ...faults };
  }

  /** Cuts the mesh: naras of different sides do not reach each other. Who is on no side reaches everybody. */
  partition(...sides: readonly (readonly NaraId[])[]): void {
    this.#sides.clear();
    sides.forEach((ids, side) => ids.forEach((id) => this.#sides.set(id, side)));
  }

  /** Cuts one way: what `from` sends to `to` is lost, requests and answers alike; what `to` sends arrives. */
  cut(from: NaraId, to: NaraId): void {
    this.#cuts.add(`${from} ${to}`);
  }

  /** Ends {@linkcode FaultyMesh.cut}. */
  mend(from: NaraId, to: NaraId): void {
    this.#cuts.delete(`${from} ${to}`);
  }

  /** Lets nothing to `id` and nothing from it: to the others it is as if its machine had lost its power. */
  isolate(id: NaraId): void {
    this.#isolated.add(id);
  }

  /** Ends {@linkcode FaultyMesh.isolate}. */
  rejoin(id: NaraId): void {
    this.#isolated.delete(id);
  }

  /** Heals all cuts. Who is isolated stays so. */
  heal(): void {
    this.#sides.clear();
    this.#cuts.clear();
  }

  /** Joins the wrapped mesh. */
  readonly join: MeshFactory = async (host: MeshHost): Promise<MeshTransport> => {
    const inner = await this.#inner(host);
    const from = host.me.id;
    const left = new AbortController();
    return {
      name: `faulty ${inner.name}`,
      features: inner.features,
      address: inner.address,
      inbound: inner.inbound,
      send: (frame, to, options) =>
        this.#pass(from, to, left.signal, options, (rest) => inner.send(frame, to, rest)),
      sendToAddress: (frame, address, options) =>
        this.#pass(
          from,
          address.slice(address.indexOf(":") + 1),
          left.signal,
          options,
          (rest) => inner.sendToAddress(frame, address, rest),
        ),
      [Symbol.asyncDispose]: async () => {
        left.abort(new MeshError("closed", "Cannot send: this nara has left the mesh"));
        await inner[Symbol.asyncDispose]();
      },
    };
  };

  async #pass(
    from: NaraId,
    to: NaraId,
    left: AbortSignal,
    { signal }: SendOptions = {},
    send: (options: SendOptions) => Promise<Answer>,
  ): Promise<Answer> {
    left.throwIfAborted();
    signal?.throwIfAborted();
    const over = new AbortController();
    const end = () => over.abort(left.aborted ? left.reason : signal?.reason);
    for (const each of [left, signal]) each?.addEventListener("abort", end, { once: true });
    try {
      return await this.#carry(from, to, { signal: over.signal }, send, left);
    } finally {
      for (const each of [left, signal]) each?.removeEventListener("abort", end);
    }
  }

  async #carry(
    from: NaraId,
    to: NaraId,
    options: SendOptions,
    send: (options: SendOptions) => Promise<Answer>,
    left: AbortSignal,
  ): Promise<Answer> {
    const startMs = this.#clock.monotonicMs();
    this.frames++;
    const { duplicateRate } = this.#faults;
    if (this.#isCut(from, to) || this.#loses()) return await this.#timeOut(startMs, to, options);
    const isDouble = this.#happens(duplicateRate);
    await this.#travel(options);
    if (isDouble) {
      this.frames++;
      const alone = { signal: left }; // Nobody waits for the answer to a double.
      this.#travel(alone).then(() => send(alone)).catch(() => {});
    }
    const answer = await this.#orTimeOut(send(options), startMs, to, options);
    if (this.#isCut(to, from) || this.#loses()) return await this.#timeOut(startMs, to, options);
    await this.#delay(this.#faults.latencyMs, options);
    return answer;
  }

  /** A receiver that takes too long looks the same as one that is not there. */
  async #orTimeOut(
    sent: Promise<Answer>,
    startMs: number,
    to: NaraId,
    options: SendOptions,
  ): Promise<Answer> {
    const over = new AbortController();
    const abort = () => over.abort(options.signal?.reason);
    options.signal?.addEventListener("abort", abort);
    try {
      return await Promise.race([sent, this.#timeOut(startMs, to, over)]);
    } finally {
      options.signal?.removeEventListener("abort", abort);
      over.abort(ANSWERED);
    }
  }

  async #travel(options: SendOptions): Promise<void> {
    const { latencyMs, reorderRate, reorderMs } = this.#faults;
    await this.#delay(latencyMs, options);
    if (this.#happens(reorderRate)) {
      await this.#clock.sleep(Math.round(reorderMs * this.#random.next()), options);
    }
  }

  async #delay([minMs, maxMs]: readonly [number, number], options: SendOptions): Promise<void> {
    const ms = Math.round(minMs + (maxMs - minMs) * this.#random.next()); // Whole, so that instants coincide.
    if (ms > 0) await this.#clock.sleep(ms, options);
  }

  async #timeOut(startMs: number, to: NaraId, options: SendOptions): Promise<never> {
    const leftMs = this.#faults.timeoutMs - (this.#clock.monotonicMs() - startMs);
    await this.#clock.sleep(Math.max(0, leftMs), options);
    throw new MeshError("unreachable", `Cannot reach ${to}: no answer within ${this.#faults.timeoutMs} ms`);
  }

  #isCut(from: NaraId, to: NaraId): boolean {
    if (this.#isolated.has(from) || this.#isolated.has(to) || this.#cuts.has(`${from} ${to}`)) return true;
    const [here, there] = [this.#sides.get(from), this.#sides.get(to)];
    return here !== undefined && there !== undefined && here !== there;
  }

  #loses(): boolean {
    const isLost = this.#happens(this.#faults.lossRate);
    if (isLost) this.lost++;
    return isLost;
  }

  #happens(rate: number): boolean {
    return rate > 0 && this.#random.next() < rate;
  }
}
