/**
 * Says of any bytes whether a nara may take them as a message. A second opinion: it reads JSON, times, keys and signatures in its own
 * way, and shares no code with nara.
 * @module
 */
import { Buffer } from "node:buffer";
import { createPublicKey, type KeyObject, verify } from "node:crypto";
import {
  base64,
  isTimestamp,
  type Json,
  members as membersOf,
  nanoseconds,
  type Spelled,
} from "../interop/envelope_checker_text.ts";
import { type ExactJson, ExactNumber, ExactObject, readExactJson } from "../interop/exact_json.ts";
import { goText, idOf, ourText } from "./by_hand.ts";
import { type KindRule, KINDS } from "./payload_forms.ts";

/** What is known of a sender: its key in hexadecimal, and whether it was ever seen to sign whole envelopes. */
export interface Known {
  readonly key: string;
  readonly ours: boolean;
}

/** What a nara knows. */
export interface World {
  /** Its id. */
  readonly me: string;
  /** Its time, in nanoseconds since 1970. */
  readonly nowNs: bigint;
  /** Whom it knows, by id. The oracle adds those whom it learns of. */
  readonly known: Map<string, Known>;
}

/** `taken` or `kept for later`, else why not. */
export type Verdict = string;

const PAST_NS = 300_000_000_000n, FUTURE_NS = 60_000_000_000n, MS_NS = 1_000_000n;
const TEXTS: Readonly<Record<string, number>> = {
  id: 64,
  content_key: 1024,
  kind: 64,
  from: 256,
  from_id: 64,
  to: 256,
  to_id: 64,
  in_reply_to: 64,
  signature: 128,
  envelope_signature: 128,
};
const IDS = ["id", "from_id", "to_id", "in_reply_to"];
const FORBIDDEN = ["__proto__", "constructor", "prototype"];

/** An envelope whose form is right. */
interface Parts {
  readonly spelled: readonly Spelled[];
  readonly text: (name: string) => string;
  readonly version: number;
  readonly payload: string;
  readonly go: Buffer | undefined;
  readonly ours: Buffer | undefined;
}

/** What a nara that knows `world` has to do with `frame`. Whoever it believes by that is added to what is known. */
export function judge(frame: Uint8Array, world: World): Verdict {
  const parts = read(frame);
  if (typeof parts === "string") return parts;
  const { text, version, payload } = parts;
  const rule = Object.hasOwn(KINDS, text("kind")) ? KINDS[text("kind")] : undefined;
  if (!rule) return "unknown kind";
  const isFuture = version > rule.forms.length;
  if (!isFuture && version < 1) return "unsupported version";
  if (!isFuture && frame.length > (rule.bytesMax ?? 64 * 1024)) return "too large";
  if (!isFuture && rule.forms[version - 1](readExactJson(payload)) !== payload) return "another payload";
  if (text("to_id") !== "" && text("to_id") !== world.me) return "for somebody else";
  const madeNs = floorMs(nanoseconds(text("timestamp")));
  if (madeNs < floorMs(world.nowNs) - PAST_NS) return "old";
  if (madeNs > floorMs(world.nowNs) + FUTURE_NS) return "from the future";
  const sources = [text("timestamp"), payload] as const;
  const ids = [idOf(text("kind"), text("from_id"), ...sources)];
  if (!parts.ours) ids.push(idOf(text("kind"), "", ...sources));
  if (!ids.includes(text("id"))) return "wrong id";
  const refusal = disproof(parts, isFuture ? { ...rule, proof: futureProof(rule) } : rule, world);
  if (refusal) return refusal;
  if (isFuture) return "kept for later";
  const key = rule.contentKey?.(JSON.parse(payload));
  if (key !== undefined && parts.ours && key !== text("content_key")) return "wrong content key";
  return rule.isReply && text("in_reply_to") !== "" ? "reply to nothing" : "taken";
}

