/**
 * The payloads of presence: how naras find one another, and how keys and addresses are first shown.
 * @module
 */
import * as z from "zod";
import type { PayloadSchema } from "./payload_schema.ts";
import { bytes, naraId, optionalText, publicKey, unixSeconds } from "./fields.ts";

/** Neighbours that a howdy may mention. */
export const HOWDY_NEIGHBOURS_MAX = 16;

const meshUrl = optionalText(256);

/** Announces who one is: the message is signed with the very key that it shows. */
export interface HeyThereV1 {
  /** Ed25519 public key of the sender, 32 bytes. */
  public_key: Uint8Array;
  /** Where the sender says it can be reached, e.g. `http://127.0.0.1:7433`. A claim, until an answer came from there. */
  mesh_url?: string;
  /** When the sender's process started, in Unix seconds. */
  started_at: number;
}

/** Schema of {@linkcode HeyThereV1}. History: v1 (2026-11) first version. */
export const HeyThereV1: PayloadSchema<HeyThereV1> = z.strictObject({
  public_key: publicKey.describe("Ed25519 public key of the sender"),
  mesh_url: meshUrl.describe("Where the sender says it can be reached; a claim until proven"),
  started_at: unixSeconds.describe("When the sender's process started, in Unix seconds"),
});

/** Somebody the sender knows. Hearsay: it says where to look, and nothing is believed of it. */
export interface NeighbourV1 {
  /** The neighbour's id. */
  id: string;
  /** The neighbour's name, for display only. */
  name?: string;
  /** The neighbour's public key as the sender pinned it. */
  public_key: Uint8Array;
  /** Where the sender reaches it. */
  mesh_url?: string;
}

/** Answers a hey-there: who I am, and whom I know. */
export interface HowdyV1 {
  /** Ed25519 public key of the sender, 32 bytes. */
  public_key: Uint8Array;
  /** Where the sender says it can be reached. */
  mesh_url?: string;
  /** When the sender's process started, in Unix seconds. */
  started_at: number;
  /** Up to {@linkcode HOWDY_NEIGHBOURS_MAX} others, as hearsay. */
  neighbours: NeighbourV1[];
}

/** Schema of {@linkcode HowdyV1}. History: v1 (2026-11) first version. */
export const HowdyV1: PayloadSchema<HowdyV1> = z.strictObject({
  public_key: publicKey.describe("Ed25519 public key of the sender"),
  mesh_url: meshUrl.describe("Where the sender says it can be reached; a claim until proven"),
  started_at: unixSeconds.describe("When the sender's process started, in Unix seconds"),
  neighbours: z.array(z.strictObject({
    id: naraId.describe("The neighbour's id"),
    name: optionalText(128).describe("The neighbour's name, for display only"),
    public_key: bytes.describe("The neighbour's public key as the sender pinned it"),
    mesh_url: meshUrl.describe("Where the sender reaches it"),
  })).max(HOWDY_NEIGHBOURS_MAX).describe("Others whom the sender knows, as hearsay"),
});
