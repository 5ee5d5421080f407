/**
 * What an operator may give for the id of a nara: what naras make, which is narrower than what a message may bear. There is no
 * checksum: a slip is noticed where it changes the length of what the text stands for.
 * @module
 */
import { decodeBase58 } from "../../utilities/base58.ts";
import type { NaraId } from "../../utilities/names.ts";
import { PeerError } from "../primitives/peer_error.ts";

/** What would be right, after "expected". */
export const NARA_ID_EXPECTED = "an id of 43 or 44 characters (nara peers shows them)";

/** Bytes of a SHA-256. Each zero in front is one character, so no id is shorter than that. */
const ID_BYTES = 32;
/** Characters that 32 bytes have at most. */
const LENGTH_MAX = 44;

/** Whether `text` is the id of a nara: base58 of 32 bytes. */
export function isNaraId(text: string): text is NaraId {
  if (text.length < ID_BYTES || text.length > LENGTH_MAX) return false;
  try {
    return decodeBase58(text).length === ID_BYTES;
  } catch {
    return false;
  }
}

/** The refusal of what is no id. */
export function badId(action: "block" | "unblock", text: string): PeerError {
  const shown = JSON.stringify(text.length > 64 ? `${text.slice(0, 64)}…` : text);
  return new PeerError("bad_id", `Cannot ${action} ${shown}: expected ${NARA_ID_EXPECTED}`);
}
