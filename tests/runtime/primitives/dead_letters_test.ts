import {
  assert,
  assertEquals,
  assertFalse,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { decodeBase64 } from "../../../utilities/base64.ts";
import { encodeEnvelope } from "../../../messages/envelope.ts";
import type { Message } from "../../../messages/message.ts";
import {
  DEAD_LETTERS_SPACE,
  DeadLetters,
  type DeadLettersOptions,
  type LetterRetry,
} from "../../../runtime/primitives/dead_letters.ts";
import { DeadLetterError, type NewLetter } from "../../../runtime/primitives/letter.ts";
import { MemoryStore } from "../../../runtime/primitives/memory_store.ts";
import type { KeyValueFile } from "../../../runtime/primitives/store.ts";
import { StoreError } from "../../../runtime/primitives/store.ts";
import { VIRTUAL_START, VirtualClock } from "../../../runtime/testing/virtual_clock.ts";
import { MeshError } from "../../../runtime/transport/mesh.ts";
import {
  FILE_PLACES,
  foreignNote,
  loggedLines,
  ownNote,
  readNotes,
  textOf,
  TroubledFile,
} from "../../helpers/kept.ts";
import { alice, me, messageOf } from "../../helpers/stage_context.ts";

const error = new MeshError("unreachable", "nobody answers");

/** The dead letters in `file`, and what they logged. */
function open(file: KeyValueFile = new TroubledFile(), options: Partial<DeadLettersOptions> = {}) {
  const clock = new VirtualClock();
  const { log, lines } = loggedLines();
  return { letters: new DeadLetters({ clock, file, log, read: readNotes, ...options }), clock, lines, file };
}

/** A letter about a note that could not be sent. */
function unsent(about: Message | Uint8Array, parts: Partial<NewLetter> = {}): NewLetter {
  return { about, direction: "emit", stage: "mesh", error, attempts: 3, ...parts };
}

/** A letter about a note of alice whose handler failed. */
function unhandled(text: string): NewLetter {
  const about = messageOf({ payload: { text }, proof: "envelope" });
  return { about, direction: "receive", stage: "handler", error: new Error("handler broke") };
}

const idsOf = (letters: DeadLetters): string[] => letters.list({ limit: 1_000 }).letters.map(({ id }) => id);

Deno.test("DeadLetters keep the message with stage, error, time and attempts", async () => {
  const { letters, clock } = open();
  await clock.advance(2_000);
  const message = ownNote("a", { toAddress: "http://127.0.0.1:7433" });
  assert(await letters.add(unsent(message)));
  const { letters: [letter], total } = letters.list();
  const { bytes, ...rest } = letter;
  assertEquals(rest, {
    id: "1",
    atMs: Date.parse(VIRTUAL_START) + 2_000,
    direction: "emit",
    stage: "mesh",
    error: { code: "unreachable", message: "nobody answers" },
    attempts: 3,
    kind: "test:note",
    version: 1,
    messageId: message.id,
    fromId: me.id,
    toId: alice.id,
    toAddress: "http://127.0.0.1:7433",
  });
  assertEquals(total, 1);
  const { payload, timestamp, frame } = letters.inspect("1");
  assertEquals([payload, timestamp], [{ text: "a" }, message.timestamp]);
  assertEquals(decodeBase64(frame), encodeEnvelope(message));
  assert(bytes > decodeBase64(frame).length);
  assertEquals(
    JSON.parse(JSON.stringify(letters.inspect("1"))),
    letters.inspect("1"),
    "it goes over the local API as it is",
  );
});

Deno.test("DeadLetters.keep() takes what a strategy hands over", async () => {
  const { letters } = open();
  assert(await letters.keep({ message: ownNote("a"), direction: "emit", stage: "sign", error }));
  const [{ stage, attempts }] = letters.list().letters;
  assertEquals([stage, attempts], ["sign", 1]);
});

Deno.test("DeadLetters are listed page by page, the newest first, whatever comes in between", async () => {
  const { letters } = open();
  for (let count = 0; count < 5; count++) await letters.add(unsent(ownNote(`${count}`)));
  const first = letters.list({ limit: 2 });
  await letters.add(unsent(ownNote("new")));
  const second = letters.list({ limit: 2, cursor: first.cursor });
  const third = letters.list({ limit: 2, cursor: second.cursor });
  assertEquals([first, second, third].map((page) => page.letters.map(({ id }) => id)), [["5", "4"], [
    "3",
    "2",
  ], ["1"]]);
  assertEquals([first.total, third.total, third.cursor], [5, 6, undefined]);
});

Deno.test("DeadLetters say which letter they do not have", async () => {
  const { letters } = open();
  const says = "Cannot find dead letter 7: list them to see which there are";
  assertThrows(() => letters.inspect("7"), DeadLetterError, says);
  for (const ask of [() => letters.discard("7"), () => letters.retry("7", () => Promise.resolve())]) {
    assertEquals((await assertRejects(ask, DeadLetterError, says)).code, "unknown_letter");
  }
});

Deno.test("DeadLetters.retry() gives the parts of a new message, and removes the letter once that was emitted", async () => {
  const { letters } = open();
  const message = ownNote("a", {
    to: "alice",
    inReplyTo: "1234567890abcdef",
    toAddress: "http://127.0.0.1:7433",
  });
  await letters.add(unsent(message));
  const retries: LetterRetry[] = [];
  const emitted = letters.retry("1", (retry) => {
    assertEquals(letters.size, 1, "it stays until the new one is on its way");
    retries.push(retry);
    return Promise.resolve("sent");
  });
  assertEquals(await emitted, "sent");
  const [{ draft, letter, message: old }] = retries;
  assertEquals(draft, {
    kind: "test:note",
    version: 1,
    payload: { text: "a" },
    to: alice.id,
    toName: "alice",
    inReplyTo: "1234567890abcdef",
    toAddress: "http://127.0.0.1:7433",
  });
  assertEquals([letter.id, old.id, old.timestamp, letters.size], ["1", message.id, message.timestamp, 0]);
});

Deno.test("DeadLetters.retry() keeps the letter when the new message is not emitted, and tries one at a time", async () => {
  const { letters } = open();
  await letters.add(unsent(ownNote("a")));
  await assertRejects(() => letters.retry("1", () => Promise.reject(new Error("no luck"))), Error, "no luck");
  const gate = Promise.withResolvers<void>();
  const first = letters.retry("1", () => gate.promise);
  const busy = await assertRejects(() => letters.retry("1", () => Promise.resolve()), DeadLetterError);
  gate.resolve();
  await first;
  assertEquals([busy.code, letters.size], ["busy", 0]);
});

Deno.test("DeadLetters.retry() hands a received message over as it came, with what vouched for it", async () => {
  const { letters } = open();
  const frame = encodeEnvelope(messageOf({ payload: { text: "b" } }));
  const message = messageOf({ payload: { text: "b" }, proof: "signature", frame });
  await letters.add({ about: message, direction: "receive", stage: "handler", error });
  await letters.retry("1", ({ letter, message: again }) => {
    assertEquals([letter.direction, letter.stage], ["receive", "handler"]);
    assertEquals([again.fromId, textOf(again), again.proof, again.frame], [
      alice.id,
      "b",
      "signature",
      frame,
    ]);
    return Promise.resolve();
  });
});

Deno.test("DeadLetters.retry() refuses a received message that nothing vouches for", async () => {
  const { letters } = open();
  await letters.add({ about: messageOf(), direction: "receive", stage: "verify", error });
  const refused = await assertRejects(() => letters.retry("1", () => Promise.resolve()), DeadLetterError);
  assertEquals([refused.code, letters.size], ["not_retriable", 1]);
});

Deno.test("DeadLetters.retry() says of a kind that nobody speaks what to do about it", async () => {
  const { letters } = open();
  await letters.add(unsent(foreignNote("a")));
  const refused = await assertRejects(() => letters.retry("1", () => Promise.resolve()), DeadLetterError);
  assertEquals(refused.code, "unreadable");
  assertStringIncludes(
    refused.message,
    "nobody speaks test:gone; start the service that speaks test:gone, or discard it",
  );
});

Deno.test("DeadLetters.discard() and clear() remove letters for good, and no id is used twice", async () => {
  const { letters, file } = open();
  for (const text of ["a", "b", "c"]) await letters.add(unsent(ownNote(text)));
  await letters.discard("3");
  assertEquals(idsOf(letters), ["2", "1"]);
  assertEquals(await letters.clear(), 2);
  const { letters: later } = open(file);
  assertEquals(later.size, 0);
  await later.add(unsent(ownNote("d")));
  assertEquals(idsOf(later), ["4"]);
});

Deno.test("DeadLetters past their number let the oldest make room, in the same commit, and count it", async () => {
  const file = new TroubledFile();
  const { letters } = open(file, { lettersMax: 3 });
  for (const text of ["a", "b", "c", "d", "e"]) assert(await letters.add(unsent(ownNote(text))));
  assertEquals(idsOf(letters), ["5", "4", "3"]);
  assertEquals(file.commits.at(-1)!.map(({ key, value }) => `${value ? "+" : "-"}${Number(key)}`), [
    "+5",
    "-2",
  ]);
  const [number] = letters.limits();
  assertEquals([number.name, number.max, number.inUse(), number.overflows()], [
    "dead_letters.letters",
    3,
    3,
    2,
  ]);
});

Deno.test("DeadLetters past their bytes let the oldest make room, and refuse what is larger than all of it", async () => {
  const { letters } = open(undefined, { bytesMax: 3_000 });
  for (const letter of ["a", "b", "c"]) await letters.add(unsent(ownNote(letter.repeat(700))));
  assertEquals(idsOf(letters), ["3", "2"]);
  assertFalse(await letters.add(unsent(ownNote("x".repeat(3_000)))));
  const [number, bytes] = letters.limits();
  assertEquals([idsOf(letters), bytes.max, bytes.overflows(), number.overflows()], [["3", "2"], 3_000, 2, 0]);
  assert(bytes.inUse() <= 3_000 && bytes.inUse() > 1_400);
});

Deno.test("DeadLetters of others cannot push out those of our own", async () => {
  const { letters } = open(undefined, { lettersMax: 10 });
  for (let count = 0; count < 4; count++) await letters.add(unsent(ownNote(`own ${count}`)));
  for (let count = 0; count < 100; count++) await letters.add(unhandled(`theirs ${count}`));
  const directions = letters.list().letters.map(({ direction }) => direction);
  assertEquals(directions, [...Array(6).fill("receive"), ...Array(4).fill("emit")]);
});

for (const { name, ignore, use } of FILE_PLACES) {
  Deno.test({
    name: `DeadLetters survive a restart (${name})`,
    ignore,
    fn: () =>
      use(async (place) => {
        let before;
        {
          using file = place();
          const { letters } = open(file);
          await letters.add(unsent(ownNote("a", { toAddress: "http://127.0.0.1:1" })));
          await letters.add(unhandled("b"));
          await letters.add(unsent(ownNote("c")));
          await letters.discard("3");
          before = [letters.list(), letters.inspect("1"), letters.inspect("2")];
        }
        using file = place();
        const { letters } = open(file);
        assertEquals([letters.list(), letters.inspect("1"), letters.inspect("2")], before);
        await letters.add(unsent(ownNote("d")));
        assertEquals(idsOf(letters), ["4", "2", "1"]);
      }),
  });
}

Deno.test("DeadLetters show what is damaged, say so, and let it be discarded", async () => {
  const file = new MemoryStore();
  const { letters: first } = open(file);
  for (const text of ["a", "b", "c"]) await first.add(unsent(ownNote(text)));
  const [[a], [b, value]] = file.list(DEAD_LETTERS_SPACE, "");
  const text = new TextDecoder().decode(value).replace('"stage"', '"stale"');
  file.setAll(DEAD_LETTERS_SPACE, [[a, new Uint8Array([1, 2, 3])], [b, new TextEncoder().encode(text)]]);
  const { letters, lines } = open(file);
  assertEquals(lines, Array(2).fill("error: a dead letter is damaged"));
  assertEquals(letters.list().letters.map(({ id, kind }) => `${id} ${kind}`), [
    "3 test:note",
    "2 (unreadable)",
    "1 (unreadable)",
  ]);
  assertEquals([letters.inspect("1").frame, letters.inspect("2").payload], ["AQID", { text: "b" }]);
  const refused = await assertRejects(() => letters.retry("1", () => Promise.resolve()), DeadLetterError);
  assertEquals(refused.code, "unreadable");
  await letters.discard("1");
  assertEquals(idsOf(letters), ["3", "2"]);
});

Deno.test("DeadLetters keep the frame alone of what is no message any more", async () => {
  const { letters } = open();
  await letters.add(unsent(new Uint8Array([1, 2, 3]), { stage: "outbox" }));
  await letters.add(unsent(encodeEnvelope(foreignNote("a")), { stage: "outbox" }));
  assertEquals(letters.list().letters.map(({ kind }) => kind), ["test:gone", "(unreadable)"]);
  assertEquals([letters.inspect("1").frame, letters.inspect("1").payload], ["AQID", undefined]);
});

Deno.test("DeadLetters.add() makes the changes alongside in the same commit, or neither", async () => {
  const file = new TroubledFile();
  const { letters } = open(file, { lettersMax: 2 });
  const alongside = [{ space: "other", key: "k", value: new Uint8Array([1]) }];
  await letters.add(unsent(ownNote("a")), alongside);
  await letters.add(unsent(ownNote("b")));
  assertEquals(file.get("other", "k"), new Uint8Array([1]));
  file.isRefusing = true;
  const changed = [{ space: "other", key: "k" }];
  await assertRejects(() => letters.add(unsent(ownNote("c")), changed), StoreError, "the disk is full");
  assertEquals([file.get("other", "k"), idsOf(letters), letters.limits()[0].overflows()], [
    new Uint8Array([1]),
    ["2", "1"],
    0,
  ]);
  for (const ask of [() => letters.discard("1"), () => letters.clear()]) await assertRejects(ask, StoreError);
  assertEquals(idsOf(letters), ["2", "1"]);
  file.isRefusing = false;
  await letters.add(unsent(ownNote("d")));
  assertEquals(idsOf(open(file).letters), idsOf(letters));
});

Deno.test("DeadLetters keep at most 500 characters of an error", async () => {
  const { letters } = open();
  await letters.add(unsent(ownNote("a"), { error: new Error("x".repeat(10_000)) }));
  assertEquals(letters.list().letters[0].error, { message: "x".repeat(500) });
});
