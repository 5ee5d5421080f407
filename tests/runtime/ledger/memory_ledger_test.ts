import { assertEquals, assertThrows } from "@std/assert";
import { MemoryLedger } from "../../../runtime/ledger/memory_ledger.ts";
import { testLedger } from "../../../runtime/testing/ledger_suite.ts";
import { testLedgerPages } from "../../helpers/ledger_pages.ts";
import { ledgerRecord as record } from "../../../runtime/testing/ledger_records.ts";

testLedger("memory", (capacity) => ({ ledger: new MemoryLedger(capacity) }));
testLedgerPages("memory", (capacity) => ({ ledger: new MemoryLedger(capacity) }));

Deno.test("MemoryLedger keeps 20000 messages and 64 MiB unless told otherwise", () => {
  const { messagesMax, bytesMax } = new MemoryLedger().stats();
  assertEquals([messagesMax, bytesMax], [20_000, 67_108_864]);
});

Deno.test("MemoryLedger refuses bounds that are none", () => {
  for (
    const options of [{ messagesMax: 0 }, { messagesMax: 1.5 }, { bytesMax: -1 }, { bytesMax: Infinity }]
  ) {
    assertThrows(
      () => new MemoryLedger(options),
      RangeError,
      `${Object.keys(options)[0]} must be a positive integer`,
    );
  }
});

Deno.test("MemoryLedger keeps nothing of the buffer that a frame was a part of", () => {
  const ledger = new MemoryLedger();
  const frame = new Uint8Array(1_000_000).subarray(10, 20);
  ledger.add(record({ id: "a", frame }));
  assertEquals(ledger.get("a")!.frame.buffer.byteLength, 10);
});
