/**
 * Judges what a simulated nara accepts, from the raw bytes that reached it: who signed them, for whom they were, how old they
 * were, and whether their content key is true.
 * @module
 */
import { Buffer } from "node:buffer";
import { decodeEnvelope, decodeMessage, type Envelope, verifySignature } from "../../messages/envelope.ts";
import { Message } from "../../messages/message.ts";
import type { Keypair } from "../../utilities/keypair.ts";
import { timestampMs } from "../../utilities/timestamp.ts";
import type { BehaviorSpec } from "../behavior.ts";
import type { Life, SimulatedNara } from "./simulation_nara.ts";
import type { CheckName } from "./simulation_report.ts";

/** Frames per nara that are remembered; what is accepted later than so many others came is not judged. */
const ARRIVALS_MAX = 4_096;
const ID_START = '{"id":"';
const ID_LENGTH = 16;

/** The true key of somebody, and how to check with it. */
export interface TrueKey {
  /** The public key. */
  readonly publicKey: Uint8Array;
  /** Checks a signature. */
  readonly verify: Keypair["verify"];
}

/** The true key of an id, if there is such a one. */
export type KeyOf = (id: string) => TrueKey | undefined;

/** What an {@linkcode Acceptance} needs. */
export interface AcceptanceOptions {
  /** Whose key is whose, in truth. */
  readonly keyOf: KeyOf;
  /** Behaviors as their services declared them. */
  readonly specs: ReadonlyMap<string, BehaviorSpec>;
  /** Told what should not have been accepted. */
  readonly blame: (check: CheckName, life: Life, detail: string) => void;
}

/** A frame that came. */
interface Arrival {
  readonly frame: Uint8Array;
  /** When, by the wall clock of its receiver. */
  readonly atMs: number;
}

/** What came to one nara and what it took. */
interface Desk {
  readonly sent: Set<string>;
  readonly arrivals: Map<string, Arrival[]>;
  readonly accepted: Map<string, Message>;
}

/** The id that a frame shows, without reading the rest. */
export function frameId(frame: Uint8Array): string {
  const head = Buffer.from(frame.buffer, frame.byteOffset, Math.min(frame.length, 64)).toString("latin1");
  if (head.startsWith(ID_START)) return head.slice(ID_START.length, ID_START.length + ID_LENGTH);
  try {
    return decodeEnvelope(frame).id;
  } catch {
    return `(${frame.length} bytes)`;
  }
}

/** Judges what naras accept. */
export class Acceptance {
  readonly #options: AcceptanceOptions;
  readonly #desks = new Map<string, Desk>();

  /**
   * A judge before the first frame.
   *
   * @param options What it needs.
   */
  constructor(options: AcceptanceOptions) {
    this.#options = options;
  }

  /** A frame reached a nara. */
  arrived({ nara, clock }: Life, frame: Uint8Array): void {
    const { arrivals } = this.#deskOf(nara);
    const id = frameId(frame);
    const arrival = { frame, atMs: Number(clock.nowNs() / 1_000_000n) };
    const known = arrivals.get(id);
    if (known) known.push(arrival);
    else arrivals.set(id, [arrival]);
    if (arrivals.size > ARRIVALS_MAX) arrivals.delete(arrivals.keys().next().value!);
  }

  /** A nara sends a frame of its own. */
  sent({ nara }: Life, frame: Uint8Array): void {
    const { sent } = this.#deskOf(nara);
    sent.add(frameId(frame));
    if (sent.size > ARRIVALS_MAX) sent.delete(sent.values().next().value!);
  }

  /** The message with this id that a nara accepted last. */
  latest(nara: Pick<SimulatedNara, "id">, id: string): Message | undefined {
    return this.#deskOf(nara).accepted.get(id);
  }

  /** A handler of a nara got a message, perhaps one that an earlier life had accepted and not handled. */
  handled(nara: SimulatedNara, message: Message): void {
    this.#keep(this.#deskOf(nara), message);
  }

