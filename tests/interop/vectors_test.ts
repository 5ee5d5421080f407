/** Our copy of the vectors, and that the runner notices what it has to notice. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { checkVectors, type InputFile, SKIPPED_TOPICS, TOPICS } from "./runner.ts";
import { stricterCases } from "./stricter.ts";
import canonicalJson from "./vectors/canonical_json.json" with { type: "json" };
import ed25519 from "./vectors/ed25519.json" with { type: "json" };
import identity from "./vectors/identity.json" with { type: "json" };
import meshAuth from "./vectors/mesh_auth.json" with { type: "json" };
import messages from "./vectors/messages.json" with { type: "json" };
import messagesReject from "./vectors/messages_reject.json" with { type: "json" };
import envelope from "./vectors/ours_envelope.json" with { type: "json" };
import prng from "./vectors/prng.json" with { type: "json" };
import seal from "./vectors/seal.json" with { type: "json" };

const FILES: readonly InputFile[] = Object.entries({
  "canonical_json.json": canonicalJson,
  "ed25519.json": ed25519,
  "identity.json": identity,
  "mesh_auth.json": meshAuth,
  "messages.json": messages,
  "messages_reject.json": messagesReject,
  "ours_envelope.json": envelope,
  "prng.json": prng,
  "seal.json": seal,
}).map(([name, json]) => ({ name, json }));

type Json = { [key: string]: unknown };

/** Who is who in a file, and what else stands beside its cases. */
const BESIDE = ["identities", "known", "unknown", "receiver"];
/** A case that tells the time of its file. */
const TIME = { list: "covered", name: "untouched request (accepted)" };

/** A file with one list of one case, and with what that case may need; `change` may alter the case. */
function single(
  file: Json,
  list: string,
  name: string,
  change: (vector: Json) => void = () => {},
): InputFile {
  const copy = structuredClone(caseNamed(file, list, name));
  change(copy);
  const beside = Object.entries(file).filter(([key]) => BESIDE.includes(key) && file.topic !== "identity");
  const time = file.topic === "messages_reject" && list !== TIME.list
    ? { [TIME.list]: [caseNamed(file, TIME.list, TIME.name)] }
    : {};
  return {
    name: "x.json",
    json: { topic: file.topic, about: "", ...Object.fromEntries(beside), ...time, [list]: [copy] },
  };
}

function caseNamed(file: Json, list: string, name: string): Json {
  return (file[list] as Json[]).find((vector) => vector.name === name)!;
}

/** The lines of failing cases. */
async function failures(...files: InputFile[]): Promise<string[]> {
  const { lines, failed } = await checkVectors(files);
  const failing = lines.filter((line) => line.startsWith("FAIL "));
  assertEquals(failing.length, failed);
  return failing;
}

for (const file of FILES) {
  Deno.test(`checkVectors() passes every case of ${file.name}`, async () => {
    assertEquals(await failures(file), []);
  });
}

Deno.test("checkVectors() counts every case of the files, and says so in its last line", async () => {
  const lists = FILES.flatMap(({ json }) => Object.values(json as Json).filter(Array.isArray));
  const cases = lists.reduce((sum, list) => sum + list.length, 0);
  const { lines, passed } = await checkVectors(FILES);
  assertEquals(passed, cases);
  assertEquals(lines.at(-1), `${cases} passed, 0 failed, 0 skipped`);
});

Deno.test("checkVectors() passes a case by a rule of ours exactly where the table names it", async () => {
  const { stricter, lines } = await checkVectors(FILES);
  const byRule = stricter.values().reduce((sum, count) => sum + count, 0);
  assertEquals(byRule, stricterCases().length);
  assertEquals(lines.filter((line) => line.startsWith("stricter than Go in ")).length, stricter.size);
});

