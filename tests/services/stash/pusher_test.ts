import { assert, assertEquals } from "@std/assert";
import type { Draft } from "../../../messages/draft.ts";
import { createLogger, silentSink } from "../../../runtime/primitives/logger.ts";
import type { Emitted } from "../../../runtime/service.ts";
import { MeshError } from "../../../runtime/transport/mesh.ts";
import { SeededRandom } from "../../../runtime/testing/seeded_random.ts";
import { VirtualClock } from "../../../runtime/testing/virtual_clock.ts";
import { Pusher } from "../../../services/stash/pusher.ts";

const SENT: Emitted = { outcome: "sent", id: "an id", receipt: { outcome: "handled" } };

/** A pusher that holds a stash of alice; what it emits, and when, is noted. */
function setUp({ retries = 2, seed = 1 } = {}) {
  const clock = new VirtualClock();
  const controller = new AbortController();
  const sent: [to: string | undefined, atMs: number][] = [];
  const network = { answer: (): Promise<Emitted> => Promise.resolve(SENT) };
  const emit = <P>({ to }: Draft<P>) => {
    sent.push([to, clock.monotonicMs()]);
    return network.answer();
  };
  const record = { nonce: new Uint8Array(24), ciphertext: Uint8Array.of(1), storedAt: 0 };
  const shelf = {
    has: (owner: string) => owner === "alice",
    get: (owner: string) => owner === "alice" ? record : undefined,
  };
  const rt = {
    clock,
    emit,
    random: new SeededRandom(seed),
    log: createLogger("stash", silentSink),
    signal: controller.signal,
  };
  return { clock, controller, sent, network, pusher: new Pusher(rt, { shelf, retries }) };
}

const unreachable = () => Promise.reject(new MeshError("unreachable", "nobody there"));

Deno.test("Pusher.welcome() hands a newcomer its stash after 100 to 599 ms, not always the same", async () => {
  const delays = new Set<number>();
  for (let seed = 0; seed < 20; seed++) {
    const { clock, sent, pusher } = setUp({ seed });
    pusher.welcome("alice", 1);
    pusher.welcome("bob", 1);
    await clock.advance(1_000);
    const [[to, atMs]] = sent;
    assertEquals([to, sent.length], ["alice", 1]);
    assert(atMs >= 100 && atMs <= 599, `${atMs}`);
    delays.add(atMs);
  }
  assert(delays.size > 10, `${delays.size} delays`);
});

Deno.test("Pusher.welcome() pushes once per life of the owner, and at most once a minute", async () => {
  const { clock, sent, pusher } = setUp();
  pusher.welcome("alice", 1);
  pusher.welcome("alice", 1);
  await clock.advance(30_000);
  pusher.welcome("alice", 2); // Too soon.
  await clock.advance(30_600);
  pusher.welcome("alice", 1);
  await clock.advance(1_000);
  assertEquals(sent.length, 1);
  pusher.welcome("alice", 2);
  await clock.advance(1_000);
  assertEquals(sent.length, 2);
});

Deno.test("Pusher.welcome() tries again when the owner cannot be reached, and at the next hey-there", async () => {
  const { clock, sent, pusher, network } = setUp();
  network.answer = unreachable;
  pusher.welcome("alice", 1);
  await clock.advance(30_000);
  assertEquals(sent.length, 3);
  network.answer = () => Promise.resolve(SENT);
  await clock.advance(60_000);
  pusher.welcome("alice", 1);
  await clock.advance(1_000);
  assertEquals(sent.length, 4);
});

Deno.test("Pusher without retries tries once", async () => {
  const { clock, sent, pusher, network } = setUp({ retries: 0 });
  network.answer = unreachable;
  pusher.welcome("alice", 1);
  pusher.answer("alice");
  await clock.advance(61_000);
  pusher.welcome("alice", 1);
  await clock.advance(1_000);
  assertEquals(sent.length, 1);
});

Deno.test("Pusher.answer() answers every time the owner asks, and tries again what was not taken", async () => {
  const { clock, sent, pusher, network } = setUp();
  for (let times = 0; times < 3; times++) {
    pusher.answer("alice");
    pusher.answer("bob");
    await clock.advance(10);
  }
  assertEquals(sent.map(([to]) => to), ["alice", "alice", "alice"]);
  network.answer = () => Promise.resolve({ ...SENT, receipt: { outcome: "drop", reason: "unknown_sender" } });
  pusher.answer("alice");
  await clock.advance(60_000);
  assertEquals(sent.length, 6);
  network.answer = () => Promise.resolve({ ...SENT, receipt: { outcome: "drop", reason: "duplicate_id" } });
  pusher.answer("alice");
  await clock.advance(60_000);
  assertEquals(sent.length, 7);
});

Deno.test("Pusher.answerDoubtful() answers at most once a minute, one try each", async () => {
  const { clock, sent, pusher, network } = setUp();
  network.answer = unreachable;
  for (let times = 0; times < 5; times++) {
    pusher.answerDoubtful("alice");
    await clock.advance(12_000);
  }
  assertEquals(sent.length, 1);
  pusher.answerDoubtful("alice");
  await clock.advance(12_000);
  assertEquals(sent.length, 2);
});

Deno.test("Pusher.answerDoubtful() uses up no turn of the owner's own", async () => {
  const { clock, sent, pusher, network } = setUp();
  network.answer = () => new Promise(() => {});
  pusher.answerDoubtful("alice");
  network.answer = () => Promise.resolve(SENT);
  pusher.answer("alice");
  await clock.advance(1);
  assertEquals(sent.length, 2);
  pusher.answerDoubtful("alice");
  await clock.advance(60_000);
  pusher.answerDoubtful("alice");
  pusher.welcome("alice", 1);
  await clock.advance(1_000);
  assertEquals(sent.length, 3, "the first doubtful answer is still under way");
});

Deno.test("Pusher.idle() resolves as soon as the service stops, and no timer is left", async () => {
  const { clock, controller, pusher, network, sent } = setUp();
  network.answer = () => new Promise(() => {});
  pusher.welcome("alice", 1);
  pusher.answerDoubtful("alice");
  await clock.advance(10);
  controller.abort(new Error("stopping"));
  await pusher.idle();
  assertEquals(clock.pending, 0);
  pusher.answer("alice");
  await pusher.idle();
  assertEquals(sent.length, 1);
});
