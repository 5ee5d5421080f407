import { assert, assertEquals, assertFalse, assertRejects } from "@std/assert";
import { encodeEnvelope } from "../../../messages/envelope.ts";
import type { Message } from "../../../messages/message.ts";
import { MemoryStore } from "../../../runtime/primitives/memory_store.ts";
import { OUTBOX_SPACE } from "../../../runtime/primitives/outbox.ts";
import type { OutboxOutcome } from "../../../runtime/primitives/outbox_options.ts";
import { StoreError } from "../../../runtime/primitives/store.ts";
import { settled, VirtualClock } from "../../../runtime/testing/virtual_clock.ts";
import { FILE_PLACES, foreignNote, ownNote, textOf, TroubledFile } from "../../helpers/kept.ts";
import { away, DEADLINE_MS, FAILED, MINUTE_MS, outboxBench as bench, SENT } from "../../helpers/outbox.ts";
import { alice, mallory } from "../../helpers/stage_context.ts";

for (const { name, ignore, use } of FILE_PLACES) {
  Deno.test({
    name: `Outbox goes on after a restart, in order, with the same ids, times and targets (${name})`,
    ignore,
    fn: () =>
      use(async (open) => {
        const byAddress = ownNote("by address", { toId: undefined, toAddress: "http://127.0.0.1:7433" });
        const messages = [ownNote("a"), byAddress, ownNote("b"), ownNote("c")];
        const clock = new VirtualClock();
        {
          using file = open();
          await using first = bench({ file, clock }).outbox;
          const failures = messages.map((message) =>
            ({ message, direction: "emit", stage: "mesh", error: away }) as const
          );
          assertEquals(
            await Promise.all(failures.map((failure) => first.keep(failure))),
            Array(4).fill(true),
          );
          await clock.advance(2_000);
        }
        using file = open();
        const { outbox: made, network, sent, texts } = bench({ file, clock });
        await using outbox = made;
        assertEquals([outbox.size, outbox.holds(ownNote("x")), outbox.holds(byAddress)], [4, true, true]);
        network.isUp = true;
        await clock.advance(500);
        assertEquals(texts().filter((text) => text.length === 1), ["a", "b", "c"]);
        const shape = (
          message: Message,
        ) => [message.id, message.timestamp, message.toId, message.toAddress, message.proof];
        assertEquals(sent.map(shape).sort(), messages.map(shape).sort());
        assertEquals(
          sent.map((message) => new TextDecoder().decode(encodeEnvelope(message))).sort(),
          messages.map((message) => new TextDecoder().decode(encodeEnvelope(message))).sort(),
        );
        assertEquals(file.list(OUTBOX_SPACE, ""), []);
      }),
  });

  Deno.test({
    name: `Outbox keeps count of its tries, and gives up after a restart what is too late by then (${name})`,
    ignore,
    fn: () =>
      use(async (open) => {
        const clock = new VirtualClock();
        let tries: number;
        {
          using file = open();
          const first = bench({ file, clock });
          await first.keep(ownNote("a"));
          await clock.advance(MINUTE_MS);
          tries = first.tries.length;
          await first.outbox.stop();
        }
        await clock.advance(DEADLINE_MS);
        using file = open();
        const { outbox: made, letters, tries: later } = bench({ file, clock });
        await using outbox = made;
        await clock.advance(0);
        assertEquals(letters.map(({ about, attempts }) => [textOf(about as Message), attempts]), [[
          "a",
          tries + 1,
        ]]);
        assertEquals([later, outbox.size, file.list(OUTBOX_SPACE, "")], [[], 0, []]);
      }),
  });
}

Deno.test("Outbox sets aside what cannot be read any more, whole, and sends the rest", async () => {
  const file = new TroubledFile();
  const gone = foreignNote("gone");
  {
    await using first = bench({ file }).outbox;
    for (const message of [gone, ownNote("a"), ownNote("b")]) {
      await first.keep({ message, direction: "emit", stage: "mesh", error: away });
    }
  }
  const [, [key], [second, value]] = file.list(OUTBOX_SPACE, "");
  const junk = new TextEncoder().encode("no kept message");
  file.setAll(OUTBOX_SPACE, [[key, junk], ["no number", value.subarray(0, 40)]]);
  const { outbox: made, clock, network, letters, lines, texts } = bench({ file });
  await using outbox = made;
  network.isUp = true;
  await clock.advance(500);
  assertEquals([texts(), outbox.size, file.list(OUTBOX_SPACE, "")], [["b"], 0, []]);
  assertEquals(second, "000000000003");
  assertEquals(letters.map(({ about }) => about), [encodeEnvelope(gone), junk, value.subarray(0, 40)]);
  assertEquals(letters.map(({ stage }) => stage), Array(3).fill("outbox"));
  assertEquals(lines, Array(3).fill("error: a kept message cannot be read"));
});

Deno.test("Outbox.keep() rejects what the disk refuses, and loses nothing that was there", async () => {
  const file = new TroubledFile();
  const { outbox: made, clock, network, keep, texts } = bench({ file });
  await using outbox = made;
  await keep(ownNote("a"));
  file.isRefusing = true;
  const refused = keep(ownNote("b"));
  const error = await assertRejects(() => refused, StoreError, "the disk is full");
  assertEquals([error.code, outbox.size], ["store_full", 1]);
  network.isUp = true;
  file.isRefusing = false;
  await clock.advance(500);
  assertEquals([texts(), outbox.size], [["a"], 0]);
});

