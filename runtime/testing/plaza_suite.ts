/**
 * The acceptance suite of the plaza: what every {@linkcode Plaza} has to do, whatever broker carries its frames.
 *
 * @example A suite for an adapter of one's own
 * ```ts ignore
 * import { testPlaza } from "@nara/nara/testing";
 * testPlaza("smoke", () => ({ join: smokeSignals({ hill: "north" }) }));
 * ```
 * @module
 */
import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { PLAZA_INBOUND_MAX, PlazaError } from "../transport/plaza.ts";
import { eventually, type Guest, type PlazaPlace, PlazaTown } from "./plaza_town.ts";

/** Makes the plaza under test: a new one for each test, or the same, for each test has a root of its own. */
export type OpenPlazaPlace = () => PlazaPlace | Promise<PlazaPlace>;

/** Options for {@linkcode testPlaza}. */
export interface PlazaSuiteOptions {
  /** Skips the suite, e.g. where the right to use the network is missing. @default {false} */
  readonly ignore?: boolean;
}

const TOPIC = "plaza/hey_there";
const OTHER = "plaza/chau";
const PER_NARA = "newspaper/%s";

/** Names that would mean something to some broker, file system or page. */
const ODD_NAMES = [
  ...[
    "alice",
    "Alice",
    "a b",
    "a.b",
    ".",
    "..",
    "*",
    ">",
    "**",
    "$SYS",
    "$share",
    "%s",
    "%d",
    "%2f",
    "a:b",
    "\\",
    "'",
  ],
  ...[
    '"',
    "<b>",
    "?",
    "&",
    "=",
    "@",
    "~",
    "日本",
    "zoë",
    "😀",
    "null",
    "constructor",
    "__proto__",
    "a".repeat(64),
  ],
];

/** Topics on which nothing may be said. */
const BAD_TOPICS = [
  ...[
    "",
    "/",
    "plaza/",
    "/plaza",
    "plaza//x",
    "#",
    "+",
    "plaza/#",
    "plaza/+",
    "newspaper/a+b",
    "newspaper/a#",
  ],
  ...[
    "Plaza/Hey",
    "newspaper/ a",
    "newspaper/a\n",
    "newspaper/\0",
    "newspaper/\u202e",
    `newspaper/${"a".repeat(65)}`,
  ],
  "a/".repeat(8) + "a",
];

/** What nobody may listen to. */
const BAD_PATTERNS = [
  "",
  "#",
  "+",
  "newspaper/+",
  "newspaper/#",
  "newspaper/*",
  "newspaper/>",
  "%s/%s",
  "$SYS",
  "newspaper/Alice",
];

/** Registers the suite's tests for the plaza called `name`. */
export function testPlaza(
  name: string,
  open: OpenPlazaPlace,
  { ignore = false }: PlazaSuiteOptions = {},
): void {
  const test = (says: string, fn: (town: PlazaTown) => Promise<void>) =>
    Deno.test({
      name: `${name} plaza ${says}`,
      ignore,
      fn: async () => {
        await using town = new PlazaTown(await open());
        await fn(town);
      },
    });
  testFrames(test);
  testTopics(test);
  testSubscriptions(test);
  testRefusals(test);
  testPressure(test);
  testLeaving(test);
}

type Test = (says: string, fn: (town: PlazaTown) => Promise<void>) => void;

async function pair(
  town: PlazaTown,
  topics: readonly string[] = [TOPIC],
): Promise<[alice: Guest, bob: Guest]> {
  return [await town.join("alice", { topics }), await town.join("bob", { topics })];
}

/** Asserts that `promise` rejects with a {@linkcode PlazaError} of that code. */
async function assertPlazaError(promise: Promise<unknown>, code: PlazaError["code"]): Promise<void> {
  const error = await assertRejects(() => promise, PlazaError);
  assertEquals(error.code, code, error.message);
}

