/**
 * Succession: a nara that was known by another key says so, and proves it with both.
 *
 * - Place: in the verify slot of a kind that tells rotations.
 * - Drops: those of `self_attesting`; `invalid_signature` for a rotation that a party did not sign, or that does not lead to the
 *   sender; `key_conflict` for one that contradicts what is pinned; `blocked` for the successor of somebody who is blocked.
 * @module
 */
import type { Message } from "../../messages/message.ts";
import { IdentityError } from "../../utilities/identity_error.ts";
import { isSigned, leadsTo, type Rotation } from "../../utilities/key_rotation.ts";
import { isId } from "../../utilities/names.ts";
import { PeerError } from "../primitives/peer_error.ts";
import {
  continueWith,
  drop,
  type DropReason,
  type PeerStage,
  type StageContext,
  type StageResult,
} from "../stage.ts";
import { admitted, pinned, verifyWith } from "./verify.ts";

/**
 * Checks the message by the key to which its rotations lead, then the rotations, and follows them: whoever was pinned by an old key
 * is from then on known by the new one. Rotations of ids that nobody here knows mean nothing, and are not looked at.
 *
 * @param rotationsOf Where they stand in a payload, the oldest first.
 */
export function succession(rotationsOf: (payload: never) => readonly Rotation[]): PeerStage {
  return {
    order: "peer",
    name: "succession",
    verifies: true,
    describe: () => "signature of the key to which its rotations lead, each signed by both of its keys",
    process: async function succession(message, context) {
      if (!message.fromId) return drop("unknown_sender");
      const rotations = rotationsOf(message.payload as never);
      if (!leadsTo(rotations, message.fromId) || !rotations.every(areIds)) return drop("invalid_signature");
      const { newKey } = rotations.at(-1)!;
      const result = await verifyWith(newKey, message, context);
      if (result.outcome !== "continue") return result;
      const refusal = await checked(rotations, context);
      if (refusal === "blocked") blockToo(message, context);
      if (refusal) return drop(refusal);
      const proven = pinned(newKey, result, context);
      if (proven.outcome !== "continue") return proven;
      return admitted(follow(rotations, proven.message, context), context);
    },
  };
}

function areIds({ oldId, newId }: Rotation): boolean {
  return isId(oldId) && isId(newId);
}

/** Why the rotations of those who are known here must not be followed. Others are not worth the work of checking them. */
async function checked(
  rotations: readonly Rotation[],
  { keyring, keypair, peers }: StageContext,
): Promise<DropReason | undefined> {
  let isRelevant = false;
  let isBlocked = false;
  for (const rotation of rotations) {
    isRelevant ||= keyring.get(rotation.oldId) !== undefined || peers.isBlocked(rotation.oldId);
    if (!isRelevant || isKnown(rotation, keyring)) continue;
    const isGood = await isSigned(rotation, (key, signature, bytes) => keypair.verify(key, signature, bytes));
    if (!isGood) return "invalid_signature";
    isBlocked ||= peers.isBlocked(rotation.oldId);
  }
  return isBlocked ? "blocked" : undefined;
}

/** Whether it was followed before: to check it again for every copy would be work for nothing. */
function isKnown({ oldId, oldKey, newId, newKey }: Rotation, keyring: StageContext["keyring"]): boolean {
  return keyring.successorOf(oldId)?.id === newId && keyring.get(oldId)?.toHex() === oldKey.toHex() &&
    keyring.get(newId)?.toHex() === newKey.toHex();
}

/** Whoever is blocked stays so under a new key. */
function blockToo({ fromId }: Message, { peers }: StageContext): void {
  try {
    peers.block(fromId);
  } catch (thrown) {
    if (!(thrown instanceof PeerError)) throw thrown; // There is no room: it is dropped all the same.
  }
}

function follow(
  rotations: readonly Rotation[],
  message: Message,
  { keyring, clock }: StageContext,
): StageResult {
  const nowMs = Number(clock.nowNs() / 1_000_000n);
  try {
    let isRelevant = false;
    for (const rotation of rotations) {
      isRelevant ||= keyring.get(rotation.oldId) !== undefined;
      if (!isRelevant) continue;
      keyring.pin(rotation.newId, rotation.newKey);
      keyring.succeed(rotation, nowMs);
    }
  } catch (thrown) {
    if (thrown instanceof IdentityError) return drop(thrown.code as DropReason);
    throw thrown;
  }
  return continueWith(message);
}
