import { assertEquals, assertStrictEquals } from "@std/assert";
import { format, inspect } from "node:util";
import { canonicalJson } from "../../utilities/canonical_json.ts";
import { NaraError } from "../../utilities/errors.ts";
import { Secret } from "../../utilities/secret.ts";

const MARK = "planted-7f3a";
const secret = new Secret(MARK);
const bytes = new Secret(new TextEncoder().encode(MARK));

class Failure extends NaraError<"failed"> {}

/** Every way to make text of a value that we know of, by name. */
const PRINTERS: Readonly<Record<string, (value: unknown) => string>> = {
  "a template": (value) => `${value}`,
  "String()": (value) => String(value),
  "concatenation": (value) => "" + value,
  "JSON.stringify()": (value) => JSON.stringify({ value }),
  "JSON.stringify() of a list": (value) => JSON.stringify([[value]]),
  "JSON.stringify() of all its properties": (value) =>
    JSON.stringify(Object.getOwnPropertyNames(value).map((name) => (value as Record<string, unknown>)[name])),
  "canonicalJson()": (value) => canonicalJson(JSON.parse(JSON.stringify({ value }))),
  "Deno.inspect()": (value) => Deno.inspect(value),
  "Deno.inspect() of all there is": (value) =>
    Deno.inspect({ a: { value } }, { showHidden: true, depth: 20, getters: true }),
  "util.inspect()": (value) => inspect(value),
  "util.inspect() of all there is": (value) => inspect({ a: [value] }, { showHidden: true, depth: 20 }),
  "util.format()": (value) => format("%s %o %O %j", value, value, value, value),
  "an error's message": (value) => new Failure("failed", `Cannot use ${value}`).stack!,
  "an error's JSON": (value) => JSON.stringify(new Failure("failed", `Cannot use ${value}`)),
  "an error's cause": (value) => Deno.inspect(new Error("no", { cause: value })),
  "Object.entries()": (value) => Object.entries(value as object).join(),
  "spreading": (value) => JSON.stringify({ ...value as object }),
  "a structured clone": (value) => Deno.inspect(structuredClone({ ...value as object })),
  "a Map": (value) => Deno.inspect(new Map([["soul", value]])),
};

for (const [name, print] of Object.entries(PRINTERS)) {
  Deno.test(`Secret shows nothing in ${name}`, () => {
    for (const hidden of [secret, bytes]) {
      const text = print(hidden);
      for (const trace of [MARK, "planted", "7f3a", btoa(MARK), "112, 108, 97", "112,108,97"]) {
        assertEquals(text.includes(trace), false, `${text} shows ${trace}`);
      }
    }
  });
}

Deno.test("Secret is what it says it is in a line of a log", () => {
  assertEquals(Deno.inspect(["soul:", secret, { bytes }]), '[ "soul:", [secret], { bytes: [secret] } ]');
});

Deno.test("Secret gives its value to whoever asks by name", () => {
  const value = { deep: MARK };
  assertStrictEquals(new Secret(value).reveal(), value);
  assertEquals([secret.toString(), secret.toJSON(), `${secret}`], ["[secret]", "[secret]", "[secret]"]);
});
