/**
 * A second opinion on `vectors/ours_envelope.json`: ids, signed texts, signatures, wire texts and verdicts, worked out by a
 * small program that shares no code with nara. It stands on `node:crypto` alone and has its own idea of JSON and base58.
 *
 * ```sh
 * deno run --allow-read tests/interop/envelope_checker.ts FILE
 * ```
 * @module
 */
import { Buffer } from "node:buffer";
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  hkdfSync,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";
import {
  base58,
  base64,
  fromBase58,
  isTimestamp,
  type Json,
  members,
  nanoseconds,
  quote,
  type Spelled,
  writePayload,
} from "./envelope_checker_text.ts";

type Fields = { [key: string]: Json };

/** What a receiver says; `null` where its handler runs. */
type Verdict = string | null;

interface Nara {
  readonly id: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

interface Receiver {
  readonly id: string;
  readonly clockNs: bigint;
  readonly knows: ReadonlyMap<string, Nara>;
  readonly senderIsOurs: boolean;
}

const DOMAIN = "nara:envelope:v1\n";
const ORDER = [
  "id",
  "content_key",
  "kind",
  "version",
  "from",
  "from_id",
  "to",
  "to_id",
  "timestamp",
  "payload",
];
const FIELDS = [...ORDER.filter((name) => name !== "payload"), "timestamp_unix_ns", "in_reply_to"];
const ALWAYS = ["id", "kind", "version", "from_id", "timestamp", "payload"];
const TEXTS = ["id", "content_key", "kind", "from", "from_id", "to", "to_id", "in_reply_to"];
const ANSWERS = ["stash:ack", "stash:response"];
/** The fields of a payload in their order; a `?` marks what is left out when empty. */
const PAYLOADS: Readonly<Record<string, string>> = {
  "stash:request 1": "owner_id request_id?",
  "stash:store 1": "owner_id owner? nonce ciphertext ts",
  "stash:ack 1": "owner_id stored_at success reason?",
  "stash:response 1": "owner_id request_id? found nonce? ciphertext? stored_at?",
  "stash-refresh 1": "owner_id owner?",
  "test:two-versions 2": "owner_id owner?",
  "test:two-versions 3": "owner_id request_id?",
  "test:any 1": "*",
};

/** What is wrong with the file, a line per problem. */
export function checkEnvelopeFile(file: Fields): string[] {
  const problems: string[] = [];
  const naras = new Map<string, Nara>();
  for (const list of ["identities", "unknown"]) {
    for (const one of file[list] as Fields[]) problems.push(...within(one, () => introduce(one, naras)));
  }
  const unknown = new Set((file.unknown as Fields[]).map(({ id }) => id));
  const knows = new Map(naras.values().filter(({ id }) => !unknown.has(id)).map((nara) => [nara.id, nara]));
  const me = naras.get(String(file.receiver))?.id ?? "";
  const keys = "topic about receiver identities unknown envelopes altered signed_otherwise";
  problems.push(
    ...within({ name: "the file" }, () => [expectKeys(file, keys), expect("topic", file.topic, "envelope")]),
  );
  for (const one of file.envelopes as Fields[]) {
    problems.push(...within(one, () => checkEnvelope(one, naras, knows)));
  }
  for (const list of ["altered", "signed_otherwise"]) {
    for (const one of file[list] as Fields[]) {
      problems.push(...within(one, () => checkArrival(one, me, knows)));
    }
  }
  return problems;
}

function within({ name }: Fields, check: () => (string | undefined)[]): string[] {
  try {
    return check().filter((problem) => problem !== undefined).map((problem) => `${name}: ${problem}`);
  } catch (error) {
    return [`${name}: ${error}`];
  }
}

function expect(what: string, expected: Json, got: Json | undefined): string | undefined {
  const [left, right] = [JSON.stringify(expected), JSON.stringify(got)];
  return left === right ? undefined : `${what} should be ${right}, is ${left}`;
}

function expectKeys(fields: Fields, keys: string): string | undefined {
  return expect("the list of fields", Object.keys(fields).sort(), keys.split(" ").sort());
}

/** Seed, key, soul and id of a nara follow from its fingerprint and its name (reference, section 3). */
function introduce(one: Fields, naras: Map<string, Nara>): (string | undefined)[] {
  const { name, fingerprint_text, seed_hex, soul, id, public_key_b64 } = one as Record<string, string>;
  const fingerprint = createHash("sha256").update(fingerprint_text).digest();
  const seed = Buffer.from(hkdfSync("sha256", fingerprint, "nara:soul:v2", `seed:custom:${name}`, 32));
  const pkcs8 = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
  const privateKey = createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" });
  const publicKey = createPublicKey(privateKey);
  const soulBytes = fromBase58(soul);
  naras.set(name, { id, privateKey, publicKey });
  return [
    expectKeys(one, "name fingerprint_text seed_hex soul id public_key_b64"),
    expect("seed_hex", seed_hex, seed.toString("hex")),
    expect("soul", soulBytes.subarray(0, 32).toString("hex"), seed_hex),
    expect("id", id, base58(createHash("sha256").update(soulBytes).update(name).digest())),
    expect(
      "public_key_b64",
      public_key_b64,
      publicKey.export({ format: "der", type: "spki" }).subarray(-32).toString("base64"),
    ),
  ];
}

function checkEnvelope(
  one: Fields,
  naras: ReadonlyMap<string, Nara>,
  knows: Receiver["knows"],
): (string | undefined)[] {
  const { signer, payload_json, signature_b64, envelope_signature_b64, wire } = one as Record<string, string>;
  const [fields, received] = [one.fields as Fields, one.received as Fields];
  const { privateKey, publicKey } = naras.get(signer)!;
  const unsigned = { ...fields, payload: payload_json } as Record<string, string | number>;
  const member = (name: string) =>
    name === "payload"
      ? payload_json
      : typeof unsigned[name] === "number"
      ? String(unsigned[name])
      : quote(String(unsigned[name]));
  const present = (name: string) =>
    ALWAYS.includes(name) || (unsigned[name] !== "" && unsigned[name] !== undefined);
  const spelled = (names: readonly string[]) =>
    names.filter(present).map((name) => `"${name}":${member(name)}`);
  const [head, link] = [spelled(ORDER), spelled(["in_reply_to"])];
  const goText = `{${spelled(["id", "kind", "from_id", "to_id", "timestamp", "payload"]).join(",")}}`;
  const ourText = `${DOMAIN}{${[...head, ...link].join(",")}}`;
  const goSignature = signature_b64 && `"signature":"${signature_b64}"`;
  const all = [
    ...head,
    ...(goSignature ? [goSignature] : []),
    ...link,
    `"envelope_signature":"${envelope_signature_b64}"`,
  ];
  const made = (text: string) => sign(null, Buffer.from(text), privateKey).toString("base64");
  const holds = (text: string, signature: string) =>
    verify(null, Buffer.from(text), publicKey, Buffer.from(signature, "base64"));
  const clockNs = BigInt(received.receiver_clock_unix_ns as string);
  const verdict = judge(wire, {
    id: naras.get(String(received.by))!.id,
    clockNs,
    knows,
    senderIsOurs: false,
  });
  const keys =
    "name signer fields payload_json signable signature_b64 signed_text envelope_signature_b64 valid wire received";
  return [
    expectKeys(one, keys),
    expectKeys(fields, FIELDS.join(" ")),
    expectKeys(received, "by receiver_clock_unix_ns handled_payload_json drop_reason error"),
    expect("id", fields.id, messageId(fields as Record<string, string>, payload_json)),
    expect("timestamp_unix_ns", fields.timestamp_unix_ns, String(nanoseconds(String(fields.timestamp)))),
    expect("signable", one.signable, signature_b64 ? goText : null),
    expect("signature_b64", signature_b64, signature_b64 ? made(goText) : ""),
    expect("signed_text", one.signed_text, ourText),
    expect("envelope_signature_b64", envelope_signature_b64, made(ourText)),
    expect(
      "valid",
      one.valid,
      holds(ourText, envelope_signature_b64) && (!signature_b64 || holds(goText, signature_b64)),
    ),
    expect("wire", wire, `{${all.join(",")}}`),
    expect("drop_reason", received.drop_reason, verdict),
    expect("error", received.error, null),
    expect("handled_payload_json", received.handled_payload_json, verdict === null ? payload_json : null),
  ];
}

function checkArrival(one: Fields, me: string, knows: Receiver["knows"]): (string | undefined)[] {
  const clockNs = BigInt(one.receiver_clock_unix_ns as string);
  const senderIsOurs = one.sender_is_ours as boolean;
  const verdict = judge(String(one.wire), { id: me, clockNs, knows, senderIsOurs });
  const isError = verdict === "undecodable" || verdict === "unsupported_version";
  const payload = verdict === null
    ? members(String(one.wire)).find(([name]) => name === "payload")![2]
    : null;
  return [
    expectKeys(
      one,
      "name wire sender_is_ours receiver_clock_unix_ns accepted handled_payload_json drop_reason error",
    ),
    expect("sender_is_ours", one.sender_is_ours, senderIsOurs === true),
    expect("accepted", one.accepted, verdict === null),
    expect("drop_reason", one.drop_reason, isError ? null : verdict),
    expect("error", one.error, isError ? verdict : null),
    expect("handled_payload_json", one.handled_payload_json, payload),
  ];
}

/** What a receiver has to say of a text, in the order in which it looks. */
function judge(wire: string, { id: me, clockNs, knows, senderIsOurs }: Receiver): Verdict {
  const spelled = members(wire);
  const names = spelled.map(([name]) => name);
  const fields = JSON.parse(wire) as Fields;
  const text = (name: string) => (fields[name] ?? "") as string;
  const payload = spelled.find(([name]) => name === "payload")?.[2];
  const signatures = ["signature", "envelope_signature"].map((name) => base64(fields[name]));
  const isForm = new Set(names).size === names.length && payload !== undefined && names.includes("kind") &&
    TEXTS.every((name) => !names.includes(name) || typeof fields[name] === "string") &&
    signatures.every((signature) => signature !== null) && isTimestamp(fields.timestamp);
  if (!isForm) return "undecodable";
  const kind = `${fields.kind} ${fields.version || 1}`;
  // Of a later version only the envelope can be judged.
  const isLater = `${fields.kind} 1` in PAYLOADS && !(kind in PAYLOADS);
  if (!isLater && !(kind in PAYLOADS)) return "unsupported_version";
  if (!isLater && writePayload(PAYLOADS[kind], fields.payload) !== payload) return "undecodable";
  if (text("to_id") !== "" && text("to_id") !== me) return "not_for_me";
  const ageNs = clockNs - nanoseconds(text("timestamp"));
  if (ageNs > 300_000_000_000n) return "stale";
  if (ageNs < -60_000_000_000n) return "from_future";
  const [forGo, ours] = signatures as (Buffer | undefined)[];
  const source = { kind: text("kind"), from_id: text("from_id"), timestamp: text("timestamp") };
  const isCallOfGo = !ours && text("id") === messageId({ ...source, from_id: "" }, payload);
  if (text("id") !== messageId(source, payload) && !isCallOfGo) return "wrong_id";
  const sender = knows.get(text("from_id"));
  if (!sender) return "unknown_sender";
  if (!ours && senderIsOurs) return "downgraded";
  const covered = ours ? ourText(spelled) : goText(fields, payload);
  const signature = ours ?? forGo;
  if (!signature || !verify(null, Buffer.from(covered), sender.publicKey, signature)) {
    return "invalid_signature";
  }
  return text("in_reply_to") !== "" && ANSWERS.includes(text("kind")) ? "unexpected_reply" : null;
}

/** Everything but the signatures, as it was sent. */
function ourText(spelled: readonly Spelled[]): string {
  const kept = spelled.filter(([name]) => name !== "signature" && name !== "envelope_signature");
  return `${DOMAIN}{${kept.map(([, rawName, rawValue]) => `${rawName}:${rawValue}`).join(",")}}`;
}

function goText(fields: Fields, payload: string): string {
  const names = ["id", "kind", "from_id", ...(fields.to_id ? ["to_id"] : []), "timestamp"];
  return `{${
    names.map((name) => `"${name}":${quote(String(fields[name] ?? ""))}`).join(",")
  },"payload":${payload}}`;
}

function messageId({ kind, from_id, timestamp }: Record<string, string>, payload: string): string {
  return base58(createHash("sha256").update(kind + from_id + timestamp + payload).digest()).slice(0, 16);
}

if (import.meta.main) {
  const problems = checkEnvelopeFile(JSON.parse(await Deno.readTextFile(Deno.args[0])));
  console.log(problems.join("\n") || "every id, text and signature is right");
  Deno.exit(problems.length > 0 ? 1 : 0);
}