/** For each topic a case, a change that makes it wrong, and what the line has to say. */
const ALTERED: readonly [
  file: Json,
  list: string,
  name: string,
  change: (vector: Json) => void,
  says: string,
][] = [
  [identity, "identities", "alice", (vector) => vector.gemstone = "💎", 'gemstone: expected "💎", got "🪙"'],
  [identity, "bonds", "right", (vector) => vector.valid_bond = false, "valid_bond: expected false, got true"],
  [prng, "seeds", "seed 1", (vector) => (vector.intn_59 as number[])[9]++, "intn_59: expected [3,3,22"],
  [seal, "seal", "notes object", (vector) => vector.nonce_b64 = "AAAA", 'nonce_b64: expected "AAAA"'],
  [seal, "open", "first tag bit", (vector) => vector.opens = true, "opens: expected true, got false"],
  [ed25519, "sign", "4 bytes", (vector) => vector.message_hex = "00", "signature_hex: expected"],
  [ed25519, "verify", "good", (vector) => vector.go_accepts = false, "go_accepts: expected false, got true"],
  [canonicalJson, "strings", "html", (vector) => vector.output = '"<"', 'output: expected "\\"<\\"", got'],
  [
    canonicalJson,
    "maps_and_lists",
    "int keys",
    (vector) => vector.output = "{}",
    'output: expected "{}", got',
  ],
  [canonicalJson, "decode", "bytes", (vector) => vector.input = '{"by":"AQIE"}', "reencoded: expected"],
  [
    canonicalJson,
    "decode",
    "duplicate key: last wins",
    (vector) => vector.reencoded = String(vector.reencoded).replace('"y"', '"x"'),
    "reencoded: expected",
  ],
  [meshAuth, "requests", "put", (vector) => vector.method = "POST", "signed_text: expected"],
  [meshAuth, "middleware", "right", (vector) => vector.status = 401, "status: expected 401, got 200"],
  [
    messagesReject,
    "covered",
    "id",
    (vector) => vector.drop_reason = "unknown_sender",
    "whether the sender is unknown: expected true, got false",
  ],
  [
    messagesReject,
    "decode",
    "from_id null",
    (vector) => vector.drop_reason = "invalid_signature",
    'drop_reason: expected "invalid_signature", got "unknown_sender"',
  ],
  [
    messagesReject,
    "versions",
    "version 1",
    (vector) =>
      Object.assign(vector, {
        accepted: false,
        handled_payload_json: null,
        drop_reason: "invalid_signature",
      }),
    'expected "invalid_signature", got "accepted"',
  ],
  [
    messages,
    "unencodable",
    "NaN in payload",
    (vector) => vector.verifies = true,
    "verifies: expected true, got false",
  ],
];

for (const [file, list, name, change, says] of ALTERED) {
  Deno.test(`checkVectors() fails an altered case: ${file.topic} ${list} ${name}`, async () => {
    assertEquals(await failures(single(file, list, name)), []);
    const [line, ...others] = await failures(single(file, list, name, change));
    assertEquals(others, []);
    assertStringIncludes(line, `FAIL x.json ${list} ${JSON.stringify(name)}: `);
    assertStringIncludes(line, says);
  });
}

/** Cases of which every field is altered in turn. */
const TRIED: readonly [file: Json, list: string, name: string][] = [
  [messages, "messages", "store, plain"],
  [messages, "messages", "response found"], // Not for the receiver.
  [messages, "emit", "everything filled in"],
  [messages, "emit", "version out of bounds is sent all the same"],
  [messages, "stash_flows", "another sender overwrites and reads (defect)"],
  [messages, "stash_flows", "store, request, update, request"],
  [messagesReject, "covered", "untouched store (accepted)"],
  [messagesReject, "not_covered", "to_id of another nara, signed so"],
  [messagesReject, "spelling", "timestamp with a comma"],
  [messagesReject, "versions", "version missing"],
  [messagesReject, "pending_calls", "right reply"],
  [messagesReject, "pending_calls", "other reply id: goes the normal way"],
  [envelope, "envelopes", "all twelve fields"],
  [envelope, "envelopes", "between two of ours"],
  [envelope, "altered", "untouched"],
];

for (const [file, list, name] of TRIED) {
  Deno.test(`checkVectors() fails the case ${file.topic} ${list} ${name} whichever field is altered`, async () => {
    assertEquals(await failures(single(file, list, name)), []);
    const unnoticed: string[] = [];
    for (const path of fieldsOf(caseNamed(file, list, name))) {
      const change = (vector: Json) => alter(vector, path);
      if ((await failures(single(file, list, name, change))).length === 0) unnoticed.push(path.join("."));
    }
    assertEquals(unnoticed, []);
  });
}

/** What a case is called, and what may be so or so when the message is sound. */
const FREE = ["name", "sender_is_ours"];

/** The paths of all values in a case that matter. */
function fieldsOf(value: Json, path: readonly string[] = []): string[][] {
  return Object.entries(value).filter(([key]) => !FREE.includes(key)).flatMap(([key, member]) =>
    typeof member === "object" && member !== null
      ? fieldsOf(member as Json, [...path, key])
      : [[...path, key]]
  );
}

/** Puts something else in the place of a value: of the same type, and of the same length where it is a text. Times move by years. */
function alter(vector: Json, path: readonly string[]): void {
  const parent = path.slice(0, -1).reduce((value, key) => value[key] as Json, vector);
  const key = path.at(-1)!;
  const value = parent[key];
  if (typeof value === "number") parent[key] = value + 1;
  else if (typeof value === "boolean") parent[key] = !value;
  else if (typeof value !== "string" || value === "") parent[key] = "x";
  else {
    const at = key.endsWith("_ns") ? 0 : Math.floor(value.length / 2);
    parent[key] = value.slice(0, at) + (value[at] === "1" ? "2" : "1") + value.slice(at + 1);
  }
}

Deno.test("checkVectors() checks a new case of a known list", async () => {
  const longer = (bytes: string, output: string) =>
    single(canonicalJson, "strings", "ascii", (vector) => {
      Object.assign(vector, { name: "a new one", input: { utf8_hex: bytes }, output });
    });
  assertEquals(await failures(longer("6e6172613c", '"nara\\u003c"')), []);
  assertEquals((await failures(longer("6e6172613c", '"nara<"'))).length, 1);
});

