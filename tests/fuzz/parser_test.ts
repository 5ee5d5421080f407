/**
 * R53: JSON that was made to hurt a parser. Every case of `corpus/parser/` and those that are too large for a file: what must be
 * refused is refused before anything parses it, quickly, and nothing of it stays.
 * @module
 */
import { assert, assertEquals, assertInstanceOf, assertLess, assertThrows } from "@std/assert";
import { decodeEnvelope } from "../../messages/envelope.ts";
import { MessageError } from "../../messages/message_error.ts";
import { JsonScanError, scanJsonObject } from "../../utilities/json_scan.ts";
import { alice, type Attempt, ENTRY_POINTS, Target } from "../helpers/hostile.ts";
import { lacking } from "../helpers/permissions.ts";
import { quote } from "../interop/envelope_checker_text.ts";
import { ourText } from "./by_hand.ts";
import { corpusOf } from "./corpus.ts";
import { LARGE_CASES } from "./large_cases.ts";
import { floorMs } from "./suspicions.ts";

const encoder = new TextEncoder();

/** What the scan says of some bytes. */
function verdictOf(bytes: Uint8Array): string {
  try {
    scanJsonObject(bytes);
    return "taken";
  } catch (thrown) {
    assertInstanceOf(thrown, JsonScanError);
    assertLess(thrown.message.length, 300);
    return thrown.problem;
  }
}

Deno.test({
  name:
    "R53 scanJsonObject() takes or refuses each of at least 300 parser cases as their folder says, for the reason it says",
  ignore: lacking("read"),
  fn() {
    const cases = corpusOf("parser");
    assert(cases.length >= 300, `${cases.length} cases`);
    for (const { name, verdict, bytes } of cases) assertEquals(verdictOf(bytes), verdict, name);
    for (const { name, bytes } of cases.filter(({ verdict }) => verdict === "taken")) {
      JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)); // No surprise for what comes next.
      assert(bytes.length > 0, name);
    }
  },
});

/** The longest text that `JSON.parse` got while `run` ran. */
function longestParsed(run: () => void): number {
  const { parse } = JSON;
  let longest = 0;
  JSON.parse = (text: string, ...rest: never[]) => {
    longest = Math.max(longest, text.length);
    return parse(text, ...rest);
  };
  try {
    run();
  } finally {
    JSON.parse = parse;
  }
  return longest;
}

Deno.test({
  name:
    "R53 decodeEnvelope() refuses what the scan refuses before anything of it is parsed, but for keys that are escaped",
  ignore: lacking("read"),
  fn() {
    const cases = corpusOf("parser").filter(({ verdict }) => verdict !== "taken");
    for (
      const { name, bytes } of [...cases, ...LARGE_CASES.map((large) => ({ ...large, bytes: large.make() }))]
    ) {
      let thrown: unknown;
      const longest = longestParsed(() =>
        thrown = assertThrows(() => decodeEnvelope(bytes), MessageError, undefined, name)
      );
      assertInstanceOf((thrown as MessageError).cause, JsonScanError, name);
      assertLess(longest, Math.min(100, Math.max(1, bytes.length)), name);
    }
  },
});

/** Times that a case is tried: the least time counts, as the machine has other things to do. */
const TRIES = 7;
/** The mebibyte that `JSON.parse` takes longest for. */
const MANY_LISTS = `[${"[],".repeat(349_000)}[]]`;

Deno.test("R53 decodeEnvelope() refuses up to 40 MB that were made to hurt in at most twice the time that JSON.parse() may take for a mebibyte", () => {
  for (const { name, problem, make } of LARGE_CASES) {
    const bytes = make();
    const refuse = () => {
      const startMs = performance.now();
      const error = assertThrows(() => decodeEnvelope(bytes), MessageError, undefined, name);
      const tookMs = performance.now() - startMs;
      assertEquals((error.cause as JsonScanError).problem, problem, name);
      assertEquals(error.code, problem === "too_large" ? "too_large" : "undecodable", name);
      return tookMs;
    };
    let [leastMs, limitMs] = [Infinity, 0];
    for (let nth = 0; nth < TRIES && leastMs >= limitMs; nth++) {
      leastMs = Math.min(leastMs, refuse(), refuse());
      limitMs = floorMs();
      if (leastMs >= limitMs) limitMs = 2 * floorMs(MANY_LISTS);
    }
    assertLess(leastMs, limitMs, name);
  }
});

/** A signed message whose payload is whatever these bytes are. */
async function around(bytes: Uint8Array, target: Target): Promise<Uint8Array> {
  const sample = target.samples.find(({ spec }) => spec.kind === "sec:meshrequest")!;
  const right = new TextDecoder().decode(await target.frameOf(sample, { from: alice }));
  const [head, tail] = [
    right.slice(0, right.indexOf('"payload":') + 10),
    ',"in_reply_to":"2222222222222222"',
  ];
  const join = (...parts: (string | Uint8Array)[]) =>
    new Uint8Array(parts.flatMap((part) => [...typeof part === "string" ? encoder.encode(part) : part]));
  const domain = ourText([]).slice(0, -2);
  const signature = await alice.keypair.sign(join(domain, head, bytes, tail, "}"));
  return join(head, bytes, tail, `,"envelope_signature":${quote(signature.toBase64())}}`);
}

function assertNothingLeft({ receipt, entered, dropped, changed }: Attempt, name: string): void {
  assertEquals([changed, entered, dropped.length], [[], 1, 1], name);
  assertEquals(receipt?.outcome, "error", name);
}

Deno.test({
  name:
    "R53 Receiver keeps nothing of any parser case, alone or as the payload of a signed message, and counts each once",
  ignore: lacking("read"),
  async fn() {
    await using target = await Target.open();
    for (const { name, bytes } of corpusOf("parser")) {
      assertNothingLeft(await target.attempt(bytes), name);
      assertNothingLeft(await target.attempt(await around(bytes, target)), `the payload ${name}`);
    }
    for (const { name, make } of LARGE_CASES) assertNothingLeft(await target.attempt(make()), name);
    const good = await target.attempt(await target.frameOf(target.samples[0], { from: alice }));
    assert(good.changed.some((name) => name.startsWith("accepted")), "it still listens");
  },
});

Deno.test({
  name:
    "R53 a nara's mesh port keeps nothing of any large parser case, nor of a part of the others, and still listens",
  ignore: lacking("read", "net"),
  async fn() {
    const entry = ENTRY_POINTS.find(({ name }) => name === "POST /mesh/message")!;
    await using target = await Target.open(entry);
    const small = corpusOf("parser").filter((_, index) => index % 7 === 0);
    const large = LARGE_CASES.map(({ name, make }) => ({ name, bytes: make() }))
      .filter(({ bytes }) => bytes.length <= 1024 * 1024);
    for (const { name, bytes } of [...small, ...large]) {
      assertEquals((await target.attempt(bytes)).changed, [], name);
    }
    const good = await target.attempt(await target.frameOf(target.samples[0], { from: alice }));
    assert(good.changed.some((name) => name.startsWith("accepted")), "it still listens");
  },
});
