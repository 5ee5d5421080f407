/**
 * Frames as another nara would send them: signed by its own key, in our form or in Go's.
 * @module
 */
import type { Draft } from "../../messages/draft.ts";
import { encodeEnvelope, envelopeContent, signableContent } from "../../messages/envelope.ts";
import { MessageError, schemaComplaint } from "../../messages/message_error.ts";
import { Message } from "../../messages/message.ts";
import type { Identity } from "../../utilities/identity.ts";
import type { BehaviorSpec } from "../behavior.ts";

/** Which signatures a frame bears: ours between two of ours, Go's alone, both as for a peer not yet known, or none. */
export type FrameForm = "ours" | "go" | "both" | "unsigned";

/** How a frame is made. */
export interface FrameOptions {
  /** Who signs it, and stands in it as the sender. */
  readonly from: Identity;
  /** What it is. */
  readonly spec: BehaviorSpec;
  /** When it is said to have been made, in nanoseconds since 1970. */
  readonly atNs: bigint;
  /** Its signatures. @default {"ours"} */
  readonly form?: FrameForm;
}

const encoder = new TextEncoder();

/** The message that `from` would emit for `draft`, signed. */
export async function signedMessage(draft: Draft, options: FrameOptions): Promise<Message> {
  const { from, spec, atNs, form = "ours" } = options;
  const version = draft.version ?? spec.current;
  const wire = wireOf(draft, spec, version);
  let message = new Message({
    kind: draft.kind,
    version,
    fromId: from.id,
    from: from.name,
    toId: draft.to,
    to: draft.toName,
    timestamp: atNs,
    payload: draft.payload,
    payloadJson: () => wire,
    inReplyTo: draft.inReplyTo,
  });
  if (spec.contentKey) message = message.with({ contentKey: spec.contentKey(draft.payload as never) });
  if (form === "go" || form === "both") {
    message = message.with({ signature: await from.keypair.sign(encoder.encode(signableContent(message))) });
  }
  if (form === "ours" || form === "both") {
    message = message.with({ envelopeSignature: await from.keypair.sign(envelopeContent(message)) });
  }
  return message;
}

/** The same as bytes for the wire. */
export async function signedFrame(draft: Draft, options: FrameOptions): Promise<Uint8Array> {
  return encodeEnvelope(await signedMessage(draft, options));
}

function wireOf({ kind, payload }: Draft, spec: FrameOptions["spec"], version: number): unknown {
  try {
    return spec.schemas.get(version)!.encode(payload);
  } catch (thrown) {
    throw new MessageError(
      "bad_payload",
      `Cannot make ${kind} v${version} with this payload: ${
        schemaComplaint(thrown)
      }; what its schema refuses can only be ` +
        "delivered as a frame made by hand",
      { cause: thrown },
    );
  }
}