function testFrames(test: Test): void {
  test("publish() carries the bytes of a frame as they are, to everybody who listens", async (town) => {
    const [alice, bob] = await pair(town);
    const carol = await town.join("carol", { topics: [TOPIC] });
    const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    for (const frame of [all, new Uint8Array(1), new Uint8Array(100_000).fill(0xff)]) {
      await alice.plaza.publish(TOPIC, frame);
      for (const guest of [bob, carol]) assertEquals((await guest.next())?.frame, frame);
    }
  });

  test("publish() takes a frame of exactly frameBytesMax bytes, and refuses one more", async (town) => {
    const [alice, bob] = await pair(town);
    const { frameBytesMax } = alice.plaza.features;
    await assertPlazaError(alice.plaza.publish(TOPIC, new Uint8Array(frameBytesMax + 1)), "frame_too_large");
    await alice.plaza.publish(TOPIC, new Uint8Array(frameBytesMax));
    assertEquals((await bob.next())?.frame.length, frameBytesMax);
  });

  test("publish() shares no memory with who listens", async (town) => {
    const [alice, bob] = await pair(town);
    const frame = new Uint8Array([1, 2, 3]);
    await alice.plaza.publish(TOPIC, frame);
    frame.fill(9);
    assertEquals((await bob.next())?.frame, new Uint8Array([1, 2, 3]));
  });

  test("publish() keeps the order of one publisher, and brings each frame once", async (town) => {
    const [alice, bob] = await pair(town);
    const texts = Array.from({ length: 200 }, (_, index) => `${index}`);
    await Promise.all(texts.map((text) => alice.say(TOPIC, text)));
    assertEquals((await bob.hear(200)).map(([, text]) => text), texts);
    await alice.say(TOPIC, "last");
    assertEquals(await bob.hear(1), [[TOPIC, "last"]]);
  });

  test("publish() works where nobody listens", async (town) => {
    const alice = await town.join("alice");
    await alice.say(TOPIC, "anybody?");
  });

  test("inbound leaves out what one said oneself", async (town) => {
    const [alice, bob] = await pair(town);
    for (const text of ["same", "same", "other"]) await alice.say(TOPIC, text);
    await bob.hear(3);
    await bob.say(TOPIC, "same");
    assertEquals(await alice.hear(1), [[TOPIC, "same"]]); // Not her own, of which one has the same bytes.
    await bob.say(TOPIC, "bob's");
    assertEquals(await alice.hear(1), [[TOPIC, "bob's"]]);
  });

  test("inbound says where a frame came from, and it is no identity", async (town) => {
    const [alice, bob] = await pair(town);
    await alice.say(TOPIC, "hello");
    const { peer } = (await bob.next())!;
    assert(typeof peer === "string" && peer !== "");
  });
}

function testTopics(test: Test): void {
  test("publish() on a name's own topic reaches who listens to the pattern, whatever the name", async (town) => {
    const [alice, bob] = await pair(town, [PER_NARA]);
    for (const name of ODD_NAMES) {
      await alice.say(`newspaper/${name}`, `of ${name}`);
      assertEquals(await bob.hear(1), [[`newspaper/${name}`, `of ${name}`]]);
    }
  });

  test("publish() on a name's own topic reaches nobody who listens to something else", async (town) => {
    const [alice] = await pair(town, []);
    const topics = ["newspaper", "newspaper/bob", "newspaper/a/b", "newspaper/%s/b", "plaza/%s", TOPIC];
    const listener = await town.join("listener", { topics });
    for (const name of ODD_NAMES) await alice.say(`newspaper/${name}`, name);
    await alice.say(TOPIC, "last");
    assertEquals(await listener.hear(1), [[TOPIC, "last"]]);
  });

  for (const topic of BAD_TOPICS) {
    test(`publish() refuses the topic ${JSON.stringify(topic.slice(0, 40))}`, async (town) => {
      const [alice, bob] = await pair(town, [TOPIC, PER_NARA]);
      await assertPlazaError(alice.say(topic, "never"), "bad_topic");
      await alice.say(TOPIC, "last");
      assertEquals(await bob.hear(1), [[TOPIC, "last"]]);
    });
  }

  test("naras of another root are not heard", async (town) => {
    const [alice, bob] = await pair(town);
    const far = await town.join("far", { topics: [TOPIC], root: `${town.root}-far` });
    await far.say(TOPIC, "from afar");
    await alice.say(TOPIC, "from here");
    assertEquals(await bob.hear(1), [[TOPIC, "from here"]]);
    const near = await town.join("near", { root: `${town.root}-far` });
    await near.say(TOPIC, "near far");
    assertEquals(await far.hear(1), [[TOPIC, "near far"]]);
  });
}

