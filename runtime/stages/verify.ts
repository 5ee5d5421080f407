/**
 * Verifying: nothing that could be forged goes any further.
 *
 * - Place: receive pipeline, before anything that remembers.
 * - Drops: `unknown_sender`, `invalid_signature`, `downgraded`, `no_public_key_in_payload`, `key_conflict`, `keyring_full`,
 *   `weak_public_key`; and what the check of a {@linkcode customVerify} names.
 * @module
 */
import { verifySignature } from "../../messages/envelope.ts";
import { type Message, provenName } from "../../messages/message.ts";
import type { NaraId } from "../../utilities/names.ts";
import { IdentityError } from "../../utilities/identity_error.ts";
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
        ? result.then((late) => noteOurs(late, context))
        : noteOurs(result, context);
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
      try {
        context.keyring.pin(message.fromId, key, provenName(message));
      } catch (thrown) {
        if (thrown instanceof IdentityError) return drop(thrown.code as DropReason);
        throw thrown;
      }
      return noteOurs(result, context);
    },
  };
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
      return isSigned ? signed.process(message, context) : continueWith(message);
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
      return result instanceof Promise ? result.then(withoutFrame) : withoutFrame(result);
    },
  };
}

/** Checks nothing: for what never leaves the process, or kinds that are listed as unsigned. */
export function noVerify(): StreamStage {
  return none("verify", "none");
}

function verifyWith(
  key: Uint8Array,
  message: Message,
  context: StageContext,
): StageResult | Promise<StageResult> {
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
