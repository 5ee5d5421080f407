import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { HeyThereV1, HOWDY_NEIGHBOURS_MAX, HowdyV1, type NeighbourV1 } from "../../messages/presence.ts";
import { canonicalJson } from "../../utilities/canonical_json.ts";

const RUNS = { seed: 20261121, numRuns: 200 };
const key = fc.uint8Array({ minLength: 32, maxLength: 32 });
const url = fc.string({ unit: "binary", minLength: 1, maxLength: 100 });
const KEY = new Uint8Array(32);
const KEY_TEXT = KEY.toBase64();

const neighbour = fc.record({
  id: fc.string({ unit: "binary", maxLength: 32 }),
  name: fc.string({ unit: "binary", minLength: 1, maxLength: 60 }),
  public_key: key,
  mesh_url: url,
}, { requiredKeys: ["id", "public_key"] });
const anyHowdy = fc.record({
  public_key: key,
  mesh_url: url,
  started_at: fc.integer(),
  neighbours: fc.array(neighbour, { maxLength: HOWDY_NEIGHBOURS_MAX }),
}, { requiredKeys: ["public_key", "started_at", "neighbours"] });

Deno.test("HeyThereV1 and HowdyV1 give back whatever they wrote", () => {
  fc.assert(
    fc.property(anyHowdy, ({ neighbours, ...said }) => {
      assertEquals(HeyThereV1.decode(JSON.parse(canonicalJson(HeyThereV1.encode(said))) as never), said);
      const value = { ...said, neighbours };
      assertEquals(HowdyV1.decode(JSON.parse(canonicalJson(HowdyV1.encode(value))) as never), value);
    }),
    RUNS,
  );
});

Deno.test("HowdyV1 writes its fields in wire order and leaves out what is empty", () => {
  const full = { id: "b", name: "bob", public_key: KEY, mesh_url: "http://127.0.0.1:2" };
  const value = {
    public_key: KEY,
    mesh_url: "http://127.0.0.1:1",
    started_at: 5,
    neighbours: [full, { id: "c", public_key: KEY }],
  };
  assertEquals(
    canonicalJson(HowdyV1.encode(value)),
    `{"public_key":"${KEY_TEXT}","mesh_url":"http://127.0.0.1:1","started_at":5,"neighbours":[{"id":"b","name":"bob",` +
      `"public_key":"${KEY_TEXT}","mesh_url":"http://127.0.0.1:2"},{"id":"c","public_key":"${KEY_TEXT}"}]}`,
  );
});

Deno.test(`HowdyV1 mentions at most ${HOWDY_NEIGHBOURS_MAX} neighbours`, () => {
  const mention = (count: number) => {
    const neighbours: NeighbourV1[] = Array.from(
      { length: count },
      (_, at) => ({ id: `${at}`, public_key: KEY }),
    );
    return HowdyV1.encode({ public_key: KEY, started_at: 0, neighbours });
  };
  mention(HOWDY_NEIGHBOURS_MAX);
  assertThrows(() => mention(HOWDY_NEIGHBOURS_MAX + 1), Error, "neighbours");
});

for (
  const [field, wrong] of Object.entries({
    public_key: "AAAA",
    mesh_url: "x".repeat(257),
    started_at: 0.5,
    extra: 1,
  })
) {
  Deno.test(`HeyThereV1 refuses a wrong ${field} by name, in both directions`, () => {
    const wire = { public_key: KEY_TEXT, started_at: 0, [field]: wrong };
    assertThrows(() => HeyThereV1.decode(wire as never), Error, field);
    const value = { public_key: field === "public_key" ? new Uint8Array(3) : KEY, started_at: 0 };
    assertThrows(
      () => HeyThereV1.encode({ ...value, ...field !== "public_key" && { [field]: wrong } }),
      Error,
      field,
    );
  });
}
