/**
 * What can be wrong with a message that still looks like one: fields changed, missing, added, doubled, in another order, spelled
 * otherwise; in the envelope and at every place of the payload.
 * @module
 */
import type { Random } from "../../utilities/random.ts";
import { formatInstant } from "./instants.ts";
import type { Member } from "./by_hand.ts";
import { below, oneOf } from "./mutations.ts";

/** What stands where. */
export interface EditContext {
  /** Ids of those who exist. */
  readonly ids: readonly string[];
  /** The receiver's time, in nanoseconds since 1970. */
  readonly nowNs: bigint;
}

/** A message with something wrong. */
export interface Wronged {
  /** Its members, to be signed. */
  readonly members: readonly Member[];
  /** What is done to the whole text once it is signed: mostly nothing. */
  readonly respell: (text: string) => string;
}

type Value = null | boolean | number | string | Value[] | { [key: string]: Value };
type Edit = (members: readonly Member[], random: Random, context: EditContext) => Member[];

const EDITS_MAX = 5;
const TEXT_FIELDS = ["id", "content_key", "kind", "from", "from_id", "to", "to_id", "in_reply_to"];
const KINDS_TO_CLAIM = [
  "sec:letter",
  "sec:tease",
  "sec:ephemeral",
  "hey-there",
  "stash:ack",
  "stash:recovered",
  "",
  "x",
];
/** Texts for every place where there may be one. */
const TEXTS = [
  ...[
    "",
    "a",
    " ",
    "é",
    "e\u0301",
    "🦊",
    "a\nb",
    "\u0000",
    "\u2028",
    "<&>",
    "\ufeff",
    "__proto__",
    "../..",
    "0",
  ],
  ...[
    "null",
    "a".repeat(64),
    "a".repeat(65),
    "a".repeat(129),
    "a".repeat(1025),
    "a-b_c",
    "\u202eabc",
    "AAAA",
    "AA==",
    "AB==",
  ],
];
/** Values as they are spelled, for every place where there may be any. */
const RAW_VALUES = [
  ...[
    "null",
    "true",
    "false",
    "0",
    "-0",
    "1",
    "2",
    "3",
    "-1",
    "0.5",
    "1.0",
    "1e0",
    "1e2",
    "1E400",
    "9007199254740991",
  ],
  ...[
    "9007199254740992",
    "1".repeat(33),
    "[]",
    "{}",
    '[""]',
    '{"a":1}',
    '{"a":1,"a":2}',
    '{"__proto__":{}}',
    '""',
    '"\\u0061"',
  ],
  ...['"\\ud83e"', '"\\ud83e\\udd8a"', '"\\/"', '"<"', '"\\u003c"', "[".repeat(20) + "]".repeat(20)],
];

const EDITS: readonly Edit[] = [
  payloadEdit,
  payloadEdit,
  payloadEdit,
  payloadEdit,
  payloadEdit,
  textEdit,
  textEdit,
  textEdit,
  timeEdit,
  timeEdit,
  versionEdit,
  rawEdit,
  (members, random) => members.toSpliced(below(random, members.length), 1),
  (members, random) => members.toSpliced(below(random, members.length), 0, oneOf(random, members)),
  (members, random) => {
    const name = oneOf(random, [
      "ttl",
      "payloads",
      "Payload",
      "to_id ",
      "__proto__",
      "x".repeat(70),
      "é",
      "",
    ]);
    return members.toSpliced(below(random, members.length + 1), 0, [name, oneOf(random, RAW_VALUES)]);
  },
  (members, random) => {
    const [from, to] = [below(random, members.length), below(random, members.length)];
    return members.toSpliced(from, 1).toSpliced(to, 0, members[from]);
  },
];

/** `members` with one to five things wrong. */
export function wronged(members: readonly Member[], random: Random, context: EditContext): Wronged {
  let edited = [...members];
  const edits = 1 + below(random, EDITS_MAX) * below(random, 2);
  for (let edit = 0; edit < edits && edited.length > 0; edit++) {
    edited = oneOf(random, EDITS)(edited, random, context);
  }
  return { members: edited, respell: respelling(random) };
}

/** White space between members leaves a message what it was; anything else does not. */
function respelling(random: Random): (text: string) => string {
  if (random.next() < 0.93) return (text) => text;
  return oneOf(random, [
    (text: string) => text.replaceAll(',"', ', "'),
    (text: string) => ` ${text}\n`,
    (text: string) => `${text}{}`,
    (text: string) => `\ufeff${text}`,
    (text: string) => text.replace('"kind"', '"\\u006bind"'),
    (text: string) => text.slice(0, -1),
  ]);
}

