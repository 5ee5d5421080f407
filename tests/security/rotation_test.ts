/**
 * R64 (rotation): whoever has pinned a key follows its owner to another, and nobody else to anything.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { succession } from "../../runtime/stages/succession.ts";
import { signedFrame } from "../../runtime/testing/frames.ts";
import { heyThere, identityRotated } from "../../services/presence/behaviors.ts";
import { toWire } from "../../services/presence/rotations.ts";
import { PresenceService } from "../../services/presence/service.ts";
import { systemClock } from "../../utilities/clock.ts";
import type { Identity } from "../../utilities/identity.ts";
import { Keyring } from "../../utilities/keyring.ts";
import { RETIREMENT_MS, type Rotation, signRotation } from "../../utilities/key_rotation.ts";
import { letter, type Sample } from "../helpers/all_kinds.ts";
import { alice, type Attempt, gopher, mallory, newRemains, stranger, Target } from "../helpers/hostile.ts";
import { attackedNara, HonestClient } from "../helpers/honest_client.ts";
import { lacking } from "../helpers/permissions.ts";
import { me, messageOf, naraNamed, stageContext } from "../helpers/stage_context.ts";

const heir = await naraNamed("heir");
const grandchild = await naraNamed("grandchild");
const rotatedAt = 1_768_000_000;
const toHeir = await signRotation({ old: alice, successor: heir, rotatedAt });
const toGrandchild = await signRotation({ old: heir, successor: grandchild, rotatedAt });

const sampleOf = ({ samples }: Target, kind: string): Sample =>
  samples.find(({ spec }) => spec.kind === kind)!;

/** Tells rotations as `from`. */
async function tell(target: Target, from: Identity, ...rotations: Rotation[]): Promise<Attempt> {
  const draft = { payload: { rotations: rotations.map(toWire) } };
  return await target.attempt(await target.frameOf(sampleOf(target, identityRotated.kind), { from, draft }));
}

/** What becomes of an ordinary message of somebody. */
async function say(target: Target, from: Identity): Promise<readonly string[]> {
  return (await target.attempt(await target.frameOf(sampleOf(target, letter.kind), { from }))).dropped;
}

/** What a nara knows of who follows whom. */
const known = ({ runtime: { keyring } }: Target) => ({
  pins: [...keyring.pins()].map(({ id, key }) => [id, key.toHex()]).toSorted(),
  followed: [...keyring.pins()].map(({ id }) => keyring.successorOf(id)?.id).filter((id) => id !== undefined),
});

Deno.test("R64 Keyring follows a rotation that both keys signed: trust goes on, and the old key is refused after its grace", async () => {
  const remains = newRemains();
  {
    await using target = await Target.open(undefined, { remains });
    const { keyring } = target.runtime;
    assertEquals((await tell(target, heir, toHeir)).dropped, []);
    assertEquals([keyring.get(heir.id), keyring.successorOf(alice.id)?.id], [
      heir.keypair.publicKey,
      heir.id,
    ]);
    assertEquals([keyring.isOurs(heir.id), keyring.conflicts], [true, 0]);
    assertEquals(
      [await say(target, heir), await say(target, alice)],
      [[], []],
      "what is under way still counts",
    );
    await target.clock.advance(RETIREMENT_MS - 1_000);
    assertEquals(await say(target, alice), []);
    await target.clock.advance(1_000);
    assertEquals(await say(target, alice), ["retired_key"]);
    const hello = await target.frameOf(sampleOf(target, heyThere.kind), { from: alice });
    assertEquals((await target.attempt(hello)).dropped, ["retired_key"]);
    assertEquals(await say(target, heir), []);
  }
  await using again = await Target.open(undefined, { remains });
  assertEquals(again.runtime.keyring.predecessorOf(heir.id), alice.id);
  assertEquals(
    [await say(again, alice), await say(again, heir)],
    [["retired_key"], []],
    "after a restart too",
  );
});

Deno.test("R64 Keyring follows a chain from wherever it knew the nara, and only its parts that it knew", async () => {
  await using target = await Target.open();
  const { keyring } = target.runtime;
  assertEquals((await tell(target, grandchild, toHeir, toGrandchild)).dropped, []);
  assertEquals([keyring.successorOf(alice.id)?.id, keyring.successorOf(heir.id)?.id], [
    heir.id,
    grandchild.id,
  ]);
  assertEquals(keyring.isOurs(grandchild.id), true);
  const unknown = await signRotation({ old: stranger, successor: heir, rotatedAt });
  await using other = await Target.open();
  assertEquals((await tell(other, heir, unknown)).dropped, []);
  assertEquals([other.runtime.keyring.get(stranger.id), other.runtime.keyring.predecessorOf(heir.id)], [
    undefined,
    undefined,
  ]);
});

