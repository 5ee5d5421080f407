/**
 * Keys of objects as a scan meets them: their text, and whether an object has one already.
 * @module
 */

/** Longer objects are looked up in a `Set`; nearly all are shorter, and comparing a few strings costs less. */
const COMPARED_KEYS_MAX = 24;
const NAMES_KEPT = 256;
const NAME_KEPT_BYTES_MAX = 32;

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
/** Keys seen lately, by their hash: envelopes have the same few again and again. */
const lately: string[] = new Array(NAMES_KEPT).fill("");

/** The text of a key whose bytes are plain ASCII, without escapes, and hash to `hash`. */
export function plainKey(bytes: Uint8Array, start: number, end: number, hash: number): string {
  if (end - start > NAME_KEPT_BYTES_MAX) return decoder.decode(bytes.subarray(start, end));
  const slot = hash & (NAMES_KEPT - 1);
  if (isKey(lately[slot], bytes, start, end)) return lately[slot];
  const other = slot ^ 1; // Two keys that share a slot would take it from each other all the time.
  if (isKey(lately[other], bytes, start, end)) return lately[other];
  lately[other] = lately[slot];
  return lately[slot] = decoder.decode(bytes.subarray(start, end));
}

/** The text of a key that is spelled between `start` and `end`, in valid UTF-8 and with valid escapes. */
export function spelledKey(bytes: Uint8Array, start: number, end: number): string {
  return JSON.parse(`"${decoder.decode(bytes.subarray(start, end))}"`);
}

function isKey(key: string, bytes: Uint8Array, start: number, end: number): boolean {
  if (key.length !== end - start) return false;
  for (let at = 0; at < key.length; at++) {
    if (key.charCodeAt(at) !== bytes[start + at]) return false;
  }
  return true;
}

/** The keys of one object so far. */
export class ObjectKeys {
  readonly #list: string[] = [];
  #set: Set<string> | undefined;

  /** Adds `key`; `false` if it is there already. */
  add(key: string): boolean {
    if (this.#set) return this.#set.size < this.#set.add(key).size;
    if (this.#list.includes(key)) return false;
    this.#list.push(key);
    if (this.#list.length > COMPARED_KEYS_MAX) this.#set = new Set(this.#list);
    return true;
  }
}
