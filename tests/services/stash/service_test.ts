/**
 * The stash service in a mock runtime: real pipelines, and a test in place of the network.
 * @module
 */
import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import type { StashResponseV1, StashStoreV1 } from "../../../messages/stash.ts";
import { MemoryStore } from "../../../runtime/primitives/memory_store.ts";
import { createRuntime } from "../../../runtime/runtime.ts";
import { signedFrame } from "../../../runtime/testing/frames.ts";
import { MockRuntime, type MockRuntimeOptions } from "../../../runtime/testing/mock_runtime.ts";
import { SeededRandom } from "../../../runtime/testing/seeded_random.ts";
import { heyThere } from "../../../services/presence/behaviors.ts";
import { PresenceService } from "../../../services/presence/service.ts";
import {
  stashAck,
  stashRecovered,
  stashRefresh,
  stashRequest,
  stashResponse,
  stashStore,
} from "../../../services/stash/behaviors.ts";
import { stashCodec } from "../../../services/stash/sealed_stash.ts";
import { OWNERS_MAX, type StashOptions, StashService } from "../../../services/stash/service.ts";
import { StashError } from "../../../services/stash/stash_error.ts";
import { createIdentity, type Identity } from "../../../utilities/identity.ts";

const data = (text: string) => new TextEncoder().encode(text);
const { identity: ME } = await createIdentity({ name: "me", keypair: "node", random: new SeededRandom(99) });

/** A nara with a stash service; `ME`, unless told otherwise. */
async function nara(
  options: MockRuntimeOptions & StashOptions = {},
): Promise<{ mock: MockRuntime; stash: StashService }> {
  const { ownersMax, retries, isFirstLife, ...config } = options;
  const stash = new StashService({ ownersMax, retries, isFirstLife });
  const mock = await MockRuntime.create({
    identity: ME,
    services: [new PresenceService(), stash],
    ...config,
  });
  return { mock, stash };
}

/** The same, when nobody was there to recover from and this was set. */
async function naraWith(text: string, options?: MockRuntimeOptions & StashOptions) {
  const { mock, stash } = await nara(options);
  const setting = stash.setStashData(data(text));
  await mock.clock.advance(30_000);
  await setting;
  return { mock, stash };
}

function sealed(sequence: number, text: string, owner: Identity = ME): StashResponseV1 {
  const { nonce, ciphertext } = owner.keypair.seal(stashCodec.encode({ sequence, data: data(text) }));
  return { owner_id: owner.id, found: true, nonce, ciphertext, stored_at: 1_768_472_430 };
}

function storeBy(owner: Identity, changes: Partial<StashStoreV1> = {}): StashStoreV1 {
  const { nonce, ciphertext } = owner.keypair.seal(data(`the stash of ${owner.name}`));
  return { owner_id: owner.id, owner: owner.name, nonce, ciphertext, ts: 1_768_472_430, ...changes };
}

/** Stores as `owner`, and says what came back. */
async function store(mock: MockRuntime, owner: Identity, changes?: Partial<StashStoreV1>): Promise<string> {
  await mock.deliver(stashStore.draft(storeBy(owner, changes), { to: ME.id }), { from: owner });
  const { toId, payload: { success, reason } } = mock.last(stashAck);
  assertEquals(toId, owner.id);
  return reason ?? `kept: ${success}`;
}

Deno.test("StashService.storeWith() resolves when the confidant acknowledges [TestStashStoreAndAck]", async () => {
  const { mock, stash } = await naraWith("tea");
  await using _ = mock;
  const bob = await mock.peer("bob");
  const storing = stash.storeWith(bob.id);
  const [request] = await mock.waitFor(stashStore);
  assertEquals([request.toId, request.payload.owner_id, request.payload.owner], [bob.id, ME.id, "me"]);
  const { nonce, ciphertext } = request.payload;
  const plaintext = ME.keypair.open({ nonce: nonce!, ciphertext: ciphertext! });
  assertEquals(stashCodec.decode(plaintext), { sequence: 1, data: data("tea") });
  await mock.answer(request, stashAck, { owner_id: ME.id, stored_at: 1, success: true }, { from: bob });
  await storing;
  assertEquals(stash.status().confidants, [{ id: bob.id, name: "bob", sequence: 1, isOnline: true }]);
});

