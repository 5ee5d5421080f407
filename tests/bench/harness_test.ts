import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { BENCHES } from "./benches.ts";
import { type Bench, measure, median, type Rig, run, type Signatures } from "./harness.ts";
import { parse, toJson, toLine } from "./run.ts";

/** A side that does nothing but count. */
function rig(perMessage: Signatures = { signed: 1, verified: 1 }, senders: number[] = []): Rig {
  const count = { signed: 0, verified: 0 };
  const once = (sender: number) => {
    senders.push(sender);
    count.signed += perMessage.signed;
    count.verified += perMessage.verified;
    return Promise.resolve();
  };
  return { count, once, [Symbol.asyncDispose]: () => Promise.resolve() };
}

const LOAD = { inFlight: 64, senders: 3 };

Deno.test("run() takes the senders in turn and counts signatures per message", async () => {
  const senders: number[] = [];
  const figure = await run(rig({ signed: 2, verified: 1 }, senders), 0.01, "us", LOAD);
  assertEquals(figure.count, { signed: 2, verified: 1 });
  assertEquals(senders.slice(0, 7), [0, 1, 2, 0, 1, 2, 0]);
});

Deno.test("run() rejects when one message was dropped", async () => {
  const once = (sender: number) => sender === 2 ? Promise.reject(new Error("dropped")) : Promise.resolve();
  const dropping = { ...rig(), once };
  await assertRejects(() => run(dropping, 0.01, "us", LOAD), Error, "dropped");
});

Deno.test("measure() rejects when nara signs more often than its floor", async () => {
  const bench: Bench = {
    name: "uneven",
    unit: "us",
    aim: { atMost: 1 },
    loads: [{ inFlight: 1, senders: 1 }],
    floor: { open: () => rig({ signed: 0, verified: 1 }) },
    ours: { open: () => rig({ signed: 1, verified: 1 }) },
  };
  await assertRejects(() => measure(bench, "node", { seconds: 0, warmUpSeconds: 0 }), Error, "must be equal");
});

Deno.test("median() takes the middle one", () => {
  assertEquals(median([3, 1, 20]), 3);
  assertEquals(median([]), undefined);
});

Deno.test("parse() takes names and --json in any order, and all benches without a name", () => {
  const asked = parse(["--json", "receive"], BENCHES);
  assert(typeof asked !== "string");
  assertEquals([asked.json, asked.benches.map(({ name }) => name)], [true, ["receive"]]);
  assertEquals(parse([], BENCHES), { benches: [...BENCHES], json: false });
});

Deno.test("parse() says what is unknown in one sentence", () => {
  assertEquals(
    parse(["--fast"], BENCHES),
    'Cannot measure as asked: expected no flag but --json, got "--fast"',
  );
  assertStringIncludes(
    String(parse(["recieve"], BENCHES)),
    "Cannot measure as asked: expected local-emit, receive",
  );
});

Deno.test("toJson() and toLine() write a figure", () => {
  const row = {
    name: "receive/node",
    value: 18_000.4,
    unit: "per second",
    floor: 24_000,
    ratio: 0.75,
    aim: "at least 0.6",
  };
  assertEquals(
    toJson(row),
    '{"name":"receive/node","value":18000,"unit":"per second","floor":24000,"ratio":0.75}',
  );
  assertEquals(toLine(row).split(/\s+/), "receive/node 18000 24000 per second 0.750 at least 0.6".split(" "));
});
