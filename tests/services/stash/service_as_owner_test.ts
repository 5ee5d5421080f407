/**
 * The stash service as an owner: what it sets, stores and requests.
 * @module
 */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { MemoryStore } from "../../../runtime/primitives/memory_store.ts";
import { heyThere } from "../../../services/presence/behaviors.ts";
import {
  stashAck,
  stashRefresh,
  stashRequest,
  stashResponse,
  stashStore,
} from "../../../services/stash/behaviors.ts";
import { stashCodec } from "../../../services/stash/sealed_stash.ts";
import { StashError } from "../../../services/stash/stash_error.ts";
import { data, ME, nara, naraWith, sealed, store } from "../../helpers/stash.ts";

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