  /** A message passed a pipeline of a nara. */
  accepted(life: Life, message: Message): void {
    const { nara } = life;
    const desk = this.#deskOf(nara);
    const { sent, arrivals } = desk;
    const { id, kind, fromId } = message;
    const came = arrivals.get(id);
    if (fromId === nara.id && (!came || sent.has(id))) return; // It emitted it.
    if (!came) {
      return this.#options.blame("I3", life, `${kind} ${id} of ${fromId} was accepted, and never came`);
    }
    this.#keep(desk, message);
    const sources = came.flatMap((arrival) => {
      const envelope = envelopeOf(arrival.frame);
      return envelope && isSource(envelope, message) ? [{ ...arrival, envelope }] : [];
    });
    const source = sources.find(({ envelope }) => this.#isTrue(envelope, message));
    if (!source) {
      return this.#options.blame("I3", life, `${kind} ${id} was accepted, and ${fromId} did not sign it so`);
    }
    this.#judge(life, source, message);
  }

  #judge(life: Life, { envelope, atMs }: Arrival & { envelope: Envelope }, message: Message): void {
    const { blame, specs } = this.#options;
    const { kind, id } = message;
    if (envelope.toId !== undefined && envelope.toId !== life.nara.id) {
      blame("target", life, `${kind} ${id} was accepted, and is for ${envelope.toId}`);
    }
    const spec = specs.get(kind);
    if (!spec) return;
    const ageMs = atMs - timestampMs(envelope.timestamp);
    if (ageMs > spec.freshness.pastMs || -ageMs > spec.freshness.futureMs) {
      blame("freshness", life, `${kind} ${id} was accepted ${ageMs} ms after it was made`);
    }
    if (!spec.contentKey || envelope.version !== spec.current) return;
    const { payload } = decodeMessage(envelope, spec.schemas.get(envelope.version)!);
    const key = spec.contentKey(payload as never);
    if (message.contentKey === key) return;
    blame("content_key", life, `${kind} ${id} was accepted as "${message.contentKey}", and says "${key}"`);
  }

  /** I3. Keypairs of simulations answer at once. */
  #isTrue(envelope: Envelope, message: Message): boolean {
    const { payload, ...fields } = envelope;
    if (message.proof === "none") return this.#mayBeUnsigned(message) && !envelope.envelopeSignature;
    const key = this.#options.keyOf(message.fromId);
    if (!key) return false;
    return verifySignature(new Message({ ...fields, payload }), key.publicKey, key.verify) === true;
  }

  #mayBeUnsigned({ kind }: Message): boolean {
    const verify = this.#options.specs.get(kind)?.receive.verify;
    return verify !== undefined && (verify.isNone === true || verify.name === "verify_if_signed");
  }

  #keep({ accepted }: Desk, message: Message): void {
    accepted.set(message.id, message);
    if (accepted.size > ARRIVALS_MAX) accepted.delete(accepted.keys().next().value!);
  }

  #deskOf({ id }: Pick<SimulatedNara, "id">): Desk {
    let desk = this.#desks.get(id);
    if (!desk) this.#desks.set(id, desk = { sent: new Set(), arrivals: new Map(), accepted: new Map() });
    return desk;
  }
}

function envelopeOf(frame: Uint8Array): Envelope | undefined {
  try {
    return decodeEnvelope(frame);
  } catch {
    return undefined; // Not what was accepted.
  }
}

/** Whether a message can have been made of these bytes: of what its proof covers nothing differs. */
function isSource(envelope: Envelope, message: Message): boolean {
  const isSame = envelope.kind === message.kind && envelope.fromId === message.fromId &&
    (envelope.toId ?? "") === (message.toId ?? "") && envelope.timestamp === message.timestamp &&
    envelope.payloadJson === message.payloadJson;
  if (!isSame || message.proof !== "envelope") return isSame;
  return envelope.version === message.version && (envelope.inReplyTo ?? "") === (message.inReplyTo ?? "") &&
    (envelope.from ?? "") === (message.from ?? "");
}
