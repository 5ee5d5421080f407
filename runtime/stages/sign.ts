/**
 * Signing: what is said in this nara's name bears its signature.
 *
 * - Place: emit pipeline, behind `id` and `content_key`.
 * - Signatures cost more than all the rest, so a message carries only those that somebody will check.
 * @module
 */
import { envelopeContent, signableContent } from "../../messages/envelope.ts";
import type { Message } from "../../messages/message.ts";
import { messageOf } from "../../utilities/errors.ts";
import { IdentityError } from "../../utilities/identity_error.ts";
import type { Keypair } from "../../utilities/keypair.ts";
import {
  continueWith,
  fail,
  none,
  type PeerStage,
  type StageContext,
  type StageResult,
  type StreamStage,
} from "../stage.ts";

const encoder = new TextEncoder();

/**
 * Signs with this nara's key: `envelope_signature` always, and Go's `signature` wherever a Go peer may read it, which is
 * everywhere but on a mesh-only message to a peer known as ours.
 */
export function sign(): PeerStage {
  return {
    order: "peer",
    name: "sign",
    describe: () => "Ed25519 over the envelope, and as Go does where a Go peer may read it",
    process: function sign(message, context) {
      return mayReachGo(message, context) ? signTwice(message, context) : signEnvelope(message, context);
    },
  };
}

/** No signature: for what never leaves, or what proves itself otherwise. */
export function noSign(): StreamStage {
  return none("sign", "none");
}

function mayReachGo({ toId }: Message, { behavior, keyring }: StageContext): boolean {
  return behavior.emit.transport.name !== "mesh" || !toId || !keyring.isOurs(toId);
}

function signEnvelope(message: Message, { keypair }: StageContext): StageResult | Promise<StageResult> {
  const content = envelopeContent(message);
  const signedEnvelope = () => content; // What was written to be signed is not written again to be sent.
  const signed = (envelopeSignature: Uint8Array) =>
    continueWith(message.with({ envelopeSignature, signedEnvelope }));
  return signing(keypair, content, signed);
}

function signTwice(message: Message, context: StageContext): StageResult | Promise<StageResult> {
  const signed = (signature: Uint8Array) => signEnvelope(message.with({ signature }), context);
  return signing(context.keypair, encoder.encode(signableContent(message)), signed);
}

/** Signs `content`, and hands the signature on. A key that does not sign is this nara's own defect, and is called that. */
function signing(
  keypair: Keypair,
  content: Uint8Array,
  signed: (signature: Uint8Array) => StageResult | Promise<StageResult>,
): StageResult | Promise<StageResult> {
  const broken = (cause: unknown) => {
    const message = `Cannot sign with this nara's own key: ${messageOf(cause)}`;
    return fail(new IdentityError("cannot_sign", message, { cause }));
  };
  let signature: Uint8Array | Promise<Uint8Array>;
  try {
    signature = keypair.sign(content);
  } catch (thrown) {
    return broken(thrown);
  }
  return signature instanceof Promise ? signature.then(signed, broken) : signed(signature);
}
