/**
 * The state of a stash as one file: canonical JSON with a version, for whoever moves a nara or wants to look.
 *
 * Everything in it is sealed or public; it is as safe to show as what a confidant holds.
 * @module
 */
import { decodeBase64 } from "../../utilities/base64.ts";
import { canonicalJson } from "../../utilities/canonical_json.ts";
import { messageOf } from "../../utilities/errors.ts";
import { scanJsonObject } from "../../utilities/json_scan.ts";
import type { NaraId } from "../../utilities/names.ts";
import type { Confidant } from "./confidants.ts";
import { NONCE_BYTES, type StashRecord } from "./record.ts";
import { CIPHERTEXT_BYTES_MAX } from "./sealed_stash.ts";
import { StashError } from "./stash_error.ts";

/** The version that is written. */
const VERSION = 1;
/** A state larger than this is not read: some 500 stashes. */
const STATE_BYTES_MAX = 32 * 1024 * 1024;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** All that a stash service knows. */
export interface StashState {
  /** The sealed copy of the nara's own stash. */
  readonly own: StashRecord | undefined;
  /** Who keeps it. */
  readonly confidants: readonly Confidant[];
  /** What is kept for others. */
  readonly shelf: readonly (readonly [owner: NaraId, record: StashRecord])[];
}

/** A state as canonical JSON. */
export function encodeState({ own, confidants, shelf }: StashState): Uint8Array {
  return encoder.encode(canonicalJson({
    version: VERSION,
    own: own && wireRecord(own),
    confidants: confidants.map(({ id, sequence }) => ({ id, sequence })),
    shelf: shelf.map(([owner_id, record]) => ({ owner_id, ...wireRecord(record) })),
  }));
}

/**
 * The state behind `bytes`.
 *
 * @throws {StashError} `bad_state`, naming the place.
 */
export function decodeState(bytes: Uint8Array): StashState {
  const { version, own, confidants, shelf } = fields(parse(bytes), "the state");
  if (version !== VERSION) throw damaged("version", String(VERSION), version);
  return {
    own: own === undefined ? undefined : record(own, "own"),
    confidants: list(confidants, "confidants").map((item, index) => {
      const { id, sequence } = fields(item, `confidants[${index}]`);
      return {
        id: text(id, `confidants[${index}].id`),
        sequence: whole(sequence, `confidants[${index}].sequence`),
      };
    }),
    shelf: list(shelf, "shelf").map((item, index) => {
      const { owner_id } = fields(item, `shelf[${index}]`);
      return [text(owner_id, `shelf[${index}].owner_id`), record(item, `shelf[${index}]`)] as const;
    }),
  };
}

function wireRecord({ nonce, ciphertext, storedAt }: StashRecord): object {
  return { nonce, ciphertext, stored_at: storedAt };
}

function parse(bytes: Uint8Array): unknown {
  try {
    scanJsonObject(bytes, { bytesMax: STATE_BYTES_MAX, stringBytesMax: STATE_BYTES_MAX, keysMax: Infinity });
    return JSON.parse(decoder.decode(bytes));
  } catch (cause) {
    throw new StashError("bad_state", `Cannot read this state of a stash: ${messageOf(cause)}`, { cause });
  }
}

function record(value: unknown, place: string): StashRecord {
  const { nonce, ciphertext, stored_at } = fields(value, place);
  const read = {
    nonce: bytesOf(nonce, `${place}.nonce`),
    ciphertext: bytesOf(ciphertext, `${place}.ciphertext`),
    storedAt: whole(stored_at, `${place}.stored_at`),
  };
  if (read.nonce.length !== NONCE_BYTES) throw damaged(`${place}.nonce`, `${NONCE_BYTES} bytes`, nonce);
  if (read.ciphertext.length === 0 || read.ciphertext.length > CIPHERTEXT_BYTES_MAX) {
    throw damaged(
      `${place}.ciphertext`,
      `1 to ${CIPHERTEXT_BYTES_MAX} bytes`,
      `${read.ciphertext.length} bytes`,
    );
  }
  return read;
}

function fields(value: unknown, place: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw damaged(place, "an object", value);
}

function list(value: unknown, place: string): unknown[] {
  if (Array.isArray(value)) return value;
  throw damaged(place, "a list", value);
}

function text(value: unknown, place: string): string {
  if (typeof value === "string" && value.length >= 1 && value.length <= 64) return value;
  throw damaged(place, "an id of 1 to 64 characters", value);
}

function whole(value: unknown, place: string): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw damaged(place, "a whole number from 0", value);
}

function bytesOf(value: unknown, place: string): Uint8Array {
  try {
    if (typeof value === "string") return decodeBase64(value);
  } catch {
    // Told below.
  }
  throw damaged(place, "padded base64", value);
}

function damaged(place: string, expected: string, got: unknown): StashError {
  const shown = JSON.stringify(got) ?? "nothing";
  const short = shown.length > 40 ? `${shown.slice(0, 40)}…` : shown;
  return new StashError(
    "bad_state",
    `Cannot read this state of a stash: ${place} should be ${expected}, got ${short}`,
  );
}
