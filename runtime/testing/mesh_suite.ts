/**
 * The acceptance suite of the mesh: what every {@linkcode MeshTransport} has to do, whatever carries its frames.
 *
 * @example A suite for an adapter of one's own
 * ```ts ignore
 * import { testMeshTransport } from "@nara/nara/testing";
 * testMeshTransport("pigeon", () => ({ join: pigeonMesh({ loft: "roof" }) }));
 * ```
 * @module
 */
import { assert, assertEquals, assertInstanceOf, assertRejects, assertStrictEquals } from "@std/assert";
import { createIdentity } from "../../utilities/identity.ts";
import { type Answer, HANDLED, type InboundFrame, MeshError, type Receipt } from "../transport/mesh.ts";
import { frameSaying, type MeshPlace, MeshTown, type Townsman } from "./mesh_town.ts";

/** Makes the mesh under test: a new one for each test. */
export type OpenMeshPlace = () => MeshPlace | Promise<MeshPlace>;

/** Options for {@linkcode testMeshTransport}. */
export interface MeshSuiteOptions {
  /** Skips the suite, e.g. where the right to use the network is missing. @default {false} */
  readonly ignore?: boolean;
}

/** Frames that wait for their reader at most. */
const WAITING_MAX = 64;

/** Every outcome that a receiver can report; those that mean "not now" are told apart below. */
const RECEIPTS: readonly Receipt[] = [
  { outcome: "handled" },
  { outcome: "quarantined" },
  { outcome: "unknown" },
  { outcome: "drop", reason: "duplicate_id" },
  { outcome: "drop", reason: "x:zoë_said_“no”" },
  { outcome: "error", reason: "handler_failed" },
  { outcome: "error", reason: "undecodable", detail: 'field "id" must be text, got 5' },
  { outcome: "error", reason: "unknown_kind", detail: "Nobody here speaks nope:nope" },
  { outcome: "error", reason: "unsupported_version", detail: "1 to 2" },
  { outcome: "error", reason: "too_large" },
];

/** JSON that a careless carrier would change or cut. */
const REPLIES: Readonly<Record<string, string>> = {
  "plain text": '{"id":"a"}',
  "white space of its own": '{ "id" :\t"a" }',
  "the word reply": '{"reply":{"a":",\\"reply\\":"},"b":"\\",\\"reply\\":{}}"}',
  "a receipt of its own": '{"outcome":"handled","reply":{"outcome":"drop","reason":"x"}}',
  "every escape": '{"a":"\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\\u2028\\ud83d\\ude00\\u003c"}',
  "no ASCII": '{"ü":"日本 😀 \u2028"}',
  "numbers as they are spelled": '{"a":1.0,"b":1e2,"c":-0,"d":12345678901234567890}',
  "60 000 characters": JSON.stringify({ a: "x".repeat(60_000), b: "ü".repeat(30_000) }),
};

const encoder = new TextEncoder();

/** Registers the suite's tests for the mesh called `name`. */
export function testMeshTransport(
  name: string,
  open: OpenMeshPlace,
  { ignore = false }: MeshSuiteOptions = {},
): void {
  const test = (says: string, fn: (town: MeshTown) => Promise<void>) =>
    Deno.test({
      name: `${name} mesh ${says}`,
      ignore,
      fn: async () => {
        await using town = new MeshTown(await open());
        await fn(town);
      },
    });
  testFrames(test);
  testAnswers(test);
  testRefusals(test);
  testPressure(test);
  testLeaving(test);
  testAddresses(test);
}

type Test = (says: string, fn: (town: MeshTown) => Promise<void>) => void;

async function pair(town: MeshTown): Promise<[alice: Townsman, bob: Townsman]> {
  return [await town.join("alice"), await town.join("bob")];
}

function handled({ settle }: InboundFrame): void {
  settle(HANDLED);
}

async function sending(from: Townsman, to: Townsman, text = "hello"): Promise<Answer> {
  return await from.mesh.send(await frameSaying(text, from.identity, to.id), to.id);
}

/** Asserts that `promise` rejects with a {@linkcode MeshError} of that code. */
async function assertMeshError(promise: Promise<unknown>, code: MeshError["code"]): Promise<void> {
  const error = await assertRejects(() => promise, MeshError);
  assertEquals(error.code, code, error.message);
}