function testSubscriptions(test: Test): void {
  test("subscribe() brings what is said on those topics, and on no other", async (town) => {
    const [alice, bob] = await pair(town);
    for (const topic of ["plaza/hey", "plaza/hey_there/x", "plaza", "hey_there", OTHER]) {
      await alice.say(topic, "no");
    }
    await alice.say(TOPIC, "yes");
    assertEquals(await bob.hear(1), [[TOPIC, "yes"]]);
  });

  test("subscribe() with %s brings any one word there, never none or two", async (town) => {
    const [alice, bob] = await pair(town, [PER_NARA, "ledger/%s/request"]);
    for (
      const topic of [
        "newspaper",
        "newspaper/a/b",
        "ledger/request",
        "ledger/a/b/request",
        "ledger/a/response",
      ]
    ) {
      await alice.say(topic, "no");
    }
    await alice.say("ledger/bob/request", "yes");
    await alice.say("newspaper/request", "yes");
    assertEquals(
      new Set((await bob.hear(2)).map(([topic]) => topic)),
      new Set(["ledger/bob/request", "newspaper/request"]),
    );
  });

  test("subscribe() brings a frame once, however many patterns fit and however often one is given", async (town) => {
    const [alice, bob] = await pair(town, [PER_NARA, "newspaper/alice", "newspaper/alice"]);
    await bob.plaza.subscribe([PER_NARA]);
    await alice.say("newspaper/alice", "first");
    await alice.say("newspaper/alice", "second");
    assertEquals((await bob.hear(2)).map(([, text]) => text), ["first", "second"]);
  });

  test("subscribe() adds to what was there", async (town) => {
    const [alice, bob] = await pair(town);
    await bob.plaza.subscribe([OTHER]);
    await bob.plaza.subscribe([]);
    await alice.say(TOPIC, "one");
    assertEquals(await bob.hear(1), [[TOPIC, "one"]]);
    await alice.say(OTHER, "two");
    assertEquals(await bob.hear(1), [[OTHER, "two"]]);
  });

  for (const pattern of BAD_PATTERNS) {
    test(`subscribe() refuses ${JSON.stringify(pattern)}, and what stands beside it too`, async (town) => {
      const [alice, bob] = await pair(town);
      await assertPlazaError(bob.plaza.subscribe([OTHER, pattern]), "bad_topic");
      await alice.say(OTHER, "not subscribed");
      await alice.say(TOPIC, "subscribed");
      assertEquals(await bob.hear(1), [[TOPIC, "subscribed"]]);
    });
  }
}

