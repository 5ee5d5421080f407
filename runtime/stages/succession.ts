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
      const news = await checked(rotations, context);
      if (!news) return drop("invalid_signature");
      const followed = follow(news.rotations, result.message, context);
      if (followed.outcome !== "continue") return followed;
      if (news.isBlocked) return drop("blocked");
      const proven = pinned(newKey, followed, context);
      return proven.outcome === "continue" ? admitted(proven, context) : proven;
    },
  };
}

function areIds({ oldId, newId }: Rotation): boolean {
  return isId(oldId) && isId(newId);
}

/** What rotations tell that is new here, and is proven. */
interface News {
  /** Those whose signatures were checked: nothing else may be followed. */
  readonly rotations: readonly Rotation[];
  /** Whether somebody who is blocked takes part. */
  readonly isBlocked: boolean;
}

/**
 * Checks the rotations of those who are known here. Others are not worth the work, and are not among the news: meanwhile the keyring
 * goes on, and whoever was unknown when a rotation was passed over may be known when the others are checked.
 *
 * @returns Nothing, if a signature does not hold.
 */
async function checked(
  rotations: readonly Rotation[],
  { keyring, keypair, peers }: StageContext,
): Promise<News | undefined> {
  const news: Rotation[] = [];
  let isRelevant = false;
  let isBlocked = false;
  for (let index = 0; index < rotations.length; index++) {
    const rotation = rotations[index];
    isRelevant ||= keyring.get(rotation.oldId) !== undefined || peers.isBlocked(rotation.oldId);
    if (!isRelevant) continue;
    isBlocked ||= peers.isBlocked(rotation.oldId);
    const known = knownUpTo(rotations, index, keyring);
    if (known >= index) {
      index = known;
      continue;
    }
    const isGood = await isSigned(rotation, (key, signature, bytes) => keypair.verify(key, signature, bytes));
    if (!isGood) return undefined;
    news.push(rotation);
  }
  return { rotations: news, isBlocked };
}

/**
 * The last of the rotations that were followed before as one step from the one at `index` (steps between may have made room), or -1: to
 * check them again for every copy would be work for nothing.
 */
function knownUpTo(rotations: readonly Rotation[], index: number, keyring: StageContext["keyring"]): number {
  const { oldId, oldKey } = rotations[index];
  const successor = keyring.successorOf(oldId)?.id;
  if (successor === undefined || keyring.get(oldId)?.toHex() !== oldKey.toHex()) return -1;
  const key = keyring.get(successor)?.toHex();
  return rotations.findIndex(({ newId, newKey }, at) =>
    at >= index && newId === successor && newKey.toHex() === key
  );
}

/** Follows what was checked. Who is blocked is followed as well: their block goes along with them. */
function follow(
  rotations: readonly Rotation[],
  message: Message,
  { keyring, clock }: StageContext,
): StageResult {
  const nowMs = Number(clock.nowNs() / 1_000_000n);
  try {
    for (const rotation of rotations) {
      const { oldId, newId, newKey } = rotation;
      if (keyring.get(oldId) === undefined) continue;
      // A second successor is not worth a pin: it is refused.
      if ((keyring.successorOf(oldId)?.id ?? newId) === newId) keyring.pin(newId, newKey);
      keyring.succeed(rotation, nowMs);
    }
  } catch (thrown) {
    if (thrown instanceof IdentityError) return drop(thrown.code as DropReason);
    throw thrown;
  }
  return continueWith(message);
}
