import { Times } from "../../../runtime/times.ts";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Calls } from "../../../runtime/calls.ts";
import { Lanes } from "../../../runtime/lanes.ts";
import { EventBus } from "../../../runtime/primitives/event_bus.ts";
import { GossipQueue } from "../../../runtime/primitives/gossip_queue.ts";
import { Journal } from "../../../runtime/primitives/journal.ts";
import { type Limit, Limits } from "../../../runtime/primitives/limits.ts";
import { keyringLimits, lanesLimits } from "../../../runtime/primitives/limits_of.ts";
import { limitLines, limitRows } from "../../../runtime/primitives/limits_table.ts";
import { MemoryStore } from "../../../runtime/primitives/memory_store.ts";
import { OpenRequests } from "../../../runtime/primitives/open_requests.ts";
import { PeerDirectory } from "../../../runtime/primitives/peer_directory.ts";
import { SeenSet } from "../../../runtime/primitives/seen_set.ts";
import { ServiceStore } from "../../../runtime/primitives/store.ts";
import { SeededRandom } from "../../../runtime/testing/seeded_random.ts";
import { VirtualClock } from "../../../runtime/testing/virtual_clock.ts";
import { Keyring } from "../../../utilities/keyring.ts";
import { createNodeKeypair } from "../../../utilities/node_keypair.ts";
import { fills } from "../../helpers/limits.ts";
import { alice, me, messageOf } from "../../helpers/stage_context.ts";

const clock = new VirtualClock();
const random = new SeededRandom(4);

function limit(name: string, max = 2): Limit & { used: number; over: number } {
  return {
    name,
    unit: "things",
    max,
    rule: "no more",
    used: 0,
    over: 0,
    inUse() {
      return this.used;
    },
    overflows() {
      return this.over;
    },
  };
}

function numbered(index: number) {
  return messageOf({ payload: { text: `${index}` }, proof: "envelope" });
}

/** The bound with this name; a test of another bound than it names would say nothing. */
function named(limits: readonly Limit[], name: string): Limit {
  return limits.find((one) => one.name === name)!;
}

Deno.test("Limits.all() are sorted by name, and no name is taken twice", () => {
  const limits = new Limits();
  limits.add(limit("b"), limit("c"));
  limits.add(limit("a"));
  assertEquals(limits.all().map(({ name }) => name), ["a", "b", "c"]);
  assertThrows(() => limits.add(limit("b")), RangeError, "There is a limit called b already");
});

Deno.test("limitLines() is a table for people, limitRows() the same for programs", () => {
  const calls = { ...limit("calls.waiting", 1_048_576), used: 1_024, over: 7 };
  const rows = limitRows([{ ...limit("seen"), rule: "the oldest goes" }, calls]);
  assertEquals(rows[1], {
    name: "calls.waiting",
    unit: "things",
    max: 1_048_576,
    inUse: 1_024,
    overflows: 7,
    rule: "no more",
  });
  assertEquals(limitLines(rows), [
    "limit          in use    at most  of      overflows  past it",
    "seen                0          2  things          0  the oldest goes",
    "calls.waiting   1 024  1 048 576  things          7  no more",
  ]);
});

Deno.test("fills() notices a bound that is not kept, or not counted", async () => {
  const leaky = limit("leaky");
  await assertRejects(() => fills(leaky, () => leaky.used++), Error, "at most 2 may be");
  const silent = limit("silent");
  await assertRejects(() => fills(silent, () => silent.used = 2), Error, "was not counted");
  const early = limit("early");
  await assertRejects(
    () => fills(early, () => (early.used++, early.over++)),
    Error,
    "nothing has overflowed",
  );
});

Deno.test("GossipQueue fills its bound", async () => {
  const queue = new GossipQueue(8);
  await fills(named(queue.limits(), "gossip.messages"), (index) => queue.add(numbered(index)));
});

Deno.test("Calls fill their bound", async () => {
  using calls = new Calls(clock);
  const waiting: Promise<unknown>[] = [];
  await fills(named(calls.limits(), "calls.waiting"), (index) => {
    const call = { request: numbered(index), replyKind: "test:answer", replyVersion: 1, deadlineMs: 1_000 };
    waiting.push(calls.wait(call).catch(() => {}));
  });
  calls[Symbol.dispose]();
  await Promise.all(waiting);
});

Deno.test("OpenRequests fill their bound", async () => {
  const requests = new OpenRequests();
  await fills(named(requests.limits(), "replies.open"), (index) => requests.open(numbered(index), () => {}));
});

Deno.test("PeerDirectory fills its bound", async () => {
  const peers = new PeerDirectory({ clock, random, peersMax: 5 });
  await fills(named(peers.limits(), "peers.known"), (index) => peers.heard(`peer${index}`));
});

Deno.test("Keyring fills its bound", async () => {
  const keyring = new Keyring({ pinsMax: 4 });
  await fills(
    keyringLimits(keyring)[0],
    (index) => keyring.pin(`id${index}`, createNodeKeypair(random.bytes(32)).publicKey),
  );
});

Deno.test("EventBus fills its bound, and has room again when a subscription is over", async () => {
  const bus = new EventBus(() => {});
  const subscriptions: Disposable[] = [];
  await fills(
    named(bus.limits(), "bus.subscriptions"),
    () => subscriptions.push(bus.subscribe("test:note", () => {})),
  );
  for (const subscription of [...subscriptions, ...subscriptions]) subscription[Symbol.dispose]();
  assertEquals(bus.size, 0);
});

Deno.test("SeenSet fills its bound", async () => {
  const seen = new SeenSet({ clock, entriesMax: 8 });
  const limit = named(seen.limits(), "seen.messages");
  // Made with one more each time: what is too old because others had to go is not remembered.
  const stamped = (index: number) =>
    messageOf({ timestamp: clock.nowNs() + BigInt(index) * 1_000_000n, proof: "envelope" });
  await fills(limit, (index) => seen.add(stamped(index)), 1);
});

Deno.test("ServiceStore fills its bound", async () => {
  const store = new ServiceStore(new MemoryStore(), "test", 33);
  const key = (index: number) => String(index).padStart(3, "0");
  await fills(store.limits()[0], (index) => store.set(key(index), new Uint8Array(8)));
});

Deno.test("Journal fills its bounds", async () => {
  const record = (journal: Journal, index: number) =>
    journal.record({
      message: numbered(index).with({ contentKey: numbered(index).id }),
      direction: "emit",
      passed: new Times(0),
      outcome: "done",
    });
  const journal = new Journal({ clock, passagesMax: 4 });
  await fills(named(journal.limits(), "journal.passages"), (index) => record(journal, index));
});

Deno.test("Lanes fill their bounds", async () => {
  const wait = () => new Promise<void>(() => {});
  const lanes = new Lanes<void>({ stageMax: 6, laneMax: 4 });
  const [all, ofPeer] = lanesLimits("handlers", () => [new Lanes<void>({ stageMax: 6, laneMax: 4 }), lanes]);
  assertEquals([all.name, ofPeer.name], ["lanes.handlers", "lanes.handlers.of_a_peer"]);
  await fills(ofPeer, () => lanes.run(alice.id, wait, () => {}));
  assertEquals([all.inUse(), all.overflows()], [4, 3]);
  const others = new Lanes<void>({ stageMax: 6, laneMax: 4 });
  await fills(
    lanesLimits("others", () => [others])[0],
    (index) => others.run(index % 2 ? me.id : alice.id, wait, () => {}),
  );
});
