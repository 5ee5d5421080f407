import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import type { PayloadSchema } from "../../messages/payload_schema.ts";
import {
  StashAckV1,
  StashRecoveredV1,
  StashRefreshV1,
  StashRequestV1,
  StashResponseV1,
  StashStoreV1,
} from "../../messages/stash.ts";
import { canonicalJson } from "../../utilities/canonical_json.ts";

const RUNS = { seed: 20261121, numRuns: 200 };
const seconds = fc.integer();
const id = fc.string({ unit: "binary", maxLength: 32 });
const name = fc.string({ unit: "binary", minLength: 1, maxLength: 32 });
const some = fc.uint8Array({ minLength: 1, maxLength: 100 });

/** A payload of each kind with everything in it, as it stands on the wire. */
const WIRES: Readonly<Record<string, { schema: PayloadSchema<unknown>; text: string; optional: string[] }>> =
  {
    StashStoreV1: {
      schema: StashStoreV1,
      text: '{"owner_id":"a","owner":"b","nonce":"AAEC","ciphertext":"AA==","ts":5}',
      optional: ["owner"],
    },
    StashAckV1: {
      schema: StashAckV1,
      text: '{"owner_id":"a","stored_at":5,"success":false,"reason":"full"}',
      optional: ["reason"],
    },
    StashRequestV1: {
      schema: StashRequestV1,
      text: '{"owner_id":"a","request_id":"r"}',
      optional: ["request_id"],
    },
    StashResponseV1: {
      schema: StashResponseV1,
      text: '{"owner_id":"a","request_id":"r","found":true,"nonce":"AAEC","ciphertext":"AA==","stored_at":5}',
      optional: ["request_id", "nonce", "ciphertext", "stored_at"],
    },
    StashRefreshV1: { schema: StashRefreshV1, text: '{"owner_id":"a","owner":"b"}', optional: ["owner"] },
    StashRecoveredV1: {
      schema: StashRecoveredV1,
      text: '{"recovered_at":"2026-01-15T10:20:30Z","item_count":3}',
      optional: [],
    },
  };

function again(schema: PayloadSchema<unknown>, wire: unknown): string {
  return canonicalJson(schema.encode(schema.decode(wire as never)));
}

for (const [says, { schema, text, optional }] of Object.entries(WIRES)) {
  Deno.test(`${says} writes its fields in wire order, as it read them`, () => {
    assertEquals(again(schema, JSON.parse(text)), text);
  });

  Deno.test(`${says} can do without ${optional.join(", ") || "nothing"}, and with nothing it does not know`, () => {
    const wire = JSON.parse(text) as Record<string, unknown>;
    for (const field of Object.keys(wire)) {
      const { [field]: _, ...rest } = wire;
      if (optional.includes(field)) assertEquals(again(schema, rest), canonicalJson(rest));
      else assertThrows(() => again(schema, rest), Error, "", `without ${field}`);
    }
    assertThrows(() => schema.decode({ ...wire, extra: 1 } as never), Error, "extra");
    assertThrows(
      () => schema.encode({ ...schema.decode(wire as never) as object, extra: 1 }),
      Error,
      "extra",
    );
  });
}

Deno.test("StashStoreV1 keeps every stash whole, and Go's nil", () => {
  const store = fc.record({
    owner_id: id,
    owner: name,
    nonce: fc.option(fc.uint8Array({ maxLength: 30 })),
    ciphertext: fc.option(fc.uint8Array({ maxLength: 300 })),
    ts: seconds,
  }, { requiredKeys: ["owner_id", "nonce", "ciphertext", "ts"] });
  fc.assert(
    fc.property(store, (value) => {
      assertEquals(
        StashStoreV1.decode(JSON.parse(canonicalJson(StashStoreV1.encode(value))) as never),
        value,
      );
    }),
    RUNS,
  );
});

Deno.test("StashResponseV1 keeps every stash whole", () => {
  const response = fc.record({
    owner_id: id,
    request_id: name,
    found: fc.boolean(),
    nonce: some,
    ciphertext: some,
    stored_at: fc.integer({ min: 1 }),
  }, { requiredKeys: ["owner_id", "found"] });
  fc.assert(
    fc.property(response, (value) => {
      assertEquals(
        StashResponseV1.decode(JSON.parse(canonicalJson(StashResponseV1.encode(value))) as never),
        value,
      );
    }),
    RUNS,
  );
});

Deno.test("StashStoreV1 reads nonces and ciphertexts of any length: judging them is the confidant's affair", () => {
  for (const length of [0, 12, 23, 25, 49_153]) {
    const wire = { owner_id: "a", nonce: new Uint8Array(length).toBase64(), ciphertext: "", ts: 1 };
    assertEquals(StashStoreV1.decode(wire as never).nonce?.length, length);
  }
});

Deno.test("StashRecoveredV1 counts no fewer than no copies", () => {
  assertThrows(() => StashRecoveredV1.encode({ recovered_at: "", item_count: -1 }));
});
