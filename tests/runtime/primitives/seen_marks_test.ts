import { assert, assertEquals } from "@std/assert";
import type { Message } from "../../../messages/message.ts";
import { SeenMarks, type SeenMarksOptions } from "../../../runtime/primitives/seen_marks.ts";
import { SeenSet } from "../../../runtime/primitives/seen_set.ts";
import type { KeyValueFile } from "../../../runtime/primitives/store.ts";
import { VirtualClock } from "../../../runtime/testing/virtual_clock.ts";
import { FILE_PLACES, TroubledFile } from "../../helpers/kept.ts";
import { fills } from "../../helpers/limits.ts";
import { alice, mallory, messageOf } from "../../helpers/stage_context.ts";

const SPACE = "runtime:seen";
const MINUTE_MS = 60_000;
const WINDOW_MS = 5 * MINUTE_MS;

/** The marks of one life. */
function lifeOf(file: KeyValueFile, clock: VirtualClock, options: Partial<SeenMarksOptions> = {}) {
  const marks = new SeenMarks({ file, clock, windowMs: () => WINDOW_MS, ...options });
  const seen = new SeenSet({ clock, windowMs: WINDOW_MS });
  marks.restore(seen);
  const mark = (message: Message) => file.write(marks.changesFor(message, seen));
  return { marks, seen, mark };
}

/** A message of alice, or of somebody else, made so many milliseconds ago. */
function said(clock: VirtualClock, text: string, { ageMs = 0, fromId = alice.id } = {}): Message {
  const timestamp = clock.nowNs() - BigInt(ageMs) * 1_000_000n;
  return messageOf({ payload: { text }, timestamp, fromId, proof: "envelope" });
}

const marksIn = (file: KeyValueFile) => file.list(SPACE, "").filter(([key]) => !key.startsWith("~")).length;

for (const place of FILE_PLACES) {
  Deno.test({
    name: `SeenMarks in ${place.name} know in the next life what was handled, and nothing else`,
    ignore: place.ignore,
    fn: () =>
      place.use(async (open) => {
        const clock = new VirtualClock();
        const [one, two] = [said(clock, "one"), said(clock, "two", { ageMs: WINDOW_MS })];
        {
          using file = open();
          const { mark, marks } = lifeOf(file, clock);
          await mark(one);
          await mark(two);
          assertEquals(marks.limit().inUse(), 2);
        }
        using file = open();
        const { seen, marks } = lifeOf(file, clock);
        assertEquals(marks.limit().inUse(), 2);
        assertEquals([seen.add(one), seen.add(two)], ["duplicate_id", "duplicate_id"]);
        assertEquals(seen.add(said(clock, "three")), "new");
        assertEquals(seen.add(one.with({ proof: "none" })), "new", "what nobody proved is somebody else's");
      }),
  });
}

Deno.test("SeenMarks forget what is too old to be replayed, along with later writes", async () => {
  const clock = new VirtualClock();
  const file = new TroubledFile();
  const { marks, mark } = lifeOf(file, clock);
  for (let count = 0; count < 300; count++) await mark(said(clock, `${count}`));
  await clock.advance(WINDOW_MS + MINUTE_MS);
  await mark(said(clock, "not yet"));
  assertEquals([marksIn(file), marks.limit().inUse()], [301, 301]);
  await clock.advance(2 * MINUTE_MS);
  await mark(said(clock, "first"));
  assertEquals(marksIn(file), 302 - 256, "not all at once, so that no write takes long");
  await mark(said(clock, "second"));
  assertEquals([marksIn(file), marks.limit().inUse(), marks.limit().overflows()], [3, 3, 0]);
});

Deno.test("SeenMarks that are too old do not count in the next life, and leave it", async () => {
  const clock = new VirtualClock();
  const file = new TroubledFile();
  const old = said(clock, "old");
  await lifeOf(file, clock).mark(old);
  await clock.advance(WINDOW_MS + 3 * MINUTE_MS);
  const { seen, mark } = lifeOf(file, clock);
  assertEquals(seen.size, 0);
  await mark(said(clock, "new"));
  assertEquals(marksIn(file), 1);
});

Deno.test("SeenMarks fill their bound; the sender with most pays, in this life and the next", async () => {
  const clock = new VirtualClock();
  const file = new TroubledFile();
  const { marks, seen, mark } = lifeOf(file, clock, { entriesMax: 8 });
  const early = said(clock, "early", { fromId: mallory.id });
  await mark(early);
  assertEquals(marks.limit().inUse(), 1);
  const one = said(clock, "0");
  let count = 0;
  while (marks.limit().inUse() < 8) await mark(count === 0 ? (count++, one) : said(clock, `${count++}`));
  assertEquals(marks.limit().overflows(), 0);
  await clock.advance(MINUTE_MS);
  const late = said(clock, "late");
  await mark(late);
  assertEquals([marks.limit().inUse(), marks.limit().overflows()], [2, 1]);
  for (const memory of [seen, lifeOf(file, clock, { entriesMax: 8 }).seen]) {
    assertEquals(memory.add(said(clock, "x", { ageMs: MINUTE_MS })), "below_horizon");
    const old = said(clock, "y", { ageMs: MINUTE_MS, fromId: mallory.id });
    assertEquals(memory.add(old), "new", "whoever sends little is taken as before");
    assertEquals(memory.add(said(clock, "z")), "new");
  }
  assertEquals(lifeOf(file, clock).seen.add(early), "duplicate_id");
  assertEquals(lifeOf(file, clock).seen.add(one), "below_horizon");
});

