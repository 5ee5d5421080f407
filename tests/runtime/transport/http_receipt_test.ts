import { assertEquals, assertThrows } from "@std/assert";
import { readReceipt, writeReceipt } from "../../../runtime/transport/http_receipt.ts";
import { MeshError, type Receipt } from "../../../runtime/transport/mesh.ts";

const PEER = "http://127.0.0.1:7433";
const bytes = (text: string) => new TextEncoder().encode(text);
const text = (body: string | Uint8Array) => typeof body === "string" ? body : new TextDecoder().decode(body);
const read = (status: number, body: string) => readReceipt({ status, body: bytes(body) }, PEER);

/** The status table of the design, row by row. */
const WRITTEN: readonly [receipt: Receipt, status: number, body: string][] = [
  [{ outcome: "handled" }, 200, '{"outcome":"handled"}'],
  [{ outcome: "drop", reason: "not_for_me" }, 200, '{"outcome":"drop","reason":"not_for_me"}'],
  [{ outcome: "unknown" }, 200, '{"outcome":"unknown"}'],
  [{ outcome: "error", reason: "handler_failed" }, 200, '{"outcome":"error","reason":"handler_failed"}'],
  [{ outcome: "drop", reason: "undecodable" }, 200, '{"outcome":"drop","reason":"undecodable"}'],
  [{ outcome: "quarantined" }, 202, '{"outcome":"quarantined"}'],
  [
    { outcome: "error", reason: "undecodable", detail: "no" },
    400,
    '{"outcome":"error","reason":"undecodable","detail":"no"}',
  ],
  [{ outcome: "error", reason: "too_large" }, 413, '{"outcome":"error","reason":"too_large"}'],
  [{ outcome: "error", reason: "unknown_kind" }, 422, '{"outcome":"error","reason":"unknown_kind"}'],
  [
    { outcome: "error", reason: "unsupported_version" },
    422,
    '{"outcome":"error","reason":"unsupported_version"}',
  ],
  [{ outcome: "drop", reason: "peer_busy" }, 503, '{"outcome":"drop","reason":"peer_busy"}'],
  [{ outcome: "error", reason: "overload" }, 503, '{"outcome":"error","reason":"overload"}'],
];

for (const [receipt, status, body] of WRITTEN) {
  Deno.test(`writeReceipt() makes ${status} of ${JSON.stringify(receipt)}`, () => {
    const written = writeReceipt(receipt);
    assertEquals([written.status, text(written.body)], [status, body]);
  });
}

Deno.test("writeReceipt() puts a reply last, as it is", () => {
  const { status, body } = writeReceipt({ outcome: "handled" }, bytes('{ "id":"a" }'));
  assertEquals([status, text(body)], [200, '{"outcome":"handled","reply":{ "id":"a" }}']);
});

Deno.test("readReceipt() takes an empty 200 for Go's answer, which says nothing", () => {
  assertEquals(read(200, ""), { receipt: { outcome: "unknown" } });
});

Deno.test("readReceipt() finds a reply by its place, whatever its texts look like", () => {
  const reply = '{"a":"\\",\\"reply\\":","reply":{"reply":1}}';
  const answer = read(200, `{"outcome":"drop","reason":"\\",\\"reply\\":","reply":${reply}}`);
  assertEquals(answer, {
    receipt: { outcome: "drop", reason: '","reply":' },
    reply: bytes(reply),
    peer: PEER,
  });
});

Deno.test("readReceipt() goes by the status of a 202", () => {
  for (const body of ["", "accepted", '{"outcome":"handled"}']) {
    assertEquals(read(202, body), { receipt: { outcome: "quarantined" } });
  }
});

Deno.test("readReceipt() makes errors of other implementations' plain texts", () => {
  assertEquals(read(400, "Invalid JSON\n").receipt, {
    outcome: "error",
    reason: "undecodable",
    detail: "Invalid JSON",
  });
  assertEquals(read(422, "").receipt, { outcome: "error", reason: "unknown_kind" });
  assertEquals(read(400, "x".repeat(10_000)).receipt, {
    outcome: "error",
    reason: "undecodable",
    detail: "x".repeat(512),
  });
});

Deno.test("readReceipt() tells a sender whom nobody knows from one that is refused", () => {
  const unknown = "Authentication failed: unknown sender: alice";
  assertEquals(read(401, `${unknown}\n`).receipt, {
    outcome: "drop",
    reason: "unknown_sender",
    detail: unknown,
  });
  const old = "Authentication failed: timestamp too old or in future: 31s";
  assertEquals(read(401, `${old}\n`).receipt, { outcome: "drop", reason: "unauthorized", detail: old });
});

Deno.test("readReceipt() cuts a long detail", () => {
  const { receipt } = read(200, JSON.stringify({ outcome: "error", reason: "r", detail: "x".repeat(1_000) }));
  assertEquals(receipt, { outcome: "error", reason: "r", detail: "x".repeat(512) });
});

const NOT_A_NARA: Readonly<Record<string, [status: number, body: string]>> = {
  "no JSON": [200, "<html>"],
  "JSON that is no object": [200, "[1]"],
  "null": [200, "null"],
  "an object without an outcome": [200, "{}"],
  "an outcome that there is none": [200, '{"outcome":"perhaps"}'],
  "a drop without a reason": [200, '{"outcome":"drop"}'],
  "a reason that is no text": [200, '{"outcome":"drop","reason":5}'],
  "a reason without end": [200, JSON.stringify({ outcome: "drop", reason: "x".repeat(65) })],
  "a reply within something else": [200, '{"outcome":"handled","x":{"a":1,"reply":{}}}'],
  "a redirect": [307, ""],
  "a missing page": [404, "Not found"],
  "a broken server": [500, ""],
  "a slow body": [408, ""],
};

for (const [what, [status, body]] of Object.entries(NOT_A_NARA)) {
  Deno.test(`readReceipt() says that ${what} is no nara's answer`, () => {
    const error = assertThrows(() => read(status, body), MeshError);
    assertEquals(error.code, "unreachable");
  });
}

Deno.test("readReceipt() says that bytes that are no UTF-8 are no nara's answer", () => {
  const body = bytes('{"outcome":"drop","reason":"?"}');
  body[body.indexOf("?".charCodeAt(0))] = 0xff;
  assertEquals(assertThrows(() => readReceipt({ status: 200, body }, PEER), MeshError).code, "unreachable");
});

Deno.test("readReceipt() says of 503 that the peer is busy, and of 413 that the frame is too large", () => {
  assertEquals(assertThrows(() => read(503, "Runtime not ready"), MeshError).code, "peer_busy");
  assertEquals(
    assertThrows(() => read(413, "A frame holds at most 5 bytes"), MeshError).code,
    "frame_too_large",
  );
});
