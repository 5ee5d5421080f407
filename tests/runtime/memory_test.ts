import { assertEquals } from "@std/assert";
import { recallAddresses, recallPins, rememberPeer, rememberPin } from "../../runtime/memory.ts";
import { MemoryStore } from "../../runtime/primitives/memory_store.ts";
import { createRuntime } from "../../runtime/runtime.ts";
import { Keyring } from "../../utilities/keyring.ts";
import { Bench } from "../helpers/mock.ts";
import { alice, mallory, me } from "../helpers/stage_context.ts";

Deno.test("rememberPin() and recallPins() keep key, name and mark", () => {
  const file = new MemoryStore();
  rememberPin(file, { id: alice.id, key: alice.keypair.publicKey, name: "alice", ours: true });
  rememberPin(file, { id: mallory.id, key: mallory.keypair.publicKey, ours: false });
  const keyring = new Keyring();
  recallPins(file, keyring);
  const pins = [...keyring.pins()].map(({ id, key, name, ours }) => [id, key, name, ours]);
  assertEquals(
    pins.toSorted(),
    [
      [alice.id, alice.keypair.publicKey, "alice", true],
      [mallory.id, mallory.keypair.publicKey, undefined, false],
    ].toSorted() as typeof pins,
  );
});

Deno.test("rememberPeer() and recallAddresses() keep the last 64 addresses, the last proven first", () => {
  const file = new MemoryStore();
  for (let at = 0; at < 100; at++) {
    rememberPeer(file, { id: `p${at}`, name: undefined, address: `a${at}` }, BigInt(at) * 1_000_000n);
  }
  const addresses = recallAddresses(file);
  assertEquals([addresses.length, addresses[0], addresses.at(-1)], [64, "a99", "a36"]);
  rememberPeer(file, { id: "p50", name: undefined, address: "moved" }, 1_000_000_000n);
  assertEquals(recallAddresses(file)[0], "moved");
  assertEquals(recallAddresses(file).includes("a50"), false);
});

Deno.test("Runtime knows at its next start whom it pinned, who is ours, and where to ask", async () => {
  const store = new MemoryStore();
  {
    await using bench = await Bench.create([], { store });
    assertEquals((await bench.receive(await bench.note())).outcome, "handled");
  }
  await using again = await createRuntime({ identity: me, store, peers: ["mock:given"] });
  const [known] = [...again.keyring.pins()].filter(({ name }) => name === "alice");
  assertEquals([known.ours, again.keyring.isOurs(known.id)], [true, true]);
  assertEquals(again.peers.addresses, ["mock:given", `mock:${known.id}`]);
  assertEquals([again.peers.mayDial(`mock:${known.id}`), again.peers.addressOf(known.id)], [true, undefined]);
});

Deno.test("Runtime keeps a pinned key against another across restarts, and drops what ours signed no envelope of", async () => {
  const store = new MemoryStore();
  {
    await using bench = await Bench.create([], { store });
    await bench.receive(await bench.note());
  }
  await using bench = await Bench.create([], { store });
  assertEquals(await bench.receive(await bench.note("cut", { form: "go" })), {
    outcome: "drop",
    reason: "downgraded",
  });
  const forger = { ...mallory, id: bench.alice.id };
  assertEquals(await bench.receive(await bench.note("forged", { from: forger })), {
    outcome: "drop",
    reason: "invalid_signature",
  });
  assertEquals((await bench.receive(await bench.note("real"))).outcome, "handled");
  assertEquals(bench.service.texts, ["real"]);
});

Deno.test("Runtime pins its own key at every start, and remembers it nowhere", async () => {
  const store = new MemoryStore();
  await using runtime = await createRuntime({ identity: me, store });
  assertEquals([runtime.keyring.get(me.id), runtime.keyring.isOurs(me.id)], [me.keypair.publicKey, true]);
  assertEquals(store.list("runtime:keys", ""), []);
});