Deno.test("StashService.storeWith() rejects with the confidant's reason", async () => {
  const { mock, stash } = await naraWith("tea");
  await using _ = mock;
  const bob = await mock.peer("bob");
  const storing = assertRejects(() => stash.storeWith(bob.id), StashError);
  const [request] = await mock.waitFor(stashStore);
  const ack = { owner_id: ME.id, stored_at: 1, success: false, reason: "storage limit reached" };
  await mock.answer(request, stashAck, ack, { from: bob });
  const error = await storing;
  assertEquals([error.code, error.reason], ["refused", "storage limit reached"]);
  assertEquals(stash.status().confidants, []);
});

Deno.test("StashService.storeWith() rejects as unreachable when nobody is there", async () => {
  const { mock, stash } = await naraWith("tea", { retries: 0 });
  await using _ = mock;
  const bob = await mock.peer("bob");
  mock.unreachable.add(bob.id);
  assertEquals((await assertRejects(() => stash.storeWith(bob.id), StashError)).code, "unreachable");
});

Deno.test("StashService.requestFrom() resolves with what the confidant gives back [TestStashRequestAndResponse]", async () => {
  const { mock, stash } = await naraWith("newer");
  await using _ = mock;
  const bob = await mock.peer("bob");
  const asking = stash.requestFrom(bob.id);
  const [request] = await mock.waitFor(stashRequest);
  assertEquals([request.toId, request.payload], [bob.id, { owner_id: ME.id }]);
  await mock.answer(request, stashResponse, sealed(1, "tea"), { from: bob });
  assertEquals(await asking, { sequence: 1, data: data("tea") });
  assertEquals(stash.stash?.data, data("newer"));
});

Deno.test("StashService.requestFrom() resolves with nothing when the confidant has none [TestStashRequestNotFound]", async () => {
  const { mock, stash } = await naraWith("tea");
  await using _ = mock;
  const bob = await mock.peer("bob");
  const asking = stash.requestFrom(bob.id);
  const [request] = await mock.waitFor(stashRequest);
  await mock.answer(request, stashResponse, { owner_id: ME.id, found: false }, { from: bob });
  assertEquals(await asking, undefined);
});

Deno.test("StashService.requestFrom() rejects what this nara did not seal", async () => {
  const { mock, stash } = await naraWith("tea");
  await using _ = mock;
  const bob = await mock.peer("bob");
  const asking = assertRejects(() => stash.requestFrom(bob.id), StashError);
  const [request] = await mock.waitFor(stashRequest);
  await mock.answer(request, stashResponse, { ...sealed(9, "noise", bob), owner_id: ME.id }, { from: bob });
  assertEquals((await asking).code, "unopenable");
  assertEquals([stash.stash?.sequence, stash.status().unopenable], [1, 1]);
});

Deno.test("StashService keeps a stash for its owner and hands it back", async () => {
  const { mock } = await nara();
  await using _ = mock;
  const alice = await mock.peer("alice");
  const mine = storeBy(alice);
  assertEquals(await store(mock, alice, mine), "kept: true");
  await mock.deliver(stashRequest.draft({ owner_id: alice.id, request_id: "7" }, { to: ME.id }), {
    from: alice,
  });
  const { toId, payload } = mock.last(stashResponse);
  assertEquals([toId, payload.found, payload.request_id], [alice.id, true, "7"]);
  assertEquals([payload.nonce, payload.ciphertext], [mine.nonce!, mine.ciphertext!]);
});

