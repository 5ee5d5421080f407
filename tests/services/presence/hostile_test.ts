import { assert, assertEquals } from "@std/assert";
import { HOWDY_NEIGHBOURS_MAX, type HowdyV1, type NeighbourV1 } from "../../../messages/presence.ts";
import { MockRuntime } from "../../../runtime/testing/mock_runtime.ts";
import { settled } from "../../../runtime/testing/virtual_clock.ts";
import { signedFrame } from "../../../runtime/testing/frames.ts";
import type { Answer, Receipt } from "../../../runtime/transport/mesh.ts";
import { heyThere, howdy } from "../../../services/presence/behaviors.ts";
import { PresenceService } from "../../../services/presence/service.ts";
import type { Identity } from "../../../utilities/identity.ts";
import { assertBalanced, totalsOf } from "../../helpers/books.ts";
import { note, Recorder } from "../../helpers/kinds.ts";

const evil = "mock:evil";

async function bench(mayDial: (address: string) => boolean = () => true) {
  const presence = new PresenceService();
  const mock = await MockRuntime.create({ services: [presence, new Recorder(note)], mayDial });
  const said = (identity: Identity, mesh_url?: string) => ({
    public_key: identity.keypair.publicKey,
    started_at: 5,
    mesh_url,
  });
  return {
    mock,
    presence,
    /** Says hey-there as `identity`. */
    greet: (identity: Identity, mesh_url?: string, shown = identity): Promise<Answer> =>
      mock.deliver(heyThere.draft(said(shown, mesh_url)), { from: identity, form: "both" }),
    /** Answers this nara's greeting as `identity`. */
    howdy: (
      identity: Identity,
      inReplyTo: string | undefined,
      neighbours: NeighbourV1[] = [],
    ): Promise<Answer> => {
      const payload: HowdyV1 = { ...said(identity), neighbours };
      return mock.deliver({ ...howdy.draft(payload, { to: mock.runtime.me.id }), inReplyTo }, {
        from: identity,
      });
    },
    [Symbol.asyncDispose]: () => mock[Symbol.asyncDispose]().then(() => assertBalanced(mock.runtime)),
  };
}

/** All that a runtime knows of others. */
function knowledge({ runtime }: MockRuntime, besides: string): unknown {
  return {
    pins: [...runtime.keyring.pins()].filter(({ id }) => id !== besides),
    proven: runtime.peers.proven().filter(({ id }) => id !== besides),
    addresses: runtime.peers.addresses,
  };
}

const dropped = (reason: string): Receipt => ({ outcome: "drop", reason });

Deno.test("PresenceService pins the first of two strangers that race for one id, whichever that is", async () => {
  for (const isAliceFirst of [true, false]) {
    await using made = await bench();
    const { mock } = made;
    const alice = await mock.stranger("alice");
    const forger = { ...await mock.stranger("mallory"), id: alice.id };
    const [first, second] = isAliceFirst ? [alice, forger] : [forger, alice];
    assertEquals((await made.greet(first)).receipt, { outcome: "handled" });
    assertEquals((await made.greet(second)).receipt, dropped("key_conflict"));
    assertEquals(mock.runtime.keyring.get(alice.id), first.keypair.publicKey);
    assertEquals((await made.greet(first)).receipt, { outcome: "handled" });
    assertEquals(
      (await mock.deliver(note.draft({ text: "a" }, { to: mock.runtime.me.id }), { from: second })).receipt,
      dropped("invalid_signature"),
    );
    assertEquals(mock.logs.filter(({ level }) => level === "warn").length, 1, "the conflict is reported");
  }
});

Deno.test("PresenceService pins one of two strangers that come at the same instant", async () => {
  await using made = await bench();
  const alice = await made.mock.stranger("alice");
  const forger = { ...await made.mock.stranger("mallory"), id: alice.id };
  const receipts = (await Promise.all([made.greet(forger), made.greet(alice)])).map(({ receipt }) => receipt);
  assertEquals(receipts.filter(({ outcome }) => outcome === "handled").length, 1);
  const winner = receipts[0].outcome === "handled" ? forger : alice;
  assertEquals(made.mock.runtime.keyring.get(alice.id), winner.keypair.publicKey);
});

Deno.test("PresenceService believes nobody who shows somebody else's key, or speaks for somebody who is known", async () => {
  await using made = await bench();
  const alice = await made.mock.peer("alice");
  const mallory = await made.mock.stranger("mallory");
  const before = knowledge(made.mock, "");
  assertEquals((await made.greet(mallory, evil, alice)).receipt, dropped("invalid_signature"));
  assertEquals((await made.greet({ ...mallory, id: alice.id }, evil)).receipt, dropped("key_conflict"));
  assertEquals(
    (await made.greet({ ...mallory, id: alice.id }, evil, alice)).receipt,
    dropped("invalid_signature"),
  );
  assertEquals(knowledge(made.mock, ""), before);
  assertEquals(made.mock.ofKind(heyThere), []);
});

Deno.test("PresenceService learns from a hey-there whose key it is, and nothing about anybody's address", async () => {
  await using made = await bench(() => false);
  await made.mock.peer("alice");
  const mallory = await made.mock.stranger("mallory");
  const before = knowledge(made.mock, mallory.id);
  assertEquals((await made.greet(mallory, evil)).receipt, { outcome: "handled" });
  assertEquals(knowledge(made.mock, mallory.id), before);
  assertEquals(made.mock.ofKind(heyThere), [], "nobody was dialled");
  assertEquals(made.mock.runtime.peers.addressOf(mallory.id), undefined);
});

