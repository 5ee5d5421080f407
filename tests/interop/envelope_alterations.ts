/**
 * How the envelopes of `vectors/ours_envelope.json` are altered on their way, or signed otherwise, and what a receiver has to
 * say of it. Written by hand: nothing in here is computed by the code that it is meant to check.
 * @module
 */

/** Members of an envelope in their order: names and values as JSON text. */
export type Members = readonly (readonly [name: string, value: string])[];

/** How the text of an envelope is altered: other members, or another text. */
export type Alteration = (members: Members) => Members | string;
type Rearrangement = (members: Members) => Members;

/** A text that reaches a receiver. */
export interface ArrivalCase {
  /** The case's name. */
  readonly name: string;
  /** The envelope that was altered. @default {"all twelve fields"} */
  readonly of?: string;
  /** What was done to it. @default {nothing} */
  readonly altered?: Alteration;
  /** Whether the receiver has seen an envelope signature of the sender before. @default {false} */
  readonly senderIsOurs?: boolean;
  /** Milliseconds between its time and the receiver's. @default {1_000} */
  readonly ageMs?: number;
  /** Why it is dropped. */
  readonly dropped?: string;
  /** Why it is no message. */
  readonly error?: string;
}

/** Gives members another value. */
function changing(changes: Readonly<Record<string, string>>): Rearrangement {
  return (members) => members.map(([name, value]) => [name, changes[name] ?? value]);
}

/** Takes members out. */
function without(...names: readonly string[]): Rearrangement {
  return (members) => members.filter(([name]) => !names.includes(name));
}

/** The text of an envelope. */
export function textOf(members: Members): string {
  return `{${members.map(([name, value]) => `"${name}":${value}`).join(",")}}`;
}

const adding = (name: string, value: string, at: number): Rearrangement => (members) =>
  members.toSpliced(at, 0, [name, value]);
const spacing: Alteration = (members) =>
  `{ ${members.map(([name, value]) => `"${name}" :\t${value}`).join(" ,\n ")}\n}`;
const swapping = (one: number, other: number): Rearrangement => (members) =>
  members.with(one, members[other]).with(other, members[one]);
