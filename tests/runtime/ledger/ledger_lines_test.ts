import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { exportLines, type Line, LINE_BYTES_MAX, readLines } from "../../../runtime/ledger/ledger_lines.ts";
import { MemoryLedger } from "../../../runtime/ledger/memory_ledger.ts";
import {
  addAll,
  assertLedgerError,
  ledgerRecord as record,
} from "../../../runtime/testing/ledger_records.ts";

const encoder = new TextEncoder();

/** A text in pieces. */
async function* pieces(...texts: (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) {
    yield await Promise.resolve(typeof text === "string" ? encoder.encode(text) : text);
  }
}

async function linesOf(...texts: (string | Uint8Array)[]): Promise<[number, string | undefined][]> {
  const lines: Line[] = await Array.fromAsync(readLines(pieces(...texts)));
  return lines.map(({ number, bytes }) => [number, bytes && new TextDecoder().decode(bytes)]);
}

Deno.test("exportLines() writes the frames that fit, the oldest first, page after page", async () => {
  const ledger = new MemoryLedger();
  const frame = (at: number) => encoder.encode(`{"id":"${at}"}`);
  for (let at = 250; at > 0; at--) {
    ledger.add(record({ id: `${at}`, atMs: at, kind: `test:${at % 2}`, frame: frame(at) }));
  }
  const text = await new Response(exportLines(ledger, { kinds: ["test:1"] })).text();
  assertEquals(text, Array.from({ length: 125 }, (_, nth) => `{"id":"${nth * 2 + 1}"}\n`).join(""));
  assertEquals(await new Response(exportLines(ledger, { fromId: "nobody" })).text(), "");
});

Deno.test("exportLines() makes one line of a frame that was spaced out", async () => {
  const ledger = new MemoryLedger();
  const frame = encoder.encode('{\r\n"id":\n"a\\n"}\n');
  ledger.add(record({ id: "a", frame }));
  assertEquals(await new Response(exportLines(ledger)).text(), '{  "id": "a\\n"} \n');
  assertEquals(frame[1], 0x0d);
});

Deno.test("exportLines() goes on where it was, whatever is pruned meanwhile, and fails when the ledger closes", async () => {
  const ledger = new MemoryLedger();
  await addAll(ledger, ...Array.from({ length: 300 }, (_, at) => record({ id: `${1_000 + at}`, atMs: at })));
  const reader = exportLines(ledger).getReader();
  for (let at = 0; at < 100; at++) await reader.read();
  ledger.prune({ untilMs: ledger.get("1150")!.timestampMs });
  assertEquals(new TextDecoder().decode((await reader.read()).value), "1150\n");
  await ledger[Symbol.asyncDispose]();
  for (let at = 1; at < 100; at++) await reader.read();
  await assertLedgerError(() => reader.read(), "closed");
});

Deno.test("readLines() counts lines from 1, takes any end of line, and leaves empty ones out", async () => {
  assertEquals(await linesOf("a\nb\r\n\n\r\nc"), [[1, "a"], [2, "b"], [5, "c"]]);
  assertEquals(await linesOf("a\n"), [[1, "a"]]);
  assertEquals([await linesOf(), await linesOf(""), await linesOf("\n\n")], [[], [], []]);
});

Deno.test("readLines() gives the same lines however the text is cut", async () => {
  const text = encoder.encode('{"a":"日本"}\n\n{"b":"😀"}\r\nlast');
  const cuts = fc.uniqueArray(fc.integer({ min: 0, max: text.length }), { maxLength: 6 });
  await fc.assert(fc.asyncProperty(cuts, async (places) => {
    const ends = [...places.sort((a, b) => a - b), text.length];
    const parts = ends.map((end, nth) => text.subarray(ends[nth - 1] ?? 0, end));
    assertEquals(await linesOf(...parts), [[1, '{"a":"日本"}'], [3, '{"b":"😀"}'], [4, "last"]]);
  }));
});

Deno.test("readLines() keeps a line of the longest length, and nothing of one that is longer", async () => {
  const longest = "x".repeat(LINE_BYTES_MAX);
  assertEquals(await linesOf(`${longest}\r\n`, "b"), [[1, longest], [2, "b"]]);
  assertEquals(await linesOf(longest, "x", "\nb\n", longest, longest, longest), [[1, undefined], [2, "b"], [
    3,
    undefined,
  ]]);
});
