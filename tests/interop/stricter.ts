/**
 * The cases in which this implementation does otherwise than Go: which, by which rule of the design, and with what outcome.
 *
 * Nearly always Go accepts and we refuse. A case, or a step of one, that is not named here must come out as it does in Go.
 * @module
 */
import type { Outcome } from "./topic.ts";

/** The rules, as design.md has them. The numbers are those of "Where we are stricter than the Go implementation". */
export const RULES: Readonly<Record<string, string>> = {
  "1": "rule 1, only the callee's verified reply of an allowed kind resolves a call",
  "2": "rule 2, a message counts once, and only while it is fresh",
  "3": "rule 3, a stash is kept, read and handed back for its verified owner only, who alone judges copies",
  "4": "rule 4, keys of small order and second spellings of a key are refused",
  "5": "rule 5, sizes, depths and counts have limits",
  "6": "rule 6, the target must be me, ids are recomputed and a reply link must match a call",
  "7": "rule 7, a message to one of ours bears no signature that only Go would check",
  "draft": "contracts, a draft says what and to whom: the runtime says who, when and with which id",
  "memory modes": "decided, hog is a memory mode like the others",
  "refresh": "decided, the refresh is signed",
  "version": "decided, a missing or 0 version is 1, and emit checks the bounds",
  "quarantine": "contracts, a version above ours is verified, and kept for an upgrade",
  "received bytes":
    "contracts, what would be written differently again, has a key twice, or is no UTF-8 is refused",
  "unknown field": "contracts, an unknown payload field is refused",
  "soul": "a running nara, a soul whose bond does not fit the name is refused",
  "grammar": "contracts, a name has 1 to 64 printable code points, without / + #",
};

/** A case in which we are stricter than Go. */
export interface Stricter {
  /** The rule that asks for it, as a key of {@linkcode RULES}. */
  readonly rule: string;
  /** What exactly this implementation does. */
  readonly ours: Outcome;
}

/** Between the name of a case and that of a part of it. */
const PART = " » ";