Deno.test("StashService neither overwrites nor reads nor refreshes for another's owner_id", async () => {
  const { mock } = await nara();
  await using _ = mock;
  const [alice, eve] = [await mock.peer("alice"), await mock.peer("eve")];
  const mine = storeBy(alice);
  await store(mock, alice, mine);
  assertEquals(await store(mock, eve, { ...storeBy(eve), owner_id: alice.id }), "owner_id is not the sender");
  await mock.deliver(stashRequest.draft({ owner_id: alice.id }, { to: ME.id }), { from: eve });
  assertEquals(mock.last(stashResponse).payload, { owner_id: alice.id, request_id: undefined, found: false });
  mock.clear();
  await mock.deliver(stashRefresh.draft({ owner_id: alice.id }), { from: eve });
  await mock.clock.advance(60_000);
  assertEquals(mock.ofKind(stashResponse), []);
  await mock.deliver(stashRequest.draft({ owner_id: alice.id }, { to: ME.id }), { from: alice });
  assertEquals(mock.last(stashResponse).payload.ciphertext, mine.ciphertext!);
});

Deno.test("StashService refuses what no stash can look like, in Go's words [TestStashInvalidPayloads]", async () => {
  const { mock, stash } = await nara();
  await using _ = mock;
  const alice = await mock.peer("alice");
  assertEquals(await store(mock, alice, { owner_id: "" }), "owner_id required");
  const wrongNonce = "nonce must be 24 bytes for XChaCha20-Poly1305";
  assertEquals(await store(mock, alice, { nonce: null }), wrongNonce);
  assertEquals(await store(mock, alice, { nonce: new Uint8Array(12) }), wrongNonce);
  assertEquals(await store(mock, alice, { ciphertext: null }), "ciphertext required");
  assertEquals(await store(mock, alice, { ciphertext: new Uint8Array() }), "ciphertext required");
  assertEquals(stash.status().owners, 0);
});

for (const memoryMode of ["short", "medium", "hog"] as const) {
  const limit = OWNERS_MAX[memoryMode];
  Deno.test(`StashService keeps the stashes of ${limit} owners in ${memoryMode} mode, full-sized, across a restart`, async () => {
    const file = new MemoryStore();
    const before = await nara({ memoryMode, store: file });
    const ciphertext = new Uint8Array(48 * 1024).fill(7);
    const owners = await Promise.all(
      Array.from({ length: limit + 1 }, (_, index) => before.mock.peer(`owner ${index}`)),
    );
    for (const owner of owners.slice(0, limit)) {
      assertEquals(await store(before.mock, owner, { ciphertext }), "kept: true");
    }
    assertEquals(await store(before.mock, owners[limit]), "storage limit reached");
    assertEquals(await store(before.mock, owners[0], { ciphertext }), "kept: true");
    await before.mock[Symbol.asyncDispose]();

    const after = await nara({ memoryMode, store: file });
    await using _ = after.mock;
    const { owners: kept, ownersMax, heldBytes } = after.stash.status();
    assertEquals([kept, ownersMax, heldBytes], [limit, limit, limit * 48 * 1024]);
    const last = await after.mock.peer(`owner ${limit - 1}`);
    await after.mock.deliver(stashRequest.draft({ owner_id: last.id }, { to: ME.id }), { from: last });
    assertEquals(after.mock.last(stashResponse).payload.ciphertext, ciphertext);
  });
}

Deno.test("StashService takes its own limit before the mode's, and says what a limit may be", async () => {
  const { mock, stash } = await nara({ memoryMode: "custom", ownersMax: 1 });
  await using _ = mock;
  assertEquals(await store(mock, await mock.peer("alice")), "kept: true");
  assertEquals(await store(mock, await mock.peer("bob")), "storage limit reached");
  assertEquals(stash.status().ownersMax, 1);
  assertThrows(() => new StashService({ ownersMax: 0 }), RangeError, "ownersMax");
  assertThrows(() => new StashService({ retries: -1 }), RangeError, "retries");
});