function testFrames(test: Test): void {
  test("send() carries the bytes of a frame as they are", async (town) => {
    const [alice, bob] = await pair(town);
    const seen = town.answer(bob, handled);
    for (const text of ["hello", "", "zoë 日本 😀", '"}\\\u0000\u2028', "x".repeat(100_000)]) {
      const frame = await frameSaying(text, alice.identity, bob.id);
      await alice.mesh.send(frame, bob.id);
      assertEquals(seen.at(-1)?.frame, frame);
    }
  });

  test("send() takes a frame of exactly frameBytesMax bytes", async (town) => {
    const [alice, bob] = await pair(town);
    const seen = town.answer(bob, handled);
    const frame = await frameOfLength(alice.mesh.features.frameBytesMax, alice, bob);
    assertEquals((await alice.mesh.send(frame, bob.id)).receipt, HANDLED);
    assert(seen[0].frame.length === frame.length && seen[0].frame.every((byte, at) => byte === frame[at]));
  });

  test("send() reaches nobody but its target", async (town) => {
    const [alice, bob] = await pair(town);
    const carol = await town.join("carol");
    const [seenByBob, seenByCarol] = [town.answer(bob, handled), town.answer(carol, handled)];
    await sending(alice, bob);
    assertEquals([seenByBob.length, seenByCarol.length], [1, 0]);
  });

  test("send() works both ways at once, also from within a handler", async (town) => {
    const [alice, bob] = await pair(town);
    town.answer(alice, handled);
    town.answer(bob, (inbound) => void sending(bob, alice).then(() => handled(inbound)));
    assertEquals((await sending(alice, bob)).receipt, HANDLED);
  });

  test(`send() carries 200 frames, ${WAITING_MAX} at a time, each exactly once`, async (town) => {
    const [alice, bob] = await pair(town);
    const seen = town.answer(bob, handled);
    const frames = await Promise.all(
      Array.from({ length: 200 }, (_, index) => frameSaying(`${index}`, alice.identity, bob.id)),
    );
    for (let start = 0; start < frames.length; start += WAITING_MAX) {
      const some = frames.slice(start, start + WAITING_MAX);
      const answers = await Promise.all(some.map((frame) => alice.mesh.send(frame, bob.id)));
      for (const { receipt } of answers) assertEquals(receipt, HANDLED);
    }
    const texts = (all: Uint8Array[]) => all.map((frame) => frame.toHex()).sort();
    assertEquals(texts(seen.map(({ frame }) => frame)), texts(frames));
  });
}

async function frameOfLength(length: number, from: Townsman, to: Townsman): Promise<Uint8Array> {
  const empty = await frameSaying("", from.identity, to.id);
  return await frameSaying("x".repeat(length - empty.length), from.identity, to.id);
}

function testAnswers(test: Test): void {
  for (const receipt of RECEIPTS) {
    test(`settle() tells the sender ${JSON.stringify(receipt)}`, async (town) => {
      const [alice, bob] = await pair(town);
      town.answer(bob, ({ settle }) => settle(receipt));
      const answer = await sending(alice, bob);
      assertEquals(answer.receipt, receipt);
      assertEquals(answer.reply, undefined);
    });
  }

  test("settle() as peer_busy makes send() reject, for that is worth another try", async (town) => {
    const [alice, bob] = await pair(town);
    town.answer(bob, ({ settle }) => settle({ outcome: "drop", reason: "peer_busy" }));
    await assertMeshError(sending(alice, bob), "peer_busy");
  });

  for (const [what, text] of Object.entries(REPLIES)) {
    test(`settle() hands a reply back byte for byte: ${what}`, async (town) => {
      const [alice, bob] = await pair(town);
      const receipts: Receipt[] = [HANDLED, { outcome: "drop", reason: "stale" }, { outcome: "unknown" }];
      let turn = 0;
      town.answer(bob, ({ settle }) => settle(receipts[turn], encoder.encode(text)));
      for (; turn < receipts.length; turn++) {
        const { receipt, reply, peer } = await sending(alice, bob);
        assertEquals(receipt, receipts[turn]);
        assertEquals(reply, encoder.encode(text));
        assertEquals(peer, bob.mesh.address);
      }
    });
  }

  test("settle() counts once only", async (town) => {
    const [alice, bob] = await pair(town);
    town.answer(bob, ({ settle }) => {
      settle({ outcome: "drop", reason: "stale" });
      settle(HANDLED, encoder.encode('{"id":"late"}'));
    });
    const answer = await sending(alice, bob);
    assertEquals([answer.receipt, answer.reply], [{ outcome: "drop", reason: "stale" }, undefined]);
  });
}

