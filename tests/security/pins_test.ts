/**
 * R64: the key that was shown first stays: for an id nobody else's counts, and a name proves nothing.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { createPublicKey, verify } from "node:crypto";
import { decodeEnvelope } from "../../messages/envelope.ts";
import { heyThere, howdy } from "../../services/presence/behaviors.ts";
import { signRequest } from "../../utilities/mesh_signature.ts";
import type { Identity } from "../../utilities/identity.ts";
import { MESSAGE_REQUEST } from "../../runtime/transport/http_auth.ts";
import { letter } from "../helpers/all_kinds.ts";
import {
  alice,
  ENTRY_POINTS,
  frameFrom,
  gopher,
  mallory,
  newRemains,
  stranger,
  Target,
  wireOf,
} from "../helpers/hostile.ts";
import { lacking } from "../helpers/permissions.ts";

/** Kinds that show a key. */
const SHOWING = [heyThere.kind, howdy.kind];

const showing = ({ samples }: Target) => samples.filter(({ spec }) => SHOWING.includes(spec.kind));
const sampleOf = ({ samples }: Target, kind: string) => samples.find(({ spec }) => spec.kind === kind)!;

/** The eight points of small order, and two other spellings of the first and the third: for some, anyone can sign. */
const WEAK_KEYS = [
  "0100000000000000000000000000000000000000000000000000000000000000",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0000000000000000000000000000000000000000000000000000000000000080",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
].map((hex) => Uint8Array.fromHex(hex));

/** Whoever this is, it shows another key than its own. */
function showingKey(identity: Identity, publicKey: Uint8Array, signature?: Uint8Array): Identity {
  const { keypair } = identity;
  return {
    ...identity,
    keypair: {
      publicKey,
      sign: (bytes) => signature ?? keypair.sign(bytes),
      verify: (...given) => keypair.verify(...given),
      seal: (plaintext) => keypair.seal(plaintext),
      open: (sealed) => keypair.open(sealed),
    },
  };
}

Deno.test("Keyring keeps the first key of an id whoever shows another, over restarts, and says so once each [R64]", async () => {
  const remains = newRemains();
  for (let life = 1; life <= 3; life++) {
    await using target = await Target.open(undefined, { remains });
    const { keyring } = target.runtime;
    for (const sample of showing(target)) {
      for (const claimed of [alice, gopher]) {
        const forged = { ...mallory, id: claimed.id, name: claimed.name };
        const { dropped, changed } = await target.attempt(await target.frameOf(sample, { from: forged }));
        assertEquals([dropped, changed], [["key_conflict"], []], `${sample.spec.kind}, life ${life}`);
        assertEquals(keyring.get(claimed.id), claimed.keypair.publicKey);
      }
    }
    assertEquals(keyring.conflicts, 4);
    const warned = target.logs.filter(({ level, message }) =>
      level === "warn" && message.includes("another key")
    );
    assertEquals(warned.length, life === 1 ? 2 : 0, "a line for each id, not for each try or life");
    const { evidence } = target.runtime.peers;
    for (const claimed of [alice, gopher]) {
      const [first, ...others] = evidence!.about(claimed.id);
      assertEquals([first.pinned, first.offered, others], [
        claimed.keypair.publicKey,
        mallory.keypair.publicKey,
        [],
      ]);
    }
  }
});

Deno.test("Keyring gives a name to everybody who asks, and nobody's id to anybody [R64]", async () => {
  await using target = await Target.open();
  const { keyring } = target.runtime;
  const namesake = { ...stranger, name: alice.name };
  const hello = sampleOf(target, heyThere.kind);
  assertEquals((await target.attempt(await target.frameOf(hello, { from: namesake }))).dropped, []);
  assertEquals(keyring.get(namesake.id), stranger.keypair.publicKey);
  assertEquals(keyring.get(alice.id), alice.keypair.publicKey);
  const forged = await target.frameOf(sampleOf(target, letter.kind), { from: { ...namesake, id: alice.id } });
  assertEquals((await target.attempt(forged)).dropped, ["invalid_signature"]);
});