Deno.test("StashService answers a signed refresh every time, with a response to nobody's request", async () => {
  const { mock } = await nara();
  await using _ = mock;
  const alice = await mock.peer("alice");
  await store(mock, alice);
  mock.clear();
  for (const times of [1, 2, 3]) {
    await mock.deliver(stashRefresh.draft({ owner_id: alice.id }, { to: ME.id }), { from: alice });
    await mock.waitFor(stashResponse, times);
  }
  const { toId, inReplyTo, payload: { found } } = mock.last(stashResponse);
  assertEquals([toId, inReplyTo, found], [alice.id, undefined, true]);
  const bob = await mock.peer("bob");
  await mock.deliver(stashRefresh.draft({ owner_id: bob.id }, { to: ME.id }), { from: bob });
  await mock.clock.advance(1_000);
  assertEquals(mock.ofKind(stashResponse).length, 3);
});

Deno.test("StashService answers Go's unsigned refresh once a minute, and remembers nothing else of it", async () => {
  const { mock } = await nara();
  await using _ = mock;
  const gopher = await mock.peer("gopher");
  await mock.deliver(stashStore.draft(storeBy(gopher), { to: ME.id }), { from: gopher, form: "go" });
  const refresh = (form: "unsigned" | "go") =>
    mock.deliver(stashRefresh.draft({ owner_id: gopher.id }), { from: gopher, form });
  for (let times = 0; times < 5; times++) {
    assertEquals((await refresh("unsigned")).receipt, { outcome: "handled" });
    await mock.clock.advance(10_000);
  }
  assertEquals(mock.ofKind(stashResponse).length, 1);
  await refresh("go");
  await mock.waitFor(stashResponse, 2);
  await mock.clock.advance(10_000);
  await refresh("unsigned");
  await mock.waitFor(stashResponse, 3);
});

Deno.test("StashService lets nobody take the id of a refresh that is still to come", async () => {
  const { mock } = await nara();
  await using _ = mock;
  const gopher = await mock.peer("gopher");
  const { spec } = stashRefresh;
  const draft = stashRefresh.draft({ owner_id: gopher.id });
  const receipts = [];
  for (const form of ["unsigned", "go", "go"] as const) {
    const frame = await signedFrame(draft, { from: gopher, form, spec, atNs: mock.clock.nowNs() });
    receipts.push((await mock.runtime.receive(frame, "anywhere")).receipt);
  }
  assertEquals(receipts, [
    { outcome: "handled" },
    { outcome: "handled" },
    { outcome: "drop", reason: "duplicate_id" },
  ]);
});

Deno.test("StashService refuses an unsigned refresh in the name of one of ours", async () => {
  const { mock } = await nara();
  await using _ = mock;
  const alice = await mock.peer("alice");
  await store(mock, alice);
  const draft = stashRefresh.draft({ owner_id: alice.id });
  const { receipt } = await mock.deliver(draft, { from: alice, form: "unsigned" });
  assertEquals(receipt, { outcome: "drop", reason: "downgraded" });
  await mock.clock.advance(1_000);
  assertEquals(mock.ofKind(stashResponse), []);
});

Deno.test("StashService pushes a stash to an owner who says hey-there, once per life", async () => {
  const { mock } = await nara();
  await using _ = mock;
  const alice = await mock.peer("alice");
  await store(mock, alice);
  const arrive = (started_at: number) =>
    mock.deliver(heyThere.draft({ public_key: alice.keypair.publicKey, started_at }), { from: alice });
  await arrive(1);
  await mock.clock.advance(99);
  assertEquals(mock.ofKind(stashResponse), []);
  await mock.clock.advance(501);
  assertEquals(mock.ofKind(stashResponse).length, 1);
  await mock.clock.advance(60_000);
  await arrive(1);
  await mock.clock.advance(1_000);
  assertEquals(mock.ofKind(stashResponse).length, 1);
  await arrive(2);
  await mock.clock.advance(1_000);
  const { toId, inReplyTo, payload } = mock.last(stashResponse);
  assertEquals([toId, inReplyTo, payload.found], [alice.id, undefined, true]);
  assertEquals(mock.ofKind(stashResponse).length, 2);
});

