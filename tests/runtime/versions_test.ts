import { assert, assertEquals, assertRejects } from "@std/assert";
import * as z from "zod";
import { bytes, naraId, optionalText } from "../../messages/fields.ts";
import type { Message } from "../../messages/message.ts";
import { MessageError } from "../../messages/message_error.ts";
import type { Behavior, Handlers } from "../../runtime/behavior.ts";
import { MemoryStore } from "../../runtime/primitives/memory_store.ts";
import type { RuntimeApi } from "../../runtime/service.ts";
import { meshRequest, storedEvent } from "../../runtime/templates.ts";
import { signedFrame } from "../../runtime/testing/frames.ts";
import { MockRuntime } from "../../runtime/testing/mock_runtime.ts";
import type { Identity } from "../../utilities/identity.ts";
import { assertBalanced, totalsOf } from "../helpers/books.ts";
import { TestService } from "../helpers/kinds.ts";
import { altered } from "../helpers/mock.ts";

// The seeds' own example: the stash came from owners by name to owners by id, and got a time to live.
const StoreV1 = z.strictObject({ owner: z.string(), nonce: bytes, ciphertext: bytes });
const StoreV2 = z.strictObject({
  owner: optionalText(64),
  owner_id: naraId,
  nonce: bytes,
  ciphertext: bytes,
  ttl: z.int().optional(),
});

const atV1 = meshRequest("test:store", "Keeps a stash").withVersion(1, StoreV1);
const atV2 = atV1.withVersion(2, StoreV2);
const onlyV2 = atV2.withMin(2);

/** The payloads by version of a behavior. */
type Versions<B> = B extends Behavior<infer _P, infer V> ? V : never;

/** Keeps stashes by their owner's id, whichever version brings them. */
class Keeper {
  readonly kept: { ownerId: string; ttl: number; text: string }[] = [];
  rt!: RuntimeApi;

  readonly handlers: Handlers<Versions<typeof atV2>> = {
    1: (message) => {
      const { owner, nonce, ciphertext } = message.payload;
      const [ownerId = ""] = this.rt.keys.idsNamed(owner);
      this.#store(message, { owner, owner_id: ownerId, nonce, ciphertext, ttl: 0 });
    },
    2: (message) => this.#store(message, message.payload),
  };

  #store(_message: Message, { owner_id: ownerId, ttl = 0, ciphertext }: z.output<typeof StoreV2>): void {
    this.kept.push({ ownerId, ttl, text: new TextDecoder().decode(ciphertext) });
  }
}

const nonce = new Uint8Array(24);
const text = (said: string) => new TextEncoder().encode(said);

async function keeperMock(keeper: Keeper): Promise<MockRuntime> {
  return await MockRuntime.create({
    services: [
      new TestService((rt) => {
        keeper.rt = rt;
        rt.register(atV2, keeper.handlers);
      }),
    ],
  });
}

Deno.test("A handler of version 1 converts its payload and calls the one of version 2 [seeds: stash v1 to v2]", async () => {
  const keeper = new Keeper();
  await using mock = await keeperMock(keeper);
  const alice = await mock.peer("alice");
  const to = mock.runtime.me.id;
  const old = { owner: "alice", nonce, ciphertext: text("old") };
  await mock.deliver(atV1.draft(old, { to }), { from: alice });
  await mock.deliver(
    atV2.draft({ owner: "", owner_id: alice.id, nonce, ciphertext: text("new"), ttl: 60 }, { to }),
    { from: alice },
  );
  assertEquals(keeper.kept, [
    { ownerId: alice.id, ttl: 0, text: "old" },
    { ownerId: alice.id, ttl: 60, text: "new" },
  ]);
});

Deno.test("A version that is missing on the wire, or 0, is 1", async () => {
  const keeper = new Keeper();
  await using mock = await keeperMock(keeper);
  const alice = await mock.peer("alice");
  const drafted = (said: string) =>
    atV1.draft({ owner: "alice", nonce, ciphertext: text(said) }, { to: mock.runtime.me.id });
  for (const [index, version] of [undefined, 0].entries()) {
    const atNs = mock.clock.nowNs() + BigInt(index);
    const options = { from: alice, spec: atV1.spec, form: "go", atNs } as const; // Go does not sign the version.
    const frame = altered(await signedFrame(drafted(`v${version}`), options), { version });
    assertEquals((await mock.runtime.receive(frame, "mock:alice")).receipt, { outcome: "handled" });
  }
  assertEquals(keeper.kept.map(({ text }) => text), ["vundefined", "v0"]);
});