function testRefusals(test: Test): void {
  test("send() to an id that nobody has is unreachable", async (town) => {
    const [alice] = await pair(town);
    const { identity } = await createIdentity({ name: "nobody", keypair: "node" });
    const frame = await frameSaying("hello", alice.identity, identity.id);
    await assertMeshError(alice.mesh.send(frame, identity.id), "unreachable");
  });

  test("send() refuses a frame that is too large, and nothing of it arrives", async (town) => {
    const [alice, bob] = await pair(town);
    const seen = town.answer(bob, handled);
    const frame = await frameOfLength(alice.mesh.features.frameBytesMax + 1, alice, bob);
    await assertMeshError(alice.mesh.send(frame, bob.id), "frame_too_large");
    await sending(alice, bob);
    assertEquals(seen.length, 1);
  });

  test("send() with a signal that has aborted rejects with its reason, and nothing arrives", async (town) => {
    const [alice, bob] = await pair(town);
    const seen = town.answer(bob, handled);
    const reason = new Error("changed my mind");
    const frame = await frameSaying("never", alice.identity, bob.id);
    const sent = alice.mesh.send(frame, bob.id, { signal: AbortSignal.abort(reason) });
    assertStrictEquals(await assertRejects(() => sent), reason);
    await sending(alice, bob);
    assertEquals(seen.length, 1);
  });

  test("send() gives up when its signal aborts, and settling it late harms nobody", async (town) => {
    const [alice, bob] = await pair(town);
    const reader = bob.mesh.inbound.getReader();
    const controller = new AbortController();
    const frame = await frameSaying("hello", alice.identity, bob.id);
    const sent = alice.mesh.send(frame, bob.id, { signal: controller.signal });
    const { value: inbound } = await reader.read();
    const reason = new Error("changed my mind");
    controller.abort(reason);
    assertStrictEquals(await assertRejects(() => sent), reason);
    handled(inbound!);
    reader.releaseLock();
    town.answer(bob, handled);
    assertEquals((await sending(alice, bob)).receipt, HANDLED);
  });
}

function testPressure(test: Test): void {
  test(`send() rejects as peer_busy while ${WAITING_MAX} frames wait, and works again later`, async (town) => {
    const [alice, bob] = await pair(town);
    const carol = await town.join("carol"); // Two senders, for an adapter may bound what one has under way.
    const half = WAITING_MAX / 2;
    const sends = Array.from(
      { length: WAITING_MAX + 1 },
      (_, index) => sending(index < half ? alice : carol, bob),
    );
    const results = Promise.allSettled(sends);
    await assertMeshError(Promise.race(sends), "peer_busy"); // Nobody reads: no other can end first.
    town.answer(bob, handled);
    const [busy, ...others] = (await results).toSorted((a, b) => b.status.localeCompare(a.status));
    assertEquals(busy.status, "rejected");
    for (const other of others) assertEquals(other.status, "fulfilled");
    assertEquals((await sending(alice, bob)).receipt, HANDLED);
  });

  test("a frame that is never settled holds up no other", async (town) => {
    const [alice, bob] = await pair(town);
    const carol = await town.join("carol");
    let isFirst = true;
    const arrived = Promise.withResolvers<void>();
    town.answer(bob, (inbound) => {
      if (!isFirst) return handled(inbound);
      isFirst = false;
      arrived.resolve();
    });
    const stuck = sending(alice, bob, "stuck").catch((thrown) => thrown);
    await arrived.promise;
    for (let count = 0; count < 20; count++) {
      assertEquals((await sending(alice, bob)).receipt, HANDLED);
      assertEquals((await sending(carol, bob)).receipt, HANDLED);
    }
    await bob.mesh[Symbol.asyncDispose]();
    await stuck;
  });
}

