/**
 * Go values that `canonical_json.json` describes in words: what has to be written for them.
 *
 * Words that are known here give a value that owes nothing to the expected output. For others the value is read from
 * the output and written again by the rules of its type: order, escapes and numbers are still checked.
 * @module
 */
import { BadCase, type CaseReader } from "../case_reader.ts";
import { type ExactJson, ExactNumber, ExactObject } from "../exact_json.ts";
import {
  RawJson,
  StashAckV1,
  StashRefreshV1,
  StashRequestV1,
  StashResponseV1,
  StashStoreV1,
} from "../nara.ts";

/** A value in words, and the value. */
interface Described {
  readonly name: string;
  readonly goType: string;
  readonly input: unknown;
  readonly value: unknown;
}

const SEE_OUTPUT = { see: "output" };
const NOTHING = "nothing set";
const EMPTY = "nonce and ciphertext empty, not nil";
const none = new Uint8Array();

const MAPS_AND_LISTS: readonly (readonly [name: string, goType: string, value: unknown])[] = [
  [
    "int keys",
    "map[int]string: keys become text and are sorted as text",
    new Map([["10", "a"], ["9", "b"], ["-1", "c"], ["100", "d"]]),
  ],
  ["name keys", "map[NaraName]int", new Map([["bob", 2], ["alice", 1]])],
  ["nil map", "map[string]int, nil", null],
  ["nil slice", "[]int, nil", null],
  ["empty slice", "[]int, empty", []],
  ["slice of strings", "[]string", ["<", "\u2028"]],
  ["nil pointer", "*int, nil", null],
  ["nil any", "any, nil", null],
  ["list of lists", "[][]int: second is nil, third is empty", [[1], null, []]],
  ["map of struct", "map[string]struct{b int; c string omitempty}", new Map([["k", { b: 1, c: undefined }]])],
];

const STRUCTS: readonly (readonly [name: string, goType: string, input: unknown, value: unknown])[] = [
  [
    "embedded struct in the middle",
    "struct{a; embedded{b, c oe}; d}",
    "a 1, b 2, c x, d 3",
    { a: 1, ...{ b: 2, c: "x" }, d: 3 },
  ],
  [
    "embedded field hidden by an outer one",
    "struct{embedded{x, y string}; y int}",
    "x 1, inner y z, outer y 5",
    { x: 1, y: 5 },
  ],
  ["store payload, zero", "stash store payload", NOTHING, store(null)],
  ["store payload, empty bytes", "stash store payload", EMPTY, store(none)],
  ["response payload, zero", "stash response payload", NOTHING, response(undefined)],
  ["response payload, empty bytes dropped", "stash response payload", EMPTY, response(none)],
  [
    "ack payload, zero",
    "stash ack payload",
    NOTHING,
    StashAckV1.encode({ owner_id: "", stored_at: 0, success: false }),
  ],
  [
    "request payload, zero",
    "stash request payload",
    NOTHING,
    StashRequestV1.encode({ owner_id: "", request_id: "" }),
  ],
  [
    "refresh payload, zero",
    "stash refresh payload",
    NOTHING,
    StashRefreshV1.encode({ owner_id: "", owner: "" }),
  ],
  ["observation, zero", "observation object", NOTHING, {}],
  ["status, zero", "status object", NOTHING, zeroStatus()],
  ["sync event, zero", "sync event", NOTHING, { id: "", ts: 0, svc: "" }],
  ["sync request, zero", "sync request", NOTHING, { from: "", services: null, subjects: null }],
  ["sync response, zero", "sync response", NOTHING, { from: "", events: null }],
  ["zine, zero", "zine", NOTHING, { from: "", created_at: 0, events: null, signature: "" }],
  ["postcard, zero", "postcard", NOTHING, { id: "", message: "", originator: "", hops: null }],
];

function store(bytes: Uint8Array | null): unknown {
  return StashStoreV1.encode({ owner_id: "", owner: "", nonce: bytes, ciphertext: bytes, ts: 0 });
}

function response(bytes: Uint8Array | undefined): unknown {
  const empty = { request_id: "", nonce: bytes, ciphertext: bytes, stored_at: 0 };
  return StashResponseV1.encode({ owner_id: "", found: false, ...empty });
}

function zeroStatus(): unknown {
  const numbers = (...names: string[]) => Object.fromEntries(names.map((name) => [name, 0]));
  const texts = (...names: string[]) => Object.fromEntries(names.map((name) => [name, ""]));
  return {
    ...texts("LicensePlate", "Flair"),
    HostStats: numbers(
      ...["Uptime", "LoadAvg", "MemAllocMB", "MemSysMB", "MemHeapMB", "MemStackMB"],
      ...["NumGoroutines", "NumGC", "ProcCPUPercent"],
    ),
    ...numbers("Chattiness", "Buzz"),
    Observations: null,
    ...texts("Trend", "TrendEmoji"),
    Personality: numbers("Agreeableness", "Sociability", "Chill"),
    Aura: texts("primary", "secondary"),
    ...texts("Version", "PublicUrl", "PublicKey", "ID"),
    MeshEnabled: false,
    MeshIP: "",
  };
}

/** The struct of the list `omitempty`, with Go's zero value of each field. */
const OMITTING = {
  str: "",
  int: 0n,
  i64: 0n,
  u64: 0n,
  f: 0,
  bool: false,
  bytes: null,
  list: null,
  map: null,
  ptr: null,
  ptrs: null,
  st: { b: 0n },
  pst: null,
  time: "0001-01-01T00:00:00Z",
  any: null,
  arr2: [0n, 0n],
};
const NEVER_OMITTED = ["st", "time", "arr2"];
/** A pointer or an interface is empty only when it is nil. */
const EMPTY_WHEN_NULL = ["ptr", "ptrs", "pst", "any"];

