import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import type { Message } from "../../messages/message.ts";
import { Chain, type ChainOptions, type ChainResult } from "../../runtime/pipeline.ts";
import {
  continueWith,
  drop,
  fail,
  none,
  type PeerStage,
  type Stage,
  type StageResult,
  type StreamStage,
} from "../../runtime/stage.ts";
import { settled, VirtualClock } from "../../runtime/testing/virtual_clock.ts";
import { alice, mallory, messageOf, stageContext } from "../helpers/stage_context.ts";

/** A chain that is closed at the end of its test. */
class OpenChain extends Chain implements AsyncDisposable {
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Sends a message through. */
  pass(message: Message): Promise<ChainResult> {
    return new Promise((resolve) => this.push(message, resolve));
  }
}

function chainOf(stages: Stage[], options: Partial<ChainOptions> = {}): OpenChain {
  return new OpenChain({
    stages,
    context: stageContext(),
    laneOf: ({ fromId }) => fromId,
    whenBusy: () => drop("peer_busy"),
    isOrdered: false,
    ...options,
  });
}

function quick(
  name: string,
  process: StreamStage["process"] = (message) => continueWith(message),
): StreamStage {
  return { order: "stream", name, describe: () => `${name}!`, process };
}

function waiting(name: string, process: PeerStage["process"], release?: PeerStage["release"]): PeerStage {
  return { order: "peer", name, release, describe: () => `${name}!`, process };
}

function textOf(message: Message): string {
  return (message.payload as { text: string }).text;
}

/** A message whose text says what a stage should do with it. */
function said(text: string, fromId: string = alice.id): Message {
  return messageOf({ payload: { text }, fromId });
}

const boom = new Error("boom");
const WAYS: Readonly<Record<string, () => StageResult>> = {
  drop: () => drop("x:unwanted"),
  error: () => fail(boom),
  throw: () => {
    throw boom;
  },
};
const OUTCOMES: Readonly<Record<string, object>> = {
  drop: { outcome: "drop", reason: "x:unwanted", stage: "judge" },
  error: { outcome: "error", error: boom, stage: "judge" },
  throw: { outcome: "error", error: boom, stage: "judge" },
  reject: { outcome: "error", error: boom, stage: "judge" },
};

/** Judges by the message's text, at once or later. */
function judge(message: Message): StageResult {
  return WAYS[textOf(message)]?.() ?? continueWith(message);
}

function later(message: Message): Promise<StageResult> {
  return textOf(message) === "reject" ? Promise.reject(boom) : Promise.resolve().then(() => judge(message));
}

const JUDGES: Readonly<Record<string, Stage>> = {
  "stream stage": quick("judge", judge),
  "peer stage that answers at once": waiting("judge", judge),
  "peer stage that answers later": waiting("judge", later),
};

Deno.test("Chain tells how long a message took in each stage, up to the one where it ended", async () => {
  const clock = new VirtualClock();
  const slow = (name: string, ms: number) =>
    waiting(name, async (message) => {
      await clock.sleep(ms);
      return judge(message);
    });
  await using chain = chainOf([quick("a"), slow("b", 30), quick("c"), slow("d", 5), quick("e")], {
    context: stageContext({ clock }),
  });
  for (const [text, expected] of Object.entries({ fine: [0, 30, 0, 5, 0], drop: [0, 30] })) {
    const passing = chain.pass(said(text));
    await clock.advance(100);
    const { passed } = await passing;
    assertEquals(passed.stages, ["a", "b", "c", "d", "e"]);
    assertEquals(passed.durationsMs(), expected);
  }
});

for (const [says, stage] of Object.entries(JUDGES)) {
  for (const way of ["drop", "error", "throw", ...says.endsWith("later") ? ["reject"] : []]) {
    Deno.test(`Chain tells the outcome and the stage where a ${says} ends in ${way}, and goes on for the next`, async () => {
      const seen: string[] = [];
      await using chain = chainOf([
        stage,
        quick("behind", (message) => {
          seen.push(textOf(message));
          return continueWith(message);
        }),
      ]);
      for (const text of [way, "fine", way, way, "good"]) {
        const message = said(text);
        const result = await chain.pass(message);
        assertStrictEquals(result.message, message);
        const { message: _, passed: __, ...rest } = result;
        assertEquals<object>(rest, OUTCOMES[text] ?? { outcome: "continue", receipt: undefined });
      }
      assertEquals(seen, ["fine", "good"]);
    });
  }
}