Deno.test("StashService takes the newest of three copies by its sealed number, whatever holders say of time", async () => {
  const { mock, stash } = await nara();
  await using _ = mock;
  const [bob, carol, dan] = [await mock.peer("bob"), await mock.peer("carol"), await mock.peer("dan")];
  await mock.clock.advance(500);
  await mock.deliver(stashResponse.draft({ ...sealed(4, "old"), stored_at: 9_999_999_999 }, { to: ME.id }), {
    from: bob,
  });
  await mock.deliver(stashResponse.draft(sealed(7, "newest"), { to: ME.id }), { from: carol });
  await mock.deliver(stashResponse.draft({ ...sealed(5, "older"), stored_at: 1 }, { to: ME.id }), {
    from: dan,
  });
  const report = await stash.recovered();
  assertEquals(report, { isRecovered: true, sequence: 7, copies: 3, confidants: [carol.id] });
  assertEquals(stash.stash, { sequence: 7, data: data("newest") });
  const [recovered] = await mock.waitFor(stashRecovered);
  assertEquals([recovered.payload.item_count, recovered.payload.recovered_at.slice(0, 4)], [3, "2026"]);
});

Deno.test("StashService is not rolled back by one holder with an old copy", async () => {
  const { mock, stash } = await nara();
  await using _ = mock;
  const [mallory, bob] = [await mock.peer("mallory"), await mock.peer("bob")];
  for (let times = 0; times < 3; times++) {
    await mock.deliver(stashResponse.draft(sealed(1, "rolled back"), { to: ME.id }), { from: mallory });
    await mock.clock.advance(1_000);
  }
  assertEquals(stash.stash, undefined);
  await mock.deliver(stashResponse.draft(sealed(8, "newest"), { to: ME.id }), { from: bob });
  await mock.clock.advance(1_000);
  assertEquals(stash.stash?.data, data("newest"));
  await mock.deliver(stashResponse.draft(sealed(2, "rolled back"), { to: ME.id }), { from: mallory });
  assertEquals(stash.stash?.sequence, 8);
});

Deno.test("StashService stores nothing before recovery answered, and then counts one above the highest", async () => {
  const { mock, stash } = await nara();
  await using _ = mock;
  const [bob, carol] = [await mock.peer("bob"), await mock.peer("carol")];
  const setting = stash.setStashData(data("new"));
  await mock.clock.advance(10_000);
  assertEquals([mock.ofKind(stashStore), stash.stash], [[], undefined]);
  for (const [holder, sequence] of [[bob, 41], [carol, 40]] as const) {
    await mock.deliver(stashResponse.draft(sealed(sequence, "old"), { to: ME.id }), { from: holder });
  }
  await mock.clock.advance(600);
  const [first] = await mock.waitFor(stashStore);
  const { nonce, ciphertext } = first.payload;
  const plaintext = ME.keypair.open({ nonce: nonce!, ciphertext: ciphertext! });
  assertEquals(stashCodec.decode(plaintext), { sequence: 42, data: data("new") });
  await mock.clock.advance(120_000);
  assertEquals((await setting).sequence, 42);
  assertEquals(stash.stash, { sequence: 42, data: data("new") });
});

Deno.test("StashService stores after thirty seconds, whether somebody is asked or nobody is there", async () => {
  for (const isAlone of [true, false]) {
    const { mock, stash } = await nara({ retries: 0 });
    await using _ = mock;
    if (!isAlone) await mock.peer("bob");
    const setting = stash.setStashData(data("tea"));
    await mock.clock.advance(29_000);
    assertEquals(stash.stash, undefined);
    await mock.clock.advance(15_000);
    assertEquals(await setting, { sequence: 1, confidants: [], target: 3, safety: "unsafe" });
    assertEquals(stash.stash?.sequence, 1);
  }
});