/** What a kind's own rule looks for lies in a payload that nobody here can read. */
function futureProof({ proof }: KindRule): KindRule["proof"] {
  return proof === "none" ? "none" : "pinned";
}

function read(frame: Uint8Array): Parts | string {
  let wire: string;
  let exact: ExactJson;
  try {
    wire = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(frame);
    exact = readExactJson(wire);
  } catch {
    return "no JSON";
  }
  if (!(exact instanceof ExactObject)) return "no object";
  const complaint = complaintOf(exact, 1, { keys: 0 });
  if (complaint) return complaint;
  const fields = new Map(exact.members.map(([name, value]) => [name, value]));
  for (const [name, unitsMax] of Object.entries(TEXTS)) {
    const value = fields.get(name);
    if (value === undefined) continue;
    if (typeof value !== "string" || value.length > unitsMax) return `no ${name}`;
    if (IDS.includes(name) && !/^[\w-]*$/.test(value)) return `no ${name}`;
  }
  const text = (name: string) => fields.get(name) as string ?? "";
  const version = versionIn(fields.get("version"));
  if (version === undefined) return "no version";
  if (text("kind") === "") return "no kind";
  if (typeof fields.get("timestamp") !== "string" || !isInstant(text("timestamp"))) return "no timestamp";
  const [go, ours] = ["signature", "envelope_signature"].map((name) => base64(fields.get(name) as Json));
  if (go === null || ours === null) return "no signature";
  const spelled = membersOf(wire);
  const payload = spelled.find(([name]) => name === "payload")?.[2];
  if (payload === undefined || payload === "null") return "no payload";
  return { spelled, text, version, payload, go, ours };
}

function versionIn(value: ExactJson | undefined): number | undefined {
  if (value === undefined) return 1;
  if (!(value instanceof ExactNumber) || !/^(0|-?[1-9]\d*)$/.test(value.text)) return undefined;
  const number = Number(value.text);
  return Number.isSafeInteger(number) ? number || 1 : undefined;
}

/** Its form is right, and there is such a time. */
function isInstant(text: string): boolean {
  if (!isTimestamp(text)) return false;
  const [year, month, day, hour, minute, second] = text.match(/\d+/g)!.map(Number);
  const [, zoneHour = "0", zoneMinute = "0"] = /[+-](\d\d):(\d\d)$/.exec(text) ?? [];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24 && minute < 60 &&
    second < 60 && Number(zoneHour) < 24 && Number(zoneMinute) < 60;
}

/** What no text may hold anywhere. */
function complaintOf(value: ExactJson, depth: number, seen: { keys: number }): string | undefined {
  if (typeof value === "string") return value.isWellFormed() ? undefined : "half a character";
  if (value instanceof ExactNumber) return value.text.length > 32 ? "a long number" : undefined;
  if (typeof value !== "object" || value === null) return undefined;
  if (depth > 16) return "too deep";
  if (Array.isArray(value)) return firstOf(value, (item) => complaintOf(item, depth + 1, seen));
  const names = value.members.map(([name]) => name);
  seen.keys += names.length;
  if (seen.keys > 1024) return "too many keys";
  if (new Set(names).size !== names.length) return "a key twice";
  if (names.some((name) => FORBIDDEN.includes(name) || !name.isWellFormed())) return "a forbidden key";
  return firstOf(value.members, ([, member]) => complaintOf(member, depth + 1, seen));
}

function firstOf<T>(items: readonly T[], look: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const found = look(item);
    if (found) return found;
  }
  return undefined;
}

