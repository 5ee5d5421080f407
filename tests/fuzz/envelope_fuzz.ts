/**
 * Byte mutation of envelopes and payloads (R50): whatever comes, decoding it ends in a message or in a `MessageError`, soon, and
 * leaves no memory behind.
 *
 * Each input follows from a seed and its number alone, so that a finding is replayed without the millions before it.
 * @module
 */
import { Buffer } from "node:buffer";
import {
  decodeEnvelope,
  decodeMessage,
  encodeEnvelope,
  envelopeContent,
  signableContent,
} from "../../messages/envelope.ts";
import { MessageError } from "../../messages/message_error.ts";
import { computeId } from "../../messages/message_id.ts";
import type { PayloadSchema } from "../../messages/payload_schema.ts";
import type { BehaviorSpec } from "../../runtime/behavior.ts";
import { SeededRandom } from "../../runtime/testing/seeded_random.ts";
import { below, mutated, oneOf } from "./mutations.ts";
import { Suspicions } from "./suspicions.ts";

/** What the fuzzer starts from. */
export interface Material {
  /** Frames that are right, of every kind and form. */
  readonly frames: readonly Uint8Array[];
  /** Inputs that were worth keeping. */
  readonly kept: readonly Uint8Array[];
  /** Every kind that is spoken. */
  readonly specs: readonly BehaviorSpec[];
}

/** Which inputs. */
export interface Inputs {
  /** Where all numbers come from. */
  readonly seed: number;
  /** The number of the first. @default {0} */
  readonly first?: number;
  /** How many. */
  readonly inputs: number;
}

/** An input that did what none may do. */
export interface Finding {
  /** What it did. */
  readonly what: string;
  /** The input. */
  readonly base64: string;
  /** Shows it again. */
  readonly command: string;
}

/** How far inputs came: to the scan, the envelope, the payload, or through. */
export type Ends = Record<"undecodable" | "too_large" | "payload" | "taken", number>;

/** What came of it. */
export interface EnvelopeReport {
  /** Inputs that were tried. */
  readonly inputs: number;
  /** Where they ended. */
  readonly ends: Ends;
  /** What should not have happened; at most a few. */
  readonly findings: readonly Finding[];
}

/** Characters that the argument of a command may have. */
const ARGUMENT_LENGTH_MAX = 100_000;
/** How many inputs are made of those that were kept. */
const KEPT_SHARE = 0.15;
/** Findings after which it is time to look at them. */
const FINDINGS_MAX = 16;

/** Decodes one input in every way that a receiver does, with the schemas of its kind, or of the one at `pick` where it has none. */
export function decodeWhole(frame: Uint8Array, specs: readonly BehaviorSpec[], pick: number): keyof Ends {
  let isEnvelope = false;
  try {
    const envelope = decodeEnvelope(frame);
    isEnvelope = true;
    const message = decodeMessage(envelope, schemaFor(envelope, specs, pick), frame);
    // What a receiver does next, before it knows who sent it. None of it may throw either.
    computeId(message);
    signableContent(message);
    envelopeContent(message);
    encodeEnvelope(message);
    return "taken";
  } catch (thrown) {
    if (!(thrown instanceof MessageError)) throw thrown;
    if (thrown.message.length > 1_000) {
      throw new Error(`an error of ${thrown.message.length} characters`, { cause: thrown });
    }
    return isEnvelope ? "payload" : thrown.code as "undecodable" | "too_large";
  }
}

function schemaFor(
  { kind, version }: { kind: string; version: number },
  specs: readonly BehaviorSpec[],
  pick: number,
): PayloadSchema<unknown> {
  const own = pick % 8 === 0 ? undefined : specs.find((spec) => spec.kind === kind)?.schemas.get(version);
  if (own) return own;
  const all = specs[pick % specs.length].schemas;
  return [...all.values()][pick % all.size];
}

/** The input of a number. */
export function inputOf(
  { frames, kept, specs }: Material,
  seed: number,
  number: number,
): [input: Uint8Array, pick: number] {
  const random = new SeededRandom(Math.imul(seed, 0x9e3779b1) ^ Math.imul(number, 0x85ebca6b));
  const pick = below(random, specs.length * 8);
  const from = kept.length > 0 && random.next() < KEPT_SHARE ? kept : frames;
  return [mutated(oneOf(random, from), random, random.next() < 0.5 ? frames : from), pick];
}

/** Tries inputs one after the other. `tell` is told the number of each before it is tried. */
export function fuzzEnvelopes(
  material: Material,
  { seed, first = 0, inputs }: Inputs,
  tell: (number: number) => void = () => {},
  decode: typeof decodeWhole = decodeWhole,
): EnvelopeReport {
  const ends: Ends = { undecodable: 0, too_large: 0, payload: 0, taken: 0 };
  const findings: Finding[] = [];
  const found = (number: number, what: string) =>
    void findings.push(findingOf(what, inputOf(material, seed, number)[0], { seed, first: number }));
  const again = (number: number) => {
    const [input, pick] = inputOf(material, seed, number);
    return () => void decode(input, material.specs, pick);
  };
  const suspicions = new Suspicions(again, found);
  let number = first;
  for (; number < first + inputs && findings.length < FINDINGS_MAX; number++) {
    tell(number);
    const [input, pick] = inputOf(material, seed, number);
    suspicions.begin();
    try {
      ends[decode(input, material.specs, pick)]++;
    } catch (thrown) {
      found(number, `threw ${thrown}`);
    }
    suspicions.end(number);
  }
  suspicions.close(number);
  return { inputs: number - first, ends, findings };
}

/** A finding as it is printed. */
export function findingOf(
  what: string,
  input: Uint8Array,
  { seed, first }: { seed: number; first: number },
): Finding {
  const base64 = Buffer.from(input).toString("base64");
  // The corpus grows, and with it changes what a number stands for: the input itself is told where it is short enough.
  const which = base64.length <= ARGUMENT_LENGTH_MAX
    ? `--input ${base64}`
    : `--seed ${seed} --first ${first} --inputs 1`;
  return { what, base64, command: `deno task fuzz --what envelope ${which}` };
}
