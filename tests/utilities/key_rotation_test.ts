import { assertEquals, assertFalse, assertThrows } from "@std/assert";
import { createIdentity } from "../../utilities/identity.ts";
import { IdentityError } from "../../utilities/identity_error.ts";
import {
  chainTo,
  isSigned,
  leadsTo,
  openingFormer,
  type Rotation,
  rotationText,
  signRotation,
} from "../../utilities/key_rotation.ts";
import { Keyring } from "../../utilities/keyring.ts";
import { createNodeKeypair } from "../../utilities/node_keypair.ts";

const [ann, ben, cid] = await Promise.all(
  ["ann", "ben", "cid"].map(async (name) => (await createIdentity({ name, keypair: "node" })).identity),
);
const rotatedAt = 1_768_000_000;
const first = await signRotation({ old: ann, successor: ben, rotatedAt });
const second = await signRotation({ old: ben, successor: cid, rotatedAt: rotatedAt + 1 });
const verify = ann.keypair.verify.bind(ann.keypair);

Deno.test("rotationText() is the same bytes for the same claim, and says what it is", () => {
  const text = new TextDecoder().decode(rotationText({
    oldId: "a",
    oldKey: new Uint8Array(2),
    newId: "b",
    newKey: new Uint8Array([255]),
    rotatedAt: 7,
  }));
  assertEquals(
    text,
    'nara:rotation:v1\n{"old_id":"a","old_public_key":"AAA=","new_id":"b","new_public_key":"/w==","rotated_at":7}',
  );
});

Deno.test("isSigned() holds only while nothing of a rotation was changed, and both keys signed", async () => {
  assertEquals(await isSigned(first, verify), true);
  const changes: Partial<Rotation>[] = [
    { oldId: cid.id },
    { newId: cid.id },
    { rotatedAt: rotatedAt + 1 },
    { oldKey: cid.keypair.publicKey },
    { newKey: cid.keypair.publicKey },
    { oldSignature: first.newSignature },
    { newSignature: first.oldSignature },
    { oldSignature: new Uint8Array(64) },
    { newSignature: new Uint8Array(0) },
  ];
  for (const change of changes) {
    assertFalse(await isSigned({ ...first, ...change }, verify), Object.keys(change)[0]);
  }
});

Deno.test("isSigned() refuses a rotation to oneself, or to one's own key", async () => {
  assertFalse(await isSigned(await signRotation({ old: ann, successor: ann, rotatedAt }), verify));
  const twin = { id: "twin", keypair: ann.keypair };
  assertFalse(await isSigned(await signRotation({ old: ann, successor: twin, rotatedAt }), verify));
});

Deno.test("leadsTo() follows a chain link by link to its end", () => {
  assertEquals([leadsTo([first], ben.id), leadsTo([first, second], cid.id)], [true, true]);
  const wrong: [Rotation[], string][] = [[[], ann.id], [[first], ann.id], [[first, second], ben.id]];
  wrong.push([[second, first], ben.id], [[{ ...first, newKey: cid.keypair.publicKey }, second], cid.id]);
  for (const [chain, id] of wrong) assertFalse(leadsTo(chain, id));
});

Deno.test("chainTo() leaves out what came after, as a rotation that never took place", () => {
  assertEquals(chainTo([first, second], cid.id), [first, second]);
  assertEquals(chainTo([first, second], ben.id), [first]);
  assertEquals(chainTo([first, second], ann.id), []);
});

Deno.test("openingFormer() opens what any of the souls sealed, and seals as the last one alone", () => {
  const [now, before, stranger] = [1, 2, 3].map((byte) => createNodeKeypair(new Uint8Array(32).fill(byte)));
  const keypair = openingFormer(now, [before]);
  const text = new Uint8Array([1, 2, 3]);
  assertEquals([keypair.open(now.seal(text)), keypair.open(before.seal(text))], [text, text]);
  assertEquals(now.open(keypair.seal(text)), text);
  assertEquals(assertThrows(() => keypair.open(stranger.seal(text)), IdentityError).code, "unsealable");
  assertEquals(openingFormer(now, []), now);
});

/** A keyring that knows ann, and has pinned those who follow. */
function knowing(...ids: (typeof ann)[]) {
  const conflicts: string[] = [];
  const keyring = new Keyring({ onConflict: ({ id }) => conflicts.push(id) });
  for (const { id, keypair, name } of ids) keyring.pin(id, keypair.publicKey, name);
  return { keyring, conflicts };
}

Deno.test("Keyring.succeed() puts the new id in the old one's place: name, mark and days", () => {
  const { keyring } = knowing(ann);
  keyring.markOurs(ann.id);
  keyring.met(ann.id, 86_400_000);
  keyring.pin(ben.id, ben.keypair.publicKey);
  assertEquals([keyring.succeed(first, 5), keyring.succeed(first, 9)], ["followed", "known"]);
  assertEquals([keyring.isOurs(ben.id), keyring.idsNamed("ann")], [true, [ben.id]]);
  assertEquals(keyring.successorOf(ann.id), { id: ben.id, atMs: 5 });
  keyring.pin(cid.id, cid.keypair.publicKey);
  assertEquals(keyring.succeed(second, 6), "followed");
  assertEquals(keyring.idsNamed("ann"), [cid.id]);
});

Deno.test("Keyring.succeed() has nothing to follow where the old id is unknown", () => {
  const { keyring, conflicts } = knowing(ben);
  assertEquals([keyring.succeed(first, 0), keyring.predecessorOf(ben.id), conflicts], [
    "unknown",
    undefined,
    [],
  ]);
});

Deno.test("Keyring.succeed() follows the first rotation alone, and reports every other as a conflict", async () => {
  const { keyring, conflicts } = knowing(ann, ben, cid);
  keyring.succeed(first, 0);
  const stolen = await signRotation({ old: ann, successor: cid, rotatedAt });
  const back = await signRotation({ old: ben, successor: ann, rotatedAt });
  const merge = await signRotation({ old: cid, successor: ben, rotatedAt });
  const wrongKey = { ...first, oldKey: cid.keypair.publicKey };
  const wrongNew = { ...second, newKey: ann.keypair.publicKey };
  for (const rotation of [stolen, back, merge, wrongKey, wrongNew]) {
    assertEquals(assertThrows(() => keyring.succeed(rotation, 0), IdentityError).code, "key_conflict");
  }
  assertEquals(conflicts, [ann.id, ben.id, cid.id], "each pair of id and key once");
  assertEquals([keyring.successorOf(ann.id)?.id, keyring.successorOf(ben.id)], [ben.id, undefined]);
});

Deno.test("Keyring.succeed() follows nobody to an id that has another key", () => {
  const { keyring } = knowing(ann);
  keyring.pin(ben.id, cid.keypair.publicKey);
  assertThrows(() => keyring.succeed(first, 0), IdentityError);
  assertEquals([keyring.get(ben.id), keyring.successorOf(ann.id)], [cid.keypair.publicKey, undefined]);
});
