/** Our own vectors under a second pair of eyes, which share no code with the first. */
import { assertEquals, assertMatch } from "@std/assert";
import { fileURLToPath } from "node:url";
import { lacking } from "../helpers/permissions.ts";
import { checkEnvelopeFile } from "./envelope_checker.ts";
import { makeEnvelopeVectors } from "./make_envelope_vectors.ts";
import vectors from "./vectors/ours_envelope.json" with { type: "json" };

type File = Parameters<typeof checkEnvelopeFile>[0];
type Value = File[string];

Deno.test("checkEnvelopeFile() finds every id, text, signature and verdict of our vectors right", () => {
  assertEquals(checkEnvelopeFile(vectors), []);
});

/** The paths of all texts, numbers and truth values. */
function valuesOf(value: Value, path: readonly (string | number)[] = []): (string | number)[][] {
  if (typeof value !== "object" || value === null) return [[...path]];
  const keys = Array.isArray(value) ? value.keys().toArray() : Object.keys(value);
  return keys.flatMap((key) => valuesOf((value as Record<string | number, Value>)[key], [...path, key]));
}

/** Something else of the same type. Times move by years. */
function altered(value: Value, key: string | number): Value {
  if (typeof value === "number") return value + 1;
  if (typeof value === "boolean") return !value;
  if (typeof value !== "string" || value === "") return "x";
  const at = String(key).endsWith("_ns") ? 0 : Math.floor(value.length / 2);
  return value.slice(0, at) + (value[at] === "1" ? "2" : "1") + value.slice(at + 1);
}

/** What a text that is refused would be refused for all the same. */
const CONDITIONS = ["wire", "receiver_clock_unix_ns"];

/** Names of cases are free, and whether a sound message comes from one of ours. */
function isFree(file: File, path: readonly (string | number)[]): boolean {
  const [list, index] = path;
  const key = String(path.at(-1));
  if (key === "name") return list !== "identities" && list !== "unknown";
  const { accepted } = (file[list] as File[])[index as number];
  return key === "sender_is_ours" || (accepted === false && CONDITIONS.includes(key));
}

/** The file without any case but the one that the path leads to, for speed, and the path in it. */
function narrowed(file: File, path: readonly (string | number)[]): [File, readonly (string | number)[]] {
  const [list, index, ...rest] = path;
  const none = { envelopes: [], altered: [], signed_otherwise: [] };
  if (!(list in none)) return [structuredClone({ ...file, ...none }), path];
  const one = (file[list] as Value[])[index as number];
  return [structuredClone({ ...file, ...none, [list]: [one] }), [list, 0, ...rest]];
}

Deno.test("checkEnvelopeFile() notices whichever value is altered", () => {
  const unnoticed: string[] = [];
  for (const place of valuesOf(vectors)) {
    if (place.length === 1 || isFree(vectors, place)) continue;
    const [copy, path] = narrowed(vectors, place);
    const parent = path.slice(0, -1).reduce<Value>((value, key) => (value as File)[key], copy) as File;
    const key = path.at(-1)!;
    parent[key] = altered(parent[key], key);
    if (checkEnvelopeFile(copy).length === 0) unnoticed.push(place.join("."));
  }
  assertEquals(unnoticed, []);
});

Deno.test("checkEnvelopeFile() notices a field that is new, and one that is gone", () => {
  const [first, ...rest] = vectors.envelopes;
  const { valid: _valid, ...fewer } = first;
  assertEquals(checkEnvelopeFile({ ...vectors, envelopes: [{ ...first, more: 1 }, ...rest] }).length, 1);
  assertEquals(checkEnvelopeFile({ ...vectors, envelopes: [fewer, ...rest] }).length > 0, true);
  assertEquals(checkEnvelopeFile({ ...vectors, more: [] }).length, 1);
  assertEquals(checkEnvelopeFile({ ...vectors, topic: "messages" }).length, 1);
  assertEquals(checkEnvelopeFile({ ...vectors, receiver: "carol" }).length > 1, true);
});

Deno.test("makeEnvelopeVectors() makes the very vectors that are kept", async () => {
  assertEquals(JSON.stringify(await makeEnvelopeVectors()), JSON.stringify(vectors));
});

for (const name of ["envelope_checker.ts", "envelope_checker_text.ts"]) {
  Deno.test({
    name: `${name} shares no code with the project`,
    ignore: lacking("read"),
    fn: async () => {
      const text = await Deno.readTextFile(fileURLToPath(new URL(name, import.meta.url)));
      const imported = text.matchAll(/\bfrom "([^"]+)"|\bimport\(?\s*"([^"]+)"/g).map(([, one, other]) =>
        one ?? other
      );
      for (const specifier of imported) {
        assertMatch(specifier, /^(node:(buffer|crypto)|\.\/envelope_checker_text\.ts)$/);
      }
    },
  });
}
