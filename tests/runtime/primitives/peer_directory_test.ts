import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  ONLINE_MS,
  PeerDirectory,
  type PeerDirectoryOptions,
  type ProvenPeer,
} from "../../../runtime/primitives/peer_directory.ts";
import { SeededRandom } from "../../../runtime/testing/seeded_random.ts";
import { VirtualClock } from "../../../runtime/testing/virtual_clock.ts";
import { MeshError } from "../../../runtime/transport/mesh.ts";

function directory(options: Partial<PeerDirectoryOptions> = {}) {
  const clock = new VirtualClock();
  const proven: ProvenPeer[] = [];
  const peers = new PeerDirectory({
    clock,
    random: new SeededRandom(1),
    onProven: (peer) => void proven.push(peer),
    ...options,
  });
  return { clock, peers, proven };
}

Deno.test("PeerDirectory.prove() makes an address usable, and tells whoever remembers it", () => {
  const { peers, proven } = directory();
  assertEquals(peers.addressOf("a"), undefined);
  peers.prove("a", "memory:a", "alice");
  peers.prove("a", "memory:a", "alice");
  assertEquals([peers.addressOf("a"), peers.nameOf("a")], ["memory:a", "alice"]);
  assertEquals(proven, [{ id: "a", name: "alice", address: "memory:a" }]);
});

Deno.test("PeerDirectory.prove() moves a peer to where it answered last", () => {
  const { peers, proven } = directory();
  peers.prove("a", "memory:1");
  peers.prove("a", "memory:2");
  assertEquals(peers.addressOf("a"), "memory:2");
  assertEquals(proven.map(({ address }) => address), ["memory:1", "memory:2"]);
});

Deno.test("PeerDirectory.prove() takes the address from whoever had it before: two ids do not live in one place", () => {
  const { peers } = directory();
  peers.prove("a", "memory:1");
  peers.prove("b", "memory:1");
  assertEquals([peers.addressOf("a"), peers.addressOf("b")], [undefined, "memory:1"]);
  assertEquals(peers.proven().map(({ id }) => id), ["b"]);
});

Deno.test("PeerDirectory.heard() proves no address", () => {
  const { peers } = directory();
  peers.heard("a", "alice");
  assertEquals([peers.size, peers.addressOf("a"), peers.nameOf("a")], [1, undefined, "alice"]);
  assertEquals([peers.proven(), peers.online()], [[], []]);
});

Deno.test("PeerDirectory.heard() keeps the last name that a peer gave itself", () => {
  const { peers } = directory();
  peers.heard("a", "alice");
  peers.heard("a", "alicia");
  assertEquals(peers.nameOf("a"), "alicia");
  peers.heard("a");
  assertEquals(peers.nameOf("a"), "alicia");
});

Deno.test("PeerDirectory.proven() has the one heard last first", async () => {
  const { clock, peers } = directory();
  for (const id of ["a", "b", "c"]) {
    peers.prove(id, `memory:${id}`);
    await clock.advance(1_000);
  }
  peers.heard("a");
  assertEquals(peers.proven().map(({ id }) => id), ["a", "c", "b"]);
});

Deno.test("PeerDirectory.online() has those heard lately, the longest online first, with their uptime", async () => {
  const { clock, peers } = directory();
  peers.prove("a", "memory:a", "alice");
  await clock.advance(60_000);
  peers.prove("b", "memory:b");
  await clock.advance(30_000);
  assertEquals(peers.online(), [{ id: "a", name: "alice", uptimeMs: 90_000 }, {
    id: "b",
    name: undefined,
    uptimeMs: 30_000,
  }]);
});

Deno.test("PeerDirectory.online() leaves out who was silent too long, and counts from anew when it comes back", async () => {
  const { clock, peers } = directory();
  peers.prove("a", "memory:a");
  await clock.advance(ONLINE_MS);
  assertEquals(peers.online().map(({ uptimeMs }) => uptimeMs), [ONLINE_MS]);
  await clock.advance(1);
  assertEquals(peers.online(), []);
  peers.heard("a");
  await clock.advance(5_000);
  assertEquals(peers.online().map(({ uptimeMs }) => uptimeMs), [5_000]);
});

