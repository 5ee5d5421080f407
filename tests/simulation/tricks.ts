/**
 * What a hostile nara tries with the kinds of the simulated town: forged answers, poisoned content keys, and others' stashes.
 * @module
 */
import { decodeEnvelope } from "../../messages/envelope.ts";
import type { Hostile, Overheard, Trick } from "../../runtime/testing/simulation_hostile.ts";
import { stashRequest, stashStore } from "../../services/stash/behaviors.ts";
import { answer, fact, question } from "./town_service.ts";

/** Questions that are answered by the hostile one before anybody else can. */
const FORGED_ANSWER_RATE = 0.1;

/** Answers a question that was put to another, with its own signature and the right link. */
export function answerForAnother(hostile: Hostile, { from, frame }: Overheard): void {
  const envelope = decodeEnvelope(frame);
  if (envelope.kind !== question.kind || hostile.random.next() >= FORGED_ANSWER_RATE) return;
  const draft = { ...answer.draft({ n: 0, text: "a lie" }, { to: from.id }), inReplyTo: envelope.id };
  const forged = hostile.frameOf(draft, from);
  if (forged) hostile.sendForbidden(from, forged, "an answer of somebody who was not asked");
}

/** Tells a fact of its own under the content key of another. */
const poison: Trick = async (hostile) => {
  const target = hostile.oneOf(hostile.targets);
  if (!target) return;
  const draft = fact.draft({ n: Math.floor(hostile.random.next() * 1e9), text: "poison" }, { to: target.id });
  const frame = hostile.frameOf(draft, target, { contentKey: "town:1:the truth" });
  if (frame) await hostile.sendForbidden(target, frame, "a fact under another's content key");
};

/** Puts noise in the place of another's stash, with everybody. */
const overwrite: Trick = async (hostile) => {
  const victim = hostile.oneOf(hostile.targets);
  for (const target of hostile.targets.filter((nara) => nara !== victim)) {
    const { random } = hostile;
    const [nonce, ciphertext] = [random.bytes(24), random.bytes(64)];
    const draft = stashStore.draft({ owner_id: victim!.id, nonce, ciphertext, ts: 0 }, { to: target.id });
    const frame = hostile.frameOf(draft, target);
    const reply = frame && (await hostile.send(target, frame))?.reply;
    if (reply && isTrue(reply, "success")) hostile.blame("a stash was taken from somebody else", target);
  }
};

/** Asks for another's stash. */
const steal: Trick = async (hostile) => {
  const victim = hostile.oneOf(hostile.targets);
  for (const target of hostile.targets.filter((nara) => nara !== victim)) {
    const draft = stashRequest.draft({ owner_id: victim!.id }, { to: target.id });
    const frame = hostile.frameOf(draft, target);
    const reply = frame && (await hostile.send(target, frame))?.reply;
    if (reply && isTrue(reply, "found")) hostile.blame("a stash was given to somebody else", target);
  }
};

/** All of them. */
export const townTricks: readonly Trick[] = [poison, overwrite, steal];

function isTrue(frame: Uint8Array, field: string): boolean {
  const payload = decodeEnvelope(frame).payload as Record<string, unknown>;
  return payload[field] === true;
}
