import { assertEquals, assertFalse, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { readConfigFile, readFolderFile } from "../../../runtime/process/config_file.ts";
import { ProcessError } from "../../../runtime/process/process_error.ts";
import { SETTING_KEYS, SETTINGS } from "../../../runtime/process/settings.ts";
import vectors from "../../interop/vectors/identity.json" with { type: "json" };
import { lacking } from "../../helpers/permissions.ts";
import { withFolder } from "../../helpers/temp_folder.ts";

const { soul } = vectors.identities[0];

/** Registers a test that gets a function to write a file with. */
function test(
  says: string,
  check: (write: (text: string, mode?: number) => string, folder: string) => void,
): void {
  Deno.test({
    name: says,
    ignore: lacking("read", "write"),
    fn: () =>
      withFolder((folder) =>
        check((text, mode = 0o600) => {
          const path = `${folder}/settings`;
          Deno.writeTextFileSync(path, text);
          Deno.chmodSync(path, mode);
          return path;
        }, folder)
      ),
  });
}

/** The sentence with which the text is refused. */
function refusal(path: string, read: (path: string) => unknown = readConfigFile): string {
  const { message } = assertThrows(() => read(path), ProcessError);
  assertStringIncludes(message, path);
  assertFalse(message.includes("\n"));
  return message;
}

test("readConfigFile() reads text, numbers, true and false, and lists", (write) => {
  const path = write('{"name":"ada","json":true,"untilEof":false,"peer":["http://[::1]:1",2],"log":"a=off"}');
  assertEquals(readConfigFile(path), {
    path,
    texts: {
      name: ["ada"],
      json: ["true"],
      untilEof: ["false"],
      peer: ["http://[::1]:1", "2"],
      log: ["a=off"],
    },
  });
});

test("readConfigFile() names a key that it does not know, and those that it does", (write) => {
  for (const key of ["nmae", "toString", "config", "--name", ""]) {
    const message = refusal(write(JSON.stringify({ [key]: "x" })));
    assertMatch(message, /^Cannot use the key "/);
    assertStringIncludes(message, JSON.stringify(key));
    assertStringIncludes(message, key === "config" ? "as NARA_CONFIG" : "expected one of name, soul, data, ");
  }
});

test("readConfigFile() knows a key for every setting but its own", (write) => {
  for (const key of SETTING_KEYS.filter((key) => key !== "config")) {
    const { texts } = readConfigFile(write(JSON.stringify({ [key]: "x" })));
    assertEquals(texts, { [key]: ["x"] });
  }
});

test("readConfigFile() refuses a value of the wrong form for any setting", (write) => {
  for (const key of SETTING_KEYS.filter((key) => key !== "config")) {
    for (const value of [null, { a: soul }, [[soul]], ...SETTINGS[key].many ? [] : [[soul]]]) {
      const message = refusal(write(JSON.stringify({ [key]: value })));
      assertStringIncludes(message, ` of "${key}" in `);
      assertStringIncludes(
        message,
        SETTINGS[key].many ? "expected text or a list of texts" : "expected text, a number",
      );
      if (SETTINGS[key].secret) assertFalse(message.includes(soul));
    }
  }
});

const NO_SETTINGS = [
  ["nothing", ""],
  ["a list", "[]"],
  ["a number", "7"],
  ["half of it", '{"name":"ada"'],
  ["a comment", '{} // "name"'],
  ["two objects", "{}{}"],
  ["a key twice", '{"name":"ada","name":"bob"}'],
  ["a prototype", '{"__proto__":{"name":"x"}}'],
  ["a prototype below", '{"peer":[{"constructor":1}]}'],
  ["depth", '{"peer":[[[[["x"]]]]]}'],
  ["70 000 bytes", `{"name":"${"x".repeat(70_000)}"}`],
] as const;

for (const [says, text] of NO_SETTINGS) {
  test(`readConfigFile() refuses a file with ${says} in one sentence`, (write) => {
    const path = write(text);
    assertMatch(refusal(path), /as an object of JSON: /);
    assertMatch(refusal(path, readFolderFile), /as an object of JSON: /);
    assertEquals(Object.getOwnPropertyNames(Object.prototype).includes("name"), false);
  });
}

test("readConfigFile() says why a file cannot be read, and what to do", (_, folder) => {
  assertMatch(refusal(`${folder}/none`), /^Cannot read the file .* \(No such file.*\): .*--config/);
  assertMatch(refusal(folder), /^Cannot read the file .* \(.*directory\): .*--config/);
});

test("readConfigFile() takes a soul only from a file that nobody else reads", (write) => {
  if (Deno.build.os === "windows") return;
  const text = JSON.stringify({ soul });
  const message = refusal(write(text, 0o644));
  assertMatch(message, /as others may read it: chmod 600 it$/);
  assertFalse(message.includes(soul));
  assertEquals(readConfigFile(write(text, 0o400)).texts, { soul: [soul] });
});

test("readFolderFile() finds nothing where there is no file", (_, folder) => {
  assertEquals(readFolderFile(`${folder}/nara.json`), undefined);
});

test("readFolderFile() refuses what decides which folder that is", (write) => {
  for (const key of ["name", "soul", "data", "config"] as const) {
    const message = refusal(write(JSON.stringify({ [key]: soul })), readFolderFile);
    assertStringIncludes(message, `the key "${key}"`);
    assertStringIncludes(message, `expected it on the command line, as ${SETTINGS[key].variable}`);
    assertFalse(message.includes(soul));
  }
  assertEquals(readFolderFile(write('{"ledger":"memory"}'))?.texts, { ledger: ["memory"] });
});