Deno.test("RuntimeApi.emit() writes an older version where it is asked to, and refuses one outside the bounds", async () => {
  const service = new TestService((rt) => rt.register(onlyV2));
  await using mock = await MockRuntime.create({ services: [service] });
  const { id: to } = await mock.peer("alice");
  const payload = { owner: "", owner_id: to, nonce, ciphertext: text("x") };
  for (const version of [0, 1, 3, 1.5]) {
    const error = await assertRejects(
      () => service.rt.emit(onlyV2.draft(payload, { to, version })),
      MessageError,
    );
    assertEquals(error.code, "unsupported_version");
    assert(error.message.includes("test:store"), error.message);
  }
  await service.rt.emit(onlyV2.draft(payload, { to, version: 2 }));
  assertEquals(mock.last(onlyV2).version, 2);
});

const noteV1 = storedEvent("test:note", "Says something", 2).withVersion(
  1,
  z.strictObject({ text: z.string() }),
);
const noteV2 = noteV1.withVersion(2, z.strictObject({ text: z.string(), mood: z.string() }));

/** A nara that speaks `behavior`, with what an earlier one kept. */
async function speaker(
  behavior: typeof noteV1 | typeof noteV2,
  file: MemoryStore,
  clock?: MockRuntime["clock"],
) {
  const heard: unknown[] = [];
  const hear = (message: Message<unknown>) => void heard.push(message.payload);
  const service = new TestService((rt) =>
    behavior === noteV2 ? rt.register(noteV2, { 1: hear, 2: hear }) : rt.register(noteV1, { 1: hear })
  );
  const mock = await MockRuntime.create({ services: [service], store: file, clock });
  return { mock, heard };
}

async function futureFrame(mock: MockRuntime, from: Identity, said: string): Promise<Uint8Array> {
  const draft = noteV2.draft({ text: said, mood: "calm" });
  return await signedFrame(draft, {
    from,
    spec: noteV2.spec,
    atNs: mock.clock.nowNs() + BigInt(said.length),
  });
}

Deno.test("Runtime keeps a message of a later version, and delivers it after an upgrade that understands it", async () => {
  const file = new MemoryStore();
  const before = await speaker(noteV1, file);
  const alice = await before.mock.peer("alice");
  const frame = await futureFrame(before.mock, alice, "hello");
  const answers = [
    await before.mock.runtime.receive(frame, "mock:alice"),
    await before.mock.runtime.receive(frame, "mock:alice"),
  ];
  assertEquals(answers.map(({ receipt }) => receipt), [
    { outcome: "quarantined" },
    { outcome: "drop", reason: "duplicate_id" },
  ]);
  assertEquals(before.heard, []);
  assertEquals(totalsOf(before.mock.runtime, "receive", "test:note").quarantined, 1);
  await before.mock.runtime.stop();
  assertBalanced(before.mock.runtime);

  const { clock } = before.mock;
  await clock.advance(86_400_000); // Long after the message was fresh.
  const same = await speaker(noteV1, file, clock);
  assertEquals(same.heard, [], "nothing to deliver without the upgrade");
  await same.mock.runtime.stop();

  const after = await speaker(noteV2, file, clock);
  await clock.advance(1);
  assertEquals(after.heard, [{ text: "hello", mood: "calm" }]);
  await after.mock.runtime.stop();
  assertBalanced(after.mock.runtime);

  const later = await speaker(noteV2, file, clock);
  await clock.advance(1);
  assertEquals(later.heard, [], "once is enough");
  await later.mock.runtime.stop();
});

Deno.test("Runtime keeps nothing of a later version that nobody signed, or that is not fresh, or for somebody else", async () => {
  const { mock, heard } = await speaker(noteV1, new MemoryStore());
  await using _mock = mock;
  const alice = await mock.peer("alice");
  const mallory = await mock.stranger("mallory");
  const frame = await futureFrame(mock, alice, "hello");
  const said = JSON.parse(new TextDecoder().decode(frame));
  const receive = async (frame: Uint8Array) => (await mock.runtime.receive(frame, "mock:x")).receipt;
  assertEquals(await receive(altered(frame, { payload: { ...said.payload, mood: "angry" } })), {
    outcome: "drop",
    reason: "wrong_id",
  });
  assertEquals(await receive(altered(frame, { version: 3 })), {
    outcome: "drop",
    reason: "invalid_signature",
  });
  assertEquals(await receive(await futureFrame(mock, mallory, "hi")), {
    outcome: "drop",
    reason: "unknown_sender",
  });
  const old = { from: alice, spec: noteV2.spec, atNs: mock.clock.nowNs() - 400n * 1_000_000_000n };
  assertEquals(await receive(await signedFrame(noteV2.draft({ text: "old", mood: "" }), old)), {
    outcome: "drop",
    reason: "stale",
  });
  assertEquals(heard, []);
  assertEquals(totalsOf(mock.runtime, "receive", "test:note").quarantined, 0);
});
