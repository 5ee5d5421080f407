/**
 * R56: numbers and times are taken as they are written, or not at all: nothing that is signed is rounded.
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { settled, VIRTUAL_START, VirtualClock } from "../../runtime/testing/virtual_clock.ts";
import { type Everything, letter, type Sample, saying } from "../helpers/all_kinds.ts";
import { alice, ENTRY_POINTS, newRemains, Target } from "../helpers/hostile.ts";
import { spelledFrame } from "../helpers/hostile_values.ts";
import { lacking } from "../helpers/permissions.ts";

/** The text of a number, and whether it is taken: as a whole number, and as any. */
const NUMBERS: readonly (readonly [text: string, asWhole: boolean, asAny: boolean])[] = [
  ["0", true, true],
  ["-1", true, true],
  ["-0", true, true],
  ["1.0", false, false],
  ["1e2", false, false],
  ["1E2", false, false],
  ["100", true, true],
  ["0.1", false, true],
  ["0.10", false, false],
  ["1e308", false, false],
  ["1e+308", false, true],
  ["-1.7976931348623157e+308", false, true],
  ["1e+309", false, false],
  ["5e-324", false, true],
  ["1e-400", false, false],
  ["0.1000000000000000055511151231257827", false, false],
  ["9007199254740991", true, true],
  ["-9007199254740991", true, true],
  ["9007199254740992", false, true],
  ["9007199254740993", false, false],
  ["18446744073709551615", false, false],
  ["1e21", false, false],
  ["1e+21", false, true],
  ["100000000000000000000", false, true],
  ["1".repeat(33), false, false],
  ["0.30000000000000004", false, true],
  ["+1", false, false],
  ["01", false, false],
  [".5", false, false],
  ["5.", false, false],
  ["0x10", false, false],
  ["NaN", false, false],
  ["Infinity", false, false],
  ["-", false, false],
  ["1_000", false, false],
  ['"1"', false, false],
  ["null", false, false],
  ["true", false, false],
];

const GOOD = JSON.stringify(saying("numbers"));
const at = ({ runtime }: Target, timestamp: string, payload: string, version?: string) =>
  spelledFrame({ from: alice, toId: runtime.me.id, kind: letter.kind, timestamp, payload, version });

/** Another instant for each, so that no two have one id. */
const instant = (count: number) =>
  `2026-01-15T10:20:29.${String(count + 1).padStart(9, "0").replace(/0+$/, "")}Z`;

for (const entry of ENTRY_POINTS) {
  Deno.test({
    name: `decodeMessage() takes a number as it is written, or not at all, over ${entry.name} [R56]`,
    ignore: lacking(...entry.rights),
    fn: async () => {
      await using target = await Target.open(entry);
      let count = 0;
      for (const [text, asWhole, asAny] of NUMBERS) {
        for (const [field, isTaken] of [["count", asWhole], ["ratio", asAny]] as const) {
          const payload = GOOD.replace(new RegExp(`"${field}":[0-9.]+`), `"${field}":${text}`);
          const { dropped, changed } = await target.attempt(await at(target, instant(count++), payload));
          if (!isTaken) {
            assertEquals([dropped, changed], [["undecodable"], []], `${field} ${text}`);
            continue;
          }
          assertEquals(dropped, [], `${field} ${text}`);
          const message = target.heard.at(-1)!;
          assertEquals(message.payloadJson, payload, "what is signed is what was written");
          assert(Object.is((message.payload as Everything)[field], Number(text)), `${field} ${text}`);
        }
      }
    },
  });
}

Deno.test("decodeEnvelope() takes a version as it is written, or not at all [R56]", async () => {
  await using target = await Target.open();
  const texts = [
    "1.0",
    "1e0",
    "01",
    "-1",
    "-0",
    "2",
    "1e308",
    "9007199254740991",
    "9007199254740993",
    "null",
    '"1"',
    "[1]",
  ];
  for (const [count, version] of texts.entries()) {
    const { changed, dropped } = await target.attempt(await at(target, instant(count), GOOD, version));
    assertEquals(changed.filter((name) => !isKeptForLater(name)), [], version);
    for (const reason of dropped) {
      assert(["undecodable", "unsupported_version"].includes(reason), `${version}: ${reason}`);
    }
  }
  assertEquals((await target.attempt(await at(target, instant(99), GOOD, "1"))).dropped, []);
});