Deno.test("StashService with a new soul stores at once, for nobody can hold anything of it", async () => {
  const { mock, stash } = await nara({ isFirstLife: true });
  await using _ = mock;
  await mock.peer("bob");
  assertEquals((await stash.recovered()).copies, 0);
  const storing = stash.setStashData(data("tea"));
  const [request] = await mock.waitFor(stashStore);
  assertEquals([request.toId !== undefined, mock.ofKind(stashRefresh)], [true, []]);
  await mock.clock.advance(60_000);
  assertEquals((await storing).sequence, 1);
});

Deno.test("StashService gives recovery its thirty seconds, however late somebody is found", async () => {
  const { mock, stash } = await nara({ retries: 0 });
  await using _ = mock;
  const setting = stash.setStashData(data("tea"));
  await mock.clock.advance(25_000);
  await mock.peer("bob");
  await mock.clock.advance(29_000);
  assertEquals(stash.stash, undefined);
  await mock.clock.advance(15_000);
  assertEquals((await setting).sequence, 1);
});

Deno.test("StashService.setStashData() rejects when a higher number comes to light meanwhile", async () => {
  const { mock, stash } = await naraWith("tea");
  await using _ = mock;
  const bob = await mock.peer("bob");
  await mock.clock.advance(50_000);
  mock.clear();
  const setting = assertRejects(() => stash.setStashData(data("coffee")), StashError);
  const [request] = await mock.waitFor(stashStore);
  await mock.deliver(stashResponse.draft(sealed(30, "from a lost life"), { to: ME.id }), { from: bob });
  await mock.answer(request, stashAck, { owner_id: ME.id, stored_at: 1, success: true }, { from: bob });
  await mock.clock.advance(60_000);
  assertEquals((await setting).code, "superseded");
  assertEquals([stash.stash?.sequence, (await stash.replaced())?.sequence], [30, 2]);
});

Deno.test("StashService asks eight peers at a time for a refresh, each by its address", async () => {
  const { mock } = await nara();
  await using _ = mock;
  const peers = await Promise.all(Array.from({ length: 12 }, (_, index) => mock.peer(`peer ${index}`)));
  await mock.clock.advance(4_000);
  const refreshes = mock.ofKind(stashRefresh);
  assertEquals([refreshes.length, new Set(refreshes.map(({ toId }) => toId)).size], [8, 8]);
  const left = peers.filter(({ id }) => !refreshes.some(({ toId }) => toId === id));
  mock.unreachable.add(left[0].id);
  assert(refreshes.every(({ signature, envelopeSignature }) => signature && envelopeSignature));
  await mock.clock.advance(5_000);
  const asked = new Set(mock.ofKind(stashRefresh).map(({ toId }) => toId));
  assertEquals([asked.size, asked.has(left[0].id)], [peers.length - 1, false]);
});

Deno.test("StashService requests from a peer that is not known as one of ours, for Go answers no refresh", async () => {
  const { mock, stash } = await nara();
  await using _ = mock;
  const gophers = [await mock.peer("gopher"), await mock.peer("gordon")];
  await mock.clock.advance(500);
  for (const request of await mock.waitFor(stashRequest, 2)) {
    const from = gophers.find(({ id }) => id === request.toId)!;
    const { nonce, ciphertext } = ME.keypair.seal(data('{"likes":"tea"}'));
    const response = { owner_id: ME.id, found: true, nonce, ciphertext, stored_at: 5 };
    await mock.answer(request, stashResponse, response, { from, form: "go" });
  }
  await mock.clock.advance(1_000);
  assertEquals((await stash.recovered()).copies, 2);
  assertEquals(stash.stash, { sequence: 0, data: data('{"likes":"tea"}') });
});

