/**
 * Key rotation: how a nara hands its place on to a new soul.
 *
 * An id hashes a soul, so a new key means a new id. A rotation is a statement, signed with both keys, that the one follows the other:
 * nobody but the owner of the old key can say who comes next, and nobody can name a successor that does not agree. What is signed
 * says nothing of who carries it, so a rotation may be passed on, and a replay says nothing new.
 * @module
 */
import { canonicalJson } from "./canonical_json.ts";
import { IdentityError } from "./identity_error.ts";
import type { Keypair, Sealed } from "./keypair.ts";
import type { NaraId } from "./names.ts";

/** Milliseconds for which what the old key signed still counts, once its rotation is known: as long as it may be under way. */
export const RETIREMENT_MS = 600_000;
/** Rotations that a nara tells of itself; longer chains lose their oldest. */
export const ROTATIONS_MAX = 8;

/** What a rotation says. */
export interface RotationClaim {
  /** Who steps down. */
  readonly oldId: NaraId;
  /** Its public key, 32 bytes. */
  readonly oldKey: Uint8Array;
  /** Who follows. */
  readonly newId: NaraId;
  /** Its public key, 32 bytes. */
  readonly newKey: Uint8Array;
  /** When that was decided, in Unix seconds. */
  readonly rotatedAt: number;
}

/** A rotation, signed by both. */
export interface Rotation extends RotationClaim {
  /** The old key's signature over {@linkcode rotationText}, 64 bytes. */
  readonly oldSignature: Uint8Array;
  /** The new key's signature over the same, 64 bytes. */
  readonly newSignature: Uint8Array;
}

/** Somebody who takes part in a rotation. */
export interface RotationParty {
  /** Its id. */
  readonly id: NaraId;
  /** Its key. */
  readonly keypair: Pick<Keypair, "publicKey" | "sign">;
}

const encoder = new TextEncoder();

/** The bytes that both sign: a line that says what it is, and canonical JSON. */
export function rotationText({ oldId, oldKey, newId, newKey, rotatedAt }: RotationClaim): Uint8Array {
  const claim = {
    old_id: oldId,
    old_public_key: oldKey,
    new_id: newId,
    new_public_key: newKey,
    rotated_at: rotatedAt,
  };
  return encoder.encode(`nara:rotation:v1\n${canonicalJson(claim)}`);
}

/** Makes a rotation from one to the other. */
export async function signRotation(
  { old, successor, rotatedAt }: {
    /** Who steps down. */
    readonly old: RotationParty;
    /** Who follows. */
    readonly successor: RotationParty;
    /** When, in Unix seconds. */
    readonly rotatedAt: number;
  },
): Promise<Rotation> {
  const claim: RotationClaim = {
    oldId: old.id,
    oldKey: old.keypair.publicKey,
    newId: successor.id,
    newKey: successor.keypair.publicKey,
    rotatedAt,
  };
  const text = rotationText(claim);
  return {
    ...claim,
    oldSignature: await old.keypair.sign(text),
    newSignature: await successor.keypair.sign(text),
  };
}

/** Whether both signatures of a rotation hold. It never rejects. */
export async function isSigned(
  rotation: Rotation,
  verify: (key: Uint8Array, signature: Uint8Array, bytes: Uint8Array) => boolean | Promise<boolean>,
): Promise<boolean> {
  const { oldId, newId, oldKey, oldSignature, newKey, newSignature } = rotation;
  if (oldId === newId || oldKey.toHex() === newKey.toHex()) return false;
  const text = rotationText(rotation);
  return await verify(oldKey, oldSignature, text) && await verify(newKey, newSignature, text);
}

/** Whether each rotation begins where the one before ended, and the last ends at `id`. */
export function leadsTo(rotations: readonly RotationClaim[], id: NaraId): boolean {
  return rotations.at(-1)?.newId === id && rotations.every(({ oldId, oldKey }, index) => {
    const before = rotations[index - 1];
    return !before || before.newId === oldId && before.newKey.toHex() === oldKey.toHex();
  });
}

/** The part of a chain that leads to `id`; nothing where it never comes there. */
export function chainTo(rotations: readonly Rotation[], id: NaraId): readonly Rotation[] {
  return rotations.slice(0, rotations.findLastIndex(({ newId }) => newId === id) + 1);
}

/** A keypair that also opens what its owner's former souls sealed; it seals and signs as itself alone. */
export function openingFormer(keypair: Keypair, former: readonly Pick<Keypair, "open">[]): Keypair {
  if (former.length === 0) return keypair;
  return {
    publicKey: keypair.publicKey,
    sign: (bytes) => keypair.sign(bytes),
    verify: (key, signature, bytes) => keypair.verify(key, signature, bytes),
    seal: (plaintext) => keypair.seal(plaintext),
    open: (sealed) => openedBy([keypair, ...former], sealed),
  };
}

/** Opens with the first key that fits; where none does, what the first said counts. */
function openedBy([first, ...others]: readonly Pick<Keypair, "open">[], sealed: Sealed): Uint8Array {
  try {
    return first.open(sealed);
  } catch (thrown) {
    if (!(thrown instanceof IdentityError)) throw thrown;
    for (const other of others) {
      try {
        return other.open(sealed);
      } catch {
        // The next may fit.
      }
    }
    throw thrown;
  }
}