function replacedMember(members: readonly Member[], at: number, value: string): Member[] {
  return members.map(([name, before], index) => [name, index === at ? value : before]);
}

function set(members: readonly Member[], name: string, value: string, random: Random): Member[] {
  const at = members.findIndex(([each]) => each === name);
  if (at >= 0) return replacedMember(members, at, value);
  return members.toSpliced(below(random, members.length + 1), 0, [name, value]);
}

function textEdit(members: readonly Member[], random: Random, { ids }: EditContext): Member[] {
  const name = oneOf(random, TEXT_FIELDS);
  const texts = name === "kind" ? [...KINDS_TO_CLAIM, ...TEXTS] : [...ids, ...ids, ...TEXTS];
  return set(members, name, JSON.stringify(oneOf(random, texts)), random);
}

function timeEdit(members: readonly Member[], random: Random, { nowNs }: EditContext): Member[] {
  return set(members, "timestamp", JSON.stringify(formatInstant(random, nowNs)), random);
}

function versionEdit(members: readonly Member[], random: Random): Member[] {
  return set(
    members,
    "version",
    oneOf(random, ["0", "1", "2", "3", "1", "2", "1.0", "-1", '"1"', "1e9"]),
    random,
  );
}

function rawEdit(members: readonly Member[], random: Random): Member[] {
  return replacedMember(members, below(random, members.length), oneOf(random, RAW_VALUES));
}

/** Something else at one place of the payload, spelled as JSON does it, which is not always as Go would. */
function payloadEdit(members: readonly Member[], random: Random, { ids }: EditContext): Member[] {
  const at = members.findIndex(([name]) => name === "payload");
  if (at < 0) return [...members];
  let payload: Value;
  try {
    payload = JSON.parse(members[at][1]);
  } catch {
    return [...members];
  }
  const raw = new Map<string, string>();
  const edited = editedValue(payload, random, (value) => {
    if (random.next() < 0.12) {
      raw.set("\ue000raw\ue000", oneOf(random, RAW_VALUES));
      return "\ue000raw\ue000";
    }
    return otherValue(value, random, ids);
  });
  let text = JSON.stringify(edited);
  for (const [mark, value] of raw) text = text.replace(JSON.stringify(mark), () => value);
  return replacedMember(members, at, text);
}

function editedValue(value: Value, random: Random, other: (value: Value) => Value): Value {
  if (typeof value !== "object" || value === null || random.next() < 0.1) return other(value);
  if (Array.isArray(value)) {
    if (value.length === 0 || random.next() < 0.2) {
      return random.next() < 0.5 ? [...value, ...value] : value.slice(1);
    }
    const at = below(random, value.length);
    return value.with(at, editedValue(value[at], random, other));
  }
  const entries = Object.entries(value);
  if (entries.length === 0) return other(value);
  const at = below(random, entries.length);
  const [key, member] = entries[at];
  const chance = random.next();
  if (chance < 0.08) return Object.fromEntries(entries.toSpliced(at, 1));
  if (chance < 0.14) return { ...value, extra: member };
  if (chance < 0.2) return Object.fromEntries(entries.toReversed());
  if (chance < 0.24) return Object.fromEntries(entries.with(at, [key.toUpperCase(), member]));
  return Object.fromEntries(entries.with(at, [key, editedValue(member, random, other)]));
}

/** Mostly another value of the same type, which the kind may well allow. */
function otherValue(value: Value, random: Random, ids: readonly string[]): Value {
  if (random.next() < 0.1) return oneOf<Value>(random, [null, true, 0, "", [], {}]);
  switch (typeof value) {
    case "string":
      return random.next() < 0.4 ? oneOf(random, [...TEXTS, ...ids]) : changedText(value, random);
    case "number":
      return oneOf(random, [
        0,
        1,
        -1,
        value + 1,
        -value,
        0.1,
        1e21,
        1e-7,
        2 ** 53 - 1,
        2 ** 53,
        Number.MAX_VALUE,
      ]);
    case "boolean":
      return !value;
    default:
      return oneOf<Value>(random, [null, [], {}, "", [value]]);
  }
}

function changedText(text: string, random: Random): string {
  const at = below(random, text.length + 1);
  const letter = oneOf(random, ["A", "b", "0", "=", "é", "<", ""]);
  return text.slice(0, at) + letter + text.slice(at + below(random, 2));
}
