/**
 * The stash service as a confidant: what it keeps, for whom, and to whom it hands it back.
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import { MemoryStore } from "../../../runtime/primitives/memory_store.ts";
import { signedFrame } from "../../../runtime/testing/frames.ts";
import { heyThere } from "../../../services/presence/behaviors.ts";
import { stashRefresh, stashRequest, stashResponse, stashStore } from "../../../services/stash/behaviors.ts";
import { OWNERS_MAX, StashService } from "../../../services/stash/service.ts";
import { ME, nara, store, storeBy } from "../../helpers/stash.ts";

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

Deno.test("StashService keeps the key of an owner that was never met, whatever crowd introduces itself: nobody takes its stash over", async () => {
  const { mock } = await nara();
  await using _ = mock;
  const owner = await mock.stranger("owner");
  const hello = { public_key: owner.keypair.publicKey, started_at: 5 };
  await mock.deliver(heyThere.draft(hello), { from: owner, form: "both" });
  assertEquals(await store(mock, owner), "kept: true");
  const { keyring } = mock.runtime;
  for (let count = 0; count < keyring.pinsMax + 100; count++) keyring.pin(`s${count}`, ME.keypair.publicKey);
  assertEquals([keyring.get(owner.id), keyring.get("s0")], [owner.keypair.publicKey, undefined]);
  const thief = { ...await mock.stranger("thief"), id: owner.id };
  const { receipt } = await mock.deliver(
    heyThere.draft({ public_key: thief.keypair.publicKey, started_at: 5 }),
    { from: thief, form: "both" },
  );
  assertEquals(receipt, { outcome: "drop", reason: "key_conflict" });
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
