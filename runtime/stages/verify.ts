/**
 * Verifying: nothing that could be forged goes any further.
 *
 * - Place: receive pipeline, before anything that remembers.
 * - Drops: `unknown_sender`, `invalid_signature`, `downgraded`, `no_public_key_in_payload`, `key_conflict`, `keyring_full`,
 *   `weak_public_key`, `retired_key`; `blocked` and `quota_exceeded`, by who the sender is proven to be; and what the check of a
 *   {@linkcode customVerify} names.
 * @module
 */
import { verifySignature } from "../../messages/envelope.ts";
import { type Message, provenName } from "../../messages/message.ts";
import type { NaraId } from "../../utilities/names.ts";
import { IdentityError } from "../../utilities/identity_error.ts";
import { RETIREMENT_MS } from "../../utilities/key_rotation.ts";
import {
  continueWith,
  drop,
  type DropReason,
  none,
  type PeerStage,
  type StageContext,
  type StageResult,
  type StreamStage,
} from "../stage.ts";

/** Checks the signature against the pinned key of the sender. */
export function verify(): PeerStage {
  return {
    order: "peer",
    name: "verify",
    verifies: true,
    describe: () => "signature of the sender's pinned key",
    process: function verify(message, context) {
      const key = context.keyring.get(message.fromId);
      if (!key) return drop("unknown_sender");
      const result = verifyWith(key, message, context);
      return result instanceof Promise
        ? result.then((late) => admitted(noteOurs(late, context), context))
        : admitted(noteOurs(result, context), context);
    },
  };
}

/**
 * Checks the signature against a key in the payload, and pins that key for the sender: for first contact. A key that
 * is pinned already is not replaced.
 */
export function selfAttesting(extractKey: (payload: never) => Uint8Array | undefined): PeerStage {
  return {
    order: "peer",
    name: "self_attesting",
    verifies: true,
    describe: () => "signature of the key that it shows, pinned at first contact",
    process: async function selfAttesting(message, context) {
      if (!message.fromId) return drop("unknown_sender");
      const key = extractKey(message.payload as never);
      if (!key) return drop("no_public_key_in_payload");
      const result = await verifyWith(key, message, context);
      if (result.outcome !== "continue") return result;
      if (context.peers.isBlocked(message.fromId)) return drop("blocked"); // It is not worth a pin.
      return admitted(pinned(key, result, context), context);
    },
  };
}

/** Pins the key with which a message was just verified. */
export function pinned(
  key: Uint8Array,
  result: StageResult & { readonly outcome: "continue" },
  context: StageContext,
): StageResult {
  const { message } = result;
  try {
    context.keyring.pin(message.fromId, key, provenName(message));
  } catch (thrown) {
    if (thrown instanceof IdentityError) return drop(thrown.code as DropReason);
    throw thrown;
  }
  return noteOurs(result, context);
}

/** Bytes of an envelope around its payload, roughly: what a quota counts for each message. */
const ENVELOPE_BYTES = 512;

/**
 * What the operator and the quotas say of a sender. Where nobody proved who it is, its claim to be blocked is believed. Once half of a
 * quota is used, second copies count for nothing: whoever has heard a message can send it again, and would use up the rest.
 */
export function admitted(result: StageResult, { me, peers, seen }: StageContext): StageResult {
  if (result.outcome !== "continue" || result.message.fromId === me.id) return result;
  const { message } = result;
  const { fromId, proof, payloadJson } = message;
  const bytes = proof === "none" ? 0 : ENVELOPE_BYTES + payloadJson.length;
  const refusal = peers.refusalOf(fromId, bytes, () => seen.has(message));
  return refusal ? drop(refusal) : result;
}

/**
 * Checks whatever is signed, and lets what bears no signature through as unproven: for a kind that Go sends unsigned.
 * Its handler has to look at {@linkcode Message.proof}.
 */
export function verifyIfSigned(): PeerStage {
  const signed = verify();
  return {
    order: "peer",
    name: "verify_if_signed",
    verifies: true,
    describe: () => "signature of the sender's pinned key, where there is one",
    process: function verifyIfSigned(message, context) {
      const isSigned = message.signature || message.envelopeSignature ||
        context.keyring.isOurs(message.fromId);
      return isSigned ? signed.process(message, context) : admitted(continueWith(message), context);
    },
  };
}

/** What a check of {@linkcode customVerify} may use. */
export interface VerifyTools {
  /** The pinned key of `id`, where there is one. */
  keyOf(id: NaraId): Uint8Array | undefined;
  /** Whether `signature` over `bytes` was made with `key`. It never throws. */
  verify(key: Uint8Array, signature: Uint8Array, bytes: Uint8Array): boolean | Promise<boolean>;
  /** Checks the message's own signature as {@linkcode verify} does: continues with the sender proven, or drops. */
  proveSender(message: Message): StageResult | Promise<StageResult>;
}

