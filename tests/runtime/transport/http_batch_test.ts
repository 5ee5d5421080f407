import { assertEquals, assertThrows, fail } from "@std/assert";
import fc from "fast-check";
import { Deadlines } from "../../../runtime/primitives/deadlines.ts";
import { settled, VirtualClock } from "../../../runtime/testing/virtual_clock.ts";
import {
  BATCH_FRAMES_MAX,
  fitsALine,
  joinFrames,
  receiptLine,
  ReceiptLines,
  splitFrames,
} from "../../../runtime/transport/http_batch.ts";
import { AnswerError } from "../../../runtime/transport/mesh.ts";
import { Batcher, type Passenger } from "../../../runtime/transport/http_batcher.ts";

const LINE_BYTES_MAX = 4_096;
const BYTES_MAX = 256 * 1024;
const bytesOf = (text: string) => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

Deno.test("splitFrames() gives back what joinFrames() put together", () => {
  const line = fc.string({ minLength: 1 }).map((text) => JSON.stringify(text)).map(bytesOf);
  fc.assert(fc.property(fc.array(line, { minLength: 1, maxLength: BATCH_FRAMES_MAX }), (frames) => {
    assertEquals(splitFrames(joinFrames(frames))?.map(textOf), frames.map(textOf));
  }));
});

for (
  const [says, text] of [["an empty body", ""], ["an empty line", "a\n\nb"], [
    "a line feed at its end",
    "a\n",
  ]]
) {
  Deno.test(`splitFrames() refuses ${says}`, () => assertEquals(splitFrames(bytesOf(text)), undefined));
}

Deno.test(`splitFrames() takes ${BATCH_FRAMES_MAX} frames and no more`, () => {
  const some = (count: number) => bytesOf(Array.from({ length: count }, () => "x").join("\n"));
  assertEquals(splitFrames(some(BATCH_FRAMES_MAX))?.length, BATCH_FRAMES_MAX);
  assertEquals(splitFrames(some(BATCH_FRAMES_MAX + 1)), undefined);
});

Deno.test("ReceiptLines reads what receiptLine() wrote, in parts of any length", () => {
  const receipts = ["{}", '{"outcome":"handled","reply":{"a":"1 2"}}', "3"];
  const bytes = Uint8Array.from(
    receipts.flatMap((body, at) => [
      ...receiptLine(at * 21, {
        status: 200,
        body: at % 2 ? bytesOf(body) as Uint8Array<ArrayBuffer> : body,
      }),
    ]),
  );
  fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 8 }), (cuts) => {
    const read: [number, string][] = [];
    const lines = new ReceiptLines(LINE_BYTES_MAX, (index, receipt) => read.push([index, textOf(receipt)]));
    const ends = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
    for (let at = 1; at < ends.length; at++) lines.take(bytes.subarray(ends[at - 1], ends[at]));
    assertEquals(read, receipts.map((receipt, at) => [at * 21, receipt]));
  }));
});

for (const text of ["", "\n", "{}\n", " {}\n", "x {}\n", "-1 {}\n", "64 {}\n", "7\n", "0 {}"]) {
  Deno.test(`ReceiptLines takes ${JSON.stringify(text)} for no receipt`, () => {
    const lines = new ReceiptLines(LINE_BYTES_MAX, () => fail("it took one"));
    lines.take(bytesOf(text));
  });
}

Deno.test("ReceiptLines refuses a line that is too long, in however many parts, and more lines than a batch has frames", () => {
  const lines = () => new ReceiptLines(8, () => {});
  const [long, many] = [lines(), lines()];
  long.take(bytesOf("0 123456\n0 1234"));
  const tooLong = assertThrows(() => long.take(bytesOf("567")), AnswerError, "more than 8 bytes");
  many.take(bytesOf("0 {}\n".repeat(64)));
  const tooMany = assertThrows(() => many.take(bytesOf("0 {}\n")), AnswerError, "more than 64 lines");
  assertEquals([tooLong.code, tooMany.code], ["too_long", "too_long"]);
});

Deno.test("fitsALine() lets neither nothing nor a line feed into a batch", () => {
  assertEquals(["a", "", "a\nb"].map((text) => fitsALine(bytesOf(text))), [true, false, false]);
});

