/** What anybody who can open a connection sees of a nara: statuses, headers, bodies, and when it hangs up. */
import { assertEquals, assertMatch } from "@std/assert";
import { frameSaying } from "../../../runtime/testing/mesh_town.ts";
import { settled } from "../../../runtime/testing/virtual_clock.ts";
import type { Receipt } from "../../../runtime/transport/mesh.ts";
import {
  always,
  httpTest,
  post,
  rawConnection,
  readAll,
  readSome,
  requestsOpen,
  START_MS,
  waitedFor,
  write,
} from "../../helpers/http_mesh.ts";

const HANDLED: Receipt = { outcome: "handled" };
const encoder = new TextEncoder();

const STATUS_TABLE: readonly [receipt: Receipt, status: number][] = [
  [{ outcome: "handled" }, 200],
  [{ outcome: "unknown" }, 200],
  [{ outcome: "drop", reason: "unknown_sender" }, 200],
  [{ outcome: "error", reason: "handler_failed" }, 200],
  [{ outcome: "quarantined" }, 202],
  [{ outcome: "error", reason: "undecodable", detail: 'field "id"' }, 400],
  [{ outcome: "error", reason: "too_large" }, 413],
  [{ outcome: "error", reason: "unknown_kind" }, 422],
  [{ outcome: "error", reason: "unsupported_version" }, 422],
  [{ outcome: "drop", reason: "peer_busy" }, 503],
];

for (const [receipt, status] of STATUS_TABLE) {
  httpTest(
    `answers ${status} when a frame ends as ${JSON.stringify(receipt)}`,
    async ({ town, bob, alice }) => {
      town.answer(bob, always(receipt));
      const { status: got, text, headers } = await post(bob, await frameSaying("hello", alice, bob.id));
      assertEquals([got, text], [status, JSON.stringify(receipt)]);
      assertEquals(headers.get("content-type"), "application/json; charset=utf-8");
      assertEquals(headers.get("retry-after"), status === 503 ? "1" : null);
      assertEquals(headers.get("x-nara-signature"), null);
    },
  );
}

httpTest("puts a reply last in the response, as it is", async ({ town, bob, alice }) => {
  town.answer(bob, always(HANDLED, encoder.encode('{ "id":"r" }')));
  const { text } = await post(bob, await frameSaying("hello", alice, bob.id));
  assertEquals(text, '{"outcome":"handled","reply":{ "id":"r" }}');
});

httpTest("says so instead of sending a reply that is too large", async ({ town, bob, alice }) => {
  town.answer(bob, always(HANDLED, encoder.encode(JSON.stringify("x".repeat(600)))));
  const { status, text } = await post(bob, await frameSaying("hello", alice, bob.id));
  assertEquals([status, JSON.parse(text).reason], [200, "reply_too_large"]);
}, { frameBytesMax: 600 });

httpTest(
  "answers unknown when nobody settles a frame in time, and later settling harms nobody",
  async (scene) => {
    const { town, clock, bob, alice } = scene;
    const seen = town.answer(bob, () => {});
    const answer = post(bob, await frameSaying("hello", alice, bob.id));
    while (seen.length === 0) await settled();
    await clock.advance(4_000);
    const { status, text } = await answer;
    assertEquals([status, text], [200, '{"outcome":"unknown"}']);
    seen[0].settle(HANDLED);
  },
);

httpTest("answers 503 while 64 frames wait", async ({ town, bob, alice }) => {
  const frame = await frameSaying("hello", alice, bob.id);
  const posts = Array.from({ length: 65 }, () => post(bob, frame));
  const { status, headers } = await Promise.race(posts);
  assertEquals([status, headers.get("retry-after")], [503, "1"]);
  town.answer(bob, always(HANDLED));
  const statuses = (await Promise.all(posts)).map(({ status }) => status).sort();
  assertEquals(statuses, [...Array(64).fill(200), 503]);
});