const TABLE: Readonly<Record<string, Readonly<Record<string, Stricter>>>> = {
  "canonical_json decode": {
    ...refused("unknown field", "unrecognized_keys zzz", ["unknown key ignored"]),
    ...refused("unknown field", "unrecognized_keys in.zz", ["nested"]),
    ...refused("unknown field", "unrecognized_keys S", [
      "key in other case",
      "exact key, then other case: the last wins",
      "other case, then exact key: the last wins",
    ]),
    ...refused("unknown field", "unrecognized_keys \u017f", ["case folding of s: long s (U+017F)"]),
    ...refused("received bytes", "duplicate_key", [
      "duplicate key: last wins",
      "duplicate map: merged",
      "duplicate list: replaced",
      "null after a value keeps the value",
      "null after a list clears it",
    ]),
    ...refused("received bytes", "invalid_type s", ["null leaves zero"]),
    ...refused("received bytes", "custom m.a", ["map with null value"]),
    ...refused("received bytes", "custom l.1", ["list with null"]),
    ...refused("received bytes", "not_an_object", ["top null"]),
    ...refused("received bytes", "custom by", ["bytes with line breaks", "bytes with unused bits"]),
    ...refused("received bytes", "invalid_type by", ["bytes as list of numbers"]),
    ...refused("received bytes", "lone_surrogate", [
      "lone high surrogate",
      "lone low surrogate",
      "two high surrogates",
      "high surrogate then letter escape",
    ]),
    ...refused("received bytes", "invalid_utf8", ["invalid utf-8 in text", "surrogate as utf-8"]),
    ...refused("5", "too_deep", ["9999 nested lists"]),
  },
  "ed25519 verify": refused("4", "weak public key", [
    "key is the neutral point, R neutral, S 0 (any message passes)",
    "key is the neutral point, other message",
    "key is the neutral point in a second spelling (y = p + 1)",
    "neutral key with sign bit set",
    "key of order 2, R neutral, S 0, message 1",
    "key of order 2, R neutral, S 0, message 2",
    "key of order 2, R neutral, S 0, message 3",
  ]),
  "messages messages": {
    ...refused("received bytes", "undecodable", ["store with time above 2^53", "store with time int64 max"]),
    ...refused("6", "not_for_me", [
      "ack success",
      "ack failure with reason",
      "ack, all zero",
      "response found",
      "response not found",
      "response found, empty bytes are dropped",
      "names with non-ascii",
      "to self",
    ]),
    ...refused("6", "wrong_id", ["given id is kept", "given id of one character"]),
    ...named("version", "accepted", ["version 0"]),
    ...steps("to self", "7", { reply: "otherwise: no signature" }),
    ...refused("quarantine", "quarantined", ["version 2"]),
  },
  "messages emit": {
    ...named("draft", "otherwise: other id, other timestamp, other signature", [
      "given id and time are kept",
    ]),
    ...named("draft", "otherwise: other id, other from, other from_id, other signature", [
      "given sender is kept",
    ]),
    ...named("refresh", "otherwise: with signature", ["refresh goes to the plaza unsigned"]),
    ...refused("version", "unsupported_version", ["version out of bounds is sent all the same"]),
  },
  "messages stash_flows": {
    ...steps("another sender overwrites and reads (defect)", "3", {
      "other sender overwrites": 'otherwise: ack with "owner_id is not the sender"',
      "other sender reads": "otherwise: response not found",
    }),
    ...named("memory modes", "otherwise: room for 50", ["limit in mode hog (text unknown to stash, so 5)"]),
    ...steps("limit in mode hog (text unknown to stash, so 5)", "memory modes", {
      "owner 6": "otherwise: ack, 6 stored",
      "owner 7": "otherwise: ack, 7 stored",
      "first owner may still update": "otherwise: 7 stored",
    }),
    ...steps("push to the owner", "3", {
      "response without a pending call, sealed for me": "otherwise: no own stash",
      "second push is ignored": "otherwise: no own stash",
    }),
    ...steps("broken push", "3", {
      "owner id of someone else is not looked at": "otherwise: no own stash",
      "in the end": "otherwise: no own stash",
    }),
    ...steps("unknown and broken senders", "2", {
      "same message twice: second time": "refused: duplicate_id",
    }),
    ...steps("unknown and broken senders", "6", {
      "meant for another nara: handled all the same (defect)": "refused: not_for_me",
    }),
  },
  "messages_reject not_covered": {
    ...refused("6", "not_for_me", ["to_id of another nara, signed so"]),
    ...refused("6", "wrong_id", ["id that does not match the content, signed so", "empty id, signed so"]),
    ...refused("2", "stale", ["time in the far past, signed so", "zero time, signed so"]),
  },
  "messages_reject keys_and_signatures": refused("6", "wrong_id", [
    "unsigned refresh with unknown sender is accepted",
    "refresh with a broken signature is accepted",
  ]),
  "messages_reject spelling": {
    ...refused("unknown field", "undecodable", [
      "unknown payload field added later",
      "payload key in other case",
    ]),
    ...refused("received bytes", "undecodable", [
      "envelope key in other case",
      "duplicate payload key, last one right",
      "duplicate kind, first one wrong",
      "timestamp with a trailing zero",
      "timestamp with +00:00",
      "timestamp with -00:00",
      "timestamp with a comma",
      "timestamp with ten digits",
      "signature with an escaped line break",
      "signature as list of numbers",
      "unused bits of the last signature digit set",
      "signed with html escapes, sent without",
    ]),
  },
  "messages_reject versions": {
    ...named("version", "accepted", [
      "version 0: checked as 1, then no handler",
      "version missing",
    ]),
    ...refused("quarantine", "quarantined", [
      "version 2 of a kind with 1",
      "two versions: 4 is too new",
    ]),
  },
  "messages_reject pending_calls": {
    ...refused("1", "invalid_signature", ["unsigned (defect: handed over)"]),
    ...refused("1", "unexpected_reply", [
      "from another known nara (defect: handed over)",
      "another kind (defect: handed over)",
    ]),
    ...refused("1", "unknown_sender", ["from an unknown nara (defect: handed over)"]),
    ...refused("6", "unexpected_reply", ["other reply id: goes the normal way"]),
  },
  "identity public_key_texts": refused("received bytes", "bad_public_key", [
    "line break inside",
    "unused bits set",
  ]),
  "identity identities": refused("grammar", "bad_name", [
    "spaces are kept",
    "slash",
    "255 letters",
    "no name and no host name",
  ]),
  "identity souls_given": refused("soul", "wrong_name", [
    "soul of another name (bond broken)",
    "custom soul, generic host name: name comes from the soul",
    "generated soul under a custom name",
    "40 zero bytes",
    "40 bytes of 0xff",
  ]),
  "identity invalid_souls": refused("soul", "wrong_name", ["last character missing"]),
};

function named(rule: string, ours: Outcome, names: readonly string[]): Record<string, Stricter> {
  return Object.fromEntries(names.map((name) => [name, { rule, ours }]));
}

function refused(rule: string, reason: string, names: readonly string[]): Record<string, Stricter> {
  return named(rule, `refused: ${reason}`, names);
}

/** Parts of a case, and what comes of each. */
function steps(
  name: string,
  rule: string,
  outcomes: Readonly<Record<string, Outcome>>,
): Record<string, Stricter> {
  return Object.fromEntries(
    Object.entries(outcomes).map(([part, ours]) => [name + PART + part, { rule, ours }]),
  );
}

/** What the table says about a case, or a part of it; `undefined` if it is none in which we do otherwise. */
export function findStricter(topic: string, list: string, name: string, part?: string): Stricter | undefined {
  const cases = TABLE[`${topic} ${list}`];
  const key = part === undefined ? name : name + PART + part;
  return cases && Object.hasOwn(cases, key) ? cases[key] : undefined;
}

/** All that the table says about a case and its parts. */
export function allStricter(topic: string, list: string, name: string): Stricter[] {
  const cases = Object.entries(TABLE[`${topic} ${list}`] ?? {});
  return cases.filter(([key]) => key === name || key.startsWith(name + PART)).map(([, stricter]) => stricter);
}

/** All cases that the table names, as `topic list name`. */
export function stricterCases(): string[] {
  return Object.entries(TABLE).flatMap(([list, cases]) =>
    Object.keys(cases).map((name) => `${list} ${name}`)
  );
}
