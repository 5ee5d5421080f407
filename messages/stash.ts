/**
 * The payloads of the stash: how a nara's sealed state travels to the peers that keep it.
 *
 * Formats are those of the Go implementation (reference section 7.1). What a payload may look like on
 * the wire is wider than what a confidant accepts: a store with a short nonce is answered, not refused unread.
 * @module
 */
import * as z from "zod";
import type { PayloadSchema } from "./payload_schema.ts";
import {
  naraId,
  nilableBytes,
  optionalBytes,
  optionalText,
  optionalUnixSeconds,
  unixSeconds,
} from "./fields.ts";

/** Asks a confidant to keep an encrypted stash. */
export interface StashStoreV1 {
  /** Whose stash this is; a claim, until it equals the verified sender. */
  owner_id: string;
  /** The owner's name, for display only. */
  owner?: string;
  /** XChaCha20-Poly1305 nonce: 24 bytes, never used twice. `null` is Go's nil. */
  nonce: Uint8Array | null;
  /** The sealed stash with its tag; only its owner can open it. `null` is Go's nil. */
  ciphertext: Uint8Array | null;
  /** When the owner sealed it, in Unix seconds; display only. */
  ts: number;
}

/** Schema of {@linkcode StashStoreV1}. History: v1 (2026-01) first version. */
export const StashStoreV1: PayloadSchema<StashStoreV1> = z.strictObject({
  owner_id: naraId.describe("Whose stash this is; a claim, until it equals the verified sender"),
  owner: optionalText(128).describe("The owner's name, for display only"),
  nonce: nilableBytes.describe("XChaCha20-Poly1305 nonce of 24 bytes, never used twice"),
  ciphertext: nilableBytes.describe("The sealed stash with its tag; only its owner can open it"),
  ts: unixSeconds.describe("When the owner sealed it, in Unix seconds"),
});

/** Says whether a stash was kept. */
export interface StashAckV1 {
  /** The owner that the store named. */
  owner_id: string;
  /** When the confidant judged the store, in Unix seconds. */
  stored_at: number;
  /** Whether it was kept. */
  success: boolean;
  /** Why not, where it was not. */
  reason?: string;
}

/** Schema of {@linkcode StashAckV1}. History: v1 (2026-01) first version. */
export const StashAckV1: PayloadSchema<StashAckV1> = z.strictObject({
  owner_id: naraId.describe("The owner that the store named"),
  stored_at: unixSeconds.describe("When the confidant judged the store, in Unix seconds"),
  success: z.boolean().describe("Whether the stash was kept"),
  reason: optionalText(1024).describe("Why it was not kept"),
});

/** Asks a confidant for one's own stash. */
export interface StashRequestV1 {
  /** Whose stash is wanted; answered only when it is the verified sender's. */
  owner_id: string;
  /** Echoed in the response; this implementation matches by `in_reply_to` and leaves it out. */
  request_id?: string;
}

/** Schema of {@linkcode StashRequestV1}. History: v1 (2026-01) first version. */
export const StashRequestV1: PayloadSchema<StashRequestV1> = z.strictObject({
  owner_id: naraId.describe("Whose stash is wanted; answered only when it is the verified sender's"),
  request_id: optionalText(64 * 1024).describe("Echoed in the response"),
});

/** Hands a stash back to its owner, asked for or pushed. */
export interface StashResponseV1 {
  /** Whose stash this is. */
  owner_id: string;
  /** The request's `request_id`. */
  request_id?: string;
  /** Whether there is one. */
  found: boolean;
  /** As it was stored. */
  nonce?: Uint8Array;
  /** As it was stored. */
  ciphertext?: Uint8Array;
  /** When the confidant stored it, in Unix seconds; its word counts for nothing. */
  stored_at?: number;
}

/** Schema of {@linkcode StashResponseV1}. History: v1 (2026-01) first version. */
export const StashResponseV1: PayloadSchema<StashResponseV1> = z.strictObject({
  owner_id: naraId.describe("Whose stash this is"),
  request_id: optionalText(64 * 1024).describe("The request's own id, echoed"),
  found: z.boolean().describe("Whether there is one"),
  nonce: optionalBytes.describe("The nonce as it was stored"),
  ciphertext: optionalBytes.describe("The sealed stash as it was stored"),
  stored_at: optionalUnixSeconds.describe("When the confidant stored it, in Unix seconds; a claim"),
});

/** Asks everyone who keeps a stash of the sender to hand it back. */
export interface StashRefreshV1 {
  /** Who wants a stash back. */
  owner_id: string;
  /** The owner's name, for display only. */
  owner?: string;
}

/** Schema of {@linkcode StashRefreshV1}. History: v1 (2026-01) first version. */
export const StashRefreshV1: PayloadSchema<StashRefreshV1> = z.strictObject({
  owner_id: naraId.describe("Who wants a stash back"),
  owner: optionalText(128).describe("The owner's name, for display only"),
});

/** Tells the other services of the same nara that its stash came back. It never leaves the process. */
export interface StashRecoveredV1 {
  /** When, as RFC 3339 text. */
  recovered_at: string;
  /** Copies of the stash that came back; the newest of them was taken. */
  item_count: number;
}

/** Schema of {@linkcode StashRecoveredV1}. History: v1 (2026-11) first version. */
export const StashRecoveredV1: PayloadSchema<StashRecoveredV1> = z.strictObject({
  recovered_at: z.string().max(64).describe("When the stash came back, as RFC 3339 text"),
  item_count: z.int().nonnegative().describe("Copies that came back; the newest of them was taken"),
});
