import { assert } from "@std/assert";
import { lacking } from "./helpers/permissions.ts";

for (const file of ["tea.ts", "tea_test.ts", "main.ts"]) {
  Deno.test({
    name: `README.md shows tests/example/${file} as it is tested`,
    ignore: lacking("read"),
    fn: async () => {
      const root = new URL("../", import.meta.url);
      const [readme, code] = await Promise.all([
        Deno.readTextFile(new URL("README.md", root)),
        Deno.readTextFile(new URL(`tests/example/${file}`, root)),
      ]);
      assert(
        readme.includes("```ts\n" + code + "```\n"),
        `put the text of tests/example/${file} into README.md`,
      );
    },
  });
}
