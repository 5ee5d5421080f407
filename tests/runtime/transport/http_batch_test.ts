import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Deadlines } from "../../../runtime/primitives/deadlines.ts";
import { settled, VirtualClock } from "../../../runtime/testing/virtual_clock.ts";
import {
  BATCH_FRAMES_MAX,
  fitsALine,
  joinFrames,
  joinReceipts,
  splitFrames,
  splitReceipts,
} from "../../../runtime/transport/http_batch.ts";
import { Batcher, type Passenger } from "../../../runtime/transport/http_batcher.ts";

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

Deno.test("splitReceipts() takes as many receipts as there were frames", () => {
  const body = joinReceipts([{ status: 200, body: "{}" }, { status: 200, body: bytesOf('{"reply":1}') }]);
  assertEquals(splitReceipts(body, 2)?.map(textOf), ["{}", '{"reply":1}']);
  assertEquals([splitReceipts(body, 1), splitReceipts(body, 3)], [undefined, undefined]);
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
  const batcher = new Batcher(deadlines, (passengers: readonly Passenger[]) => {
    sent.push(passengers.map(({ frame }) => textOf(frame)));
    return new Promise((resolve) =>
      open.push(() => {
        for (const { resolve } of passengers) resolve({ receipt: { outcome: "handled" } });
        resolve();
      })
    );
  });
  return { clock, deadlines, sent, open, batcher, [Symbol.dispose]: () => deadlines[Symbol.dispose]() };
}

Deno.test("Batcher sends at once and alone while little is under way, then what waited together", async () => {
  using rig = made();
  const sends = [..."abcdefg"].map((name) => rig.batcher.send(bytesOf(name)));
  assertEquals(rig.sent, [["a"], ["b"], ["c"], ["d"]]);
  assertEquals(rig.batcher.waiting, 3);
  rig.open[1]();
  await settled();
  assertEquals(rig.sent.at(-1), ["e", "f", "g"]);
  for (const answer of rig.open) answer();
  assertEquals((await Promise.all(sends)).length, 7);
  await settled();
  assertEquals(rig.batcher.isIdle, true);
});

Deno.test("Batcher lets nobody wait for company longer than 5 ms, whatever is under way", async () => {
  using rig = made();
  const sends = [..."abcdef"].map((name) => rig.batcher.send(bytesOf(name)));
  await rig.clock.advance(4);
  assertEquals(rig.sent.length, 4);
  await rig.clock.advance(1);
  assertEquals(rig.sent.at(-1), ["e", "f"]);
  for (const answer of rig.open) answer();
  await Promise.all(sends);
});

Deno.test("Batcher fills a request with 64 frames or 256 KiB at most, and sends a larger frame alone", async () => {
  using rig = made();
  const block = Array.from({ length: 4 }, (_, nth) => rig.batcher.send(bytesOf(String(nth))));
  const many = Array.from({ length: 100 }, () => rig.batcher.send(bytesOf("m")));
  const large = rig.batcher.send(new Uint8Array(300 * 1024).fill(0x61));
  rig.open[0]();
  await settled();
  assertEquals(rig.sent.at(-1)?.length, 64);
  rig.open[1]();
  await settled();
  assertEquals(rig.sent.at(-1)?.length, 36);
  rig.open[2]();
  await settled();
  assertEquals(rig.sent.at(-1)?.map(({ length }) => length), [300 * 1024]);
  for (const answer of rig.open) answer();
  await Promise.all([...block, ...many, large]);
});
