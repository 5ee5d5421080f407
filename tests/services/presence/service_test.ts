import { assert, assertEquals, assertFalse, assertGreater } from "@std/assert";
import { MemoryStore } from "../../../runtime/primitives/memory_store.ts";
import { ONLINE_MS } from "../../../runtime/primitives/peer_directory.ts";
import { totalsOf } from "../../helpers/books.ts";
import { note } from "../../helpers/kinds.ts";
import { PresenceTown, type Resident } from "../../helpers/presence_town.ts";

const never = () => false;

/** Whom `resident` can reach, by their places. */
function known(resident: Resident): string[] {
  return resident.runtime.peers.proven().map(({ address }) => address).toSorted();
}

function pinned(resident: Resident, other: Resident): boolean {
  return resident.runtime.keyring.get(other.id)?.toHex() === other.identity.keypair.publicKey.toHex();
}

function say(from: Resident, to: Resident, text: string): Promise<string> {
  return from.notes.rt.emit(note.draft({ text }, { to: to.id })).then(
    ({ receipt }) => receipt?.outcome === "drop" ? receipt.reason : receipt?.outcome ?? "nothing",
    (thrown) => thrown.code,
  );
}

Deno.test("PresenceService of two naras meets when one knows where the other lives", async () => {
  await using town = new PresenceTown();
  const bob = await town.moveIn("bob");
  const alice = await town.moveIn("alice", { peers: [bob.address] });
  await town.clock.advance(10);
  assertEquals([known(alice), known(bob)], [[bob.address], [alice.address]]);
  assert(pinned(alice, bob) && pinned(bob, alice));
  assert(alice.runtime.keyring.isOurs(bob.id) && bob.runtime.keyring.isOurs(alice.id));
  assertEquals([await say(alice, bob, "hello"), await say(bob, alice, "hello yourself")], [
    "handled",
    "handled",
  ]);
  assertEquals([bob.notes.texts, alice.notes.texts], [["hello"], ["hello yourself"]]);
});

Deno.test("PresenceService that may dial nobody learns keys from a hey-there, and no address", async () => {
  await using town = new PresenceTown();
  const bob = await town.moveIn("bob", { mayDial: never });
  const alice = await town.moveIn("alice", { peers: [bob.address], mayDial: never });
  await town.clock.advance(200_000);
  assertEquals([known(alice), known(bob), bob.dialled], [[bob.address], [], []]);
  assert(pinned(alice, bob) && pinned(bob, alice));
  assertEquals([await say(alice, bob, "hello"), await say(bob, alice, "hello")], ["handled", "unreachable"]);
});

Deno.test("PresenceService of three naras meets through the one that two of them know", async () => {
  await using town = new PresenceTown();
  const hub = await town.moveIn("hub");
  const [alice, bob] = [
    await town.moveIn("alice", { peers: [hub.address] }),
    await town.moveIn("bob", { peers: [hub.address] }),
  ];
  await town.clock.advance(10_000);
  assertEquals([known(alice), known(bob), known(hub)], [
    [bob.address, hub.address],
    [alice.address, hub.address],
    [alice.address, bob.address],
  ]);
  assert(pinned(alice, bob) && pinned(bob, alice));
  assertEquals(await say(alice, bob, "hello"), "handled");
});

Deno.test("PresenceService of twenty naras in a row, each knowing the one before, meets until all know all", async () => {
  await using town = new PresenceTown();
  const residents: Resident[] = [];
  for (let at = 0; at < 20; at++) {
    residents.push(await town.moveIn(`n${at}`, { peers: residents.slice(-1).map(({ address }) => address) }));
  }
  await town.clock.advance(600_000);
  for (const resident of residents) {
    assertEquals([resident.address, known(resident).length], [resident.address, 19]);
    for (const other of residents) assert(pinned(resident, other));
  }
});

Deno.test("PresenceService never dials an address that may not be dialled, whoever mentions it and however often", async () => {
  await using town = new PresenceTown();
  const hub = await town.moveIn("hub");
  const [alice, bob] = [
    await town.moveIn("alice", { peers: [hub.address], mayDial: (address) => address !== "place:bob" }),
    await town.moveIn("bob", { peers: [hub.address] }),
  ];
  await town.clock.advance(600_000);
  assertFalse(alice.dialled.includes(bob.address));
  assertEquals([known(alice), known(bob)], [[hub.address], [alice.address, hub.address]]);
  assertFalse(await alice.presence.greet(bob.address));
  assertFalse(alice.dialled.includes(bob.address));
});

