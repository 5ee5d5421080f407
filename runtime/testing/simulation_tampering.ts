/**
 * Changes one thing in a frame that is signed.
 * @module
 */
import type { Random } from "../../utilities/random.ts";

/** A frame in which one thing was changed. */
export interface Tampered {
  /** The bytes. */
  readonly frame: Uint8Array;
  /** What was changed. */
  readonly path: string;
}

interface Leaf {
  readonly holder: Record<string, unknown>;
  readonly key: string;
  readonly path: string;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
/** `envelope_signature` covers everything but the two. */
const SIGNATURES = new Set(["signature", "envelope_signature"]);

/** `frame` with one field of the envelope or one leaf of the payload changed; nothing where it cannot be read. */
export function tampered(frame: Uint8Array, random: Pick<Random, "next">): Tampered | undefined {
  let envelope: Record<string, unknown>;
  try {
    envelope = JSON.parse(decoder.decode(frame));
  } catch {
    return undefined;
  }
  const leaves = leavesOf(envelope, "");
  const { holder, key, path } = leaves[Math.floor(random.next() * leaves.length)];
  holder[key] = changed(holder[key], random);
  return { frame: encoder.encode(JSON.stringify(envelope)), path };
}

function leavesOf(holder: Record<string, unknown>, prefix: string): Leaf[] {
  return Object.entries(holder).flatMap(([key, value]) => {
    const path = prefix + key;
    if (SIGNATURES.has(path)) return [];
    const isHolder = value !== null && typeof value === "object";
    return isHolder ? leavesOf(value as Record<string, unknown>, `${path}.`) : [{ holder, key, path }];
  });
}

function changed(value: unknown, random: Pick<Random, "next">): unknown {
  if (typeof value === "number") return value + 1;
  if (typeof value === "boolean") return !value;
  if (typeof value !== "string" || value === "") return "x";
  const at = Math.floor(random.next() * value.length);
  const letter = value[at] === "a" ? "b" : "a";
  return value.slice(0, at) + letter + value.slice(at + 1);
}
