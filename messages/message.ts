/**
 * The message: the one thing that flows through nara, whatever it says and wherever it goes.
 *
 * Immutable. What is costly (the canonical payload, the id, the time as text) is computed when it is first
 * read, for a message that never leaves the process needs none of it.
 * @module
 */
import { canonicalJson } from "../utilities/canonical_json.ts";
import { isNaraName, type MessageId, type NaraId, type NaraName } from "../utilities/names.ts";
import { formatTimestamp, timestampMs } from "../utilities/timestamp.ts";
import { computeId } from "./message_id.ts";

/**
 * What vouches for a message: its envelope signature (all fields), its Go signature (id, kind, sender, target, time and
 * payload; the rest is hearsay), or nothing.
 */
export type Proof = "envelope" | "signature" | "none";

/** All that makes a {@linkcode Message}; the lazily computed parts may be given when they are known. */
export interface MessageParts<P> {
  /** The registered kind. */
  readonly kind: string;
  /** Schema version of the payload. */
  readonly version: number;
  /** The sender's id. */
  readonly fromId: NaraId;
  /** The sender's name, for display only. */
  readonly from?: NaraName;
  /** The target's id. */
  readonly toId?: NaraId;
  /** The target's name, for display only. */
  readonly to?: NaraName;
  /** When it was made: RFC 3339 text as signed, or nanoseconds since 1970 to be written as UTC. */
  readonly timestamp: string | bigint;
  /** The same in whole milliseconds since 1970, rounded down, where that is known already. */
  readonly madeMs?: number;
  /** The payload in the program's form. */
  readonly payload: P;
  /** The payload as canonical JSON text, or what to write as such. */
  readonly payloadJson: string | (() => unknown);
  /** The id, where it is known already. */
  readonly id?: MessageId;
  /** What the message says, as a key that is the same for every observer. */
  readonly contentKey?: string;
  /** The request that this answers. */
  readonly inReplyTo?: MessageId;
  /** Go's signature, 64 bytes. */
  readonly signature?: Uint8Array;
  /** The signature over the whole envelope, 64 bytes. */
  readonly envelopeSignature?: Uint8Array;
  /** What vouches for it. @default {"none"} */
  readonly proof?: Proof;
  /** The bytes that its envelope signature covers, where they are at hand: as received, or as they were signed. */
  readonly signedEnvelope?: () => Uint8Array;
  /** An address to send to, for a message whose target's id is not known yet. */
  readonly toAddress?: string;
  /** For a received message of a kind that is stored or passed on: the bytes that came. */
  readonly frame?: Uint8Array;
}

/** A message's id, as soon as somebody has asked for it. It keeps nothing else of the message alive. */
export interface IdCell {
  /** The id; `undefined` as long as nobody asked. */
  id: MessageId | undefined;
  /** Told the id, should somebody ask for it later. */
  whenKnown: ((id: MessageId) => void) | undefined;
}

/** One message, in the program's form. */
export class Message<P = unknown> {
  /** What it is, e.g. `stash:store`. */
  readonly kind: string;
  /** Schema version of the payload. */
  readonly version: number;
  /** The sender's name, for display only. */
  readonly from: NaraName | undefined;
  /** The sender's id; proven once {@linkcode Message.proof} is not `none`. */
  readonly fromId: NaraId;
  /** The target's name, for display only. */
  readonly to: NaraName | undefined;
  /** The target's id; nobody in particular when left out. */
  readonly toId: NaraId | undefined;
  /** The payload in the program's form. */
  readonly payload: P;
  /** The request that this answers. */
  readonly inReplyTo: MessageId | undefined;
  /** What the message says, as a key that is the same for every observer. */
  readonly contentKey: string | undefined;
  /** Go's signature, 64 bytes. */
  readonly signature: Uint8Array | undefined;
  /** The signature over the whole envelope, 64 bytes. */
  readonly envelopeSignature: Uint8Array | undefined;
  /** What vouches for it. */
  readonly proof: Proof;
  /** An address to send to, for a message whose target's id is not known yet. */
  readonly toAddress: string | undefined;
  /** The bytes that its envelope signature covers, where they are at hand: as received, or as they were signed. */
  readonly signedEnvelope: (() => Uint8Array) | undefined;
  /** For a received message of a kind that is stored or passed on: the bytes that came. */
  readonly frame: Uint8Array | undefined;

