import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { ProcessError } from "../../../../runtime/process/process_error.ts";
import { readStashFile, sha256Of } from "../../../../services/stash/demo/stash_file.ts";
import { DATA_BYTES_MAX } from "../../../../services/stash/mod.ts";
import { lacking } from "../../../helpers/permissions.ts";
import { withFolder } from "../../../helpers/temp_folder.ts";

Deno.test({
  name: "readStashFile() reads up to what a stash holds, and refuses more",
  ignore: lacking("read", "write"),
  fn: () =>
    withFolder((folder) => {
      Deno.writeFileSync(`${folder}/file`, new Uint8Array(DATA_BYTES_MAX));
      assertEquals(readStashFile(`${folder}/file`).length, DATA_BYTES_MAX);
      Deno.writeFileSync(`${folder}/file`, new Uint8Array(DATA_BYTES_MAX + 1));
      const { message } = assertThrows(() => readStashFile(`${folder}/file`), ProcessError);
      assertStringIncludes(message, `at most ${DATA_BYTES_MAX} bytes`);
    }),
});

Deno.test({
  name: "readStashFile() refuses what cannot be read, in one sentence",
  ignore: lacking("read", "write"),
  fn: () =>
    withFolder((folder) => {
      for (const path of [folder, `${folder}/nothing`]) {
        const { code, message } = assertThrows(
          () => readStashFile(path),
          ProcessError,
          `Cannot read ${path} (`,
        );
        assertEquals([code, message.includes("os error")], ["bad_file", false]);
      }
    }),
});

Deno.test({
  name: "readStashFile() refuses what has no end",
  ignore: lacking("read") || Deno.build.os === "windows",
  fn: () => {
    assertThrows(() => readStashFile("/dev/zero"), ProcessError, "/dev/zero (it is not a regular file)");
  },
});

Deno.test("sha256Of() is SHA-256 in hexadecimal", () => {
  // FIPS 180-2, appendix B.1.
  const expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  assertEquals(sha256Of(new TextEncoder().encode("abc")), expected);
});
