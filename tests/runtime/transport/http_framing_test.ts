import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { type BodyFrame, ChunkedFrame, LengthFrame } from "../../../runtime/transport/http_framing.ts";
import { bytesOf } from "../../helpers/raw_server.ts";

/** What a frame says of bytes that come in these parts. */
function read(frame: BodyFrame, parts: readonly Uint8Array[]) {
  const data: number[] = [];
  let taken = 0;
  for (const part of parts) taken += frame.take(part, (bytes) => void data.push(...bytes));
  return { data: Uint8Array.from(data), taken, isDone: frame.isDone, problem: frame.problem };
}

/** Bytes, cut at places that are given as parts of their length. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const at = places.map((place) => Math.floor(place * bytes.length)).sort((a, b) => a - b);
  return [0, ...at].map((start, index) => bytes.subarray(start, [...at, bytes.length][index]));
}

const somePlaces = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 20 });
const someBytes = fc.uint8Array({ maxLength: 60 });

function chunked(chunks: readonly Uint8Array[], digits: (size: string) => string = String): Uint8Array {
  const parts = chunks.filter(({ length }) => length > 0).flatMap((chunk) => [
    ...bytesOf(`${digits(chunk.length.toString(16))}\r\n`),
    ...chunk,
    ...bytesOf("\r\n"),
  ]);
  return Uint8Array.from([...parts, ...bytesOf("0\r\n\r\n")]);
}

Deno.test("LengthFrame hands on all bytes of its body and none behind, however they are cut", () => {
  fc.assert(fc.property(someBytes, someBytes, somePlaces, (body, behind, places) => {
    const frame = new LengthFrame(body.length, Infinity);
    const got = read(frame, cut(Uint8Array.from([...body, ...behind]), places));
    assertEquals(got, { data: body, taken: body.length, isDone: true, problem: undefined });
  }));
});

Deno.test("ChunkedFrame hands on what its chunks hold and nothing else, however the bytes are cut", () => {
  fc.assert(
    fc.property(fc.array(someBytes, { maxLength: 5 }), someBytes, somePlaces, (chunks, behind, places) => {
      const body = chunked(chunks);
      const got = read(new ChunkedFrame(Infinity), cut(Uint8Array.from([...body, ...behind]), places));
      const data = Uint8Array.from(chunks.flatMap((chunk) => [...chunk]));
      assertEquals(got, { data, taken: body.length, isDone: true, problem: undefined });
    }),
  );
});

Deno.test("LengthFrame and ChunkedFrame hand on views, and no empty ones", () => {
  for (
    const [frame, text] of [
      [new LengthFrame(2, 2), "hi"],
      [new ChunkedFrame(2), "2\r\nhi\r\n0\r\n\r\n"],
    ] as const
  ) {
    const bytes = bytesOf(text);
    const parts: Uint8Array[] = [];
    for (const part of [bytes.subarray(0, 0), bytes, bytes.subarray(0, 0)]) {
      frame.take(part, (data) => void parts.push(data));
    }
    assertEquals(parts.map(({ buffer, length }) => [buffer === bytes.buffer, length]), [[true, 2]]);
  }
});

for (const digits of [(size: string) => size.toUpperCase(), (size: string) => size.padStart(8, "0")]) {
  const body = chunked([new Uint8Array(0xab)], digits);
  Deno.test(`ChunkedFrame takes the size ${digits("ab")}`, () => {
    const { data, isDone } = read(new ChunkedFrame(0xab), [body]);
    assertEquals([data.length, isDone], [0xab, true]);
  });
}

const broken: Record<string, string> = {
  "no size": "\r\n",
  "a size that is no number": "g\r\n",
  "a negative size": "-1\r\n",
  "a size with a prefix": "0x1\r\n",
  "a size of nine digits": "000000001\r\n",
  "a size behind a space": " 1\r\n",
  "a size before a space": "1 \r\n",
  "an extension": "1;a=b\r\n",
  "a bare line feed behind a size": "1\na",
  "a carriage return without a line feed behind a size": "1\rab",
  "more data than its size says": "1\r\nab\r\n",
  "less data than its size says": "2\r\na\r\n0\r\n\r\n",
  "a bare line feed behind its data": "1\r\na\n",
  "a bare line feed at the end": "0\r\n\n",
  "a trailer": "0\r\nx: y\r\n\r\n",
};

for (const [says, text] of Object.entries(broken)) {
  Deno.test(`ChunkedFrame finds ${says} broken, in one part and byte by byte`, () => {
    const bytes = [...bytesOf(text)].map((byte) => Uint8Array.of(byte));
    const whole = read(new ChunkedFrame(Infinity), [bytesOf(text)]);
    assertEquals([whole.isDone, whole.problem], [false, "broken"]);
    assertEquals(read(new ChunkedFrame(Infinity), bytes), whole);
  });
}

Deno.test("ChunkedFrame hands nothing on of a chunk that is too large, nor of anything behind", () => {
  const got = read(new ChunkedFrame(3), [bytesOf("2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n"), bytesOf("1\r\ne\r\n")]);
  assertEquals([got.data, got.isDone, got.problem], [bytesOf("ab"), false, "too_large"]);
});

Deno.test("ChunkedFrame tells all that is said in some bytes at once, however small the chunks", () => {
  const bytes = bytesOf("1\r\na\r\n".repeat(1_000) + "3\r\nbcd\r\n0\r\n\r\nbehind");
  const told: string[] = [];
  const taken = new ChunkedFrame(Infinity).take(bytes, (part) => told.push(new TextDecoder().decode(part)));
  assertEquals([told, taken], [["a".repeat(1_000) + "bcd"], bytes.length - "behind".length]);
  assertEquals(new TextDecoder().decode(bytes.subarray(taken)), "behind");
});

Deno.test("ChunkedFrame leaves the bytes alone where nobody is told what they say", () => {
  const text = "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n";
  const bytes = bytesOf(text);
  new ChunkedFrame(Infinity).take(bytes);
  assertEquals(bytes, bytesOf(text));
});
