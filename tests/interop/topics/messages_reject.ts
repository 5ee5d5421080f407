/**
 * `messages_reject.json`: wire texts as they reach a receiver, sound and altered, and replies to a call that waits.
 * @module
 */
import { BadCase, type CaseReader } from "../case_reader.ts";
import {
  CallError,
  canonicalJson,
  decodeEnvelope,
  decodeMessage,
  type Message,
  verifySignature,
} from "../nara.ts";
import { type CaseContext, isStricter, type Outcome, type Topic, type VectorFile } from "../topic.ts";
import { saysTheSame } from "./agreement.ts";
import { goReading } from "./go_reading.ts";
import { checkIntroduction, type KnownNara, knownNaras, naraNamed } from "./known_naras.ts";
import { checkReception, outcomeOf } from "./reception.ts";
import { wireOf } from "./sending.ts";
import { timeOf } from "./time_of_file.ts";
import { kindNamed } from "./vector_kinds.ts";
import { VectorRuntime } from "./vector_runtime.ts";

const encoder = new TextEncoder();
const CALL_MS = 30_000;

function receiverOf({ notes }: VectorFile): string {
  if (typeof notes.receiver === "string") return notes.receiver;
  throw new BadCase('the file has to name its "receiver"');
}

async function checkArrival(vector: CaseReader, context: CaseContext): Promise<void> {
  const { file } = context;
  vector.need("accepted");
  await checkReception(vector, context, {
    frame: encoder.encode(vector.text("wire")),
    receiver: await naraNamed(file, receiverOf(file)),
    knows: await knownNaras(file),
    atNs: timeOf(file),
  });
}

/** A call that waits, and a frame that claims to answer it. */
interface Answered {
  readonly caller: KnownNara;
  readonly knows: readonly KnownNara[];
  readonly call: Message;
  readonly reply: Uint8Array;
  readonly atNs: bigint;
}

/** What the caller got and whether a handler ran. */
interface Result {
  readonly got: string | null;
  readonly ran: boolean;
  readonly outcome: Outcome;
}

async function checkPendingCall(vector: CaseReader, context: CaseContext): Promise<void> {
  const { file } = context;
  const [caller, knows] = [await naraNamed(file, receiverOf(file)), await knownNaras(file)];
  const call = await readCall(vector, caller);
  const reply = encoder.encode(vector.text("reply_wire"));
  const answered = { caller, knows, call, reply, atNs: timeOf(file) };
  const ours = await answer(answered);
  vector.need("caller_got_payload_json", "error");
  const [got, ran] = [vector.optionalText("caller_got_payload_json"), vector.flag("handler_ran")];
  const error = vector.optionalText("error");
  if (isStricter(vector, context, ours.outcome)) {
    if (ours.got !== null || ours.ran) {
      vector.differ("what came of a refused reply", "nothing", ours.got ?? "handled");
    }
    return await expectGo(vector, answered);
  }
  if (ours.got !== got) vector.differ("what the caller got", got, ours.got);
  if (ours.ran !== ran) vector.differ("whether a handler ran", ran, ours.ran);
  const reason = ours.outcome.slice("refused: ".length);
  if (error !== null && !saysTheSame({ dropReason: null, error }, reason)) {
    vector.differ("error", error, reason);
  }
  // What Go dropped without a word went the way of every message that bears no valid signature.
  const isSilent = error === null && got === null && !ran;
  if (isSilent) goReading(reply); // It throws where Go could not read it, and would say so.
  if (isSilent && !saysTheSame({ dropReason: "invalid_signature", error }, reason)) {
    vector.differ("our own outcome", "refused: invalid_signature", ours.outcome);
  }
}

/** The request: made and signed by the caller. Go gave it an id of its own, which no runtime of ours would. */
async function readCall(vector: CaseReader, caller: KnownNara): Promise<Message> {
  const wire = vector.text("call_wire");
  const envelope = decodeEnvelope(encoder.encode(wire));
  const call = decodeMessage(envelope, kindNamed(envelope.kind).spec.schemas.get(envelope.version)!);
  vector.expect("call_wire", wireOf(call));
  for (const [which, { verify }] of caller.keypairs) {
    const isValid = await verifySignature(call, caller.publicKey, verify);
    if (!isValid || call.fromId !== caller.id) {
      vector.differ(`what the ${which} keypair says of the call's signature`, true, isValid);
    }
  }
  return call;
}

/** Lets the call wait in the receiver's own table of calls, and delivers the reply to its pipeline. */
async function answer({ caller, knows, call, reply, atNs }: Answered): Promise<Result> {
  await using runtime = await VectorRuntime.start({ nara: caller, knows, atNs });
  const [replyKind] = kindNamed(call.kind).spec.replies;
  const { current: replyVersion, schemas } = kindNamed(replyKind).spec;
  const { calls } = runtime.runtime;
  const waiting = calls.wait({ request: call, replyKind, replyVersion, deadlineMs: CALL_MS });
  const outcome = outcomeOf(await runtime.receive(reply));
  calls.fail(call.id, new CallError("timeout", "No reply came that counts"));
  const got = await waiting.then(
    ({ payload }) => canonicalJson(schemas.get(replyVersion)!.encode(payload)),
    (thrown) => {
      if (thrown instanceof CallError && thrown.code === "timeout") return null;
      throw thrown;
    },
  );
  return { got, ran: runtime.heard.length > 0, outcome };
}

/** Go hands over whatever names the call, and handles whatever else is signed. */
async function expectGo(vector: CaseReader, { call, reply, knows }: Answered): Promise<void> {
  const { payloadJson, inReplyTo, signable, signature, fromId } = goReading(reply);
  const isHandedOver = inReplyTo === call.id;
  vector.expect("caller_got_payload_json", isHandedOver ? payloadJson : null);
  vector.expect("handler_ran", !isHandedOver);
  vector.expect("error", null);
  if (isHandedOver) return;
  const sender = knows.find(({ id }) => id === fromId);
  const isValid = await sender?.identity.keypair.verify(
    sender.publicKey,
    signature,
    encoder.encode(signable),
  );
  if (!isValid) vector.differ("whether Go takes the signature", true, isValid ?? "an unknown sender");
}

/** The topic `messages_reject`. */
export const messagesRejectTopic: Topic = {
  name: "messages_reject",
  notes: ["receiver"],
  lists: {
    known: checkIntroduction,
    unknown: checkIntroduction,
    covered: checkArrival,
    not_covered: checkArrival,
    keys_and_signatures: checkArrival,
    spelling: checkArrival,
    versions: checkArrival,
    decode: checkArrival,
    pending_calls: checkPendingCall,
  },
};
