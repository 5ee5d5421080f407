/**
 * What Go reads in a message that it takes and we refuse, or that we take and it does not: only so that the vectors' own
 * answer is checked there too.
 *
 * It knows the payloads of the vectors' kinds, and takes for granted that Go can read the text.
 * @module
 */
import { BadCase } from "../case_reader.ts";
import { type ExactJson, ExactNumber, ExactObject, readExactJson } from "../exact_json.ts";
import { canonicalJson, canonicalString } from "../nara.ts";
import { decodeUtf8Escaping } from "../surrogate_escape.ts";
import { goBytes, goInt, goText, goTime, setFields, type Setter } from "./go_decode.ts";

/** A message as Go has read it. */
export interface GoReading {
  /** The kind. */
  readonly kind: string;
  /** The version, 0 where there is none. */
  readonly version: number;
  /** The sender's id. */
  readonly fromId: string;
  /** The request that it answers; empty where it answers none. */
  readonly inReplyTo: string;
  /** The payload, written again. */
  readonly payloadJson: string;
  /** The text that the signature has to cover. */
  readonly signable: string;
  /** The signature. */
  readonly signature: Uint8Array;
}

type FieldType = "text" | "int" | "bool" | "bytes";
/** The fields of a payload in their order; a type in brackets is left out when it is empty. */
type Fields = readonly (readonly [name: string, type: FieldType | readonly [FieldType]])[];

const REFRESH: Fields = [["owner_id", "text"], ["owner", ["text"]]];
const REQUEST: Fields = [["owner_id", "text"], ["request_id", ["text"]]];
const PAYLOADS: Readonly<Record<string, Fields>> = {
  "stash:store v1": [...REFRESH, ["nonce", "bytes"], ["ciphertext", "bytes"], ["ts", "int"]],
  "stash:ack v1": [["owner_id", "text"], ["stored_at", "int"], ["success", "bool"], ["reason", ["text"]]],
  "stash:request v1": REQUEST,
  "stash:response v1": [
    ...REQUEST,
    ["found", "bool"],
    ["nonce", ["bytes"]],
    ["ciphertext", ["bytes"]],
    ["stored_at", ["int"]],
  ],
  "stash-refresh v1": REFRESH,
  "test:two-versions v2": REFRESH,
  "test:two-versions v3": REQUEST,
};

const READERS: Readonly<Record<FieldType, (value: ExactJson) => unknown>> = {
  text: goText,
  int: goInt,
  bool: (value) => value,
  bytes: goBytes,
};
const ZERO: Readonly<Record<FieldType, unknown>> = { text: "", int: 0n, bool: false, bytes: null };

/** Reads a message as Go does. */
export function goReading(frame: Uint8Array): GoReading {
  const texts = {
    id: "",
    kind: "",
    from_id: "",
    to_id: "",
    in_reply_to: "",
    timestamp: "0001-01-01T00:00:00Z",
  };
  let version = 0;
  let payload: ExactJson = null;
  let signature = new Uint8Array();
  const text = (name: keyof typeof texts, read: (value: ExactJson) => string = goText): [string, Setter] => [
    name,
    (value) => texts[name] = value === null ? texts[name] : read(value),
  ];
  setFields(readExactJson(decodeUtf8Escaping(frame)), {
    ...Object.fromEntries([
      ...(["id", "kind", "from_id", "to_id", "in_reply_to"] as const).map((name) => text(name)),
      text("timestamp", goTime),
    ]),
    version: (value) => version = value === null ? version : Number(goInt(value)),
    payload: (value) => payload = value,
    signature: (value) => signature = value === null ? new Uint8Array() : Uint8Array.from(goBytes(value)),
  });
  const { id, kind, from_id: fromId, to_id, in_reply_to: inReplyTo, timestamp } = texts;
  const payloadJson = goPayload(kind, version || 1, payload);
  const to = to_id && `,"to_id":${canonicalString(to_id)}`;
  const signable = `{"id":${canonicalString(id)},"kind":${canonicalString(kind)},` +
    `"from_id":${canonicalString(fromId)}${to},"timestamp":"${timestamp}","payload":${payloadJson}}`;
  return { kind, version, fromId, inReplyTo, payloadJson, signable, signature };
}

/** A payload as Go writes it again once it has read it. */
export function goPayload(kind: string, version: number, value: ExactJson): string {
  if (kind === "test:any") return canonicalJson(goAny(value));
  const fields = PAYLOADS[`${kind} v${version}`];
  if (!fields) throw new BadCase(`it is not known how Go reads ${kind} v${version}`);
  const typeOf = (type: Fields[number][1]) => typeof type === "string" ? type : type[0];
  const struct = Object.fromEntries(fields.map(([name, type]) => [name, ZERO[typeOf(type)]]));
  setFields(
    value,
    Object.fromEntries(fields.map(([name, type]) => {
      const set: Setter = (member) => {
        if (member !== null) struct[name] = READERS[typeOf(type)](member);
        else if (typeOf(type) === "bytes") struct[name] = null;
      };
      return [name, set];
    })),
  );
  for (const [name, type] of fields) {
    if (typeof type !== "string" && isEmpty(struct[name])) struct[name] = undefined;
  }
  return canonicalJson(struct);
}

function isEmpty(value: unknown): boolean {
  return value instanceof Uint8Array ? value.length === 0 : !value;
}

/** Objects become maps and numbers doubles. */
function goAny(value: ExactJson): unknown {
  if (value instanceof ExactNumber) return Number(value.text);
  if (Array.isArray(value)) return value.map(goAny);
  if (!(value instanceof ExactObject)) return typeof value === "string" ? goText(value) : value;
  return new Map(value.members.map(([key, member]) => [goText(key), goAny(member)]));
}