function testRefusals(test: Test): void {
  test("publish() with a signal that has aborted rejects with its reason, and nothing is said", async (town) => {
    const [alice, bob] = await pair(town);
    const reason = new Error("changed my mind");
    const said = alice.plaza.publish(TOPIC, new Uint8Array([1]), { signal: AbortSignal.abort(reason) });
    assertStrictEquals(await assertRejects(() => said), reason);
    await alice.say(TOPIC, "last");
    assertEquals(await bob.hear(1), [[TOPIC, "last"]]);
  });

  test("publish() is unreachable while the plaza is, and works again when it is back, as do subscriptions", async (town) => {
    const { cut, mend } = town.place;
    if (!cut || !mend) return;
    const [alice, bob] = await pair(town);
    await cut();
    await assertPlazaError(alice.say(TOPIC, "lost"), "unreachable");
    await mend();
    const isBack = () => alice.say(TOPIC, "back").then(() => true, () => false);
    await eventually(isBack, "Expected to be able to publish again");
    const [[, text]] = await bob.hear(1);
    assert(text === "back" || text === "lost", text); // Whether a broker got what it never confirmed is its own affair.
  });
}

function testPressure(test: Test): void {
  test(`inbound holds ${PLAZA_INBOUND_MAX} frames for who does not read, counts what is lost, and works again`, async (town) => {
    const [alice, bob] = await pair(town);
    const total = PLAZA_INBOUND_MAX + 44;
    for (let index = 0; index < total; index++) await alice.say(TOPIC, `${index}`);
    const limit = bob.plaza.limits.find(({ name }) => name === "plaza.inbound")!;
    await eventually(
      () => limit.inUse() + limit.overflows() === total,
      "Expected every frame to be kept or counted",
    );
    assertEquals([limit.max, limit.inUse(), limit.overflows()], [PLAZA_INBOUND_MAX, PLAZA_INBOUND_MAX, 44]);
    const texts = (await bob.hear(PLAZA_INBOUND_MAX)).map(([, text]) => text);
    assertEquals(texts, Array.from({ length: PLAZA_INBOUND_MAX }, (_, index) => `${index}`));
    assertEquals(limit.inUse(), 0);
    await alice.say(TOPIC, "again");
    assertEquals(await bob.hear(1), [[TOPIC, "again"]]);
  });

  test("a reader that does not read holds up neither who publishes nor who listens", async (town) => {
    const [alice, bob] = await pair(town);
    await town.join("idle", { topics: [TOPIC] });
    for (let index = 0; index < 2 * PLAZA_INBOUND_MAX; index++) {
      await alice.say(TOPIC, `${index}`);
      assertEquals(await bob.hear(1), [[TOPIC, `${index}`]]);
    }
  });
}

function testLeaving(test: Test): void {
  test("disposal closes inbound, and frames that had come in can still be read", async (town) => {
    const [alice, bob] = await pair(town);
    const [limit] = bob.plaza.limits;
    await alice.say(TOPIC, "one");
    await alice.say(TOPIC, "two");
    await eventually(() => limit.inUse() === 2, "Expected two frames to have come in");
    await bob.plaza[Symbol.asyncDispose]();
    assertEquals(await bob.hear(3), [[TOPIC, "one"], [TOPIC, "two"]]);
  });

  test("publish() and subscribe() after disposal are closed, and disposing twice is disposing once", async (town) => {
    const [alice] = await pair(town);
    await alice.plaza[Symbol.asyncDispose]();
    await alice.plaza[Symbol.asyncDispose]();
    await assertPlazaError(alice.say(TOPIC, "never"), "closed");
    await assertPlazaError(alice.plaza.subscribe([OTHER]), "closed");
  });

  test("whoever leaves is missed by nobody", async (town) => {
    const [alice, bob] = await pair(town);
    const carol = await town.join("carol", { topics: [TOPIC] });
    await carol.plaza[Symbol.asyncDispose]();
    await alice.say(TOPIC, "still here");
    assertEquals(await bob.hear(1), [[TOPIC, "still here"]]);
    assertEquals(await carol.hear(1), []);
  });

  test("who comes late hears what is said from then on", async (town) => {
    const alice = await town.join("alice");
    await alice.say(TOPIC, "early");
    const bob = await town.join("bob", { topics: [TOPIC] });
    await alice.say(TOPIC, "now");
    assertEquals(await bob.hear(1), [[TOPIC, "now"]]);
  });
}
