/**
 * The cases that Go accepts and this implementation refuses: which, by which rule of the design, and with what outcome.
 *
 * A case that is not named here must come out as it does in Go.
 * @module
 */
import type { Outcome } from "./topic.ts";

/** The rules, as design.md has them. The numbers are those of "Where we are stricter than the Go implementation". */
export const RULES: Readonly<Record<string, string>> = {
  "4": "rule 4, keys of small order and second spellings of a key are refused",
  "5": "rule 5, sizes, depths and counts have limits",
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

function refused(rule: string, reason: string, names: readonly string[]): Record<string, Stricter> {
  return Object.fromEntries(names.map((name) => [name, { rule, ours: `refused: ${reason}` }]));
}

/** What the table says about a case; `undefined` if it is none in which we are stricter. */
export function findStricter(topic: string, list: string, name: string): Stricter | undefined {
  const cases = TABLE[`${topic} ${list}`];
  return cases && Object.hasOwn(cases, name) ? cases[name] : undefined;
}

/** All cases that the table names, as `topic list name`. */
export function stricterCases(): string[] {
  return Object.entries(TABLE).flatMap(([list, cases]) =>
    Object.keys(cases).map((name) => `${list} ${name}`)
  );
}
