import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { StashError } from "../../../services/stash/stash_error.ts";
import { decodeState, encodeState, type StashState } from "../../../services/stash/state.ts";

const record = (mark: number, bytes = 40) => ({
  nonce: new Uint8Array(24).fill(mark),
  ciphertext: new Uint8Array(bytes).fill(mark),
  storedAt: 1_768_472_430 + mark,
});

const state: StashState = {
  own: record(1),
  confidants: [{ id: "ada", sequence: 3 }, { id: "ben", sequence: 2 }],
  shelf: [["cleo", record(2)], ["dan", record(3, 49_152)]],
};

Deno.test("decodeState() reads what encodeState() wrote [TestStashStateMarshaling]", () => {
  assertEquals(decodeState(encodeState(state)), state);
  const empty: StashState = { own: undefined, confidants: [], shelf: [] };
  assertEquals(decodeState(encodeState(empty)), empty);
  assertEquals(new TextDecoder().decode(encodeState(empty)), '{"version":1,"confidants":[],"shelf":[]}');
});

Deno.test("encodeState() writes the same bytes for the same state", () => {
  assertEquals(encodeState(decodeState(encodeState(state))), encodeState(state));
});

Deno.test("decodeState() holds as many owners as the largest shelf", () => {
  const shelf = Array.from({ length: 50 }, (_, mark) => [`owner ${mark}`, record(mark, 49_152)] as const);
  assertEquals(decodeState(encodeState({ ...state, shelf })).shelf.length, 50);
});

/** Ways to damage a state: what to replace, by what, and the place that the error names. */
const DAMAGES: [before: string | RegExp, after: string, place: string][] = [
  [/$/, "x", ""],
  [/}$/, "", ""],
  ['"version":1', '"version":2', "version"],
  ['"version":1', '"other":1', "version"],
  [/"own":{[^}]*}/, '"own":[]', "own"],
  ['"nonce":"AQEB', '"nonce":"', "own.nonce"],
  ['"nonce":"AQEB', '"nonce":"*', "own.nonce"],
  ['"stored_at":1768472431', '"stored_at":"now"', "own.stored_at"],
  ['"stored_at":1768472431', '"stored_at":-1', "own.stored_at"],
  [/"confidants":\[[^\]]*\]/, '"confidants":{}', "confidants"],
  ['"id":"ada"', '"id":7', "confidants[0].id"],
  ['"sequence":2', '"sequence":2.5', "confidants[1].sequence"],
  ['"owner_id":"cleo"', '"owner_id":""', "shelf[0].owner_id"],
  [/"ciphertext":"Awc?[^"]*"/, '"ciphertext":""', "shelf[1].ciphertext"],
  [/"ciphertext":"Awc?([^"]*)"/, '"ciphertext":"AAAA$1AAAA"', "shelf[1].ciphertext"],
  [/"shelf":\[.*\]/, '"shelf":[null]', "shelf[0]"],
];

for (const [before, after, place] of DAMAGES) {
  Deno.test(`decodeState() names the damage when ${before} becomes ${after}`, () => {
    const text = new TextDecoder().decode(encodeState(state));
    const damaged = text.replace(before, after);
    assert(damaged !== text, "the sample must damage something");
    const error = assertThrows(() => decodeState(new TextEncoder().encode(damaged)), StashError);
    assertEquals(error.code, "bad_state");
    assertStringIncludes(error.message, place);
    assert(error.message.length < 300, error.message);
  });
}
