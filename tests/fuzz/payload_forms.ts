/**
 * What may stand in the payload of every kind, written down a second time, and by hand: whether a payload is right is judged here
 * without the schemas. A kind that is missing here fails the fuzz test, which then names it.
 * @module
 */
import { base64, quote } from "../interop/envelope_checker_text.ts";
import { type ExactJson, ExactNumber, ExactObject } from "../interop/exact_json.ts";

/** Writes a value as its form has it; `undefined` where it does not fit. */
export type Form = (value: ExactJson) => string | undefined;

/** A field: how its value is written, and whether it may be missing. */
interface Field {
  readonly form: Form;
  readonly isOptional?: boolean;
}

const text = (unitsMax = Infinity): Form => (value) =>
  typeof value === "string" && value.isWellFormed() && value.length <= unitsMax ? quote(value) : undefined;
const number: Form = (value) => {
  if (!(value instanceof ExactNumber)) return undefined;
  const known = Number(value.text);
  return Number.isFinite(known) ? (Object.is(known, -0) ? "-0" : String(known)) : undefined;
};
const whole: Form = (value) => {
  const written = number(value);
  return written !== undefined && Number.isSafeInteger(Number(written)) ? written : undefined;
};
const flag: Form = (value) => typeof value === "boolean" ? String(value) : undefined;
const bytes = (length?: number): Form => (value) => {
  if (typeof value !== "string") return undefined;
  if (value === "") return length ? undefined : '""';
  const known = base64(value);
  return known && (length === undefined || known.length === length) ? quote(value) : undefined;
};
const orNull = (form: Form): Form => (value) => value === null ? "null" : form(value);
/** Left out where it says nothing: what is there says something. */
const optional = (form: Form): Field => ({
  isOptional: true,
  form: (value) => {
    const written = form(value);
    return written === '""' || written === "0" || written === "-0" ? undefined : written;
  },
});
const list = (form: Form, min = 0, max = Infinity): Form => (value) => {
  if (!Array.isArray(value) || value.length < min || value.length > max) return undefined;
  const items = value.map(form);
  return items.includes(undefined) ? undefined : `[${items.join(",")}]`;
};
const object = (fields: Readonly<Record<string, Form | Field>>): Form => (value) => {
  if (!(value instanceof ExactObject)) return undefined;
  const given = new Map(value.members.map(([key, member]) => [key, member]));
  if ([...given.keys()].some((key) => !Object.hasOwn(fields, key))) return undefined;
  const written: string[] = [];
  for (const [key, field] of Object.entries(fields)) {
    const { form, isOptional = false } = typeof field === "function" ? { form: field } : field;
    const member = given.get(key);
    if (member === undefined && isOptional) continue;
    const part = member === undefined ? undefined : form(member);
    if (part === undefined) return undefined;
    written.push(`${quote(key)}:${part}`);
  }
  return `{${written.join(",")}}`;
};

const id = text(64);
const url = optional(text(256));
const EVERYTHING = object({
  text: text(),
  count: whole,
  ratio: number,
  flag,
  list: list(text()),
  nested: object({ inner: text(), depth: object({ deepest: whole }) }),
});
const PAIR = { public_key: bytes(32), mesh_url: url, started_at: whole };
const NEIGHBOUR = object({ id, name: optional(text(128)), public_key: bytes(), mesh_url: url });
const ROTATION = object({
  old_id: id,
  old_public_key: bytes(32),
  new_id: id,
  new_public_key: bytes(32),
  rotated_at: whole,
  old_signature: bytes(64),
  new_signature: bytes(64),
});

/** How the sender of a kind is proven. */
export type ProofRule = "pinned" | "shown" | "succession" | "where signed" | "none";

/** What is known of a kind. */
export interface KindRule {
  /** Its payload, by version. */
  readonly forms: readonly Form[];
  /** How its sender is proven. @default {"pinned"} */
  readonly proof?: ProofRule;
  /** Whether others pass it on, and may have lost its envelope signature. @default {false} */
  readonly isPassedOn?: boolean;
  /** Whether it answers. @default {false} */
  readonly isReply?: boolean;
  /** Bytes that it may have. @default {65_536} */
  readonly bytesMax?: number;
  /** Its content key. @default {none is asked for} */
  readonly contentKey?: (payload: Record<string, unknown>) => string;
}

const STASH_BYTES_MAX = 96 * 1024;

/** Every kind that is taken from outside. */
export const KINDS: Readonly<Record<string, KindRule>> = {
  "sec:meshrequest": { forms: [EVERYTHING] },
  "sec:protocol": { forms: [EVERYTHING] },
  "sec:protocolunverified": { forms: [EVERYTHING], proof: "none" },
  "sec:storedevent": { forms: [EVERYTHING], isPassedOn: true },
  "sec:broadcastevent": { forms: [EVERYTHING], isPassedOn: true },
  "sec:ephemeral": { forms: [EVERYTHING], proof: "none" },
  "sec:solution": { forms: [EVERYTHING], isReply: true },
  "sec:other-reply": { forms: [EVERYTHING], isReply: true },
  "sec:riddle": { forms: [EVERYTHING] },
  "sec:other-riddle": { forms: [EVERYTHING] },
  "sec:sighting": { forms: [EVERYTHING], isPassedOn: true, contentKey: ({ text }) => `saw:${text}` },
  "sec:tease": { forms: [EVERYTHING] },
  "sec:grown": { forms: [EVERYTHING, EVERYTHING] },
  "sec:trigger": { forms: [object({ text: text() })] },
  "hey-there": { forms: [object(PAIR)], proof: "shown", isPassedOn: true },
  "howdy": {
    forms: [object({ ...PAIR, neighbours: list(NEIGHBOUR, 0, 16) })],
    proof: "shown",
    isReply: true,
  },
  "identity:rotated": { forms: [object({ rotations: list(ROTATION, 1, 8) })], proof: "succession" },
  "stash:store": {
    forms: [
      object({
        owner_id: id,
        owner: optional(text(128)),
        nonce: orNull(bytes()),
        ciphertext: orNull(bytes()),
        ts: whole,
      }),
    ],
    bytesMax: STASH_BYTES_MAX,
  },
  "stash:ack": {
    forms: [object({ owner_id: id, stored_at: whole, success: flag, reason: optional(text(1024)) })],
    isReply: true,
  },
  "stash:request": { forms: [object({ owner_id: id, request_id: optional(text(64 * 1024)) })] },
  "stash:response": {
    forms: [
      object({
        owner_id: id,
        request_id: optional(text(64 * 1024)),
        found: flag,
        nonce: optional(bytes()),
        ciphertext: optional(bytes()),
        stored_at: optional(whole),
      }),
    ],
    isReply: true,
    bytesMax: STASH_BYTES_MAX,
  },
  "stash-refresh": { forms: [object({ owner_id: id, owner: optional(text(128)) })], proof: "where signed" },
};