Deno.test("StashService adopts an unasked copy with a higher number, keeps aside what was set, and tells the others", async () => {
  const { mock, stash } = await naraWith("set in this life");
  await using _ = mock;
  const bob = await mock.peer("bob");
  await mock.clock.advance(50_000);
  assertEquals((await stash.recovered()).isRecovered, false);
  await mock.deliver(stashResponse.draft(sealed(1, "same number"), { to: ME.id }), { from: bob });
  assertEquals(stash.stash?.data, data("set in this life"));
  await mock.deliver(stashResponse.draft(sealed(30, "from a lost life"), { to: ME.id }), { from: bob });
  assertEquals(stash.stash, { sequence: 30, data: data("from a lost life") });
  assertEquals(await stash.replaced(), { sequence: 1, data: data("set in this life") });
  assertEquals((await mock.waitFor(stashRecovered)).length, 1);
  assertEquals(stash.status().confidants.map(({ id, sequence }) => [id, sequence]), [[bob.id, 30]]);
});

Deno.test("StashService counts unasked copies that do not open, and ignores them", async () => {
  const { mock, stash } = await nara();
  await using _ = mock;
  const [eve, bob] = [await mock.peer("eve"), await mock.peer("bob")];
  const noise = { ...sealed(99, "noise", eve), owner_id: ME.id };
  for (const from of [eve, bob]) await mock.deliver(stashResponse.draft(noise, { to: ME.id }), { from });
  await mock.clock.advance(2_000);
  assertEquals([stash.stash, stash.status().unopenable], [undefined, 2]);
});

Deno.test("StashService keeps its own stash and confidants across a restart, and then needs no recovery", async () => {
  const file = new MemoryStore();
  const before = await naraWith("tea", { store: file });
  const bob = await before.mock.peer("bob");
  const storing = before.stash.storeWith(bob.id);
  const [request] = await before.mock.waitFor(stashStore);
  await before.mock.answer(request, stashAck, { owner_id: ME.id, stored_at: 1, success: true }, {
    from: bob,
  });
  await storing;
  await before.mock[Symbol.asyncDispose]();

  const { mock, stash } = await nara({ store: file });
  await using _ = mock;
  await stash.ready();
  assertEquals(await stash.recovered(), { isRecovered: false, sequence: 1, copies: 0, confidants: [] });
  assertEquals(stash.stash, { sequence: 1, data: data("tea") });
  assertEquals(stash.status().confidants.map(({ id, sequence }) => [id, sequence]), [[bob.id, 1]]);
  await mock.clock.advance(20_000);
  assertEquals(mock.ofKind(stashRefresh), []);
});

Deno.test("StashService.setStashData() refuses more than 49 125 bytes at once, and keeps a copy of what it takes", async () => {
  const { mock, stash } = await nara();
  await using _ = mock;
  const error = await assertRejects(() => stash.setStashData(new Uint8Array(49_126)), StashError);
  assertEquals(error.code, "too_large");
  assertStringIncludes(error.message, "49125");
  const mine = data("tea");
  const setting = stash.setStashData(mine);
  mine.fill(0);
  await mock.clock.advance(30_000);
  await setting;
  assertEquals(stash.stash?.data, data("tea"));
});

Deno.test("StashService.setStashData() refuses what would wait behind sixteen changes", async () => {
  const { mock, stash } = await nara();
  await using _ = mock;
  const setting = Array.from({ length: 16 }, (_, index) => stash.setStashData(data(`${index}`)));
  assertEquals((await assertRejects(() => stash.setStashData(data("tea")), StashError)).code, "busy");
  await mock.clock.advance(30_000);
  assertEquals((await Promise.all(setting)).at(-1)?.sequence, 16);
  assertEquals(stash.stash?.data, data("15"));
});

