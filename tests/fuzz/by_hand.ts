/**
 * Envelopes made by hand: member by member as text, so that anything can be wrong with them, and signed over what then stands there.
 * It shares no code with nara.
 * @module
 */
import { createHash } from "node:crypto";
import { base58, quote, type Spelled } from "../interop/envelope_checker_text.ts";

/** A member of an envelope: its name, and its value as it is spelled. */
export type Member = readonly [name: string, value: string];

/** Who signs. */
export interface Signer {
  /** Signs bytes. */
  readonly keypair: { sign(bytes: Uint8Array): Uint8Array | Promise<Uint8Array> };
}

/** Which signatures an envelope gets. */
export type HandForm = "ours" | "go" | "both" | "unsigned";

/** What stands before the bytes that our signature covers. */
const DOMAIN = "nara:envelope:v1\n";
const SIGNATURES = ["signature", "envelope_signature"];

const encoder = new TextEncoder();

/** The members as one text. */
export function spelled(members: readonly Member[]): string {
  return `{${members.map(([name, value]) => `${quote(name)}:${value}`).join(",")}}`;
}

/** The text that our signature covers. */
export function ourText(members: readonly Spelled[]): string {
  const kept = members.filter(([name]) => !SIGNATURES.includes(name));
  return `${DOMAIN}{${kept.map(([, rawName, rawValue]) => `${rawName}:${rawValue}`).join(",")}}`;
}

/** The text that Go's signature covers, from fields whose values are text. */
export function goText(text: (name: string) => string, payload: string): string {
  const names = ["id", "kind", "from_id", ...(text("to_id") ? ["to_id"] : []), "timestamp"];
  return `{${names.map((name) => `"${name}":${quote(text(name))}`).join(",")},"payload":${payload}}`;
}

/** The id that follows from what a message says. */
export function idOf(kind: string, fromId: string, timestamp: string, payload: string): string {
  return base58(createHash("sha256").update(kind + fromId + timestamp + payload).digest()).slice(0, 16);
}

/** The value of a member where it is text. */
export function textIn(members: readonly Member[], name: string): string {
  const raw = members.find(([each]) => each === name)?.[1];
  if (raw === undefined || !raw.startsWith('"')) return "";
  try {
    return JSON.parse(raw);
  } catch {
    return "";
  }
}

/** The same with the id that follows from the other members, where there is an id. */
export function withRightId(members: readonly Member[]): Member[] {
  const [kind, fromId, timestamp] = ["kind", "from_id", "timestamp"].map((name) => textIn(members, name));
  const id = idOf(kind, fromId, timestamp, members.find(([name]) => name === "payload")?.[1] ?? "");
  return members.map(([name, value]) => name === "id" ? [name, quote(id)] : [name, value]);
}

/** The same with new signatures by `signer`, in the places where naras put them. */
export async function signedAgain(
  members: readonly Member[],
  signer: Signer,
  form: HandForm,
): Promise<Member[]> {
  const bare = members.filter(([name]) => !SIGNATURES.includes(name));
  const sign = async (text: string) => `"${(await signer.keypair.sign(encoder.encode(text))).toBase64()}"`;
  const payload = bare.find(([name]) => name === "payload")?.[1] ?? "";
  const go: Member[] = form === "go" || form === "both"
    ? [["signature", await sign(goText((name) => textIn(bare, name), payload))]]
    : [];
  const ours: Member[] = form === "ours" || form === "both"
    ? [["envelope_signature", await sign(`${DOMAIN}${spelled(bare)}`)]]
    : [];
  const at = bare.findLastIndex(([name]) => name === "payload") + 1;
  return [...bare.slice(0, at), ...go, ...bare.slice(at), ...ours];
}
