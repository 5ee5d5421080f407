/**
 * The payload with which a nara tells that it has a new soul.
 * @module
 */
import * as z from "zod";
import { ROTATIONS_MAX } from "../utilities/key_rotation.ts";
import { bytes, naraId, publicKey, unixSeconds } from "./fields.ts";
import type { PayloadSchema } from "./payload_schema.ts";

/** One rotation: a statement by two keys that the one follows the other. */
export interface RotationV1 {
  /** Who stepped down. */
  old_id: string;
  /** Its Ed25519 public key, 32 bytes. */
  old_public_key: Uint8Array;
  /** Who followed. */
  new_id: string;
  /** Its Ed25519 public key, 32 bytes. */
  new_public_key: Uint8Array;
  /** When that was decided, in Unix seconds. */
  rotated_at: number;
  /** The old key's signature over the five fields above, 64 bytes. */
  old_signature: Uint8Array;
  /** The new key's signature over the same, 64 bytes. */
  new_signature: Uint8Array;
}

/** Tells who the sender was before: each rotation begins where the one before ended, and the last ends at the sender. */
export interface IdentityRotatedV1 {
  /** 1 to {@linkcode ROTATIONS_MAX} rotations, the oldest first. */
  rotations: RotationV1[];
}

const signature = bytes.refine((value) => value.length === 64, "expected 64 bytes of Ed25519 signature");

/** Schema of {@linkcode IdentityRotatedV1}. History: v1 (2026-11) first version. */
export const IdentityRotatedV1: PayloadSchema<IdentityRotatedV1> = z.strictObject({
  rotations: z.array(z.strictObject({
    old_id: naraId.describe("Who stepped down"),
    old_public_key: publicKey.describe("Its Ed25519 public key"),
    new_id: naraId.describe("Who followed"),
    new_public_key: publicKey.describe("Its Ed25519 public key"),
    rotated_at: unixSeconds.describe("When that was decided, in Unix seconds"),
    old_signature: signature.describe("The old key's signature over the five fields above"),
    new_signature: signature.describe("The new key's signature over the same"),
  })).min(1).max(ROTATIONS_MAX).describe(
    "The sender's rotations, the oldest first; the last ends at the sender",
  ),
});