function testLeaving(test: Test): void {
  test("disposal closes inbound, and frames that had come in can still be read", async (town) => {
    const [alice, bob] = await pair(town);
    const sent = sending(alice, bob).catch((thrown) => thrown);
    const reader = bob.mesh.inbound.getReader();
    const { value } = await reader.read();
    assertEquals(value?.frame, await frameSaying("hello", alice.identity, bob.id));
    await bob.mesh[Symbol.asyncDispose]();
    assertEquals((await reader.read()).done, true);
    await sent;
  });

  test("disposal ends sends that its own nara has under way, as closed", async (town) => {
    const [alice, bob] = await pair(town);
    const reader = bob.mesh.inbound.getReader();
    const sent = assertMeshError(sending(alice, bob), "closed");
    await reader.read();
    await alice.mesh[Symbol.asyncDispose]();
    await sent;
  });

  test("disposal ends sends that wait for its nara: unknown, or worth another try", async (town) => {
    const [alice, bob] = await pair(town);
    const reader = bob.mesh.inbound.getReader();
    const sent = sending(alice, bob).then(({ receipt }) => receipt.outcome, (thrown) => thrown);
    await reader.read();
    await bob.mesh[Symbol.asyncDispose]();
    const end = await sent;
    if (end === "unknown") return;
    assertInstanceOf(end, MeshError);
    assert(end.code === "peer_busy" || end.code === "unreachable", end.code);
  });

  test("send() after disposal is closed, and disposing twice is disposing once", async (town) => {
    const [alice, bob] = await pair(town);
    await alice.mesh[Symbol.asyncDispose]();
    await alice.mesh[Symbol.asyncDispose]();
    await assertMeshError(sending(alice, bob), "closed");
    alice.dialable.add(bob.mesh.address!);
    const frame = await frameSaying("hello", alice.identity);
    await assertMeshError(alice.mesh.sendToAddress(frame, bob.mesh.address!), "closed");
  });

  test("send() to a nara that has left is unreachable, whether it was reached before or not", async (town) => {
    const [alice, bob] = await pair(town);
    const carol = await town.join("carol");
    town.answer(bob, handled);
    await sending(alice, bob);
    await bob.mesh[Symbol.asyncDispose]();
    await assertMeshError(sending(alice, bob), "unreachable");
    await assertMeshError(sending(carol, bob), "unreachable");
  });
}

function testAddresses(test: Test): void {
  test("sendToAddress() reaches an address whose id is unknown", async (town) => {
    const alice = await town.join("alice", { known: false });
    const bob = await town.join("bob", { known: false });
    const seen = town.answer(bob, ({ settle }) => settle(HANDLED, encoder.encode('{"id":"me"}')));
    alice.dialable.add(bob.mesh.address!);
    const frame = await frameSaying("anybody?", alice.identity);
    const { receipt, reply, peer } = await alice.mesh.sendToAddress(frame, bob.mesh.address!);
    assertEquals(seen.map(({ frame }) => frame), [frame]);
    assertEquals([receipt, reply, peer], [HANDLED, encoder.encode('{"id":"me"}'), bob.mesh.address]);
  });

  test("sendToAddress() refuses what may not be dialled, and nothing arrives there", async (town) => {
    const [alice, bob] = await pair(town);
    const seen = town.answer(bob, handled);
    const frame = await frameSaying("hello", alice.identity, bob.id);
    await assertMeshError(alice.mesh.sendToAddress(frame, bob.mesh.address!), "refused");
    await sending(alice, bob);
    assertEquals(seen.length, 1);
  });

  test("sendToAddress() where nobody is any more is unreachable", async (town) => {
    const [alice, bob] = await pair(town);
    const address = bob.mesh.address!;
    await bob.mesh[Symbol.asyncDispose]();
    alice.dialable.add(address);
    const frame = await frameSaying("hello", alice.identity, bob.id);
    await assertMeshError(alice.mesh.sendToAddress(frame, address), "unreachable");
  });

  test("inbound tells where a frame came from", async (town) => {
    const [alice, bob] = await pair(town);
    const seen = town.answer(bob, handled);
    await sending(alice, bob);
    assert(seen[0].peer.length > 0);
  });
}
