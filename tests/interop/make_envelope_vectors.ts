/**
 * Makes `vectors/ours_envelope.json`, the vectors of `envelope_signature`, which the Go implementation does not know:
 *
 * ```sh
 * deno run -A tests/interop/make_envelope_vectors.ts
 * ```
 *
 * Ed25519 draws nothing at random, so it is always the same file. What it says is checked by `topics/envelope.ts`, with
 * what `mod.ts` exports, and by `envelope_checker.ts`, which knows nothing of this project.
 * @module
 */
import { fileURLToPath } from "node:url";
import {
  type Alteration,
  ARRIVALS,
  DOMAIN,
  type Members,
  type SigningCase,
  SIGNINGS,
  textOf,
} from "./envelope_alterations.ts";
import { type EnvelopeCase, ENVELOPES } from "./envelope_cases.ts";
import {
  computeId,
  encodeEnvelope,
  envelopeContent,
  idWithEmptySender,
  Message,
  parseZonedTimestamp,
  signableContent,
} from "./nara.ts";
import { type KnownNara, usualNara } from "./topics/known_naras.ts";

type Json = { readonly [key: string]: unknown };

const KNOWN = ["alice", "bob", "carol", "zoë", "日本"];
const UNKNOWN = ["mallory"];
const RECEIVER = "bob";
const BASE = "all twelve fields";
/** What is signed otherwise. */
const SIGNED = "between two of ours";
const AGE_MS = 1_000;
const NS_PER_MS = 1_000_000n;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** All naras by name. */
type Town = ReadonlyMap<string, KnownNara>;

/** The whole file. */
export async function makeEnvelopeVectors(): Promise<Json> {
  const naras = await Promise.all([...KNOWN, ...UNKNOWN].map(usualNara));
  const town = new Map(naras.map((nara) => [nara.name, nara]));
  const envelopes = await Promise.all(
    ENVELOPES.map(async (one) => ({ one, message: await sign(one, town) })),
  );
  const members = new Map(envelopes.map(({ one, message }) => [one.name, membersOf(message)]));
  return {
    topic: "envelope",
    about:
      "Our own envelope_signature: the signed text, the wire text, and what a receiver says of sound and altered " +
      "ones. Made by tests/interop/make_envelope_vectors.ts; all keys are for tests only.",
    receiver: RECEIVER,
    identities: KNOWN.map((name) => introduction(town.get(name)!)),
    unknown: UNKNOWN.map((name) => introduction(town.get(name)!)),
    envelopes: envelopes.map(({ one, message }) => envelopeVector(one, message)),
    altered: ARRIVALS.map(({ name, of = BASE, altered, senderIsOurs = false, ageMs, ...outcome }) => {
      const wire = textAfter(members.get(of)!, altered, town);
      return arrivalVector(name, { wire, senderIsOurs, ageMs, ...outcome });
    }),
    signed_otherwise: await Promise.all(
      SIGNINGS.map((one) => signedOtherwise(one, members.get(SIGNED)!, town)),
    ),
  };
}

/** Ids in the place of `$alice` and the like. */
function withIds(text: string, town: Town): string {
  return text.replace(/\$([\p{L}]+)/gu, (_, name) => town.get(name)!.id);
}

async function sign(one: EnvelopeCase, town: Town): Promise<Message> {
  const { signer, to, named = true, go = false, kind = "stash:request", version = 1, contentKey, inReplyTo } =
    one;
  const nara = town.get(signer)!;
  const message = new Message({
    kind,
    version,
    fromId: nara.id,
    from: named ? signer : undefined,
    toId: to && town.get(to)!.id,
    to: named ? to : undefined,
    timestamp: one.timestamp ?? "2026-01-15T10:20:30.1205Z",
    payload: undefined,
    payloadJson: withIds(one.payload, town),
    contentKey,
    inReplyTo,
  });
  const { keypair } = nara.identity;
  const signed = go
    ? message.with({ signature: await keypair.sign(encoder.encode(signableContent(message))) })
    : message;
  return signed.with({ envelopeSignature: await keypair.sign(envelopeContent(signed)) });
}

function introduction({ name, id, seed, soul, publicKey }: KnownNara): Json {
  return {
    name,
    fingerprint_text: `test-hardware-${name}`,
    seed_hex: seed.toHex(),
    soul,
    id,
    public_key_b64: publicKey.toBase64(),
  };
}