Deno.test("StashService.restoreState() brings back shelf, stash and confidants [TestStashStateMarshaling]", async () => {
  const before = await naraWith("tea");
  const alice = await before.mock.peer("alice");
  const mine = storeBy(alice);
  await store(before.mock, alice, mine);
  const state = before.stash.marshalState();
  await before.mock[Symbol.asyncDispose]();

  const { mock, stash } = await nara();
  await using _ = mock;
  await stash.restoreState(state);
  assertEquals(stash.marshalState(), state);
  assertEquals(stash.stash, { sequence: 1, data: data("tea") });
  await mock.peer("alice");
  await mock.deliver(stashRequest.draft({ owner_id: alice.id }, { to: ME.id }), { from: alice });
  assertEquals(mock.last(stashResponse).payload.ciphertext, mine.ciphertext!);
});

Deno.test("StashService.restoreState() changes nothing for a state that is damaged, another's or too large", async () => {
  const { mock, stash } = await naraWith("tea", { ownersMax: 1 });
  await using _ = mock;
  await store(mock, await mock.peer("alice"));
  const before = stash.marshalState();
  const text = new TextDecoder().decode(before);
  const other = await naraWith("tea", { identity: undefined, name: "other" });
  await using __ = other.mock;
  const held = /\{"owner_id":.*\}(?=\]\})/.exec(text)![0];
  const damaged = [
    data(text.slice(0, -10)),
    data(text.replace('"version":1', '"version":9')),
    data(text.replace("]}", `,${held.replace('"owner_id":"', '"owner_id":"x')}]}`)),
    other.stash.marshalState(),
  ];
  for (const state of damaged) {
    assertEquals((await assertRejects(() => stash.restoreState(state), StashError)).code, "bad_state");
    assertEquals(stash.marshalState(), before);
  }
});

Deno.test("StashService.restoreState() before the start saves the recovery", async () => {
  const before = await naraWith("tea");
  const state = before.stash.marshalState();
  await before.mock[Symbol.asyncDispose]();
  const stash = new StashService();
  await using runtime = await createRuntime({ identity: ME, clock: before.mock.clock, services: [stash] });
  await stash.restoreState(state);
  await runtime.start();
  await stash.ready();
  assertEquals((await stash.recovered()).sequence, 1);
  assertEquals(stash.stash?.data, data("tea"));
  const { identity: bob } = await createIdentity({
    name: "bob",
    keypair: "node",
    random: new SeededRandom(5),
  });
  runtime.keyring.pin(bob.id, bob.keypair.publicKey);
  const draft = stashResponse.draft(sealed(30, "from a lost life"), { to: ME.id });
  const atNs = before.mock.clock.nowNs();
  await runtime.receive(await signedFrame(draft, { from: bob, spec: stashResponse.spec, atNs }), "anywhere");
  assertEquals(stash.stash?.sequence, 30);
});

Deno.test("StashService.restoreState() does not roll the nara's own stash back", async () => {
  const { mock, stash } = await naraWith("old");
  await using _ = mock;
  const old = stash.marshalState();
  await stash.setStashData(data("new"));
  await stash.restoreState(old);
  assertEquals(stash.stash, { sequence: 2, data: data("new") });
});

Deno.test("StashService stops at once, whatever it waits for, and leaves no timer", async () => {
  const { mock, stash } = await nara();
  const [alice] = [await mock.peer("alice"), await mock.peer("bob")];
  await store(mock, alice);
  await mock.deliver(heyThere.draft({ public_key: alice.keypair.publicKey, started_at: 1 }), { from: alice });
  await mock.clock.advance(50);
  const waiting = [
    stash.ready(),
    stash.recovered(),
    stash.setStashData(data("tea")),
    stash.requestFrom(alice.id),
  ]
    .map((promise) => assertRejects(() => promise, StashError));
  await mock[Symbol.asyncDispose]();
  assertEquals((await Promise.all(waiting)).map(({ code }) => code), Array(4).fill("stopped"));
  assertEquals(mock.clock.pending, 0);
});