Deno.test({
  name: "Receiver takes no message of alice's from a namesake whose signed headers hold [R64]",
  ignore: lacking("net"),
  fn: async () => {
    await using target = await Target.open(ENTRY_POINTS.find(({ name }) => name === "POST /mesh/message"));
    const { runtime, clock } = target;
    runtime.keyring.pin(stranger.id, stranger.keypair.publicKey, alice.name);
    const namesake = { ...stranger, name: alice.name };
    for (const form of ["ours", "go", "unsigned"] as const) {
      const frame = await target.frameOf(sampleOf(target, letter.kind), {
        from: { ...namesake, id: alice.id },
        form,
      });
      const headers = await signRequest(namesake, {
        ...MESSAGE_REQUEST,
        timestampMs: Number(clock.nowNs() / 1_000_000n),
      });
      const response = await fetch(`${runtime.address}${MESSAGE_REQUEST.path}`, {
        method: "POST",
        headers,
        body: new Uint8Array(frame),
      });
      const { outcome, reason } = await response.json();
      assertEquals([outcome, reason], ["drop", form === "ours" ? "invalid_signature" : "downgraded"], form);
    }
    assertEquals(target.heard, []);
  },
});

Deno.test("Keyring pins nobody who says hello unsigned, or with a key that is none of theirs [R64]", async () => {
  await using target = await Target.open();
  for (const sample of showing(target)) {
    for (const form of ["ours", "go", "both", "unsigned"] as const) {
      const shown = form === "unsigned" ? stranger : mallory;
      const frame = await target.frameOf(sample, { from: stranger, shown, form });
      const { dropped, changed } = await target.attempt(frame);
      assertEquals([dropped, changed], [["invalid_signature"], []], `${sample.spec.kind} (${form})`);
    }
    const wire = wireOf(await target.frameOf(sample, { from: stranger }));
    const { dropped, changed } = await target.attempt(
      frameFrom({ ...wire, envelope_signature: undefined, signature: wire.envelope_signature }),
    );
    assertEquals([dropped, changed], [["invalid_signature"], []], "its own signature in the wrong place");
  }
});

Deno.test("Keyring pins no key of small order, for which anyone can sign; the owner of the id is pinned later [R64]", async () => {
  await using target = await Target.open();
  const { runtime } = target;
  let passing = 0;
  for (const sample of showing(target)) {
    for (const key of WEAK_KEYS) {
      for (const point of WEAK_KEYS.slice(0, 8)) {
        // With S = 0 such a signature holds whenever the hash of the message falls right: for one in eight at worst.
        const signature = new Uint8Array(64);
        signature.set(point);
        const from = showingKey(stranger, key, signature);
        const frame = await target.frameOf(sample, { from, form: "ours" });
        const { dropped, changed } = await target.attempt(frame);
        assertEquals(changed, [], sample.spec.kind);
        assert(["weak_public_key", "invalid_signature"].includes(dropped[0]), dropped[0]);
        if (holdsForNode(frame, key, signature)) passing++;
      }
    }
  }
  assert(passing > 0, "no forged signature held: this test does not test what it says");
  assertEquals(runtime.keyring.get(stranger.id), undefined);
  const honest = await target.frameOf(sampleOf(target, heyThere.kind), { from: stranger });
  assertEquals((await target.attempt(honest)).dropped, []);
  assertEquals(runtime.keyring.get(stranger.id), stranger.keypair.publicKey);
});

/** Whether a library that knows nothing of weak keys takes the signature. */
function holdsForNode(frame: Uint8Array, key: Uint8Array, signature: Uint8Array): boolean {
  const der = Buffer.concat([Uint8Array.fromHex("302a300506032b6570032100"), key]);
  try {
    const publicKey = createPublicKey({ key: der, format: "der", type: "spki" });
    return verify(null, decodeEnvelope(frame).signedEnvelope(), publicKey, signature);
  } catch {
    return false;
  }
}