Deno.test("Chain turns anything that was thrown into an Error", async () => {
  await using chain = chainOf([quick("odd", () => {
    throw "just words";
  })]);
  const result = await chain.pass(said("x"));
  assert(result.outcome === "error");
  assertInstanceOf(result.error, Error);
  assertEquals(result.error.message, "just words");
});

Deno.test("Chain survives a hundred throws in every kind of stage, each message with its own outcome", async () => {
  const thrower = (name: string) => (message: Message): StageResult => {
    if (textOf(message) === name) throw new Error(name);
    return continueWith(message);
  };
  const names = ["first", "second", "third", "fourth"];
  await using chain = chainOf([
    quick("first", thrower("first")),
    waiting("second", thrower("second")),
    quick("third", thrower("third")),
    waiting("fourth", async (message) => thrower("fourth")(await message)),
  ]);
  const texts = Array.from({ length: 100 }, (_, at) => names[at % 5] ?? "through");
  const results = await Promise.all(texts.map((text) => chain.pass(said(text))));
  assertEquals(
    results.map((result) =>
      result.outcome === "error" ? `${result.stage} ${result.error.message}` : result.outcome
    ),
    texts.map((text) => text === "through" ? "continue" : `${text} ${text}`),
  );
});

Deno.test("Chain hands every stage what the one before it made of the message, and its last receipt on", async () => {
  const mark = (text: string) => (message: Message) =>
    continueWith(message.with({ contentKey: `${message.contentKey ?? ""}${text}` }));
  await using chain = chainOf([
    quick("a", mark("a")),
    waiting("b", (message) => Promise.resolve(mark("b")(message))),
    waiting("c", (message) => continueWith(message, { outcome: "handled" })),
    quick("d", mark("d")),
  ]);
  const result = await chain.pass(said("x"));
  assert(result.outcome === "continue");
  assertEquals([result.message.contentKey, result.receipt], ["abd", { outcome: "handled" }]);
});

Deno.test("Chain hands its context to every stage", async () => {
  const context = stageContext();
  const seen: unknown[] = [];
  const look = (message: Message, given: unknown) => {
    seen.push(given);
    return continueWith(message);
  };
  await using chain = chainOf([quick("a", look), waiting("b", look)], { context });
  await chain.pass(said("x"));
  assert(seen.length === 2 && seen.every((given) => given === context));
});

Deno.test("Chain.describe() shows a stream in brackets, what runs in lanes in round ones, and leaves none stages out", async () => {
  const nothing = none("nothing", "at all");
  const wait = waiting("w", (message) => continueWith(message));
  const shown: [string, Stage[]][] = [
    ["[a: a! | b: b!]", [quick("a"), nothing, quick("b")]],
    ["[a: a! | (w: w!)] → [b: b!]", [nothing, quick("a"), wait, nothing, quick("b")]],
    ["[(w: w!)] → [(w: w!)]", [wait, wait]],
    ["[(w: w!)]", [wait, nothing]],
    ["[]", [nothing]],
  ];
  for (const [text, stages] of shown) {
    await using chain = chainOf(stages);
    assertEquals(chain.describe(), text);
    assertEquals((await chain.pass(said("x"))).outcome, "continue");
  }
});

Deno.test("Chain never runs a stage that is marked as none", async () => {
  const stage: StreamStage = { ...quick("trap", () => drop("x:trap")), isNone: true };
  await using chain = chainOf([stage]);
  assertEquals((await chain.pass(said("x"))).outcome, "continue");
});

Deno.test("Chain runs a lane per peer: one that never ends holds up nobody else", async () => {
  const stuck = Promise.withResolvers<StageResult>();
  await using chain = chainOf([
    waiting(
      "wait",
      (message) => message.fromId === mallory.id ? stuck.promise : Promise.resolve(continueWith(message)),
    ),
  ]);
  const ends = [chain.pass(said("never", mallory.id)), chain.pass(said("never", mallory.id))];
  for (let at = 0; at < 300; at++) assertEquals((await chain.pass(said(`${at}`))).outcome, "continue");
  stuck.resolve(drop("x:late"));
  assertEquals((await Promise.all(ends)).map(({ outcome }) => outcome), ["drop", "drop"]);
});