/** Why the sender is not proven; a sender that is proven is remembered. */
function disproof(parts: Parts, rule: KindRule, world: World): string | undefined {
  const { text, ours, go } = parts;
  const from = text("from_id");
  const pinned = world.known.get(from);
  const { proof = "pinned" } = rule;
  if (proof === "none") return undefined;
  if (proof === "where signed" && !ours && !go && !pinned?.ours) return undefined;
  if (from === "") return "nobody sent it";
  const told = proof === "succession" ? successions(parts.payload) : [];
  if (proof === "succession" && !leadTo(from, told)) return "rotations that lead elsewhere";
  const key = keyToTry(parts, proof, pinned, told);
  if (key === undefined) return "no key";
  if (!ours && pinned?.ours && !rule.isPassedOn) return "downgraded";
  if (!isSignedBy(key, parts)) return "a wrong signature";
  if (proof === "succession" && !isRightfulSuccession(told, world)) return "a rotation that was not signed";
  if (pinned && pinned.key !== key) return "another key than is pinned";
  world.known.set(from, { key, ours: pinned?.ours === true || ours !== undefined });
  return undefined;
}

function keyToTry(
  { payload }: Parts,
  proof: KindRule["proof"],
  pinned: Known | undefined,
  told: readonly Told[],
): string | undefined {
  if (proof === "shown") return hexOf(JSON.parse(payload).public_key);
  return proof === "succession" ? told.at(-1)!.newKey : pinned?.key;
}

interface Told {
  readonly oldId: string;
  readonly oldKey: string;
  readonly newId: string;
  readonly newKey: string;
  readonly text: string;
  readonly signatures: readonly [old: string, successor: string];
}

function successions(payload: string): Told[] {
  const { rotations } = JSON.parse(payload) as { rotations: Record<string, string>[] };
  return rotations.map((each) => {
    const names = ["old_id", "old_public_key", "new_id", "new_public_key", "rotated_at"];
    const claim = names.map((name) => `"${name}":${JSON.stringify(each[name])}`).join(",");
    return {
      oldId: each.old_id,
      oldKey: hexOf(each.old_public_key),
      newId: each.new_id,
      newKey: hexOf(each.new_public_key),
      text: `nara:rotation:v1\n{${claim}}`,
      signatures: [each.old_signature, each.new_signature],
    };
  });
}

function leadTo(from: string, told: readonly Told[]): boolean {
  return told.at(-1)?.newId === from && told.every(({ oldId, newId, oldKey }, index) => {
    const before = told[index - 1];
    return /^[\w-]{1,64}$/.test(oldId) && /^[\w-]{1,64}$/.test(newId) &&
      (!before || before.newId === oldId && before.newKey === oldKey);
  });
}

/** From the first who is known on, each of both keys has signed, and no key is another one than is known. */
function isRightfulSuccession(told: readonly Told[], { known }: World): boolean {
  const first = told.findIndex(({ oldId }) => known.has(oldId));
  return first < 0 ||
    told.slice(first).every(({ oldId, oldKey, newId, newKey, text, signatures }) =>
      (known.get(oldId)?.key ?? oldKey) === oldKey && (known.get(newId)?.key ?? newKey) === newKey &&
      oldId !== newId && oldKey !== newKey && holds(oldKey, text, Buffer.from(signatures[0], "base64")) &&
      holds(newKey, text, Buffer.from(signatures[1], "base64"))
    );
}

function isSignedBy(key: string, { spelled, text, payload, go, ours }: Parts): boolean {
  if (ours) return holds(key, ourText(spelled), ours);
  return go !== undefined && holds(key, goText(text, payload), go);
}

const keys = new Map<string, KeyObject>();

function holds(hex: string, text: string, signature: Buffer): boolean {
  try {
    let key = keys.get(hex);
    if (!key) {
      const x = Buffer.from(hex, "hex").toString("base64url");
      key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
      if (keys.size < 1_000) keys.set(hex, key);
    }
    return verify(null, Buffer.from(text), key, signature);
  } catch {
    return false;
  }
}

function hexOf(text: string): string {
  return Buffer.from(text, "base64").toString("hex");
}

function floorMs(ns: bigint): bigint {
  return ns - ((ns % MS_NS) + MS_NS) % MS_NS;
}