Deno.test("Outbox sends what waits behind a message that the disk refused", async () => {
  const file = new TroubledFile();
  const { outbox: made, clock, network, keep, texts } = bench({ file });
  await using _outbox = made;
  network.isUp = true;
  file.isRefusing = true;
  const refused = keep(ownNote("a"));
  const place = made.prepare(ownNote("b"))!;
  place.confirm();
  await assertRejects(() => refused, StoreError);
  file.isRefusing = false;
  await clock.advance(0);
  assertEquals(texts(), ["b"]);
});

Deno.test("Outbox leaves on disk what the disk does not let go, says so, and tries again", async () => {
  const file = new TroubledFile();
  const { outbox: made, clock, network, keep, letters, texts, lines } = bench({ file });
  await using outbox = made;
  await keep(ownNote("sent"));
  await keep(ownNote("late", { toId: mallory.id }));
  network.answer = ({ toId }) => toId === alice.id ? SENT : FAILED;
  file.isRefusing = true;
  await clock.advance(DEADLINE_MS + MINUTE_MS);
  assertEquals([texts(), letters.length, outbox.size], [["sent"], 0, 2]);
  assertEquals(file.list(OUTBOX_SPACE, "").length, 2);
  assert(lines.includes("error: a message stays in the outbox"));
  file.isRefusing = false;
  await clock.advance(30_000);
  assertEquals([texts(), letters.length, outbox.size], [["sent"], 1, 0]);
  assertEquals(file.list(OUTBOX_SPACE, ""), []);
});

Deno.test("Outbox.prepare() makes a place that somebody else's commit fills, and sends when that is confirmed", async () => {
  const { outbox: made, clock, network, texts, file } = bench();
  await using outbox = made;
  network.isUp = true;
  const place = outbox.prepare(ownNote("a"))!;
  const undone = outbox.prepare(ownNote("b"))!;
  const last = outbox.prepare(ownNote("c"))!;
  await clock.advance(MINUTE_MS);
  assertEquals([texts(), file.list(OUTBOX_SPACE, "")], [[], []]);
  await file.write([...place.changes, ...last.changes]);
  place.confirm();
  undone.undo();
  last.confirm();
  await settled();
  assertEquals([texts(), outbox.size, file.list(OUTBOX_SPACE, "")], [["a", "c"], 0, []]);
});

Deno.test("Outbox.stop() leaves no timer, sends no more, keeps what fails while others stop, and the next run sends it", async () => {
  const file = new MemoryStore();
  const clock = new VirtualClock();
  const first = bench({ file, clock });
  await first.keep(ownNote("a"));
  await first.outbox.stop();
  assertEquals(clock.pending, 0);
  assert(await first.keep(ownNote("b")));
  await first.outbox.stop();
  await clock.advance(MINUTE_MS);
  assertEquals([first.tries, clock.pending], [[], 0]);
  const second = bench({ file, clock });
  await using _outbox = second.outbox;
  second.network.isUp = true;
  await clock.advance(500);
  assertEquals(second.texts(), ["a", "b"]);
});

Deno.test("Outbox.stop() aborts what is being sent, and its outcome counts no more", async () => {
  const file = new MemoryStore();
  let signal: AbortSignal | undefined;
  const gate = Promise.withResolvers<OutboxOutcome>();
  const { outbox, clock, keep } = bench({
    file,
    send: (_, attempt) => {
      signal = attempt.signal;
      return gate.promise;
    },
  });
  await keep(ownNote("a"));
  await clock.advance(500);
  assertFalse(signal!.aborted);
  await outbox.stop();
  assert(signal!.aborted);
  gate.resolve(SENT);
  await settled();
  assertEquals(file.list(OUTBOX_SPACE, "").length, 1, "the next run sends it again, under the same id");
});

Deno.test("Outbox sends nothing before it is started", async () => {
  const { outbox: made, clock, network, keep, texts } = bench({ start: false });
  await using outbox = made;
  network.isUp = true;
  await keep(ownNote("a"));
  await clock.advance(MINUTE_MS);
  assertEquals(texts(), []);
  outbox.start();
  await clock.advance(500);
  assertEquals(texts(), ["a"]);
});

Deno.test("Outbox lets nothing overtake what an earlier run left, also before it is started", async () => {
  const file = new MemoryStore();
  const clock = new VirtualClock();
  {
    await using first = bench({ file, clock }).outbox;
    await first.keep({ message: ownNote("a"), direction: "emit", stage: "mesh", error: away });
  }
  const { outbox: made, network, keep, texts } = bench({ file, clock, start: false });
  await using outbox = made;
  assertEquals([outbox.holds(ownNote("b")), outbox.holds(ownNote("c", { toId: mallory.id }))], [true, false]);
  await keep(ownNote("b"), outbox.behind(ownNote("b")));
  outbox.start();
  network.isUp = true;
  await clock.advance(500);
  assertEquals([texts(), outbox.holds(ownNote("c"))], [["a", "b"], false]);
});