Deno.test("PresenceService greets an address until somebody answers, with pauses of at most a minute", async () => {
  await using town = new PresenceTown();
  const alice = await town.moveIn("alice", { peers: ["place:bob"] });
  await town.clock.advance(300_000);
  const tries = alice.dialled.length;
  assertGreater(tries, 7);
  assert(tries < 20, `${tries} tries in five minutes`);
  const bob = await town.moveIn("bob");
  await town.clock.advance(60_000);
  assertEquals([known(alice), known(bob)], [[bob.address], [alice.address]]);
});

Deno.test("PresenceService greets a peer again that lost its memory and says so", async () => {
  await using town = new PresenceTown();
  const bob = await town.moveIn("bob");
  const alice = await town.moveIn("alice", { peers: [bob.address] });
  await town.clock.advance(10);
  await town.moveOut(bob);
  const again = await town.moveIn("bob");
  assertFalse(pinned(again, alice));
  assertEquals(await say(alice, again, "do you remember?"), "unknown_sender");
  await town.clock.advance(10);
  assert(pinned(again, alice));
  assertEquals([await say(alice, again, "and now?"), again.notes.texts], ["handled", ["and now?"]]);
});

Deno.test("PresenceService that kept its memory asks at its next start where it was answered before", async () => {
  await using town = new PresenceTown();
  const store = new MemoryStore();
  const bob = await town.moveIn("bob");
  const alice = await town.moveIn("alice", { peers: [bob.address], store });
  await town.clock.advance(10);
  await town.moveOut(alice);
  const again = await town.moveIn("alice", { store, mayDial: never });
  await town.clock.advance(10);
  assertEquals([known(again), pinned(again, bob)], [[bob.address], true]);
});

Deno.test("PresenceService finds a peer that restarts elsewhere, and leaves its old place alone", async () => {
  await using town = new PresenceTown();
  const bob = await town.moveIn("bob");
  const alice = await town.moveIn("alice", { peers: [bob.address] });
  await town.clock.advance(10);
  await town.moveOut(alice);
  const moved = await town.moveIn("alice", { peers: [bob.address], address: "place:elsewhere" });
  await town.clock.advance(10);
  assertEquals(known(bob), ["place:elsewhere"]);
  bob.dialled.length = 0;
  assertEquals(await say(bob, moved, "welcome back"), "handled");
  await town.clock.advance(200_000);
  assertEquals([bob.dialled.includes("place:alice"), moved.notes.texts], [false, ["welcome back"]]);
});

Deno.test("PresenceService knows who is online and since when, and who is no longer", async () => {
  await using town = new PresenceTown();
  const bob = await town.moveIn("bob");
  const alice = await town.moveIn("alice", { peers: [bob.address] });
  await town.clock.advance(10);
  const [{ id, name, uptimeMs }] = bob.presence.onlinePeers();
  assertEquals([id, name], [alice.id, "alice"]);
  assert(uptimeMs <= 10);
  await town.clock.advance(600_000);
  assertEquals(bob.presence.onlinePeers().map(({ uptimeMs }) => uptimeMs >= 600_000 && uptimeMs <= 600_010), [
    true,
  ]);
  await town.moveOut(alice);
  await town.clock.advance(ONLINE_MS + 60_000);
  assertEquals(bob.presence.onlinePeers(), []);
  await town.moveIn("alice", { peers: [bob.address] });
  await town.clock.advance(1_000);
  assertEquals(bob.presence.onlinePeers().map(({ uptimeMs }) => uptimeMs <= 1_000), [true]);
});

Deno.test("PresenceService does not mistake itself for a peer", async () => {
  await using town = new PresenceTown();
  const alice = await town.moveIn("alice", { peers: ["place:alice"] });
  await town.clock.advance(200_000);
  assertEquals([known(alice), alice.presence.onlinePeers(), alice.dialled], [[], [], []]);
});

Deno.test("PresenceService leaves no timer and no greeting behind when it stops", async () => {
  const town = new PresenceTown();
  const alice = await town.moveIn("alice", { peers: ["place:nobody", "place:bob"] });
  const bob = await town.moveIn("bob", { peers: [alice.address] });
  await town.clock.advance(90_000);
  await town[Symbol.asyncDispose]();
  await town.clock.advance(0);
  assertEquals(town.clock.pending, 0);
  const sent = [alice, bob].map(({ dialled }) => dialled.length);
  await town.clock.advance(600_000);
  assertEquals([alice, bob].map(({ dialled }) => dialled.length), sent);
});

Deno.test("PresenceService between two quiet naras costs each a greeting a minute, and a few at first", async () => {
  await using town = new PresenceTown();
  const bob = await town.moveIn("bob");
  const alice = await town.moveIn("alice", { peers: [bob.address] });
  await town.clock.advance(600_000);
  for (const resident of [alice, bob]) {
    const { done } = totalsOf(resident.runtime, "receive", "hey-there");
    assert(done >= 10 && done <= 18, `${done} in ten minutes`);
  }
});