  #timestamp: string | bigint;
  #madeMs: number | undefined;
  #payloadJson: string | (() => unknown);
  #id: MessageId | undefined;
  #idCell: IdCell | undefined;

  /**
   * A message of these parts.
   *
   * @param parts What the message is made of.
   */
  constructor(parts: MessageParts<P>) {
    this.kind = parts.kind;
    this.version = parts.version;
    this.from = parts.from;
    this.fromId = parts.fromId;
    this.to = parts.to;
    this.toId = parts.toId;
    this.payload = parts.payload;
    this.inReplyTo = parts.inReplyTo;
    this.contentKey = parts.contentKey;
    this.signature = parts.signature;
    this.envelopeSignature = parts.envelopeSignature;
    this.proof = parts.proof ?? "none";
    this.toAddress = parts.toAddress;
    this.signedEnvelope = parts.signedEnvelope;
    this.frame = parts.frame;
    this.#timestamp = parts.timestamp;
    this.#madeMs = parts.madeMs;
    this.#payloadJson = parts.payloadJson;
    this.#id = parts.id;
  }

  /** When it was made: RFC 3339 text, exactly as it is signed. */
  get timestamp(): string {
    const stamp = this.#timestamp;
    return typeof stamp === "string" ? stamp : this.#timestamp = formatTimestamp(stamp);
  }

  /** When it was made, in whole milliseconds since 1970, rounded down. */
  get madeMs(): number {
    return this.#madeMs ??= timestampMs(this.timestamp);
  }

  /** The payload as canonical JSON text, exactly as it is signed. */
  get payloadJson(): string {
    const json = this.#payloadJson;
    return typeof json === "string" ? json : this.#payloadJson = canonicalJson(json());
  }

  /** The first 16 base58 characters of SHA-256 over kind, sender, time and payload. */
  get id(): MessageId {
    return this.#id ?? this.#learnId();
  }

  /** The id if it is known already; reading this computes nothing. */
  get knownId(): MessageId | undefined {
    return this.#id;
  }

  /** Where the id appears once somebody asks for it: for who wants to find the message again and must not keep it. */
  get idCell(): IdCell {
    return this.#idCell ??= { id: this.#id, whenKnown: undefined };
  }

  /** The same message with some parts replaced; what was computed already is kept. */
  with(changes: MessageChanges): Message<P> {
    return new Message<P>({
      kind: this.kind,
      version: this.version,
      from: this.from,
      fromId: this.fromId,
      to: this.to,
      toId: this.toId,
      payload: this.payload,
      inReplyTo: this.inReplyTo,
      contentKey: this.contentKey,
      signature: this.signature,
      envelopeSignature: this.envelopeSignature,
      proof: this.proof,
      toAddress: this.toAddress,
      signedEnvelope: this.signedEnvelope,
      frame: this.frame,
      timestamp: this.#timestamp,
      madeMs: this.#madeMs,
      payloadJson: this.#payloadJson,
      id: this.#id,
      ...changes,
    });
  }

  #learnId(): MessageId {
    const id = this.#id = computeId(this);
    if (this.#idCell) {
      this.#idCell.id = id;
      this.#idCell.whenKnown?.(id);
    }
    return id;
  }
}

/** What {@linkcode Message.with} can replace: nothing that the id is computed from. */
export type MessageChanges = Partial<
  Pick<
    MessageParts<unknown>,
    | "contentKey"
    | "signature"
    | "envelopeSignature"
    | "proof"
    | "from"
    | "to"
    | "inReplyTo"
    | "signedEnvelope"
    | "toAddress"
    | "frame"
  >
>;

/** The sender's name, where its signature covers it and it may be a name at all. Go's signature leaves names out. */
export function provenName(
  { from, envelopeSignature }: Pick<Message, "from" | "envelopeSignature">,
): NaraName | undefined {
  return from !== undefined && envelopeSignature && isNaraName(from) ? from : undefined;
}
