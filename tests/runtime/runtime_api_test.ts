import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { MemoryStore } from "../../runtime/primitives/memory_store.ts";
import { STORE_BYTES_MAX, StoreError } from "../../runtime/primitives/store.ts";
import { meshRequest } from "../../runtime/templates.ts";
import { MockRuntime } from "../../runtime/testing/mock_runtime.ts";
import { IdentityError } from "../../utilities/identity_error.ts";
import { note, Recorder, TestService, textSchema, whisper } from "../helpers/kinds.ts";
import { Bench } from "../helpers/mock.ts";

const bytes = (...values: number[]) => new Uint8Array(values);

/** A service that may keep 100 bytes. */
class Small extends TestService {
  readonly storeBytesMax = 100;
}

Deno.test("RuntimeApi is its service's own: log, store and signal", async () => {
  const [one, two] = ["one", "two"].map((name) => new TestService(() => {}, name));
  const mock = await MockRuntime.create({ services: [one, two] });
  one.rt.log.info("hello", { count: 1 });
  assertEquals(mock.logs, [{ level: "info", service: "one", message: "hello", fields: { count: 1 } }]);
  await one.rt.store.set("key", bytes(1));
  assertEquals([await one.rt.store.get("key"), await two.rt.store.get("key")], [bytes(1), undefined]);
  assert(one.rt.signal !== two.rt.signal && !one.rt.signal.aborted);
  await mock[Symbol.asyncDispose]();
  assert(one.rt.signal.aborted && two.rt.signal.aborted);
});

Deno.test("RuntimeApi.store is bounded by what the service declares, else to a mebibyte", async () => {
  const [small, usual] = [new Small(() => {}, "small"), new TestService(() => {}, "usual")];
  await using _mock = await MockRuntime.create({ services: [small, usual] });
  await small.rt.store.set("k", new Uint8Array(99));
  assertEquals((await assertRejects(() => small.rt.store.set("l", bytes()), StoreError)).code, "store_full");
  await small.rt.store.set("k", bytes(1));
  await small.rt.store.set("l", new Uint8Array(97));
  await small.rt.store.delete("l");
  await small.rt.store.delete("l");
  await small.rt.store.setAll([["l", new Uint8Array(10)], ["m", new Uint8Array(10)]]);
  const more = () => small.rt.store.setAll([["n", bytes(1)], ["o", new Uint8Array(80)]]);
  await assertRejects(more, StoreError, "Cannot keep");
  assertEquals((await small.rt.store.list()).map(([key]) => key), ["k", "l", "m"], "all or none");
  await usual.rt.store.set("k", new Uint8Array(STORE_BYTES_MAX - 1));
  await assertRejects(() => usual.rt.store.set("l", bytes()), StoreError);
});

Deno.test("RuntimeApi.store counts a key that is set twice in one go as it ends up", async () => {
  const service = new Small();
  await using _mock = await MockRuntime.create({ services: [service] });
  await service.rt.store.setAll([["k", new Uint8Array(90)], ["k", new Uint8Array(9)]]);
  await service.rt.store.set("l", new Uint8Array(89));
  await assertRejects(() => service.rt.store.set("m", bytes()), StoreError);
});

for (const key of ["", "x".repeat(257)]) {
  Deno.test(`RuntimeApi.store refuses a key of ${key.length} characters`, async () => {
    const service = new TestService();
    await using _mock = await MockRuntime.create({ services: [service] });
    assertEquals(
      (await assertRejects(() => service.rt.store.set(key, bytes(1)), StoreError)).code,
      "bad_key",
    );
    assertEquals((await assertRejects(() => service.rt.store.delete(key), StoreError)).code, "bad_key");
  });
}

Deno.test("RuntimeApi.store counts what an earlier run kept", async () => {
  const store = new MemoryStore();
  store.setAll("service:test", [["k", new Uint8Array(95)]]);
  const service = new Small();
  await using _mock = await MockRuntime.create({ services: [service], store });
  await assertRejects(() => service.rt.store.set("l", new Uint8Array(10)), StoreError);
  await service.rt.store.set("k", new Uint8Array(10));
});