/** A version of the future is nothing wrong: it may be kept until somebody understands it. */
function isKeptForLater(name: string): boolean {
  return name === `accepted ${letter.kind}` || ["seen", "written to the store", "peers"].includes(name);
}

/** The text of a time, and why it is not taken; nothing where it is. */
const TIMES: readonly (readonly [text: string, reason?: string])[] = [
  [VIRTUAL_START],
  ["2026-01-15T10:20:30.1Z"],
  ["2026-01-15T10:20:30.123456789Z"],
  ["2026-01-15T10:20:30.000000001Z"],
  ["2026-01-15T11:20:30.5+01:00"],
  ["2026-01-14T10:50:30.5-23:30"],
  ["2026-01-15T10:20:30.1234567891Z", "undecodable"],
  [`2026-01-15T10:20:30.${"1".repeat(60)}Z`, "undecodable"],
  ["2026-01-15T10:20:30.10Z", "undecodable"],
  ["2026-01-15T10:20:30.Z", "undecodable"],
  ["2026-01-15T10:20:30,5Z", "undecodable"],
  ["2026-01-15T10:20:30", "undecodable"],
  ["2026-01-15t10:20:30z", "undecodable"],
  ["2026-01-15T10:20:60Z", "undecodable"],
  ["2026-01-15T24:00:00Z", "undecodable"],
  ["2026-02-30T10:20:30Z", "undecodable"],
  ["2026-00-15T10:20:30Z", "undecodable"],
  ["2026-01-15T10:20:30+00:00", "undecodable"],
  ["2026-01-15T10:20:30-00:00", "undecodable"],
  ["2026-01-15T10:20:30+24:00", "undecodable"],
  ["10000-01-01T00:00:00Z", "undecodable"],
  ["-001-01-01T00:00:00Z", "undecodable"],
  ["1768472430", "undecodable"],
  ["0000-01-01T00:00:00Z", "stale"],
  ["0001-01-01T00:00:00Z", "stale"],
  ["1969-12-31T23:59:59.999999999Z", "stale"],
  ["1970-01-01T00:00:00Z", "stale"],
  ["2026-01-15T10:15:29.999999999Z", "stale"],
  ["2026-01-15T10:21:30.001Z", "from_future"],
  ["2038-01-19T03:14:08Z", "from_future"],
  ["9999-12-31T23:59:59.999999999Z", "from_future"],
  ["9999-12-31T23:59:59.999999999-23:59", "from_future"],
];

Deno.test("decodeEnvelope() takes a time as it is written, or not at all [R56]", async () => {
  await using target = await Target.open();
  for (const [text, reason] of TIMES) {
    const { dropped, changed } = await target.attempt(await at(target, text, GOOD));
    assertEquals(dropped, reason === undefined ? [] : [reason], text);
    if (reason !== undefined) assertEquals(changed, [], text);
    else assertEquals(target.heard.at(-1)!.timestamp, text);
  }
});

for (const start of ["0000-01-01T00:00:01Z", "9999-12-31T23:59:58Z"]) {
  Deno.test(`Runtime lives, speaks and hears at ${start} [R56]`, async () => {
    await using target = await Target.open(undefined, {
      remains: { ...newRemains(), clock: new VirtualClock(start) },
    });
    const sample: Sample = target.samples.find(({ spec }) => spec.kind === letter.kind)!;
    assertEquals((await target.attempt(await target.frameOf(sample, { from: alice }))).dropped, []);
    const { rt } = target.service;
    const draft = letter.draft(saying("the end"), { to: alice.id });
    assertEquals((await rt.emit(draft)).outcome, "sent");
    await target.clock.advance(2_000);
    await settled();
    // Past the last year that can be written a message cannot be made; that is the message's end, and not the nara's.
    if (start.startsWith("9999")) await assertRejects(() => rt.emit(draft), Error);
    else assertEquals((await rt.emit(draft)).outcome, "sent");
  });
}
