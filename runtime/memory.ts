/**
 * What outlives the process beside the services' stores: pinned keys, proven addresses, blocked peers, and who showed a key that
 * was refused.
 * @module
 */
import { decodeBase64, encodeBase64 } from "../utilities/base64.ts";
import type { Keyring, Pin } from "../utilities/keyring.ts";
import type { NaraId } from "../utilities/names.ts";
import type { BlockedPeer, BlockMemory } from "./primitives/peer_blocks.ts";
import type { ProvenPeer } from "./primitives/peer_directory.ts";
import type { Evidence, EvidenceMemory } from "./primitives/peer_evidence.ts";
import { type KeyValueFile, StoreError } from "./primitives/store.ts";

const KEYS = "runtime:keys";
const PEERS = "runtime:peers";
const BLOCKED = "runtime:blocked";
const EVIDENCE = "runtime:evidence";
/** Addresses that are tried again at the next start; past it the ones proven longest ago are forgotten. */
const ADDRESSES_MAX = 64;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Keeps a pin. */
export function rememberPin(file: KeyValueFile, { id, key, ...rest }: Pin): void {
  file.setAll(KEYS, [[id, json({ key: encodeBase64(key), ...rest })]]);
}

/** Whether there is a pin of `id`, of whatever age. */
export function isRemembered(file: KeyValueFile, id: NaraId): boolean {
  return file.get(KEYS, id) !== undefined;
}

/** Forgets a pin. */
export function forgetPin(file: KeyValueFile, id: NaraId): void {
  file.delete(KEYS, id);
}

/** Pins again what earlier runs pinned. */
export function recallPins(file: KeyValueFile, keyring: Keyring): void {
  for (const [id, value] of file.list(KEYS, "")) keyring.restore({ ...pin(value), id });
}

/** Where an earlier run reached `id`. */
export function recallAddressOf(file: KeyValueFile, id: NaraId): string | undefined {
  const value = file.get(PEERS, id);
  return value && peer(value).address;
}

/** The block list, as it is kept in `file`. */
export function blockMemory(file: KeyValueFile): BlockMemory {
  return {
    all: () => file.list(BLOCKED, "").map(([id, value]) => blocked(id, value)),
    keep: ({ id, address }) => file.setAll(BLOCKED, [[id, json({ address })]]),
    forget: (id) => file.delete(BLOCKED, id),
  };
}

/** Evidence of refused keys, as it is kept in `file`. */
export function evidenceMemory(file: KeyValueFile): EvidenceMemory {
  const keyOf = ({ id, offered }: Evidence) => `${id}:${offered.toHex().slice(0, 64)}`;
  return {
    all: () => file.list(EVIDENCE, "").map(([, value]) => evidence(value)).sort((a, b) => a.atMs - b.atMs),
    keep: (one) => {
      const { pinned, offered, ...rest } = one;
      const wire = { ...rest, pinned: encodeBase64(pinned), offered: encodeBase64(offered) };
      file.setAll(EVIDENCE, [[keyOf(one), json(wire)]]);
    },
    forget: (one) => file.delete(EVIDENCE, keyOf(one)),
  };
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
  return parse(value, "pinned key", ({ key, name, ours, metDays, metDay, successor, predecessor }) => ({
    key: decodeBase64(String(key)),
    ...typeof name === "string" && { name },
    ours: ours === true,
    ...typeof metDays === "number" && typeof metDay === "number" && { metDays, metDay },
    ...isSuccessor(successor) && { successor: { id: successor.id, atMs: successor.atMs } },
    ...typeof predecessor === "string" && { predecessor },
  }));
}

function isSuccessor(value: unknown): value is NonNullable<Pin["successor"]> {
  const { id, atMs } = value as Record<string, unknown> ?? {};
  return typeof id === "string" && typeof atMs === "number";
}

function blocked(id: NaraId, value: Uint8Array): BlockedPeer {
  return parse(
    value,
    "blocked peer",
    ({ address }) => ({ id, ...typeof address === "string" && { address } }),
  );
}

function evidence(value: Uint8Array): Evidence {
  return parse(value, "refused key", ({ id, pinned, offered, name, isFamiliar, atMs }) => ({
    id: String(id),
    pinned: decodeBase64(String(pinned)),
    offered: decodeBase64(String(offered)),
    ...typeof name === "string" && { name },
    ...isFamiliar === true && { isFamiliar },
    atMs: Number(atMs),
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
