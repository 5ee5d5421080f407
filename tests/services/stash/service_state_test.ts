/**
 * The state of a stash service, marshalled and restored.
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import { createRuntime } from "../../../runtime/runtime.ts";
import { signedFrame } from "../../../runtime/testing/frames.ts";
import { SeededRandom } from "../../../runtime/testing/seeded_random.ts";
import { stashRequest, stashResponse } from "../../../services/stash/behaviors.ts";
import { StashService } from "../../../services/stash/service.ts";
import { StashError } from "../../../services/stash/stash_error.ts";
import { createIdentity } from "../../../utilities/identity.ts";
import { data, ME, nara, naraWith, sealed, store, storeBy } from "../../helpers/stash.ts";

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
