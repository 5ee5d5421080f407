/**
 * `ours_envelope.json`: our own `envelope_signature`. What is signed, what travels, and what a receiver says of it.
 * @module
 */
import { BadCase, type CaseReader } from "../case_reader.ts";
import {
  computeId,
  decodeEnvelope,
  decodeMessage,
  envelopeContent,
  type Message,
  parseZonedTimestamp,
  signableContent,
  verifySignature,
} from "../nara.ts";
import type { CaseContext, Topic } from "../topic.ts";
import { checkIntroduction, type KnownNara, knownNaras, naraNamed } from "./known_naras.ts";
import { readFields } from "./message_fields.ts";
import { expectHeard, receive } from "./reception.ts";
import { signAsGo, wireOf } from "./sending.ts";
import { kindNamed } from "./vector_kinds.ts";
import { VectorRuntime } from "./vector_runtime.ts";
import type { Arrival } from "./witnesses.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

async function checkEnvelope(vector: CaseReader, { file }: CaseContext): Promise<void> {
  const signer = await naraNamed(file, vector.text("signer"));
  const message = readFields(vector.object("fields"), vector.text("payload_json"));
  vector.object("fields").expect("id", computeId(message));
  const signed = await checkSignatures(vector, message, signer);
  const wire = vector.text("wire");
  vector.expect("wire", wireOf(signed));
  checkDecoding(vector, signed);

  const received = vector.object("received");
  const receiver = await naraNamed(file, received.text("by"));
  const atNs = received.integer("receiver_clock_unix_ns");
  const knows = await knownNaras(file);
  await checkArrival(received, { frame: encoder.encode(wire), receiver, knows, atNs });
  if (isWhatARuntimeSends(signed, signer)) await checkSending(vector, signed, signer, knows);
}

/** Signs the message again with each keypair of its signer: with Go's signature where it has one, and with ours. */
async function checkSignatures(vector: CaseReader, message: Message, signer: KnownNara): Promise<Message> {
  const isForGo = vector.text("signature_b64") !== "";
  const forGo = isForGo ? await signAsGo(vector, message, signer) : message;
  vector.expect("signature_b64", forGo.signature?.toBase64() ?? "");
  vector.expect("signable", isForGo ? signableContent(message) : null);
  vector.expect("signed_text", decoder.decode(envelopeContent(forGo)));
  let signed = forGo;
  for (const [which, keypair] of signer.keypairs) {
    signed = forGo.with({ envelopeSignature: await keypair.sign(envelopeContent(forGo)) });
    vector.expect("envelope_signature_b64", signed.envelopeSignature!.toBase64());
    vector.expect("valid", await verifySignature(signed, signer.publicKey, keypair.verify));
    const goAlone = isForGo && await verifySignature(forGo, signer.publicKey, keypair.verify);
    if (goAlone !== isForGo) vector.differ(`what the ${which} keypair says of "signature"`, isForGo, goAlone);
  }
  return signed;
}

/** What is read back covers the same text, and is written as the same wire text. */
function checkDecoding(vector: CaseReader, signed: Message): void {
  const envelope = decodeEnvelope(encoder.encode(wireOf(signed)));
  vector.expect("signed_text", decoder.decode(envelope.signedEnvelope()));
  const schema = kindNamed(envelope.kind).spec.schemas.get(envelope.version);
  if (!schema) throw new BadCase(`no version ${envelope.version} of ${envelope.kind} is known`);
  vector.expect("wire", wireOf(decodeMessage(envelope, schema)));
}

/** Receives a frame: here the reasons have to be the very same. */
async function checkArrival(vector: CaseReader, arrival: Arrival): Promise<void> {
  const { outcome, heard } = await receive(arrival);
  vector.need("handled_payload_json", "drop_reason", "error");
  const [dropReason, error] = [vector.optionalText("drop_reason"), vector.optionalText("error")];
  const reason = dropReason ?? error;
  if (dropReason !== null && error !== null) {
    vector.differ("drop_reason", "only one reason", [dropReason, error]);
  }
  const expected = reason === null ? "accepted" : `refused: ${reason}`;
  if (outcome !== expected) vector.differ("our own outcome", expected, outcome);
  expectHeard(vector, heard, vector.optionalText("handled_payload_json"));
}

async function checkAltered(vector: CaseReader, { file }: CaseContext): Promise<void> {
  const { receiver } = file.notes;
  if (typeof receiver !== "string") throw new BadCase('the file has to name its "receiver"');
  const frame = encoder.encode(vector.text("wire"));
  const knows = await knownNaras(file);
  const ours = vector.has("sender_is_ours") && vector.flag("sender_is_ours") ? knows.map(({ id }) => id) : [];
  const atNs = vector.integer("receiver_clock_unix_ns");
  vector.expect("accepted", vector.optionalText("handled_payload_json") !== null);
  await checkArrival(vector, { frame, receiver: await naraNamed(file, receiver), knows, ours, atNs });
}

/** A runtime says who it is and when it is; it makes no content key for these kinds. */
function isWhatARuntimeSends({ from, toId, contentKey, timestamp }: Message, { name }: KnownNara): boolean {
  return from === name && toId !== undefined && !contentKey && timestamp.endsWith("Z");
}

/** A runtime of its signer sends the very same text: with Go's signature, unless it knows the target as one of ours. */
async function checkSending(
  vector: CaseReader,
  message: Message,
  nara: KnownNara,
  knows: readonly KnownNara[],
): Promise<void> {
  const { kind, version, payloadJson, toId, to: toName, inReplyTo, timestamp } = message;
  const { unixNs: atNs } = parseZonedTimestamp(timestamp);
  await using runtime = await VectorRuntime.start({ nara, knows, atNs });
  if (!message.signature) runtime.runtime.keyring.markOurs(toId!);
  const schema = kindNamed(kind).spec.schemas.get(version)!;
  const payload = schema.decode(JSON.parse(payloadJson) as never);
  await runtime.api.emit({ kind, version, payload, to: toId, toName, inReplyTo });
  vector.expect("wire", runtime.sent.map(({ wire }) => wire).join("\n"));
}

/** The topic `envelope`. */
export const envelopeTopic: Topic = {
  name: "envelope",
  notes: ["receiver"],
  lists: {
    identities: checkIntroduction,
    unknown: checkIntroduction,
    envelopes: checkEnvelope,
    altered: checkAltered,
    signed_otherwise: checkAltered,
  },
};
