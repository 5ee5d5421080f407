/**
 * `messages.json`: envelopes of the Go implementation, and what a runtime sends and answers.
 * @module
 */
import { BadCase, type CaseReader } from "../case_reader.ts";
import { readExactJson } from "../exact_json.ts";
import {
  canonicalJson,
  computeId,
  decodeEnvelope,
  encodeEnvelope,
  idWithEmptySender,
  Message,
  MessageError,
  NaraError,
  RawJson,
  signableContent,
  verifySignature,
} from "../nara.ts";
import type { CaseContext, Topic } from "../topic.ts";
import { saysTheSame } from "./agreement.ts";
import { goPayload } from "./go_reading.ts";
import { asGoAny } from "./go_values.ts";
import { checkIntroduction, type KnownNara, knownNaras, naraNamed } from "./known_naras.ts";
import { checkEmit } from "./messages_emit.ts";
import { readFields } from "./message_fields.ts";
import { checkUnencodable } from "./messages_unencodable.ts";
import { checkReception } from "./reception.ts";
import { compareSent, goSends, signAsGo, wireOf } from "./sending.ts";
import { checkStashFlow } from "./stash_flows.ts";
import { kindNamed, STASH_KINDS, type VectorKind } from "./vector_kinds.ts";
import { VectorRuntime } from "./vector_runtime.ts";

const encoder = new TextEncoder();
/** Go's zero time: a reply has no time of its own before it is emitted. */
const ZERO_TIME = "0001-01-01T00:00:00Z";

async function checkMessage(vector: CaseReader, context: CaseContext): Promise<void> {
  const { file } = context;
  const signer = await naraNamed(file, vector.text("signer"));
  const message = readFields(vector.object("fields"), vector.text("payload_json"));
  checkPayload(vector);
  checkIds(vector, message);
  const signed = await checkSignature(vector, message, signer);
  const wire = vector.text("wire");
  vector.expect("wire", wireOf(signed));
  checkDecoding(vector, signed);

  const [received, reply] = [vector.object("received"), vector.object("reply")];
  const receiver = await naraNamed(file, received.text("by"));
  const [knows, atNs] = [await knownNaras(file), reply.integer("emitted_at_unix_ns")];
  await checkReception(received, context, { frame: encoder.encode(wire), receiver, knows, atNs });
  const target = knows.find(({ id }) => id === message.toId) ?? receiver;
  await checkReply(reply, context, { request: message, target, knows, atNs });
}

/** Go's "no payload" is none for the id. */
function isUntypedNil(vector: CaseReader): boolean {
  return vector.text("payload_type") === "none";
}

/** The payload's text has to be what we write for a payload of that type. */
function checkPayload(vector: CaseReader): void {
  const [type, text] = [vector.text("payload_type"), vector.text("payload_json")];
  const value: unknown = JSON.parse(text);
  if (isUntypedNil(vector) || type.endsWith(", nil pointer")) return vector.expect("payload_json", "null");
  if (type === "map") return vector.expect("payload_json", canonicalJson(asGoAny(value)));
  if (type === "raw json") return vector.expect("payload_json", canonicalJson(new RawJson(text)));
  if (type === "text" || type === "list") {
    if (type !== (Array.isArray(value) ? "list" : typeof value === "string" ? "text" : "")) {
      vector.differ("payload_type", type, text);
    }
    return vector.expect("payload_json", canonicalJson(value));
  }
  vector.expect("payload_json", writtenAgain(kindOfPayload(type), text));
}

function kindOfPayload(type: string): VectorKind {
  const kind = STASH_KINDS.values().find(({ kind }) => kind.replace(/[:-]/, " ") === type);
  if (kind) return kind;
  throw new BadCase(`no payload type ${JSON.stringify(type)} is known`);
}

/**
 * A payload read and written by its schema; numbers that no double holds are not for schemas. Where Go wrote an escape for bytes
 * that are no UTF-8, a lone surrogate stands for them.
 */
function writtenAgain({ kind, spec: { schemas, current } }: VectorKind, text: string): string {
  const value: unknown = JSON.parse(text.replaceAll("\\ufffd", "\\udc80"));
  const isLarge = (member: unknown) =>
    typeof member === "number" && Math.abs(member) > Number.MAX_SAFE_INTEGER;
  if (Object.values(value ?? {}).some(isLarge)) return goPayload(kind, current, readExactJson(text));
  const schema = schemas.get(current)!;
  return canonicalJson(schema.encode(schema.decode(value as never)));
}