Deno.test("PresenceService is moved by no hostile howdy: what it says of others changes nothing", async () => {
  await using made = await bench((address) => address === "mock:asked");
  const { mock } = made;
  const alice = await mock.peer("alice");
  const mallory = await mock.stranger("mallory");
  const carol = await mock.stranger("carol");
  const before = knowledge(mock, mallory.id);
  const claims: NeighbourV1[] = [
    { id: alice.id, name: "alice", public_key: mallory.keypair.publicKey, mesh_url: evil },
    { id: carol.id, name: "carol", public_key: mallory.keypair.publicKey, mesh_url: evil },
    { id: mock.runtime.me.id, name: "mock", public_key: mallory.keypair.publicKey, mesh_url: evil },
    { id: mallory.id, name: "x", public_key: new Uint8Array(32), mesh_url: `mock:${alice.id}` },
  ];
  assertEquals((await made.howdy(mallory, undefined, claims)).receipt, { outcome: "handled" });
  assertEquals((await made.howdy(mallory, "0123456789abcdef", claims)).receipt, dropped("unexpected_reply"));
  const greeted = made.presence.greet("mock:asked");
  const [request] = await mock.waitFor(heyThere);
  assertEquals(
    (await made.howdy(mallory, request.id, claims)).receipt,
    dropped("unexpected_reply"),
    "not in the response",
  );
  await mock.clock.advance(5_000);
  assertEquals(await greeted, false);
  assertEquals(knowledge(mock, mallory.id), before);
  assertEquals(mock.runtime.peers.addressOf(mallory.id), undefined);
  assertEquals(mock.runtime.keyring.get(mallory.id), mallory.keypair.publicKey);
  assertEquals(mock.runtime.keyring.conflicts, 0);
});

Deno.test(`PresenceService mentions at most ${HOWDY_NEIGHBOURS_MAX} neighbours, never the one who asks, each with key and place`, async () => {
  await using made = await bench(() => false);
  const { mock } = made;
  const peers = await Promise.all(Array.from({ length: 30 }, (_, at) => mock.peer(`peer${at}`)));
  const seen = new Set<string>();
  for (let times = 0; times < 20; times++) {
    await made.greet(peers[0]);
    const { payload: { neighbours } } = mock.last(howdy);
    assertEquals(neighbours.length, HOWDY_NEIGHBOURS_MAX);
    assertEquals(new Set(neighbours.map(({ id }) => id)).size, HOWDY_NEIGHBOURS_MAX);
    for (const { id, public_key, mesh_url } of neighbours) {
      const peer = peers.find((each) => each.id === id);
      assertEquals([public_key, mesh_url], [peer?.keypair.publicKey, `mock:${id}`]);
      assert(id !== peers[0].id);
      seen.add(id);
    }
  }
  assertEquals(seen.size, 29, "it does not always mention the same");
});

Deno.test("PresenceService mentions nobody whose address is not proven", async () => {
  await using made = await bench(() => false);
  const [alice, bob] = [await made.mock.stranger("alice"), await made.mock.stranger("bob")];
  await made.greet(alice, "mock:alice");
  await made.greet(bob);
  assertEquals(made.mock.last(howdy).payload.neighbours, []);
});

Deno.test("PresenceService answers each hey-there once, and a replayed one not at all", async () => {
  await using made = await bench(() => false);
  const { mock } = made;
  const from = await mock.stranger("alice");
  const draft = heyThere.draft({ public_key: from.keypair.publicKey, started_at: 5 });
  const frame = await signedFrame(draft, {
    from,
    spec: heyThere.spec,
    atNs: mock.clock.nowNs(),
    form: "both",
  });
  const receive = async () => (await mock.runtime.receive(frame, "mock:x")).receipt;
  assertEquals([await receive(), await receive()], [{ outcome: "handled" }, dropped("duplicate_id")]);
  await mock.clock.advance(1);
  await made.greet(from);
  assertEquals((await mock.waitFor(howdy, 2)).length, 2);
  await settled();
  assertEquals(totalsOf(mock.runtime, "receive", "hey-there").done, 2);
});

Deno.test("PresenceService shows its own key, place and start to whoever asks, signed for that one alone", async () => {
  await using made = await bench(() => false);
  const { mock } = made;
  const alice = await mock.stranger("alice");
  await mock.clock.advance(90_000);
  await made.greet(alice);
  const { payload, toId, inReplyTo } = mock.last(howdy);
  const startedAt = Number(mock.clock.nowNs() / 1_000_000_000n) - 90;
  assertEquals([payload.public_key, payload.mesh_url, payload.started_at], [
    mock.runtime.me.publicKey,
    mock.runtime.address,
    startedAt,
  ]);
  assertEquals([toId, inReplyTo !== undefined], [alice.id, true]);
});

Deno.test("PresenceService follows no more than 48 claims of strangers at once, so that neighbours are greeted too", async () => {
  await using made = await bench();
  const { mock } = made;
  for (let at = 0; at < 100; at++) await made.greet(await mock.stranger(`s${at}`), `mock:far${at}`);
  assertEquals(mock.ofKind(heyThere).length, 48);
});
