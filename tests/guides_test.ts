import { assert } from "@std/assert";
import { lacking } from "./helpers/permissions.ts";

/** Guides, and the files of tests/example that each shows whole. */
const GUIDES: Readonly<Record<string, readonly string[]>> = {
  "docs/writing-a-stage.md": ["quiet_hours.ts", "quiet_hours_test.ts"],
  "docs/errors-and-promises.md": ["tea_house.ts", "tea_house_test.ts"],
};

for (const [guide, files] of Object.entries(GUIDES)) {
  for (const file of files) {
    Deno.test({
      name: `${guide} shows tests/example/${file} as it is tested`,
      ignore: lacking("read"),
      fn: async () => {
        const root = new URL("../", import.meta.url);
        const [text, code] = await Promise.all([
          Deno.readTextFile(new URL(guide, root)),
          Deno.readTextFile(new URL(`tests/example/${file}`, root)),
        ]);
        assert(
          text.includes("```ts\n" + code + "```\n"),
          `put the text of tests/example/${file} into ${guide}`,
        );
      },
    });
  }
}
