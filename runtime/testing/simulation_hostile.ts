/**
 * A hostile nara for simulations: it hears every frame on the wire, knows everybody and everybody's clock, and replays,
 * redirects, tampers and forges. It holds no key but its own.
 * @module
 */
import { decodeEnvelope, encodeEnvelope, envelopeContent } from "../../messages/envelope.ts";
import { Message, type MessageParts } from "../../messages/message.ts";
import { encodeBase64 } from "../../utilities/base64.ts";
import { NaraError } from "../../utilities/errors.ts";
import type { Identity } from "../../utilities/identity.ts";
import { timestampMs } from "../../utilities/timestamp.ts";
import type { Draft } from "../../messages/draft.ts";
import type { BehaviorSpec } from "../behavior.ts";
import type { Answer, InboundFrame, MeshFactory, MeshTransport } from "../transport/mesh.ts";
import { meshHost } from "./mesh_town.ts";
import type { SeededRandom } from "./seeded_random.ts";
import { frameId } from "./simulation_acceptance.ts";
import { drawPauseMs } from "./simulation_faults.ts";
import type { SimulatedNara } from "./simulation_nara.ts";
import type { Witness } from "./simulation_witness.ts";
import type { VirtualClock } from "./virtual_clock.ts";
import { tampered } from "./simulation_tampering.ts";

/** A frame that somebody sent. */
export interface Overheard {
  /** Who sent it. */
  readonly from: SimulatedNara;
  /** The id of whoever should get it. */
  readonly to: string;
  /** The bytes. */
  readonly frame: Uint8Array;
}

/** One way of being hostile. */
export type Trick = (hostile: Hostile) => void | Promise<void>;

/** How a {@linkcode Hostile} is made. */
export interface HostileOptions {
  /** Who it is; everybody has pinned its key. */
  readonly identity: Identity;
  /** Everybody's time. */
  readonly clock: VirtualClock;
  /** Its chance. */
  readonly random: SeededRandom;
  /** Joins the mesh behind all faults: what it sends arrives, at once. */
  readonly join: MeshFactory;
  /** Whom it can reach. */
  readonly naras: readonly SimulatedNara[];
  /** Told what should not have happened. */
  readonly witness: Witness;
  /** What it does beside what every hostile nara can do. */
  readonly tricks: readonly Trick[];
  /** What it does at once when it hears a frame. */
  readonly onOverheard: ((hostile: Hostile, overheard: Overheard) => void) | undefined;
  /** Mean of the pauses between two tricks, in milliseconds. */
  readonly pauseMs: number;
}

/** Frames of the last minutes that it remembers, */
const FRESH_MAX = 256;
/** and some that it keeps until they are stale. */
const OLD_MAX = 32;
/** One frame in so many is kept until it is stale. */
const OLD_ONE_IN = 64;
/** How far behind the freshness window a frame is replayed: at its very edge, and well behind it. */
const STALE_BY_MS = [1, 2, 1_000, 60_000];

/** Somebody who means harm. */
export class Hostile {
  readonly #options: HostileOptions;
  readonly #fresh: Overheard[] = [];
  readonly #old: Overheard[] = [];
  #mesh!: MeshTransport;
  #heard = 0;
  /** What its frames came to. */
  readonly outcomes: Record<string, number> = {};

  /**
   * Somebody who has heard nothing yet.
   *
   * @param options How it is made.
   */
  constructor(options: HostileOptions) {
    this.#options = options;
  }

  /** Who it is. */
  get identity(): Identity {
    return this.#options.identity;
  }

  /** Its chance. */
  get random(): SeededRandom {
    return this.#options.random;
  }

  /** Who is up. */
  get targets(): SimulatedNara[] {
    return this.#options.naras.filter(({ isAlive }) => isAlive);
  }

  /** The behavior of a kind, if somebody registered it. */
  specOf(kind: string): BehaviorSpec | undefined {
    return this.#options.witness.specs.get(kind);
  }

  /** Says that something should not have happened. */
  blame(detail: string, nara?: SimulatedNara): void {
    this.#options.witness.blame("hostile", detail, nara);
  }