Deno.test("SeenMarks of one sender fill their bound", async () => {
  const clock = new VirtualClock();
  const file = new TroubledFile();
  const { marks, mark } = lifeOf(file, clock, { entriesMax: 4 });
  await fills(marks.limit(), (index) => mark(said(clock, `${index}`)), 1);
});

Deno.test("SeenMarks go on forgetting after a write that was refused and a message that was marked twice", async () => {
  const clock = new VirtualClock();
  const file = new TroubledFile();
  const { marks, mark } = lifeOf(file, clock);
  const message = said(clock, "again");
  file.isRefusing = true;
  await mark(message).catch(() => {});
  file.isRefusing = false;
  await mark(message);
  await mark(message);
  for (let times = 0; times < 3; times++) {
    await clock.advance(WINDOW_MS + 3 * MINUTE_MS);
    await mark(said(clock, `${times}`));
    await mark(said(clock, `${times}, and once more`));
  }
  assertEquals([marksIn(file), marks.limit().inUse()], [2, 2]);
});

Deno.test("SeenMarks that were to be removed by a write that was refused leave with a later one", async () => {
  const clock = new VirtualClock();
  const file = new TroubledFile();
  const { marks, mark } = lifeOf(file, clock);
  await mark(said(clock, "old"));
  await clock.advance(WINDOW_MS + 3 * MINUTE_MS);
  file.isRefusing = true;
  await mark(said(clock, "lost")).catch(() => {});
  file.isRefusing = false;
  await clock.advance(WINDOW_MS + 3 * MINUTE_MS);
  for (let count = 0; count < 3; count++) await mark(said(clock, `${count}`));
  assert(marksIn(file) <= 4, "no more than what was missed once");
  const next = lifeOf(file, clock);
  for (let count = 0; count < 3; count++) await next.mark(said(clock, `${count} again`));
  assertEquals([marksIn(file), next.marks.limit().inUse(), marks.limit().inUse()], [6, 6, 3]);
});

const DAMAGED: Readonly<Record<string, string>> = {
  "a key of one word": "garbage",
  "a minute that is none": "!!! somebody 0123456789abcdef",
  "a key without an id": "0000001 somebody",
  "nothing": "",
  "a floor of nobody": "~floor",
};

for (const [what, key] of Object.entries(DAMAGED)) {
  Deno.test(`SeenMarks that find ${what} in their file leave it aside and do their work`, async () => {
    const clock = new VirtualClock();
    const file = new TroubledFile();
    const kept = said(clock, "kept");
    await lifeOf(file, clock).mark(kept);
    file.setAll(SPACE, [[key || "x", new Uint8Array([0xff, 0])]]);
    const { seen, marks, mark } = lifeOf(file, clock);
    assertEquals(seen.add(kept), "duplicate_id");
    assertEquals(marks.limit().inUse(), 1);
    await clock.advance(WINDOW_MS + 3 * MINUTE_MS);
    await mark(said(clock, "later"));
    await mark(said(clock, "latest"));
    assertEquals(marks.limit().inUse(), 2);
    assertEquals(seen.add(said(clock, "new")), "new");
  });
}

Deno.test("SeenMarks whose value is damaged still stand for their message", async () => {
  const clock = new VirtualClock();
  const file = new TroubledFile();
  const message = said(clock, "kept");
  await lifeOf(file, clock).mark(message);
  const [[key]] = file.list(SPACE, "");
  file.setAll(SPACE, [[key, new TextEncoder().encode("tea")]]);
  assertEquals(lifeOf(file, clock).seen.add(message), "duplicate_id");
});

Deno.test("SeenMarks whose floor is damaged take nothing of its owner that was made before", async () => {
  const clock = new VirtualClock();
  const file = new TroubledFile();
  file.setAll(SPACE, [[`~floor ${alice.id}`, new TextEncoder().encode("tea")]]);
  await clock.advance(1_000);
  const { seen } = lifeOf(file, clock);
  assertEquals(seen.add(said(clock, "before", { ageMs: 500 })), "below_horizon");
  await clock.advance(1);
  assertEquals(seen.add(said(clock, "after")), "new");
  assertEquals(seen.add(said(clock, "another's", { ageMs: 500, fromId: mallory.id })), "new");
});
