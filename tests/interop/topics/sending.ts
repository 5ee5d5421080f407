/**
 * What a nara sends: what Go would send, made with our codec, and what our runtime really sent.
 * @module
 */
import type { CaseReader } from "../case_reader.ts";
import {
  decodeEnvelope,
  encodeEnvelope,
  formatTimestamp,
  Message,
  type MessageParts,
  signableContent,
} from "../nara.ts";
import { type CaseContext, isStricter, type Outcome } from "../topic.ts";
import type { KnownNara } from "./known_naras.ts";
import { UNSIGNED_IN_GO } from "./vector_kinds.ts";
import type { SentFrame } from "./vector_runtime.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
/** Where Go's plaza topics begin. */
const PLAZA_ROOT = "nara/";
/** The field of ours at the end of a frame, which Go ignores. */
const OWN_FIELD = /,"envelope_signature":"[A-Za-z0-9+/]{86}=="\}$/;

/** A message as text for the wire. */
export function wireOf(message: Message): string {
  return decoder.decode(encodeEnvelope(message));
}

/** Signs as Go does, with each of the nara's keypairs; they have to agree. */
export async function signAsGo(vector: CaseReader, message: Message, nara: KnownNara): Promise<Message> {
  const signatures = new Map<string, Uint8Array>();
  for (const [which, keypair] of nara.keypairs) {
    signatures.set(which, await keypair.sign(encoder.encode(signableContent(message))));
  }
  const [web, node] = [signatures.get("web")!, signatures.get("node")!];
  if (web.toBase64() !== node.toBase64()) {
    vector.differ("the node keypair against the web one", web.toBase64(), node.toBase64());
  }
  return message.with({ signature: node });
}

/** What a message has to say beside who sends it and when. */
export type Said = Omit<MessageParts<unknown>, "fromId" | "timestamp">;

/** The message that Go sends: what is left open is filled in, and signed where Go signs that kind. */
export async function goSends(
  vector: CaseReader,
  nara: KnownNara,
  atNs: bigint,
  said: Said & Partial<Pick<MessageParts<unknown>, "fromId" | "timestamp">>,
): Promise<Message> {
  const message = new Message({
    fromId: nara.id,
    from: nara.name,
    timestamp: formatTimestamp(atNs),
    ...said,
  });
  return UNSIGNED_IN_GO.has(message.kind) ? message : await signAsGo(vector, message, nara);
}

/** Where Go sends it. */
export function routeOf({ kind, toId }: Message, topics: Readonly<Record<string, string>>): string {
  return kind in topics ? `${PLAZA_ROOT}${topics[kind]}` : `direct:${toId ?? ""}`;
}

/**
 * Compares what our runtime sent with what Go sends, our own last field taken off; that one has to be a valid signature of
 * everything in front of it.
 *
 * @param part Of the case, for the table.
 */
export async function compareSent(
  vector: CaseReader,
  context: CaseContext,
  { go, sent, nara, part }: { go: Message; sent: SentFrame; nara: KnownNara; part?: string },
): Promise<void> {
  await checkOwnField(vector, sent, nara);
  const ours = differenceOf(wireOf(go), withoutOwnField(sent.wire));
  if (!isStricter(vector, context, ours, part) && ours !== "accepted") {
    vector.differ("what is sent", wireOf(go), withoutOwnField(sent.wire));
  }
}

/** A frame as Go sees it: without our own field. */
export function withoutOwnField(wire: string): string {
  return wire.replace(OWN_FIELD, "}");
}

/** Each keypair has to take our field for a signature of its sender, and it has to be the last. */
export async function checkOwnField(vector: CaseReader, { wire }: SentFrame, nara: KnownNara): Promise<void> {
  const { envelopeSignature, signedEnvelope } = decodeEnvelope(encoder.encode(wire));
  for (const [which, { verify }] of nara.keypairs) {
    const isValid = envelopeSignature !== undefined && OWN_FIELD.test(wire) &&
      await verify(nara.publicKey, envelopeSignature, signedEnvelope());
    if (!isValid) vector.differ(`what the ${which} keypair says of our envelope_signature`, true, isValid);
  }
}

/** In which fields `ours` is not what Go sends, in the words of the table. */
function differenceOf(go: string, ours: string): Outcome {
  if (go === ours) return "accepted";
  const [left, right] = [go, ours].map((text) => new Map(Object.entries(JSON.parse(text))));
  const changes = [...new Set([...left.keys(), ...right.keys()])].flatMap((name) => {
    if (!right.has(name)) return [`no ${name}`];
    if (!left.has(name)) return [`with ${name}`];
    return JSON.stringify(left.get(name)) === JSON.stringify(right.get(name)) ? [] : [`other ${name}`];
  });
  return `otherwise: ${changes.join(", ") || "other text"}`;
}