  /** Joins the mesh. */
  async join(): Promise<void> {
    const { clock, identity, join } = this.#options;
    this.#mesh = await join(meshHost({ identity, clock, mayDial: () => true }));
    this.#answerNobody(this.#mesh.inbound);
  }

  /** Leaves the mesh. */
  async leave(): Promise<void> {
    await this.#mesh[Symbol.asyncDispose]();
  }

  /** Somebody sent a frame. */
  overhear(overheard: Overheard): void {
    this.#fresh.push(overheard);
    if (this.#fresh.length > FRESH_MAX) this.#fresh.shift();
    if (this.#heard++ % OLD_ONE_IN === 0 && this.#old.length < OLD_MAX) this.#old.push(overheard);
    this.#options.onOverheard?.(this, overheard);
  }

  /** One of `items`, by chance. */
  oneOf<T>(items: readonly T[]): T | undefined {
    return items[Math.floor(this.random.next() * items.length)];
  }

  /** A frame that was sent lately. */
  lately(): Overheard | undefined {
    return this.oneOf(this.#fresh);
  }

  /** Does one thing after the other, until `isOver`. */
  async run(isOver: () => boolean): Promise<void> {
    const { clock, pauseMs, tricks } = this.#options;
    const all = [replay, replay, replayStale, redirect, tamper, tamper, forge, babble, ...tricks];
    for (;;) {
      await clock.sleep(drawPauseMs(pauseMs, this.random));
      if (isOver()) return;
      await this.oneOf(all)!(this);
    }
  }

  /** Sends a frame to a nara. Returns how that answered; nothing when it was away. */
  async send(target: SimulatedNara, frame: Uint8Array): Promise<Answer | undefined> {
    try {
      const answer = await this.#mesh.send(frame, target.id);
      const { receipt } = answer;
      this.#count("reason" in receipt ? receipt.reason : receipt.outcome);
      return answer;
    } catch (thrown) {
      this.#count(thrown instanceof NaraError ? thrown.code : "failed");
    }
  }

  /** Sends a frame that nobody may take. */
  async sendForbidden(target: SimulatedNara, frame: Uint8Array, what: string): Promise<void> {
    const receipt = (await this.send(target, frame))?.receipt;
    if (receipt?.outcome !== "handled" && receipt?.outcome !== "quarantined") return;
    this.blame(`${what} was ${receipt.outcome} (${frameId(frame)})`, target);
  }

  /** A message with its own signature on it, whatever else it says. */
  signed(parts: Omit<MessageParts<unknown>, "timestamp" | "payload">, target: SimulatedNara): Uint8Array {
    const timestamp = this.#options.clock.nowNs() + BigInt(target.skewMs) * 1_000_000n;
    const message = new Message({ ...parts, timestamp, payload: undefined });
    const envelopeSignature = this.identity.keypair.sign(envelopeContent(message)) as Uint8Array;
    return encodeEnvelope(message.with({ envelopeSignature }));
  }

  /** A draft as a frame of its own. */
  frameOf(
    draft: Draft,
    target: SimulatedNara,
    changes: Partial<MessageParts<unknown>> = {},
  ): Uint8Array | undefined {
    const spec = this.specOf(draft.kind);
    if (!spec) return undefined;
    const wire = spec.schemas.get(spec.current)!.encode(draft.payload);
    const { id: fromId, name: from } = this.identity;
    const { kind, to: toId, inReplyTo } = draft;
    const contentKey = spec.contentKey?.(draft.payload as never);
    const parts = { kind, version: spec.current, fromId, from, toId, inReplyTo, contentKey };
    return this.signed({ ...parts, payloadJson: () => wire, ...changes }, target);
  }

  /** Waits for the oldest of the frames that it kept to become stale, and for a little longer. */
  async stale(): Promise<{ readonly target: SimulatedNara; readonly frame: Uint8Array } | undefined> {
    const { clock, naras } = this.#options;
    const overheard = this.#old.shift();
    const target = naras.find(({ id }) => id === overheard?.to);
    if (!overheard || !target) return undefined;
    const { frame } = overheard;
    const { kind, timestamp } = decodeEnvelope(frame);
    const pastMs = this.specOf(kind)?.freshness.pastMs;
    if (pastMs === undefined) return undefined;
    const dueMs = timestampMs(timestamp) + pastMs + this.oneOf(STALE_BY_MS)!;
    const leftMs = () => dueMs - Number(clock.nowNs() / 1_000_000n) - target.skewMs;
    await clock.sleep(leftMs());
    return leftMs() <= 0 && target.isAlive ? { target, frame } : undefined; // Its clock may have jumped back.
  }

  #count(outcome: string): void {
    this.outcomes[outcome] = (this.outcomes[outcome] ?? 0) + 1;
  }

  async #answerNobody(inbound: ReadableStream<InboundFrame>): Promise<void> {
    for await (const { settle } of inbound) settle({ outcome: "drop", reason: "x:hostile" });
  }
}

/** The same frame once more: to its receiver, who may have missed it, or back to its sender. */
async function replay(hostile: Hostile): Promise<void> {
  const overheard = hostile.lately();
  const target = hostile.targets.find(({ id }) => id === overheard?.to);
  if (!overheard || !target) return;
  await hostile.send(target, overheard.frame); // The witness counts what handlers make of it.
  if (overheard.from.isAlive) await hostile.send(overheard.from, overheard.frame);
}

/** A frame from before the freshness window: it has to be called stale, whoever remembers it. */
async function replayStale(hostile: Hostile): Promise<void> {
  const old = await hostile.stale();
  if (!old) return;
  const receipt = (await hostile.send(old.target, old.frame))?.receipt;
  if (!receipt || receipt.outcome === "unknown") return;
  if ("reason" in receipt && ["stale", "stopping"].includes(receipt.reason)) return;
  const said = "reason" in receipt ? receipt.reason : receipt.outcome;
  hostile.blame(`a frame from before the window was called ${said} (${frameId(old.frame)})`, old.target);
}

/** A frame for one, sent to another. */
async function redirect(hostile: Hostile): Promise<void> {
  const overheard = hostile.lately();
  if (!overheard || !decodeEnvelope(overheard.frame).toId) return;
  const target = hostile.oneOf(hostile.targets.filter(({ id }) => id !== overheard.to));
  if (target) await hostile.sendForbidden(target, overheard.frame, `a frame for ${overheard.to}`);
}

/** One field of the envelope or one leaf of the payload is changed, the signatures are kept. */
async function tamper(hostile: Hostile): Promise<void> {
  const overheard = hostile.lately();
  const target = hostile.targets.find(({ id }) => id === overheard?.to);
  const changed = overheard && tampered(overheard.frame, hostile.random);
  if (!target || !changed) return;
  await hostile.sendForbidden(target, changed.frame, `a frame whose ${changed.path} was changed`);
}

/** In another's name, with its own signature; where a key is shown, perhaps with its own key. */
async function forge(hostile: Hostile): Promise<void> {
  const overheard = hostile.lately();
  const target = hostile.targets.find(({ id }) => id === overheard?.to);
  if (!overheard || !target) return;
  const { kind, version, fromId, from, toId, payload, payloadJson, inReplyTo, contentKey } = decodeEnvelope(
    overheard.frame,
  );
  const parts = { kind, version, fromId, from, toId, inReplyTo, contentKey };
  // Who has no key of an id yet takes the first that it is shown: that is what first contact means.
  const showsKey = payload !== null && typeof payload === "object" && "public_key" in payload &&
    target.runtime.keyring.get(fromId) !== undefined && hostile.random.next() < 0.5;
  const publicKey = encodeBase64(hostile.identity.keypair.publicKey);
  const json = showsKey ? () => ({ ...payload, public_key: publicKey }) : payloadJson;
  const frame = hostile.signed({ ...parts, payloadJson: json }, target);
  await hostile.sendForbidden(target, frame, `a ${kind} that was forged in the name of ${fromId}`);
}

/** Bytes that mean nothing, and a frame that breaks off. */
async function babble(hostile: Hostile): Promise<void> {
  const target = hostile.oneOf(hostile.targets);
  if (!target) return;
  const { random } = hostile;
  const frame = hostile.lately()?.frame;
  const cut = frame?.slice(0, Math.floor(random.next() * frame.length)) ?? random.bytes(40);
  await hostile.sendForbidden(target, random.next() < 0.5 ? cut : random.bytes(40), "a piece of a frame");
}
