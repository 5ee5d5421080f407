/**
 * What outlives the process beside the services' stores: pinned keys and proven addresses.
 * @module
 */
import { decodeBase64, encodeBase64 } from "../utilities/base64.ts";
import type { Keyring, Pin } from "../utilities/keyring.ts";
import type { ProvenPeer } from "./primitives/peer_directory.ts";
import { type KeyValueFile, StoreError } from "./primitives/store.ts";

const KEYS = "runtime:keys";
const PEERS = "runtime:peers";
/** Addresses that are tried again at the next start; past it the ones proven longest ago are forgotten. */
const ADDRESSES_MAX = 64;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Keeps a pin. */
export function rememberPin(file: KeyValueFile, { id, key, name, ours }: Pin): void {
  file.setAll(KEYS, [[id, json({ key: encodeBase64(key), name, ours })]]);
}

/** Pins again what earlier runs pinned. */
export function recallPins(file: KeyValueFile, keyring: Keyring): void {
  for (const [id, value] of file.list(KEYS, "")) {
    const { key, name, ours } = pin(value);
    keyring.pin(id, key, name);
    if (ours) keyring.markOurs(id);
  }
}

/** Keeps where a peer answered. */
export function rememberPeer(file: KeyValueFile, { id, address }: ProvenPeer, atNs: bigint): void {
  file.setAll(PEERS, [[id, json({ address, atMs: Number(atNs / 1_000_000n) })]]);
  const known = file.list(PEERS, "").map(([id, value]) => ({ id, ...peer(value) })).sort((a, b) =>
    b.atMs - a.atMs
  );
  for (const { id } of known.slice(ADDRESSES_MAX)) file.delete(PEERS, id);
}

/** Addresses that earlier runs proved, the last proven first. What is more than enough is forgotten. */
export function recallAddresses(file: KeyValueFile): string[] {
  const known = file.list(PEERS, "").map(([id, value]) => ({ id, ...peer(value) })).sort((a, b) =>
    b.atMs - a.atMs
  );
  for (const { id } of known.slice(ADDRESSES_MAX)) file.delete(PEERS, id);
  return known.slice(0, ADDRESSES_MAX).map(({ address }) => address);
}

function pin(value: Uint8Array): Omit<Pin, "id"> {
  return parse(value, "pinned key", ({ key, name, ours }) => ({
    key: decodeBase64(String(key)),
    ...typeof name === "string" && { name },
    ours: ours === true,
  }));
}

function peer(value: Uint8Array): { address: string; atMs: number } {
  return parse(value, "peer address", ({ address, atMs }) => {
    if (typeof address === "string") return { address, atMs: Number(atMs) };
    throw new TypeError("the address is no text");
  });
}

function json(value: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(value));
}

function parse<T>(value: Uint8Array, what: string, read: (wire: Record<string, unknown>) => T): T {
  try {
    return read(JSON.parse(decoder.decode(value)));
  } catch (cause) {
    throw new StoreError("unreadable", `Cannot read a remembered ${what}: the data folder is damaged`, {
      cause,
    });
  }
}
