import { assert, assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { messagesPage } from "../../../runtime/process/messages_page.ts";
import { DROP_ADVICE } from "../../../runtime/primitives/journal_advice.ts";
import { PROMISE_TESTS } from "../../../runtime/promise.ts";
import { STRATEGY_TABLE } from "../../../runtime/error_strategy.ts";
import { local, meshRequest } from "../../../runtime/templates.ts";
import * as z from "zod";

const thanks = meshRequest("tea:thanks", "Says whether it was taken").withVersion(
  1,
  z.strictObject({ taken: z.boolean().describe("Yes | no") }),
);
const offer = meshRequest("tea:offer", "Offers tea")
  .withVersion(1, z.strictObject({ sort: z.string().max(40).describe("Which tea") }))
  .withVersion(2, z.strictObject({ sort: z.string().max(40), sugar: z.int().nonnegative().optional() }))
  .withReplies(thanks).withRateLimit({ max: 10, windowMs: 60_000 });
const brewed = local("tea:brewed", "It is ready").withVersion(
  1,
  { decode: (wire: never) => wire as unknown, encode: (value: unknown) => value },
);

const page = messagesPage([
  { spec: offer.spec, owner: "tea", handlers: { 2: () => {} } },
  { spec: thanks.spec, owner: "tea", handlers: {} },
  { spec: brewed.spec, owner: "tea", handlers: {} },
]);

/** The part about one kind. */
function partOf(kind: string): string {
  return page.split(`\n## \`${kind}\`\n`)[1].split("\n## ")[0];
}

Deno.test("messagesPage() tells of each kind its versions with their fields, and who answers it", () => {
  const part = partOf("tea:offer");
  for (
    const line of [
      "Offers tea.",
      "| service | tea |",
      "| versions taken | 1, 2 |",
      "| with a handler | 2 |",
      "| answered by | `tea:thanks` |",
      "| heard | at most 10 per sender in any 60 s |",
      "| largest | 65536 bytes, envelope included |",
      "| `sort` | text of at most 40 characters | yes | Which tea |",
      "| `sugar` | whole number from 0 | no |  |",
    ]
  ) assertStringIncludes(part, line);
});

Deno.test("messagesPage() tells both pipelines in order, and that a local kind has one", () => {
  const part = partOf("tea:offer");
  const places = ["`sign`", "`mesh`", "`target`", "`verify`", "`id_dedupe`", "`rate_limit`"].map((name) =>
    part.indexOf(`| ${name} |`)
  );
  assert(places.every((place) => place > 0), String(places));
  assertEquals(places, places.toSorted((a, b) => a - b));
  assertStringIncludes(partOf("tea:brewed"), "It never leaves its nara");
  assertFalse(partOf("tea:brewed").includes("| fresh |"), "a local message is never stale");
});

Deno.test("messagesPage() ends no cell early, and admits what a schema does not tell", () => {
  assertStringIncludes(partOf("tea:thanks"), "| Yes \\| no |");
  assertStringIncludes(partOf("tea:brewed"), "Version 1: its schema does not tell its fields.");
});

Deno.test("messagesPage() has every strategy's row, every promise's test and every reason's advice", () => {
  for (const type of Object.keys(STRATEGY_TABLE)) assertStringIncludes(page, `\n| ${type} | `);
  for (const name of Object.values(PROMISE_TESTS)) assertStringIncludes(page, `| "${name} …" |`);
  for (const [reason, advice] of Object.entries(DROP_ADVICE)) {
    assertStringIncludes(page, `| \`${reason}\` | ${advice} |`);
  }
});