Deno.test("PeerDirectory.assertReachable() fails at once after a failure, until the pause is over", async () => {
  const { clock, peers } = directory({ random: { next: () => 1 } });
  peers.assertReachable("unheard of");
  peers.prove("a", "memory:a", "alice");
  peers.assertReachable("a");
  for (const [failures, pauseMs] of [[1, 1_000], [2, 2_000], [3, 4_000]]) {
    peers.reportUnreachable("a");
    const error = assertThrows(() => peers.assertReachable("a"), MeshError, "Cannot reach alice");
    assertEquals(error.code, "unreachable");
    assert(error.message.includes(`the last ${failures} tries failed, the next is in ${pauseMs / 1_000} s`));
    await clock.advance(pauseMs - 1);
    assertThrows(() => peers.assertReachable("a"), MeshError);
    await clock.advance(1);
    peers.assertReachable("a");
  }
});

Deno.test("PeerDirectory.reportUnreachable() counts sends that were under way together as one failure", async () => {
  const { clock, peers } = directory({ random: { next: () => 1 } });
  peers.prove("a", "memory:a");
  for (let count = 0; count < 50; count++) peers.reportUnreachable("a");
  await clock.advance(1_000);
  peers.assertReachable("a");
});

Deno.test("PeerDirectory.reportReached() and a new proof end the pause", () => {
  const { peers } = directory();
  peers.prove("a", "memory:a");
  for (const end of [() => peers.reportReached("a"), () => peers.prove("a", "memory:a")]) {
    peers.reportUnreachable("a");
    assertEquals(peers.online(), []);
    end();
    peers.assertReachable("a");
    assertEquals(peers.online().length, 1);
  }
});

Deno.test("PeerDirectory never pauses between tries for more than a minute", async () => {
  const { clock, peers } = directory({ random: { next: () => 1 } });
  peers.prove("a", "memory:a");
  for (let count = 0; count < 40; count++) {
    peers.reportUnreachable("a");
    await clock.advance(60_000);
    peers.assertReachable("a");
  }
});

Deno.test("PeerDirectory knows nothing of peers that were never heard, whatever is reported of them", () => {
  const { peers } = directory();
  peers.reportUnreachable("a");
  peers.reportReached("a");
  peers.assertReachable("a");
  assertEquals(peers.size, 0);
});

Deno.test("PeerDirectory.mayDial() allows what was given, and what its rule allows", () => {
  const { peers } = directory({ addresses: ["memory:given"], mayDial: (address) => address.endsWith("ok") });
  assertEquals(["memory:given", "memory:ok", "memory:no"].map((address) => peers.mayDial(address)), [
    true,
    true,
    false,
  ]);
  assertEquals(peers.addresses, ["memory:given"]);
  for (const options of [{}, { mayDial: undefined, onProven: undefined }]) {
    assertEquals(directory(options).peers.mayDial("memory:ok"), false);
    directory(options).peers.prove("a", "memory:a");
  }
});

Deno.test("PeerDirectory forgets the peer heard longest ago when it is full", async () => {
  const { clock, peers } = directory({ peersMax: 3 });
  for (const id of ["a", "b", "c"]) {
    peers.heard(id, id);
    await clock.advance(1_000);
  }
  peers.heard("a");
  peers.heard("d", "d");
  assertEquals(peers.size, 3);
  assertEquals(["a", "b", "c", "d"].map((id) => peers.nameOf(id)), ["a", undefined, "c", "d"]);
});

Deno.test("PeerDirectory lets no crowd of strangers push out a peer whose address is proven", async () => {
  const { clock, peers } = directory({ peersMax: 10 });
  peers.prove("friend", "memory:friend");
  for (let count = 0; count < 100; count++) {
    await clock.advance(1_000);
    peers.heard(`stranger ${count}`);
  }
  assertEquals([peers.addressOf("friend"), peers.size], ["memory:friend", 10]);
  for (let count = 0; count < 10; count++) peers.prove(`proven ${count}`, `memory:${count}`);
  assertEquals([peers.addressOf("friend"), peers.size], [undefined, 10]);
});

Deno.test("PeerDirectory.onStranger() hears of every report until it is disposed of", () => {
  const { peers } = directory();
  const heard: string[] = [];
  const subscription = peers.onStranger((id) => heard.push(id));
  peers.reportStranger("a");
  peers.reportStranger("a");
  subscription[Symbol.dispose]();
  peers.reportStranger("b");
  assertEquals(heard, ["a", "a"]);
});
