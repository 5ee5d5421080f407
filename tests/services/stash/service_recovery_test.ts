/**
 * The stash service after a total loss.
 * @module
 */
import { MemoryStore } from "../../../runtime/primitives/memory_store.ts";
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  stashRecovered,
  stashRefresh,
  stashRequest,
  stashResponse,
  stashStore,
} from "../../../services/stash/behaviors.ts";
import { stashCodec } from "../../../services/stash/sealed_stash.ts";
import { data, ME, nara, naraWith, sealed } from "../../helpers/stash.ts";

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

Deno.test("StashService.recovered() rejects when what came back cannot be written", async () => {
  const file = new MemoryStore();
  const { mock, stash } = await nara({ store: file });
  await using _ = mock;
  const [bob, carol, dan] = [await mock.peer("bob"), await mock.peer("carol"), await mock.peer("dan")];
  const setAll = file.setAll.bind(file);
  file.setAll = (space, entries) => {
    if (space === "service:stash") throw new RangeError("the disk is full");
    setAll(space, entries);
  };
  for (const from of [bob, carol, dan]) {
    await mock.deliver(stashResponse.draft(sealed(3, "tea"), { to: ME.id }), { from });
  }
  await assertRejects(() => stash.recovered(), RangeError, "the disk is full");
  assertEquals(stash.stash, undefined);
  await mock.clock.advance(30_000);
  await stash.ready();
});
