import { assertEquals } from "@std/assert";
import { decodeRecord, encodeRecord, RECORD_OVERHEAD_BYTES } from "../../../services/stash/record.ts";

const record = {
  storedAt: 1_768_472_430,
  nonce: new Uint8Array(24).fill(7),
  ciphertext: Uint8Array.of(1, 2, 3),
};

Deno.test("decodeRecord() reads what encodeRecord() wrote", () => {
  const bytes = encodeRecord(record);
  assertEquals(bytes.length, RECORD_OVERHEAD_BYTES + 3);
  assertEquals(decodeRecord(bytes), record);
});

Deno.test("decodeRecord() refuses a record without a ciphertext", () => {
  assertEquals(decodeRecord(encodeRecord(record).slice(0, RECORD_OVERHEAD_BYTES)), undefined);
  assertEquals(decodeRecord(new Uint8Array()), undefined);
});
