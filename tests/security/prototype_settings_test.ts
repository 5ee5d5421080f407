/**
 * R54, as far as settings go: neither a file nor the command line has a way to what all objects share.
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import { parseCommandLine } from "../../runtime/process/command_line.ts";
import { readConfigFile } from "../../runtime/process/config_file.ts";
import { ProcessError } from "../../runtime/process/process_error.ts";
import { INHERITED, PROTOTYPE_KEYS } from "../helpers/hostile_values.ts";
import { lacking } from "../helpers/permissions.ts";
import { withFolder } from "../helpers/temp_folder.ts";

const KEYS = [...PROTOTYPE_KEYS, ...INHERITED];

Deno.test({
  name: "readConfigFile() refuses a prototype key at any depth, and every inherited name [R54]",
  ignore: lacking("read", "write"),
  fn: () =>
    withFolder((folder) => {
      const path = `${folder}/nara.json`;
      const before = Object.getOwnPropertyNames(Object.prototype);
      for (const key of KEYS) {
        for (
          const text of [
            `{"${key}":{"polluted":"yes"}}`,
            `{"${key}":"x"}`,
            `{"name":{"${key}":{"polluted":1}}}`,
          ]
        ) {
          Deno.writeTextFileSync(path, text);
          assertThrows(() => readConfigFile(path), ProcessError, "", text);
        }
      }
      assertEquals(Object.getOwnPropertyNames(Object.prototype), before);
      assertEquals(({} as Record<string, unknown>).polluted, undefined);
    }),
});

Deno.test("parseCommandLine() knows no flag and no command that every object inherits [R54]", () => {
  const before = Object.getOwnPropertyNames(Object.prototype);
  for (const key of KEYS) {
    for (
      const args of [[`--${key}`], [`--${key}=x`], [`--${key}.polluted=x`], [key], [
        "--name",
        "a",
        `--${key}`,
        "b",
      ]]
    ) {
      assertThrows(() => parseCommandLine(args, []), ProcessError, "", args.join(" "));
    }
  }
  assertEquals(Object.getOwnPropertyNames(Object.prototype), before);
});