Deno.test("R64 Keyring follows a rotation once, however often it is told again, and whoever replays it", async () => {
  await using target = await Target.open();
  await tell(target, heir, toHeir);
  const after = known(target);
  for (let times = 0; times < 3; times++) assertEquals((await tell(target, heir, toHeir)).dropped, []);
  for (const from of [mallory, gopher, stranger]) {
    assertEquals((await tell(target, from, toHeir)).dropped, ["invalid_signature"], from.name);
  }
  assertEquals(known(target), after);
});

/** A signature that is one, of something else. */
const other = await signRotation({ old: alice, successor: mallory, rotatedAt: rotatedAt + 1 });

const FORGERIES: readonly {
  readonly what: string;
  readonly from: Identity;
  readonly rotations: () => Promise<Rotation[]> | Rotation[];
  readonly reason: string;
}[] = [
  {
    what: "without the old signature",
    from: heir,
    rotations: () => [{ ...toHeir, oldSignature: new Uint8Array(64) }],
    reason: "invalid_signature",
  },
  {
    what: "without the new signature",
    from: heir,
    rotations: () => [{ ...toHeir, newSignature: new Uint8Array(64) }],
    reason: "invalid_signature",
  },
  {
    what: "signed by the thief in place of the owner",
    from: mallory,
    rotations: async () => [{
      ...await signRotation({ old: { ...mallory, id: alice.id }, successor: mallory, rotatedAt }),
      oldKey: alice.keypair.publicKey,
    }],
    reason: "invalid_signature",
  },
  {
    what: "by a key that alice never had",
    from: mallory,
    rotations:
      async () => [await signRotation({ old: { ...stranger, id: alice.id }, successor: mallory, rotatedAt })],
    reason: "key_conflict",
  },
  {
    what: "with another successor written in",
    from: mallory,
    rotations: () => [{ ...toHeir, newId: mallory.id, newKey: mallory.keypair.publicKey }],
    reason: "invalid_signature",
  },
  {
    what: "with the signature of another rotation",
    from: heir,
    rotations: () => [{ ...toHeir, oldSignature: other.oldSignature }],
    reason: "invalid_signature",
  },
  {
    what: "to a third id, which has another key",
    from: { ...mallory, id: gopher.id },
    rotations:
      async () => [await signRotation({ old: alice, successor: { ...mallory, id: gopher.id }, rotatedAt })],
    reason: "key_conflict",
  },
  {
    what: "to a third id, told by its owner's enemy",
    from: mallory,
    rotations: async () => [await signRotation({ old: alice, successor: gopher, rotatedAt })],
    reason: "invalid_signature",
  },
  {
    what: "in a chain that is broken",
    from: grandchild,
    rotations: () => [toGrandchild, toHeir],
    reason: "invalid_signature",
  },
  {
    what: "in a chain of which one link is forged",
    from: grandchild,
    rotations: () => [toHeir, { ...toGrandchild, oldSignature: toHeir.oldSignature }],
    reason: "invalid_signature",
  },
];

for (const { what, from, rotations, reason } of FORGERIES) {
  Deno.test(`R64 Keyring follows no rotation ${what}`, async () => {
    await using target = await Target.open();
    const before = known(target);
    const { dropped } = await tell(target, from, ...await rotations());
    assertEquals(dropped, [reason]);
    const after = known(target);
    assertEquals(after.followed, []);
    assert(before.pins.every(([id, key]) => after.pins.some((pin) => pin[0] === id && pin[1] === key)));
    assertEquals(await say(target, alice), [], "alice is who she was");
  });
}

Deno.test("R64 Keyring raises evidence when a second rotation names somebody else, and follows the first", async () => {
  await using target = await Target.open();
  await tell(target, heir, toHeir);
  assertEquals((await tell(target, mallory, other)).dropped, ["key_conflict"]);
  const { keyring, peers } = target.runtime;
  assertEquals(keyring.successorOf(alice.id)?.id, heir.id);
  assertEquals(peers.evidence!.about(alice.id).map(({ offered }) => offered), [mallory.keypair.publicKey]);
});

Deno.test("R64 Keyring lets nobody escape a block by a new key", async () => {
  await using target = await Target.open();
  const { peers, keyring } = target.runtime;
  peers.block(alice.id);
  assertEquals((await tell(target, heir, toHeir)).dropped, ["blocked"]);
  assertEquals([peers.isBlocked(heir.id), keyring.successorOf(alice.id)?.id], [true, heir.id]);
  assertEquals((await tell(target, grandchild, toHeir, toGrandchild)).dropped, ["blocked"]);
  assertEquals(await say(target, grandchild), ["blocked"]);
  peers.unblock(alice.id);
  assertEquals(await say(target, grandchild), [], "it is one and the same nara");
});

Deno.test("R64 Keyring lets nobody escape a block who rotated before it", async () => {
  await using target = await Target.open();
  const { peers } = target.runtime;
  await tell(target, grandchild, toHeir, toGrandchild);
  assertEquals(await say(target, grandchild), []);
  peers.block(alice.id);
  assertEquals([await say(target, heir), await say(target, grandchild)], [["blocked"], ["blocked"]]);
  assertEquals((await tell(target, grandchild, toHeir, toGrandchild)).dropped, ["blocked"], "told again");
});