const inFront: Alteration = (members) => [...members.slice(-1), ...members.slice(0, -1)];
const replacing = (from: string, to: string): Alteration => (members) => textOf(members).replace(from, to);
const BOTH = ["signature", "envelope_signature"];
const FLIPPED: Alteration = (members) =>
  members.map((
    [name, value],
  ) => [
    name,
    name === "envelope_signature" ? value.replace(/^"./, (first) => first === '"A' ? '"B' : '"A') : value,
  ]);

const [invalid, wrongId, undecodable] = [
  { dropped: "invalid_signature" },
  { dropped: "wrong_id" },
  { error: "undecodable" },
];

/** Texts as they reach bob. */
export const ARRIVALS: readonly ArrivalCase[] = [
  { name: "untouched" },
  { name: "untouched, from one of ours", senderIsOurs: true },
  { name: "without Go's signature", altered: without("signature") },
  { name: "Go's signature altered: nobody looks", altered: changing({ signature: '"AAAA"' }) },
  { name: "our signature in front: its place is not covered", altered: inFront },
  {
    name: "white space between members",
    altered: spacing,
  },

  { name: "id altered", altered: changing({ id: '"1111111111111111"' }), ...wrongId },
  { name: "id removed", altered: without("id"), ...wrongId },
  { name: "content_key altered", altered: changing({ content_key: '"bob:6:1700000000"' }), ...invalid },
  { name: "content_key removed", altered: without("content_key"), ...invalid },
  {
    name: "content_key added",
    of: "between two of ours",
    altered: adding("content_key", '"x"', 1),
    ...invalid,
  },
  { name: "kind altered", altered: changing({ kind: '"test:any"' }), ...wrongId },
  { name: "kind removed", altered: without("kind"), ...undecodable },
  {
    name: "version altered",
    of: "version 2 of two",
    altered: changing({ version: "3" }),
    ...invalid,
  },
  { name: "version altered to 0, which is read as 1", altered: changing({ version: "0" }), ...invalid },
  {
    name: "version altered to one that is not supported",
    altered: changing({ version: "2" }),
    ...invalid,
  },
  { name: "version removed, which is read as 1", altered: without("version"), ...invalid },
  { name: "from altered", altered: changing({ from: '"mallory"' }), ...invalid },
  { name: "from removed", altered: without("from"), ...invalid },
  { name: "from respelled", altered: changing({ from: '"\\u0061lice"' }), ...invalid },
  { name: "from added", of: "no names", altered: adding("from", '"alice"', 3), ...invalid },
  { name: "from_id altered", altered: changing({ from_id: '"$carol"' }), ...wrongId },
  { name: "from_id removed", altered: without("from_id"), ...wrongId },
  { name: "to altered", altered: changing({ to: '"mallory"' }), ...invalid },
  { name: "to removed", altered: without("to"), ...invalid },
  { name: "to_id altered", altered: changing({ to_id: '"$carol"' }), dropped: "not_for_me" },
  { name: "to_id removed", altered: without("to_id"), ...invalid },
  { name: "to_id added", of: "to everybody", altered: adding("to_id", '"$bob"', 5), ...invalid },
  {
    name: "timestamp altered",
    altered: changing({ timestamp: '"2026-01-15T10:20:30.120500001Z"' }),
    ...wrongId,
  },
  { name: "timestamp removed", altered: without("timestamp"), ...undecodable },
  {
    name: "timestamp with a trailing zero",
    altered: changing({ timestamp: '"2026-01-15T10:20:30.12050Z"' }),
    ...undecodable,
  },
  {
    name: "payload altered",
    altered: changing({ payload: '{"owner_id":"$alice","request_id":"s"}' }),
    ...wrongId,
  },
  { name: "payload removed", altered: without("payload"), ...undecodable },
  { name: "payload null", altered: changing({ payload: "null" }), ...undecodable },
  {
    name: "payload with white space",
    altered: changing({ payload: '{"owner_id":"$alice", "request_id":"r"}' }),
    ...undecodable,
  },
  {
    name: "payload with another field",
    altered: changing({ payload: '{"owner_id":"$alice","request_id":"r","ttl":5}' }),
    ...undecodable,
  },
  { name: "in_reply_to altered", altered: changing({ in_reply_to: '"2222222222222222"' }), ...invalid },
  { name: "in_reply_to removed", altered: without("in_reply_to"), ...invalid },
  {
    name: "in_reply_to added",
    of: "between two of ours",
    altered: adding("in_reply_to", '"2222222222222222"', 8),
    ...invalid,
  },

  { name: "unknown field added in front", altered: adding("extra", "1", 0), ...invalid },
  {
    name: "unknown field added at the end",
    altered: (members) => adding("extra", "1", members.length)(members),
    ...invalid,
  },
  {
    name: "unknown field added, not covered as there is no envelope_signature",
    altered: (members) => adding("extra", "1", 1)(without("envelope_signature")(members)),
  },
  { name: "two fields swapped", altered: swapping(4, 6), ...invalid },
  { name: "a field's name respelled", altered: replacing('"from":', '"fr\\u006fm":'), ...invalid },
  { name: "a field twice", altered: adding("from", '"alice"', 4), ...undecodable },
  { name: "envelope_signature twice", altered: (members) => [...members, members.at(-1)!], ...undecodable },

  { name: "signature_stripped", altered: without("envelope_signature") },
  {
    name: "signature_stripped, from one of ours",
    altered: without("envelope_signature"),
    senderIsOurs: true,
    dropped: "downgraded",
  },
  {
    name: "signature_stripped, its field left empty",
    altered: changing({ envelope_signature: '""' }),
    senderIsOurs: true,
    dropped: "downgraded",
  },
  { name: "both signatures stripped", altered: without(...BOTH), ...invalid },
  {
    name: "both signatures stripped, from one of ours",
    altered: without(...BOTH),
    senderIsOurs: true,
    dropped: "downgraded",
  },
  {
    name: "the only signature stripped",
    of: "between two of ours",
    altered: without("envelope_signature"),
    ...invalid,
  },
  { name: "one bit of envelope_signature", altered: FLIPPED, ...invalid },
  { name: "envelope_signature without its last byte", altered: replacing('=="}', '"}'), ...undecodable },
  { name: "envelope_signature null", altered: changing({ envelope_signature: "null" }), ...undecodable },
  {
    name: "Go's signature in its place",
    altered: (members) =>
      members.with(-1, ["envelope_signature", members.find(([name]) => name === "signature")![1]]),
    ...invalid,
  },

  { name: "5 minutes old", ageMs: 300_000 },
  { name: "older than 5 minutes", ageMs: 300_001, dropped: "stale" },
  { name: "a minute ahead", ageMs: -60_000 },
  { name: "more than a minute ahead", ageMs: -60_001, dropped: "from_future" },
];

/** How an envelope is signed wrongly, or unlike ours. */
export interface SigningCase {
  /** The case's name. */
  readonly name: string;
  /** Who signs. @default {alice} */
  readonly by?: string;
  /** What is done to the envelope before it is signed. */
  readonly before?: (members: Members) => Members;
  /** Whose id the message's own is computed with again: that of the sender whom it names, or an empty one, as in Go's calls. */
  readonly idWith?: "sender" | "nobody";
  /** Whether it bears Go's signature in the place of ours. @default {false} */
  readonly go?: boolean;
  /** The text that is signed, from the text of the envelope without its signatures. @default {the right one} */
  readonly signs?: (unsigned: string) => string;
  /** Cuts the signature to so many bytes. @default {64} */
  readonly bytes?: number;
  /** Why it is dropped. */
  readonly dropped?: string;
  /** Why it is no message. */
  readonly error?: string;
}

/** What stands in front of the text that is signed. */
export const DOMAIN = "nara:envelope:v1\n";

/** Envelopes of "between two of ours" that were signed otherwise. */
export const SIGNINGS: readonly SigningCase[] = [
  { name: "signed as it should be" },
  { name: "signed with an unknown field, which is then covered", before: adding("extra", '{"a":[1]}', 1) },
  { name: "signed in another order of fields", before: swapping(3, 5) },
  { name: "signed with an id of its own", before: changing({ id: '"my-own-id"' }), ...wrongId },
  { name: "signed as Go signs", go: true },
  {
    name: "signed as Go signs its calls, whose ids are made before they have a sender",
    go: true,
    idWith: "nobody",
  },
  {
    name: "signed as Go signs, with an id of its own",
    go: true,
    before: changing({ id: '"my-own-id"' }),
    ...wrongId,
  },
  { name: "signed with the id that Go's calls make", idWith: "nobody", ...wrongId },
  {
    name: "signed with an unknown payload field",
    before: changing({ payload: '{"owner_id":"$alice","request_id":"r","ttl":5}' }),
    idWith: "sender",
    ...undecodable,
  },
  { name: "signed by another nara", by: "carol", ...invalid },
  { name: "signed without the domain", signs: (unsigned) => unsigned, ...invalid },
  { name: "signed with another domain", signs: (unsigned) => `nara:envelope:v2\n${unsigned}`, ...invalid },
  { name: "signed without the newline", signs: (unsigned) => `nara:envelope:v1${unsigned}`, ...invalid },
  { name: "signed with a newline at the end", signs: (unsigned) => `${DOMAIN}${unsigned}\n`, ...invalid },
  { name: "signature of 63 bytes", bytes: 63, ...invalid },
  {
    name: "sender unknown",
    by: "mallory",
    before: changing({ from: '"mallory"', from_id: '"$mallory"' }),
    idWith: "sender",
    dropped: "unknown_sender",
  },
];