const OMITEMPTY: readonly (readonly [
  name: string,
  input: string,
  value: Partial<Record<keyof typeof OMITTING, unknown>>,
])[] = [
  ["all zero values", "nothing set", {}],
  ["all set", "every field set", {
    str: "s",
    int: 1n,
    i64: 2n,
    u64: 3n,
    f: 1.5,
    bool: true,
    bytes: new Uint8Array([1]),
    list: [1n],
    map: new Map([["a", 1n]]),
    ptr: 1n,
    ptrs: "",
    st: { b: 1n },
    pst: { b: 0n },
    time: "1970-01-01T00:00:01Z",
    any: "x",
    arr2: [1n, 2n],
  }],
  ["empty, not nil", "bytes, list and map empty but not nil", { bytes: none, list: [], map: new Map() }],
  ["pointer to zero stays", "ptr to 0, ptrs to empty text", { ptr: 0n, ptrs: "" }],
  ["any holding zero stays", "any = 0", { any: 0n }],
  ["any holding empty text stays", "any = empty text", { any: "" }],
  ["negative zero float is dropped", "f = -0", { f: -0 }],
  ["false dropped, struct and time and array never", "bool false", { bool: false }],
];
const OMITEMPTY_TYPE = "struct, every field omitempty";

const DESCRIBED: readonly Described[] = [
  ...MAPS_AND_LISTS.map(([name, goType, value]) => ({ name, goType, input: SEE_OUTPUT, value })),
  ...STRUCTS.map(([name, goType, input, value]) => ({ name, goType, input, value })),
  ...OMITEMPTY.map(([name, input, set]) => ({
    name,
    goType: OMITEMPTY_TYPE,
    input,
    value: omitEmpty({ ...OMITTING, ...set }),
  })),
  {
    name: "no json names",
    goType: "struct without json names; one field '-', one named '-', one number as text",
    input: "Name a, PublicKey b, NumStr 7",
    value: { Name: "a", PublicKey: "b", "-": "d", num_str: "7" },
  },
];

/** The fields in their order, without those that Go's `omitempty` leaves out. */
function omitEmpty(fields: Readonly<Record<string, unknown>>): unknown {
  return Object.fromEntries(
    Object.entries(fields).filter(([name, value]) => NEVER_OMITTED.includes(name) || !isEmpty(name, value)),
  );
}

function isEmpty(name: string, value: unknown): boolean {
  if (value === null || value === undefined) return true;
  if (EMPTY_WHEN_NULL.includes(name)) return false;
  if (value instanceof Map) return value.size === 0;
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length === 0;
  return !value; // "", 0, -0, 0n, false
}

/**
 * The value that a case describes.
 *
 * @param output The expected text as it is spelled, for words that are not known.
 */
export function describedValue(
  vector: CaseReader,
  goType: string,
  input: unknown,
  output: ExactJson,
): unknown {
  const words = JSON.stringify(input);
  const byName = DESCRIBED.find(({ name }) => name === vector.name);
  if (byName) {
    vector.expect("go_type", byName.goType);
    vector.expect("input", byName.input);
    return byName.value;
  }
  const byWords = input !== SEE_OUTPUT && words !== JSON.stringify(SEE_OUTPUT) &&
    DESCRIBED.find((other) => other.goType === goType && JSON.stringify(other.input) === words);
  if (byWords) return byWords.value;
  if (goType.endsWith(", nil")) return null;
  if (goType.endsWith(", empty")) return goType.startsWith("map[") ? new Map() : [];
  const isKnownType = /^(map\[|\[|\*|struct\b|any\b)/.test(goType) ||
    DESCRIBED.some((other) => other.goType === goType);
  if (!isKnownType) throw new BadCase(`no Go type ${JSON.stringify(goType)} is known`);
  const value = rebuild(goType, output);
  return goType === OMITEMPTY_TYPE ? omitEmpty({ ...OMITTING, ...value as object }) : value;
}

/** A value to be written again by the rules of its type: maps are sorted, the fields of structs keep their order. */
export function rebuild(goType: string, value: ExactJson): unknown {
  if (value instanceof ExactNumber) {
    return value.isWhole && value.text !== "-0" ? BigInt(value.text) : Number(value.text);
  }
  const inner = goType.replace(/^\*?(?:map\[[^\]]*\]|\[\d*\])/, "");
  if (Array.isArray(value)) return value.map((item) => rebuild(inner, item));
  if (!(value instanceof ExactObject)) return value;
  const members = value.members.map(([key, member]) => [key, rebuild(inner, member)] as const);
  const isMap = /^\*?map\[/.test(goType) || goType === "any" || goType === "";
  return isMap ? new Map(members) : Object.fromEntries(members);
}

/** Objects in a Go `any` are maps. */
export function asGoAny(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asGoAny);
  if (typeof value !== "object" || value === null) return value;
  return new Map(Object.entries(value).map(([key, member]) => [key, asGoAny(member)]));
}

/** A `json.RawMessage` of a case, or `undefined` where Go could not write it either. */
export function rawMessage(input: unknown): RawJson | null | undefined {
  if (input === null) return null;
  try {
    return new RawJson(String(input));
  } catch {
    return undefined;
  }
}