Deno.test("R64 Keyring lets nobody who is blocked fill the block list with successors", async () => {
  await using target = await Target.open();
  const { peers, keyring, limits } = target.runtime;
  peers.block(alice.id);
  const dropped = [];
  const successors = await Promise.all(["one", "two", "three"].map(naraNamed));
  for (const successor of successors) {
    dropped.push(
      (await tell(target, successor, await signRotation({ old: alice, successor, rotatedAt }))).dropped[0],
    );
  }
  assertEquals(dropped, ["blocked", "key_conflict", "key_conflict"]);
  assertEquals(successors.map(({ id }) => peers.isBlocked(id)), [true, false, false]);
  assertEquals(successors.map(({ id }) => keyring.get(id) !== undefined), [true, false, false]);
  const [list] = limits.all().filter(({ name }) => name === "peers.blocked");
  assertEquals(list.inUse(), 1, "what the operator said, and no more");
});

Deno.test("R64 Keyring follows no rotation that was passed over, whoever is pinned while the others are checked", async () => {
  const forged = {
    ...await signRotation({ old: stranger, successor: alice, rotatedAt }),
    oldSignature: new Uint8Array(64),
    newSignature: new Uint8Array(64),
  };
  const keyring = new Keyring();
  keyring.pin(alice.id, alice.keypair.publicKey);
  const signature = new Uint8Array(64).fill(7);
  const keypair = Object.create(me.keypair, {
    verify: {
      value: async (...[key, sig, bytes]: Parameters<typeof me.keypair.verify>) => {
        await Promise.resolve();
        if (sig === signature) return true; // The message's own is good.
        keyring.pin(stranger.id, stranger.keypair.publicKey); // The stranger says hello meanwhile.
        return await me.keypair.verify(key, sig, bytes);
      },
    },
  });
  const message = messageOf({ fromId: heir.id, signature });
  const stage = succession(() => [forged, toHeir]);
  const { outcome } = await stage.process(message, stageContext({ keyring, keypair }));
  assertEquals([outcome, keyring.get(stranger.id)], ["continue", stranger.keypair.publicKey]);
  assertEquals([keyring.successorOf(stranger.id), keyring.predecessorOf(alice.id)], [undefined, undefined]);
  assertEquals(keyring.successorOf(alice.id)?.id, heir.id);
});

Deno.test("R64 Keyring knows a chain again of which a step made room", async () => {
  const keyring = new Keyring({ pinsMax: 3, onForget: () => {} });
  keyring.pin(alice.id, alice.keypair.publicKey);
  keyring.met(alice.id, 0);
  const context = stageContext({
    keyring,
    keypair: Object.create(me.keypair, {
      verify: {
        value: (...[key, sig, bytes]: Parameters<typeof me.keypair.verify>) =>
          sig === signature || me.keypair.verify(key, sig, bytes),
      },
    }),
  });
  const signature = new Uint8Array(64).fill(7);
  const message = messageOf({ fromId: grandchild.id, signature });
  const stage = succession(() => [toHeir, toGrandchild]);
  assertEquals((await stage.process(message, context)).outcome, "continue");
  keyring.pin(stranger.id, stranger.keypair.publicKey);
  assertEquals(keyring.get(heir.id), undefined, "it made room");
  keyring.pin(heir.id, mallory.keypair.publicKey);
  assertEquals((await stage.process(message, context)).outcome, "continue");
  assertEquals([keyring.successorOf(alice.id)?.id, keyring.conflicts], [grandchild.id, 0]);
});

Deno.test({
  name: "R64 an honest client is served beside forged rotations, and a good one is followed among them",
  ignore: lacking("net"),
  fn: async () => {
    await using runtime = await attackedNara(new PresenceService());
    await using honest = await HonestClient.of(runtime);
    const { keyring, me: { id: to } } = runtime;
    for (const { id, keypair, name } of [alice, mallory, gopher]) keyring.pin(id, keypair.publicKey, name);
    const attempts = await Promise.all(FORGERIES.map(async ({ from, rotations }) => {
      return { from, payload: { rotations: (await rotations()).map(toWire) } };
    }));
    let count = 0;
    const told = async ({ from, payload }: typeof attempts[number]) => {
      const atNs = systemClock.nowNs() - BigInt(++count);
      const draft = identityRotated.draft(payload, { to });
      const frame = await signedFrame(draft, { from, spec: identityRotated.spec, atNs });
      return (await runtime.receive(frame, "10.9.9.9:1")).receipt.outcome;
    };
    await honest.assertServedBeside(async () => {
      assertEquals(await told(attempts[count % attempts.length]), "drop");
    });
    assertEquals(keyring.successorOf(alice.id), undefined);
    assertEquals(await told({ from: heir, payload: { rotations: [toWire(toHeir)] } }), "handled");
    assertEquals(keyring.successorOf(alice.id)?.id, heir.id);
  },
});