Deno.test("RuntimeApi.seal() and open() are for this nara alone, in this and in later lives", async () => {
  const service = new TestService();
  await using mock = await MockRuntime.create({ services: [service] });
  const sealed = service.rt.seal(bytes(1, 2, 3));
  assertEquals(service.rt.open(sealed), bytes(1, 2, 3));
  assertEquals([sealed.nonce.length, sealed.ciphertext.length], [24, 19]);
  const other = await mock.stranger("other");
  assertThrows(() => other.keypair.open(sealed), IdentityError);
});

Deno.test("RuntimeApi.subscribe() hears messages of the current version until it is disposed of", async () => {
  const behavior = meshRequest("test:note", "").withVersion(1, textSchema).withVersion(2, textSchema);
  const service = new TestService((rt) => rt.register(behavior));
  await using bench = await Bench.create([], { services: [service] });
  const heard: number[] = [];
  const subscription = service.rt.subscribe(behavior, ({ version }) => void heard.push(version));
  const send = async (version: number) =>
    bench.receive(
      await bench.frame({ ...note.draft({ text: `${version}` }, { to: bench.mock.runtime.me.id }), version }),
    );
  assertEquals([(await send(1)).outcome, (await send(2)).outcome], ["handled", "handled"]);
  subscription[Symbol.dispose]();
  await send(2);
  assertEquals(heard, [2]);
});

Deno.test("RuntimeApi.subscribe() goes on and logs when a subscriber throws or rejects", async () => {
  await using bench = await Bench.create();
  const { rt } = bench.service;
  rt.subscribe(whisper, () => {
    throw new Error("thrown");
  });
  rt.subscribe(whisper, async () => await Promise.reject(new Error("rejected")));
  await rt.emit(whisper.draft({ text: "a" }));
  assertEquals(bench.service.texts, ["a"]);
  assertEquals(bench.mock.logs.map(({ level, fields }) => `${level} ${fields.kind} ${fields.error}`), [
    "error test:whisper thrown",
    "error test:whisper rejected",
  ]);
});

Deno.test("RuntimeApi handlers get the payload of their own version", async () => {
  const seen: string[] = [];
  const behavior = meshRequest("test:note", "").withVersion(1, textSchema).withVersion(2, textSchema);
  const service = new TestService((rt) =>
    rt.register(behavior, {
      1: ({ payload }) => void seen.push(`one ${payload.text}`),
      2: ({ payload }) => void seen.push(`two ${payload.text}`),
    })
  );
  await using bench = await Bench.create([], { services: [service] });
  for (const version of [2, 1]) {
    const draft = { ...note.draft({ text: "x" }, { to: bench.mock.runtime.me.id }), version };
    assertEquals(await bench.receive(await bench.frame(draft)), { outcome: "handled" });
  }
  assertEquals(seen, ["two x", "one x"]);
});

Deno.test("RuntimeApi.register() lets one service own a kind: the second makes createRuntime() fail", async () => {
  const services = [new Recorder(note), new TestService((rt) => rt.register(note), "second")];
  await assertRejects(
    () => MockRuntime.create({ services }),
    Error,
    'Cannot register test:note for "second" as "test" owns it',
  );
});

Deno.test("RuntimeApi.peers and keys show who is known, and reveal nothing that a service could spoil", async () => {
  await using bench = await Bench.create();
  const { peers, keys, me } = bench.service.rt;
  assertEquals(peers.proven().map(({ id, name }) => [id, name]), [[bench.alice.id, "alice"]]);
  assertEquals(peers.online().length, 1);
  assertEquals([peers.addressOf(bench.alice.id), peers.ownAddress], [
    `mock:${bench.alice.id}`,
    `mock:${me.id}`,
  ]);
  assertEquals([keys.get(bench.alice.id), keys.isOurs(bench.alice.id)], [
    bench.alice.keypair.publicKey,
    false,
  ]);
  peers.addresses().push("mock:intruder");
  assertEquals([peers.addresses(), peers.mayDial("mock:intruder")], [[], false]);
  await bench.receive(await bench.note());
  assertEquals(keys.isOurs(bench.alice.id), true);
});