Deno.test("Chain asks whenBusy() what becomes of the 129th message of a peer, and takes others meanwhile", async () => {
  const gate = Promise.withResolvers<void>();
  const stages = [waiting("wait", async (message) => {
    if (message.fromId === mallory.id) await gate.promise;
    return continueWith(message);
  })];
  const whenBusy = (message: Message) =>
    fail(new Error(`too much of ${message.fromId === mallory.id ? "her" : "him"}`));
  await using chain = chainOf(stages, { whenBusy });
  const results = Array.from({ length: 130 }, () => chain.pass(said("x", mallory.id)));
  for (const result of await Promise.all(results.slice(128))) {
    assert(result.outcome === "error");
    assertEquals([result.error.message, result.stage], ["too much of her", "wait"]);
  }
  assertEquals((await chain.pass(said("x"))).outcome, "continue");
  gate.resolve();
  assertEquals(
    (await Promise.all(results.slice(0, 128))).every(({ outcome }) => outcome === "continue"),
    true,
  );
});

Deno.test("Chain lets at most 1024 messages wait in a stage, whoever sends them", async () => {
  const gate = Promise.withResolvers<void>();
  await using chain = chainOf([waiting("wait", (message) => gate.promise.then(() => continueWith(message)))]);
  const results = Array.from({ length: 1100 }, (_, at) => chain.pass(said("x", `peer${at % 20}`)));
  const busy = await Promise.all(results.slice(1024));
  assertEquals(busy.every((result) => result.outcome === "drop" && result.reason === "peer_busy"), true);
  gate.resolve();
  const rest = await Promise.all(results.slice(0, 1024));
  assertEquals(rest.every(({ outcome }) => outcome === "continue"), true);
});

for (const [release, expected] of [[undefined, "abc"], ["start", "abc"], ["finish", "cba"]] as const) {
  Deno.test(`Chain lets a peer's messages out in the order of their ${release ?? "start, unless told otherwise"}`, async () => {
    const gates = new Map(["a", "b", "c"].map((name) => [name, Promise.withResolvers<void>()]));
    const stage = waiting(
      "wait",
      (message) => gates.get(textOf(message))!.promise.then(() => continueWith(message)),
      release,
    );
    const seen: string[] = [];
    await using chain = chainOf([
      stage,
      quick("see", (message) => {
        seen.push(textOf(message));
        return continueWith(message);
      }),
    ]);
    const results = ["a", "b", "c"].map((text) => chain.pass(said(text)));
    await settled();
    for (const text of ["c", "b", "a"]) {
      gates.get(text)!.resolve();
      await settled();
    }
    await Promise.all(results);
    assertEquals(seen.join(""), expected);
  });
}

for (const [isOrdered, width] of [[true, 1], [false, 20]] as const) {
  Deno.test(`Chain that is ${isOrdered ? "" : "not "}ordered has ${width} of 20 messages of a peer in a stage`, async () => {
    const gates: (() => void)[] = [];
    const stage = waiting(
      "wait",
      (message) => new Promise((resolve) => gates.push(() => resolve(continueWith(message)))),
    );
    await using chain = chainOf([stage], { isOrdered });
    const results = Array.from({ length: 20 }, () => chain.pass(said("x")));
    for (let left = 20; left > 0; left -= width) {
      await settled();
      assertEquals(gates.length, width);
      for (const open of gates.splice(0)) open();
    }
    await Promise.all(results);
  });
}

Deno.test("Chain.close() lets what is inside come out, and what comes later fails without a throw", async () => {
  const gate = Promise.withResolvers<void>();
  const chain = chainOf([
    waiting("wait", (message) => gate.promise.then(() => continueWith(message))),
    quick("end"),
  ]);
  const inside = chain.pass(said("inside"));
  const closed = chain.close();
  gate.resolve();
  assertEquals((await inside).outcome, "continue");
  await closed;
  const result = await chain.pass(said("late"));
  assert(result.outcome === "error");
  assertEquals(result.stage, "pipeline");
});