function envelopeVector(
  { name, signer, to = RECEIVER, dropped }: EnvelopeCase,
  message: Message,
): Json {
  const { unixNs } = parseZonedTimestamp(message.timestamp);
  return {
    name,
    signer,
    fields: {
      id: message.id,
      content_key: message.contentKey ?? "",
      kind: message.kind,
      version: message.version,
      from: message.from ?? "",
      from_id: message.fromId,
      to: message.to ?? "",
      to_id: message.toId ?? "",
      timestamp: message.timestamp,
      timestamp_unix_ns: String(unixNs),
      in_reply_to: message.inReplyTo ?? "",
    },
    payload_json: message.payloadJson,
    signable: message.signature ? signableContent(message) : null,
    signature_b64: message.signature?.toBase64() ?? "",
    signed_text: decoder.decode(envelopeContent(message)),
    envelope_signature_b64: message.envelopeSignature!.toBase64(),
    valid: true,
    wire: decoder.decode(encodeEnvelope(message)),
    received: {
      by: to,
      receiver_clock_unix_ns: String(unixNs + BigInt(AGE_MS) * NS_PER_MS),
      handled_payload_json: dropped ? null : message.payloadJson,
      drop_reason: dropped ?? null,
      error: null,
    },
  };
}

/** The members of an envelope, each as it stands on the wire. */
function membersOf(message: Message): Members {
  const wire = JSON.parse(decoder.decode(encodeEnvelope(message))) as Json;
  return Object.entries(wire).map(([name, value]) => [
    name,
    name === "payload" ? message.payloadJson : JSON.stringify(value),
  ]);
}

function textAfter(members: Members, altered: Alteration = (members) => members, town: Town): string {
  const result = altered(members);
  return withIds(typeof result === "string" ? result : textOf(result), town);
}

interface Arriving {
  readonly wire: string;
  readonly senderIsOurs: boolean;
  readonly ageMs?: number;
  readonly dropped?: string;
  readonly error?: string;
}

function arrivalVector(name: string, { wire, senderIsOurs, ageMs = AGE_MS, ...outcome }: Arriving): Json {
  const { dropped: drop_reason = null, error = null } = outcome;
  const accepted = drop_reason === null && error === null;
  // The time is that of the envelope before anybody altered it.
  const { unixNs } = parseZonedTimestamp("2026-01-15T10:20:30.1205Z");
  return {
    name,
    wire,
    sender_is_ours: senderIsOurs,
    receiver_clock_unix_ns: String(unixNs + BigInt(ageMs) * NS_PER_MS),
    accepted,
    handled_payload_json: accepted ? JSON.stringify((JSON.parse(wire) as Json).payload) : null,
    drop_reason,
    error,
  };
}

async function signedOtherwise(one: SigningCase, members: Members, town: Town): Promise<Json> {
  const { name, by = "alice", before = (members) => members, idWith, go = false, bytes, dropped, error } =
    one;
  let unsigned = before(members.filter(([name]) => name !== "envelope_signature"))
    .map(([name, value]) => [name, withIds(value, town)] as const);
  if (idWith) unsigned = withComputedId(unsigned, idWith);
  const { signs = go ? textForGo : (text: string) => DOMAIN + text } = one;
  const signature = await town.get(by)!.identity.keypair.sign(encoder.encode(signs(textOf(unsigned))));
  const value = JSON.stringify(signature.subarray(0, bytes).toBase64());
  const wire = textOf([...unsigned, [go ? "signature" : "envelope_signature", value]]);
  return arrivalVector(name, { wire, senderIsOurs: false, dropped, error });
}

/** What Go's signature covers of an envelope without content key and reply link. */
function textForGo(unsigned: string): string {
  return unsigned.replace(/"(version|from|to)":("[^"]*"|\d+),/g, "");
}

function withComputedId(members: Members, whose: "sender" | "nobody"): (readonly [string, string])[] {
  const fields = new Map(members);
  const text = (name: string) => JSON.parse(fields.get(name)!) as string;
  const source = {
    kind: text("kind"),
    fromId: text("from_id"),
    timestamp: text("timestamp"),
    payloadJson: fields.get("payload")!,
  };
  const id = whose === "nobody" ? idWithEmptySender(source) : computeId(source);
  return members.map(([name, value]) => [name, name === "id" ? JSON.stringify(id) : value]);
}

if (import.meta.main) {
  const path = fileURLToPath(new URL("./vectors/ours_envelope.json", import.meta.url));
  await Deno.writeTextFile(path, `${JSON.stringify(await makeEnvelopeVectors(), null, 1)}\n`);
}
