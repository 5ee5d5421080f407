/**
 * Bytes made a little wrong: what a fuzzer does to an input that was right. The same random numbers make the same bytes.
 * @module
 */
import type { Random } from "../../utilities/random.ts";

/** Does one thing to some bytes. `other` is another input, to take parts of. */
export type Mutation = (bytes: Uint8Array, random: Random, other: Uint8Array) => Uint8Array;

/** Bytes that a growing mutation may come to, and how seldom one grows past {@linkcode CHUNK_BYTES_MAX} at a time. */
const GROWN_BYTES_MAX = 256 * 1024;
const GROWN_ONE_IN = 1_000;
const CHUNK_BYTES_MAX = 64;
/** Things done to one input at most. */
const STEPS_MAX = 6;

const encoder = new TextEncoder();

/** What means something to a reader of JSON, of UTF-8 or of an envelope. */
const TOKENS: readonly Uint8Array[] = [
  ...['"', "\\", "{", "}", "[", "]", ",", ":", " ", "\n", "\0", "null", "true", "false", "NaN", "-", "+"],
  ...["0", "-0", "00", "1e309", "1e-999", "0.1", "1.0", "9007199254740993", "1".repeat(33), "1".repeat(32)],
  ...[
    "\\u0000",
    "\\ud83e",
    "\\udd8a",
    "\\ud83e\\udd8a",
    "\\u003c",
    "\\n",
    "\\/",
    "\\u2028",
    "é",
    "🦊",
    "\u2028",
  ],
  ...[
    "\ufeff",
    '"__proto__":1,',
    '"constructor":{},',
    '"id":"",',
    '"version":2,',
    '"version":0,',
    "AA==",
    "=",
  ],
  ...[
    '"payload":null,',
    '"payload":{},',
    "[[[[[[[[[[[[[[[[",
    "{}",
    "[]",
    '""',
    "Z",
    "+00:00",
    "-23:59",
    ".5",
  ],
  ...["-02-29T", "T24:", ":60", "9999-", "0000-", ".999999999"],
].map((text) => encoder.encode(text));
const BAD_BYTES: readonly Uint8Array[] = [
  [0x80],
  [0xff],
  [0xc0, 0xaf],
  [0xed, 0xa0, 0x80],
  [0xf4, 0x90, 0x80, 0x80],
  [0xef, 0xbb, 0xbf],
  [0xe2, 0x80],
].map((bytes) => Uint8Array.from(bytes));
const LETTERS = encoder.encode("ABCXYZabcxyz0123456789-_:+/=.");

/** Everything that is done, each as often as it stands here. */
export const MUTATIONS: Readonly<Record<string, Mutation>> = {
  flipBit: (bytes, random) => withByte(bytes, random, (byte) => byte ^ (1 << below(random, 8))),
  setByte: (bytes, random) => withByte(bytes, random, () => below(random, 256)),
  setLetter: (bytes, random) => withByte(bytes, random, () => LETTERS[below(random, LETTERS.length)]),
  nudge: (bytes, random) => withByte(bytes, random, (byte) => byte + (random.next() < 0.5 ? 1 : -1)),
  remove: (bytes, random) => {
    const [start, end] = range(bytes, random);
    return replaced(bytes, start, end);
  },
  cut: (bytes, random) => bytes.slice(0, below(random, bytes.length + 1)),
  insertToken: (bytes, random) => {
    const at = below(random, bytes.length + 1);
    return replaced(bytes, at, at, token(random));
  },
  overwriteByToken: (bytes, random) => {
    const put = token(random);
    const at = below(random, bytes.length + 1);
    return replaced(bytes, at, Math.min(bytes.length, at + put.length), put);
  },
  repeat: (bytes, random) => {
    const [start, end] = range(bytes, random);
    const isLong = below(random, GROWN_ONE_IN) === 0;
    const room = (isLong ? GROWN_BYTES_MAX : bytes.length + 4 * CHUNK_BYTES_MAX) - bytes.length;
    const times = Math.max(1, Math.floor(room / Math.max(1, end - start)));
    const again = new Uint8Array((isLong ? times : 1 + below(random, Math.min(times, 8))) * (end - start));
    for (let at = 0; at < again.length; at += end - start) again.set(bytes.subarray(start, end), at);
    return replaced(bytes, end, end, again);
  },
  splice: (bytes, random, other) => {
    const [start, end] = range(other, random);
    const at = below(random, bytes.length + 1);
    return replaced(bytes, at, at, other.subarray(start, end));
  },
  join: (bytes, random, other) => {
    const at = below(random, bytes.length + 1);
    return replaced(bytes, at, bytes.length, other.subarray(Math.min(at, other.length)));
  },
  move: (bytes, random) => {
    const [start, end] = range(bytes, random);
    const part = bytes.slice(start, end);
    const rest = replaced(bytes, start, end);
    const at = below(random, rest.length + 1);
    return replaced(rest, at, at, part);
  },
};

const ALL = Object.values(MUTATIONS);

/** `bytes` with one to six mutations, mostly few; `others` are what parts are taken from. The bytes given stay as they are. */
export function mutated(
  bytes: Uint8Array,
  random: Random,
  others: readonly Uint8Array[] = [bytes],
): Uint8Array {
  let result = bytes;
  let steps = 1;
  while (steps < STEPS_MAX && random.next() < 0.35) steps++;
  for (let step = 0; step < steps; step++) {
    result = ALL[below(random, ALL.length)](result, random, others[below(random, others.length)]);
  }
  return result;
}

/** A whole number from 0 up to, but not including, `end`. */
export function below(random: Random, end: number): number {
  return Math.floor(random.next() * end);
}

/** One of some things. */
export function oneOf<T>(random: Random, things: readonly T[]): T {
  return things[below(random, things.length)];
}

function token(random: Random): Uint8Array {
  return oneOf(random, random.next() < 0.1 ? BAD_BYTES : TOKENS);
}

function withByte(bytes: Uint8Array, random: Random, to: (byte: number) => number): Uint8Array {
  const copy = bytes.slice();
  if (copy.length === 0) return copy;
  const at = below(random, copy.length);
  copy[at] = to(copy[at]);
  return copy;
}

function range(bytes: Uint8Array, random: Random): [start: number, end: number] {
  const start = below(random, bytes.length + 1);
  return [start, Math.min(bytes.length, start + 1 + below(random, CHUNK_BYTES_MAX))];
}

const NOTHING = new Uint8Array();

function replaced(bytes: Uint8Array, start: number, end: number, put: Uint8Array = NOTHING): Uint8Array {
  const result = new Uint8Array(start + put.length + bytes.length - end);
  result.set(bytes.subarray(0, start));
  result.set(put, start);
  result.set(bytes.subarray(end), start + put.length);
  return result;
}