httpTest(
  "answers 503 too to those of many that are read while the last place is taken",
  async ({ town, bob, alice }) => {
    const frame = await frameSaying("hello", alice, bob.id);
    const connections = await Promise.all(Array.from({ length: 70 }, () => rawConnection(bob)));
    const head =
      `POST /mesh/message HTTP/1.1\r\nhost: bob\r\nconnection: close\r\ncontent-length: ${frame.length}\r\n\r\n`;
    for (const connection of connections) await write(connection, head);
    await (await fetch(`${bob.mesh.address}/ping`)).body?.cancel(); // All 70 are being read by now.
    for (const connection of connections) await connection.write(frame);
    const answers = connections.map((connection) => readAll(connection));
    assertMatch(await Promise.race(answers), /^HTTP\/1\.1 503 /);
    town.answer(bob, always(HANDLED));
    const taken = (await Promise.all(answers)).filter((answer) => answer.startsWith("HTTP/1.1 200 "));
    assertEquals(taken.length, 64);
  },
);

httpTest("answers /ping with Go's fields in Go's order, and the id", async ({ bob }) => {
  const response = await fetch(`${bob.mesh.address}/ping`);
  assertEquals(response.headers.get("content-type"), "application/json; charset=utf-8");
  const key = bob.identity.keypair.publicKey.toBase64();
  const at = bob.mesh.address!.slice("http://".length);
  assertEquals(
    await response.text(),
    `{"from":"bob","mesh_ip":"${at}","public_key":"${key}","t":${START_MS}000000,"id":"${bob.id}"}\n`,
  );
});

httpTest("has no address when it listens on every one, and is told none", ({ bob }) => {
  assertEquals(bob.mesh.address, undefined);
}, { listen: { hostname: "0.0.0.0", port: 0 } });

httpTest("has the address that it is told", ({ bob }) => {
  assertEquals(bob.mesh.address, "http://10.0.0.7:7433");
}, { listen: { hostname: "0.0.0.0", port: 0 }, publicUrl: "http://10.0.0.7:7433" });

for (
  const [method, path, status, allow] of [
    ["GET", "/mesh/message", 405, "POST"],
    ["PUT", "/mesh/message", 405, "POST"],
    ["POST", "/ping", 405, "GET"],
    ["HEAD", "/ping", 405, "GET"],
    ["GET", "/", 404, null],
    ["POST", "/mesh/message/", 404, null],
    ["POST", "/mesh//message", 404, null],
    ["POST", "/mesh/mess%61ge", 404, null],
    ["POST", "/events/sync", 404, null],
  ] as const
) {
  httpTest(`answers ${status} to ${method} ${path}`, async ({ bob }) => {
    const response = await fetch(`${bob.mesh.address}${path}`, { method });
    await response.body?.cancel();
    assertEquals([response.status, response.headers.get("allow")], [status, allow]);
  });
}

httpTest("takes a query for no part of the path, as Go does", async ({ town, bob, alice }) => {
  town.answer(bob, always(HANDLED));
  const { status } = await post(bob, await frameSaying("hello", alice, bob.id), {}, "/mesh/message?x=/ping");
  assertEquals(status, 200);
});

httpTest("answers 413 to a body that says it is too long, before it comes", async ({ bob }) => {
  using connection = await rawConnection(bob);
  await write(connection, "POST /mesh/message HTTP/1.1\r\nhost: bob\r\ncontent-length: 1048577\r\n\r\n");
  const answer = await readSome(connection);
  assertMatch(answer, /^HTTP\/1\.1 413 /);
  assertMatch(answer, /A frame holds at most 1048576 bytes\n$/);
});

httpTest("counts a body that does not say how long it is, and answers 413", async ({ town, bob }) => {
  const seen = town.answer(bob, always(HANDLED));
  const chunks = Array.from({ length: 17 }, () => new Uint8Array(65_536));
  assertEquals((await post(bob, ReadableStream.from(chunks))).status, 413);
  assertEquals(seen.length, 0);
});

httpTest("takes a frame that comes in chunks", async ({ town, bob, alice }) => {
  const seen = town.answer(bob, always(HANDLED));
  const frame = await frameSaying("hello", alice, bob.id);
  const chunks = [frame.slice(0, 1), frame.slice(1, 100), frame.slice(100)];
  assertEquals((await post(bob, ReadableStream.from(chunks))).status, 200);
  assertEquals(seen.map(({ frame }) => frame), [frame]);
});

