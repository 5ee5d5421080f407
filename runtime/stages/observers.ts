/**
 * Observers: whoever tells a fact that the ledger keeps already is counted, and the fact is not kept twice.
 *
 * For the stages that go by content keys. Only who is proven counts, and only with the signature that proved it: whoever sets
 * the weight of an opinion by its observers can check each of them again.
 * @module
 */
import type { Message } from "../../messages/message.ts";
import type { Observer } from "../ledger/ledger.ts";
import { continueWith, drop, type StageContext, type StageResult } from "../stage.ts";

/** The sender as an observer of what the message says; `undefined` where it says no fact, or nobody proved who says it. */
export function observerOf(message: Message): Observer | undefined {
  const { contentKey, proof, fromId, envelopeSignature, signature } = message;
  const verified = envelopeSignature ?? signature;
  if (!contentKey || proof === "none" || !verified) return undefined;
  return { fromId, messageId: message.id, signature: verified };
}

/**
 * Lets a message through that says something new; else its sender is noted as an observer, and it is dropped. The very message
 * that is kept comes again only when it was never handled: it goes on.
 */
export function newFact(
  message: Message,
  { ledger }: StageContext,
  reason: "content_exists" | "duplicate_content",
): StageResult | Promise<StageResult> {
  const { contentKey } = message;
  if (!contentKey || !ledger.hasContentKey(contentKey) || ledger.hasId(message.id)) {
    return continueWith(message);
  }
  const observer = observerOf(message);
  const noted = observer && ledger.observe(contentKey, observer);
  return noted instanceof Promise ? noted.then(() => drop(reason)) : drop(reason);
}