/**
 * Whether a message may go on. `continueWith(message)` vouches for the payload, and for nothing else: the sender stays unproven
 * unless the check returns what `tools.proveSender(message)` gave.
 */
export type CustomCheck<P = unknown> = (
  message: Message<P>,
  tools: VerifyTools,
) => StageResult | Promise<StageResult>;

/**
 * Checks what only the kind itself can check, as the signatures of several voters in a payload. Such messages may be stored and
 * passed on; but where the sender is not proven {@linkcode Message.proof} stays `none`, nobody counts as an observer, and unsigned
 * fields are believed nothing.
 *
 * @param says What is checked, in a few words, for the catalog.
 */
export function customVerify<P = unknown>(
  check: CustomCheck<P>,
  says: string = "by a check of its kind's own",
): PeerStage {
  const own = check as CustomCheck;
  const sender = verify();
  return {
    order: "peer",
    name: "custom_verify",
    verifies: true,
    describe: () => says,
    process: function customVerify(message, context) {
      const { keyring, keypair } = context;
      const result = own(message, {
        keyOf: (id) => keyring.get(id),
        verify: (key, signature, bytes) => keypair.verify(key, signature, bytes),
        proveSender: (claimed) => sender.process(claimed, context),
      });
      const done = (late: StageResult) => withoutFrame(notBlocked(late, context));
      return result instanceof Promise ? result.then(done) : done(result);
    },
  };
}

/** Checks nothing: for what never leaves the process, or kinds that are listed as unsigned. */
export function noVerify(): StreamStage {
  return none("verify", "none");
}

/** In the place of {@linkcode noVerify}: whoever claims to be somebody who is blocked is taken at their word. */
export function blockedClaims(): StreamStage {
  return {
    order: "stream",
    name: "blocked_claims",
    describe: () => "whoever is blocked",
    process: function blockedClaims(message, { peers }) {
      return peers.isBlocked(message.fromId) ? drop("blocked") : continueWith(message);
    },
  };
}

/** Checks a message's signatures against `key`, whoever it belongs to, and refuses who has handed its place on. */
export function verifyWith(
  key: Uint8Array,
  message: Message,
  context: StageContext,
): StageResult | Promise<StageResult> {
  if (isRetired(message, context)) return drop("retired_key");
  const isDowngraded = !message.envelopeSignature && context.keyring.isOurs(message.fromId);
  if (isDowngraded && !isRelayed(context)) return drop("downgraded");
  const judge = (isValid: boolean): StageResult => {
    if (!isValid) return drop("invalid_signature");
    if (!message.envelopeSignature) return continueWith(onlySigned(message, isDowngraded));
    return continueWith(message.with({ proof: "envelope", signedEnvelope: undefined }));
  };
  const valid = verifySignature(message, key, context.keypair.verify.bind(context.keypair));
  return valid instanceof Promise ? valid.then(judge) : judge(valid);
}

/** A sender that was proven has been counted by then; all others can only be blocked. */
function notBlocked(result: StageResult, { peers }: StageContext): StageResult {
  const isBlocked = result?.outcome === "continue" && peers.isBlocked(result.message.fromId);
  return isBlocked ? drop("blocked") : result;
}

/** What was signed is needed no more; it would keep the whole frame in memory. */
function withoutFrame(result: StageResult): StageResult {
  if (result?.outcome !== "continue" || !result.message.signedEnvelope) return result;
  return continueWith(result.message.with({ signedEnvelope: undefined }));
}

/** Whose pinned key signed a whole envelope is ours. A key that was only shown says nothing of who has its id. */
function noteOurs(result: StageResult, { keyring }: StageContext): StageResult {
  if (result.outcome === "continue" && result.message.proof === "envelope") {
    keyring.markOurs(result.message.fromId);
  }
  return result;
}

/** Whether the sender's place was handed on, and long enough ago that nothing of its own can still be under way. */
function isRetired({ fromId }: Message, { keyring, clock }: StageContext): boolean {
  const handedOn = keyring.successorOf(fromId);
  return handedOn !== undefined && Number(clock.nowNs() / 1_000_000n) >= handedOn.atMs + RETIREMENT_MS;
}

/** Whether others may have passed the message on, and a Go nara among them dropped our field. */
function isRelayed({ behavior }: StageContext): boolean {
  return !behavior.emit.gossip.isNone;
}

/** What Go's signature leaves out counts as blank where the sender is known to sign it. */
function onlySigned(message: Message, blank: boolean): Message {
  const checked = { proof: "signature", signedEnvelope: undefined } as const;
  if (!blank) return message.with(checked);
  return message.with({
    ...checked,
    from: undefined,
    to: undefined,
    contentKey: undefined,
    inReplyTo: undefined,
  });
}