Deno.test("checkVectors() fails a case that Go accepts and we refuse, unless the table names it", async () => {
  const rename = (vector: Json) => vector.name = "the same under another name";
  assertEquals(
    (await failures(single(canonicalJson, "decode", "duplicate key: last wins", rename))).length,
    1,
  );
  assertEquals((await failures(single(identity, "public_key_texts", "unused bits set", rename))).length, 1);
  assertEquals((await failures(single(messages, "messages", "to self", rename))).length, 1);
  assertEquals((await failures(single(messages, "emit", "given sender is kept", rename))).length, 1);
  assertEquals((await failures(single(messagesReject, "versions", "version missing", rename))).length, 1);
  const renameSteps = (vector: Json) => (vector.steps as Json[]).forEach(rename);
  assertEquals((await failures(single(messages, "stash_flows", "broken push", renameSteps))).length, 1);
});

Deno.test("checkVectors() passes a case that comes out as in Go under any name", async () => {
  const rename = (vector: Json) => vector.name = "the same under another name";
  for (const [list, name] of [["messages", "names with non-ascii"], ["messages", "ack success"]]) {
    assertEquals((await failures(single(messages, list, name, rename))).length, 1);
  }
  assertEquals(await failures(single(messages, "messages", "store, plain", rename)), []);
  assertEquals(await failures(single(messages, "stash_flows", "invalid stores", rename)), []);
  assertEquals(await failures(single(messagesReject, "pending_calls", "right reply", rename)), []);
});

Deno.test("checkVectors() fails a case of the table in which we are not stricter after all", async () => {
  const accepted = (vector: Json) => vector.input = '{"s":"y"}';
  const [line] = await failures(single(canonicalJson, "decode", "duplicate key: last wins", accepted));
  assertStringIncludes(line, 'our own outcome: expected "refused: duplicate_key", got "accepted"');
});

const BROKEN: readonly [what: string, change: (vector: Json) => void, says: string][] = [
  ["a field that no check looks at", (vector) => vector.extra = 1, 'no check looks at the field "extra"'],
  ["such a field inside another", (vector) => (vector.input as Json).more = 1, 'the field "input.more"'],
  ["a missing field", (vector) => delete vector.input, 'field "input" must be an object, got nothing'],
  ["a field of another type", (vector) => (vector.input as Json).utf8_hex = 5, "must be text, got 5"],
  ["a missing name", (vector) => delete vector.name, 'field "name" must be text, got nothing'],
];

for (const [what, change, says] of BROKEN) {
  Deno.test(`checkVectors() fails a case with ${what}`, async () => {
    const [line] = await failures(single(canonicalJson, "strings", "ascii", change));
    assertStringIncludes(line, says);
  });
}

const MALFORMED: readonly [what: string, json: unknown, failed: number, says: string][] = [
  ["a topic that is unheard of", { topic: "weather", rain: [{ name: "a" }] }, 1, '"weather" is unheard of'],
  ["an unknown list", { topic: "prng", dice: [{ name: "a" }, { name: "b" }] }, 2, 'the list "dice"'],
  ["an unknown list without cases", { topic: "prng", dice: [] }, 1, 'the list "dice"'],
  ["a list that is none", { topic: "prng", seeds: {} }, 1, 'no check looks at "seeds"'],
  [
    "a list named like a member of all objects",
    { topic: "prng", constructor: [{ name: "a" }] },
    1,
    "constructor",
  ],
  ["a case that is no object", { topic: "prng", seeds: [5] }, 1, "expected an object, got 5"],
  ["no topic", { seeds: [] }, 1, 'expected an object with a text "topic"'],
  ["no object", [], 1, 'expected an object with a text "topic"'],
];

for (const [what, json, failed, says] of MALFORMED) {
  Deno.test(`checkVectors() fails a file with ${what}`, async () => {
    const lines = await failures({ name: "x.json", json });
    assertEquals(lines.length, failed);
    assertStringIncludes(lines[0], says);
  });
}

Deno.test("checkVectors() fails a name that comes twice in a list", async () => {
  const [vector] = canonicalJson.strings;
  const lines = await failures({
    name: "x.json",
    json: { topic: "canonical_json", strings: [vector, vector] },
  });
  assertEquals(lines.length, 1);
  assertStringIncludes(lines[0], "the same name");
});

Deno.test("checkVectors() skips the topics of later work by name, and none that it can check", async () => {
  const files = [...SKIPPED_TOPICS].map((topic) => ({
    name: `${topic}.json`,
    json: { topic, about: "", cases: [{ name: "a" }, { name: "b" }], others: [{}] },
  }));
  const { lines, passed, failed, skipped } = await checkVectors(files);
  assertEquals([passed, failed, skipped], [0, 0, 3 * SKIPPED_TOPICS.size]);
  assertEquals(lines.at(-1), `0 passed, 0 failed, ${skipped} skipped`);
  assertEquals([...TOPICS.keys()].filter((topic) => SKIPPED_TOPICS.has(topic)), []);
});
