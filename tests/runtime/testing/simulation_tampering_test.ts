import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../../runtime/testing/seeded_random.ts";
import { tampered } from "../../../runtime/testing/simulation_tampering.ts";

const frame = new TextEncoder().encode(
  '{"id":"a","version":1,"payload":{"text":"b","deep":{"yes":true}},"signature":"s","envelope_signature":"e"}',
);

Deno.test("tampered() changes each field and leaf in time, one at a time, and never a signature", () => {
  const random = new SeededRandom(1);
  const paths = new Set<string>();
  for (let round = 0; round < 100; round++) {
    const { frame: changed, path } = tampered(frame, random)!;
    paths.add(path);
    const [before, after] = [frame, changed].map((bytes) => JSON.parse(new TextDecoder().decode(bytes)));
    assert(JSON.stringify(before) !== JSON.stringify(after));
    assertEquals([after.signature, after.envelope_signature], ["s", "e"]);
  }
  assertEquals([...paths].sort(), ["id", "payload.deep.yes", "payload.text", "version"]);
});

Deno.test("tampered() leaves alone what is no JSON", () => {
  assertEquals(tampered(new Uint8Array([1, 2]), new SeededRandom(1)), undefined);
});