/** A batcher whose requests a test answers, and what it sent together. */
function made() {
  const clock = new VirtualClock();
  const deadlines = new Deadlines(clock);
  const sent: string[][] = [];
  const open: (() => void)[] = [];
  /** How many requests had been sent each time that nothing was under way. */
  const idle: number[] = [];
  const batcher = new Batcher(deadlines, BYTES_MAX, (passengers: readonly Passenger[]) => {
    sent.push(passengers.map(({ frame }) => textOf(frame)));
    return new Promise((resolve) =>
      open.push(() => {
        for (const { resolve } of passengers) resolve({ receipt: { outcome: "handled" } });
        resolve();
      })
    );
  }, () => idle.push(sent.length));
  return { clock, deadlines, sent, open, idle, batcher, [Symbol.dispose]: () => deadlines[Symbol.dispose]() };
}

Deno.test("Batcher sends at once and alone while nothing is under way, then what came in one turn, then what waited", async () => {
  using rig = made();
  const sends = [rig.batcher.send(bytesOf("a"))];
  assertEquals(rig.sent, [["a"]]);
  for (const names of ["bc", "d", "e"]) {
    sends.push(...[...names].map((name) => rig.batcher.send(bytesOf(name))));
    await settled();
  }
  assertEquals(rig.sent, [["a"], ["b", "c"], ["d"], ["e"]]);
  sends.push(...[..."fgh"].map((name) => rig.batcher.send(bytesOf(name))));
  await settled();
  assertEquals([rig.sent.length, rig.batcher.waiting], [4, 3]);
  rig.open[1]();
  await settled();
  assertEquals(rig.sent.at(-1), ["f", "g", "h"]);
  for (const answer of rig.open) answer();
  assertEquals((await Promise.all(sends)).length, 8);
  await settled();
  assertEquals(rig.idle, [5]);
});

Deno.test("Batcher spreads what waits over the requests that may leave, unless they would be small", async () => {
  using rig = made();
  const sends = Array.from({ length: 61 }, (_, nth) => rig.batcher.send(bytesOf(String(nth))));
  await settled();
  assertEquals(rig.sent.map(({ length }) => length), [1, 20, 20, 20]);
  for (const answer of rig.open) answer();
  await Promise.all(sends);
  await settled();
  const few = Array.from({ length: 10 }, (_, nth) => rig.batcher.send(bytesOf(String(nth))));
  await settled();
  assertEquals(rig.sent.slice(4).map(({ length }) => length), [1, 8, 1]);
  for (const answer of rig.open) answer();
  await Promise.all(few);
});

Deno.test("Batcher lets nobody wait for company longer than 25 ms, whatever is under way", async () => {
  using rig = made();
  const sends: Promise<unknown>[] = [];
  for (const name of "abcd") {
    sends.push(rig.batcher.send(bytesOf(name)));
    await settled();
  }
  sends.push(...[..."ef"].map((name) => rig.batcher.send(bytesOf(name))));
  await rig.clock.advance(24);
  assertEquals(rig.sent.length, 4);
  await rig.clock.advance(1);
  assertEquals(rig.sent.at(-1), ["e", "f"]);
  for (const answer of rig.open) answer();
  await Promise.all(sends);
});

Deno.test("Batcher fills a request with 64 frames or 256 KiB at most, and sends a larger frame alone", async () => {
  using rig = made();
  const block: Promise<unknown>[] = [];
  for (let nth = 0; nth < 4; nth++) {
    block.push(rig.batcher.send(bytesOf(String(nth))));
    await settled();
  }
  const many = Array.from({ length: 100 }, () => rig.batcher.send(bytesOf("m")));
  const large = rig.batcher.send(new Uint8Array(300 * 1024).fill(0x61));
  for (const [index, expected] of [64, 36].entries()) {
    rig.open[index]();
    await settled();
    assertEquals(rig.sent.at(-1)?.length, expected);
  }
  rig.open[2]();
  await settled();
  assertEquals(rig.sent.at(-1)?.map(({ length }) => length), [300 * 1024]);
  for (const answer of rig.open) answer();
  await Promise.all([...block, ...many, large]);
});