function checkIds(vector: CaseReader, message: Message): void {
  const { kind, fromId, timestamp } = message;
  const source = isUntypedNil(vector) ? { kind, fromId, timestamp, payloadJson: "" } : message;
  vector.expect("computed_id", computeId(source));
  vector.expect("id_with_empty_sender", idWithEmptySender(source));
}

/** Signs the message where Go did, and asks each keypair whether it was signed by its signer. */
async function checkSignature(vector: CaseReader, message: Message, signer: KnownNara): Promise<Message> {
  vector.expect("signable", signableContent(message));
  const isSigned = vector.text("signature_b64") !== "";
  const signed = isSigned ? await signAsGo(vector, message, signer) : message;
  vector.expect("signature_b64", signed.signature?.toBase64() ?? "");
  for (const { verify } of signer.keypairs.values()) {
    vector.expect("valid", await verifySignature(signed, signer.publicKey, verify));
  }
  return signed;
}

/** What the wire text says is what was written, but for a version of 0, which is 1. */
function checkDecoding(vector: CaseReader, signed: Message): void {
  let envelope;
  try {
    envelope = decodeEnvelope(encodeEnvelope(signed));
  } catch (error) {
    if (!(error instanceof MessageError)) throw error;
    if (signed.payloadJson !== "null") {
      vector.differ("whether the wire text can be read", true, error.message);
    }
    return;
  }
  const { payload: _payload, signedEnvelope: _content, ...parts } = envelope;
  const { id, contentKey, kind, version, from, fromId, to, toId } = signed;
  const { timestamp, payloadJson, signature, inReplyTo } = signed;
  const expected = { id, contentKey, kind, version: version || 1, from, fromId, to, toId };
  const said = { ...expected, timestamp, payloadJson, signature: signature?.toBase64(), inReplyTo };
  for (const [name, value] of Object.entries(said)) {
    const part = (parts as Readonly<Record<string, unknown>>)[name];
    const got = part instanceof Uint8Array ? part.toBase64() : part;
    if (got !== value) vector.differ(`the decoded ${name}`, value ?? null, got ?? null);
  }
}

/** What the target answers, and when. */
interface Answering {
  readonly request: Message;
  readonly target: KnownNara;
  readonly knows: readonly KnownNara[];
  readonly atNs: bigint;
}

/** The reply before it is emitted, and as it is sent. */
async function checkReply(vector: CaseReader, context: CaseContext, answering: Answering): Promise<void> {
  const { request, target, knows, atNs } = answering;
  const behavior = kindNamed(vector.text("kind"));
  const schema = behavior.spec.schemas.get(behavior.spec.current)!;
  const payload = schema.decode(JSON.parse(vector.text("payload_json")) as never);
  vector.expect("payload_json", canonicalJson(schema.encode(payload)));
  const draft = behavior.reply(request, payload);
  const { kind, version = behavior.spec.current, to: toId, toName, inReplyTo } = draft;
  const said = {
    kind,
    version,
    toId,
    to: toName,
    inReplyTo,
    payload,
    payloadJson: () => schema.encode(payload),
  };
  const fresh = new Message({ ...said, id: "", fromId: "", timestamp: ZERO_TIME });
  vector.expect("fresh_reply_wire", wireOf(fresh));

  await using runtime = await VectorRuntime.start({ nara: target, knows, atNs });
  const error = await runtime.api.emit(draft).then(() => null, (thrown) => {
    if (thrown instanceof NaraError) return thrown.code;
    throw thrown;
  });
  const words = vector.optionalText("emit_error");
  if (words !== null || error !== null) {
    vector.expect("emitted_wire", "");
    const isSame = error !== null && saysTheSame({ dropReason: null, error: words }, error);
    if (!isSame) vector.differ("emit_error", words, error ?? "no error");
    return;
  }
  const go = await goSends(vector, target, atNs, said);
  vector.expect("emitted_wire", wireOf(go));
  const [sent, ...more] = runtime.sent;
  if (!sent || more.length > 0 || sent.to !== toId) {
    vector.differ("where the reply went", [toId], runtime.sent.map(({ to }) => to));
  } else await compareSent(vector, context, { go, sent, nara: target, part: "reply" });
}

/** The topic `messages`. */
export const messagesTopic: Topic = {
  name: "messages",
  lists: {
    identities: checkIntroduction,
    messages: checkMessage,
    emit: checkEmit,
    unencodable: checkUnencodable,
    stash_flows: checkStashFlow,
  },
};