for (
  const [how, head, rest] of [
    ["a length", "content-length: 6", "{    }"],
    ["chunks", "transfer-encoding: chunked", "2\r\n{}\r\n0\r\n\r\n"],
  ]
) {
  httpTest(
    `answers 408 to a slow body with ${how}, and hangs up when the rest came`,
    async ({ clock, bob }) => {
      using connection = await rawConnection(bob);
      await write(connection, `POST /mesh/message HTTP/1.1\r\nhost: bob\r\n${head}\r\n\r\n`);
      await requestsOpen(bob, 1);
      await clock.advance(9_999);
      assertEquals(bob.mesh.refusals?.().get(408), undefined);
      await clock.advance(1);
      assertMatch(await readSome(connection), /^HTTP\/1\.1 408 /);
      assertEquals(bob.mesh.refusals?.().get(408), 1);
      await write(connection, rest);
      assertEquals(await readSome(connection).catch(() => ""), ""); // Ended or reset: closed in either case.
    },
  );
}

httpTest("forgets a body that breaks off", async ({ town, bob, alice }) => {
  const seen = town.answer(bob, always(HANDLED));
  const connection = await rawConnection(bob);
  await write(connection, "POST /mesh/message HTTP/1.1\r\nhost: bob\r\ncontent-length: 600\r\n\r\n{");
  await requestsOpen(bob, 1);
  connection.close();
  assertEquals((await post(bob, await frameSaying("hello", alice, bob.id))).status, 200);
  assertEquals(seen.length, 1);
});

httpTest("leaves what is no message to the pipeline, which says what is wrong", async ({ town, bob }) => {
  town.answer(bob, always({ outcome: "error", reason: "undecodable", detail: "expected an object" }));
  for (const body of ["", "no JSON", "[]", "{", "{}"]) {
    assertEquals((await post(bob, body)).status, 400, body);
  }
});

httpTest("tells where a frame came from", async ({ town, bob, alice }) => {
  const seen = town.answer(bob, always(HANDLED));
  await post(bob, await frameSaying("hello", alice, bob.id));
  assertMatch(seen[0].peer, /^127\.0\.0\.1:\d+$/);
});

httpTest("tells senders of frames that are open when it closes to try again", async ({ bob, alice }) => {
  const answers = ["one", "two"].map(async (text) => await post(bob, await frameSaying(text, alice, bob.id)));
  const reader = bob.mesh.inbound.getReader();
  for (const _ of answers) await reader.read();
  await bob.mesh[Symbol.asyncDispose]();
  for (const { status, headers } of await Promise.all(answers)) {
    assertEquals([status, headers.get("retry-after")], [503, "1"]);
  }
});

httpTest("closes at once, whoever is connected and silent", async ({ clock, bob }) => {
  const openings = [
    "",
    "POST /mesh/mess",
    "POST /mesh/message HTTP/1.1\r\nhost: bob\r\ncontent-length: 600\r\n\r\n{",
    "POST /mesh/message HTTP/1.1\r\nhost: bob\r\ntransfer-encoding: chunked\r\n\r\n",
  ];
  const connections = await Promise.all(openings.map(() => rawConnection(bob)));
  for (const [index, connection] of connections.entries()) await write(connection, openings[index]);
  await waitedFor(clock);
  await bob.mesh[Symbol.asyncDispose]();
  assertEquals(clock.pending, 0);
  for (const connection of connections) {
    await readAll(connection).catch(() => {}); // Ended or reset: closed in either case.
  }
});

httpTest(
  "closes though somebody does not read, and needs no time for it",
  async ({ town, bob, alice }) => {
    const frame = await frameSaying("hello", alice, bob.id);
    using connection = await rawConnection(bob);
    await write(
      connection,
      `POST /mesh/message HTTP/1.1\r\nhost: bob\r\ncontent-length: ${frame.length}\r\n\r\n`,
    );
    await connection.write(frame);
    const seen = town.answer(bob, always(HANDLED, encoder.encode(JSON.stringify("x".repeat(50_000_000)))));
    while (seen.length === 0) await settled();
    await bob.mesh[Symbol.asyncDispose](); // Nobody moves the clock.
  },
  { frameBytesMax: 60_000_000 },
);
