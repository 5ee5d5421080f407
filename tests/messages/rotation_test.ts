import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { IdentityRotatedV1, type RotationV1 } from "../../messages/rotation.ts";
import { signedFrame } from "../../runtime/testing/frames.ts";
import { identityRotated } from "../../services/presence/behaviors.ts";
import { toWire } from "../../services/presence/rotations.ts";
import { canonicalJson } from "../../utilities/canonical_json.ts";
import { createIdentity } from "../../utilities/identity.ts";
import { ROTATIONS_MAX, signRotation } from "../../utilities/key_rotation.ts";

const RUNS = { seed: 20261121, numRuns: 200 };
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const id = fc.stringMatching(/^[0-9A-Za-z_-]{1,64}$/);
const anyRotation = fc.record({
  old_id: id,
  old_public_key: bytes(32),
  new_id: id,
  new_public_key: bytes(32),
  rotated_at: fc.nat(),
  old_signature: bytes(64),
  new_signature: bytes(64),
});
const ROTATION: RotationV1 = {
  old_id: "a",
  old_public_key: new Uint8Array(32),
  new_id: "b",
  new_public_key: new Uint8Array(32),
  rotated_at: 7,
  old_signature: new Uint8Array(64),
  new_signature: new Uint8Array(64),
};

Deno.test("IdentityRotatedV1 gives back whatever it wrote, field by field in wire order", () => {
  const any = fc.array(anyRotation, { minLength: 1, maxLength: ROTATIONS_MAX });
  fc.assert(
    fc.property(any, (rotations) => {
      const text = canonicalJson(IdentityRotatedV1.encode({ rotations }));
      assertEquals(IdentityRotatedV1.decode(JSON.parse(text) as never), { rotations });
    }),
    RUNS,
  );
  const [written] = JSON.parse(canonicalJson(IdentityRotatedV1.encode({ rotations: [ROTATION] }))).rotations;
  assertEquals(Object.keys(written), Object.keys(ROTATION));
});

Deno.test(`IdentityRotatedV1 tells 1 to ${ROTATIONS_MAX} rotations`, () => {
  const tell = (length: number) => IdentityRotatedV1.encode({ rotations: Array(length).fill(ROTATION) });
  tell(1);
  tell(ROTATIONS_MAX);
  for (const length of [0, ROTATIONS_MAX + 1]) assertThrows(() => tell(length), Error, "rotations");
});

const WRONG: readonly Partial<RotationV1>[] = [
  { old_public_key: new Uint8Array(31) },
  { new_public_key: new Uint8Array(33) },
  { old_signature: new Uint8Array(63) },
  { new_signature: new Uint8Array(65) },
  { rotated_at: 1.5 },
  { old_id: "x".repeat(65) },
];

for (const wrong of WRONG) {
  const [field] = Object.keys(wrong);
  Deno.test(`IdentityRotatedV1 refuses a wrong ${field} by name`, () => {
    assertThrows(() => IdentityRotatedV1.encode({ rotations: [{ ...ROTATION, ...wrong }] }), Error, field);
  });
}

/** As it stands in docs/spec/peers.md, 6. The souls are those of `tests/interop/vectors/identity.json`. */
const GOLDEN =
  '{"id":"H6KqwL6JpMzN9R2H","kind":"identity:rotated","version":1,"from":"alice","from_id":"BPRhgecsAHCFYmHXsSoXxmkorUt4CfxjxmvAjEXLjEvs","to_id":"3Mdfo2WyMw3ymj6ZMRVNzuz2JfukoJLWkf2xLaC76A84","timestamp":"2026-01-15T10:20:30.5Z","payload":{"rotations":[{"old_id":"5puGXP8Ljasf8FPfv2TRSDKXxK5At1SGRsk1tJzzpDk8","old_public_key":"5W+Bh9paCZbmdobQaM4vmNHyOkmE5CbpwvFq59Hkyek=","new_id":"BPRhgecsAHCFYmHXsSoXxmkorUt4CfxjxmvAjEXLjEvs","new_public_key":"GBy1ytO1cMZh2/um7FzFTrn+N2nqfFObw8Prm81fLRE=","rotated_at":1768472400,"old_signature":"ulNrFBHWgGIFW1A97aO2fYYqBV/2qazulaxLP3H53ThdNadBNqZnojYBVrqvLqLoeTtqs6OtQr+GBytPbtv7Bw==","new_signature":"ED786XUvrOFfOwYu6D6T8MB1ZBHZ+mqQFkjK62s5HnPa8e6II662HLmfJDBv7Hwln9ZOChaFLoVv4Ay5PyhYCQ=="}]},"envelope_signature":"KVsulYJ+oSdNoPk9xLjZZWatatoslpa097Rf5HjoKDah3UKdIz4BfR8tKxDmxWhfk8ojZJ/Oo8t0DFIfp6RRDw=="}';

Deno.test("identityRotated is, for souls and times that are given, the golden frame of the documents", async () => {
  const [{ identity: old }, { identity: successor }] = await Promise.all([
    createIdentity({ soul: "9u2KM5Lw9wB1qaK3S46B4cWHTcpbCPG19wgWG9i233fX87HCA4bLYoG", name: "alice" }),
    createIdentity({ soul: "8UNFmnChPMGnzLZkYphwqPcM2AS3nEbrTUhV6rGaVPETuwiJyJjjnmJ", name: "alice" }),
  ]);
  const rotation = await signRotation({ old, successor, rotatedAt: 1_768_472_400 });
  const payload = { rotations: [toWire(rotation)] };
  const draft = identityRotated.draft(payload, { to: "3Mdfo2WyMw3ymj6ZMRVNzuz2JfukoJLWkf2xLaC76A84" });
  const atNs = BigInt(Date.parse("2026-01-15T10:20:30.500Z")) * 1_000_000n;
  const frame = await signedFrame(draft, { from: successor, spec: identityRotated.spec, atNs });
  assertEquals(new TextDecoder().decode(frame), GOLDEN);
});
