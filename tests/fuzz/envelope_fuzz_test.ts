/**
 * R50: bytes that were made a little wrong. `deno task fuzz` tries as many as one likes.
 * @module
 */
import { assert, assertEquals, assertGreater, assertMatch, assertStringIncludes } from "@std/assert";
import { decodeEnvelope, decodeMessage } from "../../messages/envelope.ts";
import { MessageError } from "../../messages/message_error.ts";
import type { BehaviorSpec } from "../../runtime/behavior.ts";
import { tries } from "../helpers/hostile.ts";
import { lacking } from "../helpers/permissions.ts";
import { corpusOf } from "./corpus.ts";
import { decodeWhole, type Ends, fuzzEnvelopes, inputOf, type Material } from "./envelope_fuzz.ts";
import { envelopeMaterial } from "./material.ts";

/** As many as a core decodes in 15 s to 30 s: two million would take it over a minute. */
const INPUTS = 400_000;

Deno.test({
  name:
    "R50 (400 000 inputs) the envelope and payload decoders throw nothing but a MessageError, hang nowhere and keep no memory, whatever bytes come",
  ignore: lacking("read", "env"),
  async fn() {
    const inputs = tries(INPUTS);
    const report = fuzzEnvelopes(await envelopeMaterial(), { seed: 50, inputs });
    assertEquals(report.findings, []);
    assertEquals(report.inputs, inputs);
    assertEquals(Object.values(report.ends).reduce((sum, count) => sum + count), inputs);
    // It would say nothing if all of them ended at the first byte.
    const { undecodable, payload, taken } = report.ends;
    for (const count of [undecodable, payload, taken]) {
      assertGreater(count, inputs / 50, JSON.stringify(report.ends));
    }
  },
});

/** What becomes of a frame of the corpus. */
function verdictOf(frame: Uint8Array, specs: readonly BehaviorSpec[]): string {
  try {
    const envelope = decodeEnvelope(frame);
    const spec = specs.find(({ kind }) => kind === envelope.kind);
    const schema = spec?.schemas.get(envelope.version);
    if (!schema) return spec ? "unsupported_version" : "unknown_kind";
    decodeMessage(envelope, schema, frame);
    return "taken";
  } catch (thrown) {
    assert(thrown instanceof MessageError, `${thrown}`);
    return thrown.code;
  }
}

Deno.test({
  name: "R50 every envelope of the corpus is taken or refused as its folder says",
  ignore: lacking("read"),
  async fn() {
    const { specs } = await envelopeMaterial();
    const cases = corpusOf("envelope");
    assertGreater(cases.length, 100);
    for (const { name, verdict, bytes } of cases) {
      assertEquals(verdictOf(bytes, specs), verdict, name);
      for (let pick = 0; pick < specs.length; pick++) decodeWhole(bytes, specs, pick * 8); // With the schemas of all others.
    }
  },
});

const FRAME = new TextEncoder().encode('{"kind":"a","timestamp":"2026-01-15T10:20:30Z","payload":{}}');
const TINY: Material = {
  frames: [FRAME],
  kept: [],
  specs: [{ kind: "a", schemas: new Map() } as unknown as BehaviorSpec],
};
/** Takes whatever comes, but for a few inputs. */
const numbered = (bad: number, misbehave: () => void) => {
  let number = 0;
  return (): keyof Ends => {
    if (number++ >= bad) misbehave();
    return "taken";
  };
};

Deno.test("fuzzEnvelopes() makes the same input of the same seed and number, and another one of any other", () => {
  const texts = (seed: number) =>
    Array.from({ length: 50 }, (_, number) => inputOf(TINY, seed, number)[0].toHex());
  assertEquals(texts(1), texts(1));
  assertGreater(new Set([...texts(1), ...texts(2)]).size, 90);
});

Deno.test("fuzzEnvelopes() finds an input that throws, and says how to see it again", () => {
  const decode = numbered(2, () => {
    throw new RangeError("too much");
  });
  const { findings } = fuzzEnvelopes(TINY, { seed: 7, inputs: 3 }, undefined, decode);
  const base64 = inputOf(TINY, 7, 2)[0].toBase64();
  assertEquals(findings, [{
    what: "threw RangeError: too much",
    base64,
    command: `deno task fuzz --what envelope --input ${base64}`,
  }]);
});

Deno.test("fuzzEnvelopes() finds an input that is slow every time, and none that was slow once", () => {
  const wait = () => {
    for (const endMs = performance.now() + 250; performance.now() < endMs;);
  };
  const slow = fuzzEnvelopes(TINY, { seed: 7, inputs: 1 }, undefined, numbered(0, wait)).findings;
  assertEquals(slow.length, 1);
  assertMatch(slow[0].what, /^took \d.* ms, where .* are allowed$/);
  let isFirst = true;
  const once = numbered(0, () => {
    if (isFirst) wait();
    isFirst = false;
  });
  assertEquals(fuzzEnvelopes(TINY, { seed: 7, inputs: 3 }, undefined, once).findings, []);
});

const bad = inputOf(TINY, 7, 25)[0].toHex();
const whenBad = (misbehave: () => void) => (frame: Uint8Array): keyof Ends => {
  if (frame.toHex() === bad) misbehave();
  return "taken";
};

Deno.test("fuzzEnvelopes() finds an input that takes much memory, in objects and in buffers, also if it gives it back", () => {
  const buffer = () => void new Uint8Array(24 * 1024 * 1024);
  const objects = () => void Array.from({ length: 1_000_000 }, (_, at) => ({ at }));
  for (const take of [buffer, objects]) {
    const { findings } = fuzzEnvelopes(TINY, { seed: 7, inputs: 100 }, undefined, whenBad(take));
    const large = findings.filter(({ what }) => what.endsWith("bytes, where 16777216 are allowed")); // Some is slow, too.
    assertGreater(large.length, 0);
    for (const { base64 } of large) assertEquals(Uint8Array.fromBase64(base64).toHex(), bad);
  }
});

Deno.test("fuzzEnvelopes() finds that inputs left memory behind, however little each", () => {
  const kept: number[][] = [];
  const keep = (): keyof Ends => {
    kept.push(Array.from({ length: 5_000 }, (_, at) => at + 0.5));
    return "taken";
  };
  const { findings } = fuzzEnvelopes(TINY, { seed: 7, inputs: 600 }, undefined, keep);
  assertGreater(kept.length, 599);
  assertStringIncludes(findings.at(-1)?.what ?? "", "behind together");
});
