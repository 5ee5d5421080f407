import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  ONLINE_MS,
  PeerDirectory,
  type PeerDirectoryOptions,
  type ProvenPeer,
} from "../../../runtime/primitives/peer_directory.ts";
import { PeerError } from "../../../runtime/primitives/peer_error.ts";
import { SeededRandom } from "../../../runtime/testing/seeded_random.ts";
import { VirtualClock } from "../../../runtime/testing/virtual_clock.ts";
import { AnswerError, MeshError } from "../../../runtime/transport/mesh.ts";

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

Deno.test("PeerDirectory.block() ends all dealings with a peer at once, and unblock() takes that back", () => {
  const { peers } = directory({ mayDial: () => true, ownId: "me" });
  peers.prove("a", "memory:a", "alice");
  peers.prove("b", "memory:b");
  assertEquals([peers.block("a"), peers.block("a"), peers.isBlocked("a")], [true, false, true]);
  assertEquals([peers.addressOf("a"), peers.mayDial("memory:a"), peers.mayDial("memory:b")], [
    undefined,
    false,
    true,
  ]);
  assertEquals([peers.proven(), peers.online()].map((list) => list.map(({ id }) => id)), [["b"], ["b"]]);
  assertEquals(assertThrows(() => peers.assertReachable("a"), MeshError, "nara unblock a").code, "refused");
  assertEquals([peers.refusalOf("a", 1), peers.refusalOf("a", 0), peers.refusalOf("b", 1)], [
    "blocked",
    "blocked",
    undefined,
  ]);
  peers.prove("a", "memory:elsewhere");
  assertEquals([peers.unblock("a"), peers.unblock("a"), peers.addressOf("a")], [true, false, "memory:a"]);
  assertThrows(() => peers.block("me"), PeerError, "itself");
});

Deno.test("PeerDirectory.block() also keeps from being dialled where an earlier run reached the peer", () => {
  const { peers } = directory({ addresses: ["memory:a"], rememberedAddressOf: (id) => `memory:${id}` });
  peers.block("a");
  assertEquals(peers.mayDial("memory:a"), false);
});

Deno.test("PeerDirectory shuns a peer that answers with nonsense: it is nobody's neighbour until that is forgotten", async () => {
  const { clock, peers } = directory();
  peers.prove("a", "memory:a");
  const garbage = new MeshError("unreachable", "no receipt", {
    cause: new AnswerError("no_receipt", "none"),
  });
  for (let count = 0; count < 4; count++) {
    peers.reportUnreachable("a", garbage);
    await clock.advance(60_000);
  }
  assertEquals([peers.view()[0].state, peers.proven()], ["shunned", []]);
  await clock.advance(1_200_000);
  assertEquals([peers.view()[0].state, peers.proven().length], ["trying", 1]);
});

Deno.test("PeerDirectory.reportUnreachable() counts tries that were under way together as one: a restart shuns nobody", () => {
  const { peers } = directory();
  peers.prove("a", "memory:a");
  const garbage = new MeshError("unreachable", "502", { cause: new AnswerError("no_receipt", "502") });
  for (let count = 0; count < 64; count++) peers.reportUnreachable("a", garbage);
  assertEquals([peers.view()[0].state, peers.view()[0].score, peers.proven().length], ["away", -19, 1]);
});

Deno.test("PeerDirectory.reportReply() makes who answers answerable, and not whom the answer names", () => {
  const { peers } = directory();
  peers.prove("relay", "memory:relay");
  peers.prove("victim", "memory:victim");
  const before = peers.view().map(({ id, score }) => [id, score]);
  peers.reportReply("memory:nobody", { outcome: "drop", reason: "invalid_signature" });
  peers.reportReply("memory:relay", { outcome: "drop", reason: "unexpected_reply" });
  peers.reportReply("memory:relay", { outcome: "handled" });
  assertEquals(peers.view().map(({ id, score }) => [id, score]), before);
  for (const reason of ["invalid_signature", "undecodable"]) {
    peers.reportReply("memory:relay", { outcome: reason === "undecodable" ? "error" : "drop", reason });
  }
  assertEquals(peers.view().map(({ id, score }) => [id, score]), [["victim", 1], ["relay", -49]]);
});

Deno.test("PeerDirectory.reportUnreachable() takes a peer that is too busy for one that is there", async () => {
  const { clock, peers } = directory({ random: { next: () => 1 } });
  peers.prove("a", "memory:a");
  peers.reportUnreachable("a");
  await clock.advance(1_000);
  peers.assertReachable("a");
  assertThrows(() => peers.assertReachable("a"), MeshError, "", "one try at a time");
  peers.reportUnreachable("a", new MeshError("peer_busy", "later"));
  peers.assertReachable("a");
  peers.assertReachable("a");
});

Deno.test("PeerDirectory.refusalOf() holds each peer to its quota, and asks nothing of what nobody verified", () => {
  const { peers } = directory({ quotas: { messagesPerMinute: 2 } });
  peers.heard("a");
  const said = [1, 0, 1, 1, 0].map((bytes) => peers.refusalOf("a", bytes));
  assertEquals(said, [undefined, undefined, undefined, "quota_exceeded", undefined]);
  assertEquals(peers.view()[0].bytesIn, 2);
  assertEquals(peers.limits().map(({ name }) => name), [
    "peers.known",
    "peers.blocked",
    "peers.quota.messages",
    "peers.quota.bytes",
  ]);
});
