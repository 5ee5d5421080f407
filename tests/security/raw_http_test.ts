/**
 * R57: requests that are no plain HTTP/1.1, or that two programs could read in two ways, are refused with the right status, end
 * their connection, and reach nobody.
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { SeededRandom } from "../../runtime/testing/seeded_random.ts";
import { always, requestsOpen } from "../helpers/http_mesh.ts";
import { bound, exchange, guardTest, PING, postHead, RawClient } from "../helpers/raw_http.ts";

const random = new SeededRandom(57);
const pick = <T>(items: readonly T[]): T => items[Math.floor(random.next() * items.length)];

/** What is wrong with a request, the status that it is answered with, and how it is made of a target and harmless fields. */
type Malformation = readonly [
  what: string,
  status: number,
  make: (line: string, fields: string, body: string) => string | Uint8Array,
];

const LATER = "GET /ping HTTP/1.1\r\nhost: smuggled\r\n\r\n";

/** Wrong whatever else stands there. `line` is a request line, `fields` are whole lines with a host. */
const MALFORMED: readonly Malformation[] = [
  [
    "both length and chunks",
    400,
    (line, fields) =>
      `${line}\r\n${fields}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n${LATER}`,
  ],
  [
    "chunks and a length",
    400,
    (line, fields) =>
      `${line}\r\n${fields}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n${LATER}`,
  ],
  [
    "two lengths",
    400,
    (line, fields, body) =>
      `${line}\r\n${fields}content-length: ${body.length}\r\ncontent-length: 0\r\n\r\n${body}${LATER}`,
  ],
  [
    "the same length twice",
    400,
    (line, fields) => `${line}\r\n${fields}Content-Length: 0\r\ncontent-length: 0\r\n\r\n${LATER}`,
  ],
  [
    "two lengths in one field",
    400,
    (line, fields) => `${line}\r\n${fields}content-length: 0, 0\r\n\r\n${LATER}`,
  ],
  ["a signed length", 400, (line, fields) => `${line}\r\n${fields}content-length: +0\r\n\r\n${LATER}`],
  ["a negative length", 400, (line, fields) => `${line}\r\n${fields}content-length: -1\r\n\r\n${LATER}`],
  [
    "a length in hexadecimal",
    400,
    (line, fields) => `${line}\r\n${fields}content-length: 0x10\r\n\r\n${LATER}`,
  ],
  ["an empty length", 400, (line, fields) => `${line}\r\n${fields}content-length:\r\n\r\n${LATER}`],
  [
    "a length of 30 digits",
    400,
    (line, fields) => `${line}\r\n${fields}content-length: ${"0".repeat(30)}\r\n\r\n`,
  ],
  [
    "two codings",
    400,
    (line, fields) =>
      `${line}\r\n${fields}transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n${LATER}`,
  ],
  [
    "another coding",
    501,
    (line, fields) => `${line}\r\n${fields}transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
  ],
  [
    "chunks that are none",
    501,
    (line, fields) => `${line}\r\n${fields}transfer-encoding: xchunked\r\n\r\n${LATER}`,
  ],
  [
    "a coding in quotes",
    501,
    (line, fields) => `${line}\r\n${fields}transfer-encoding: "chunked"\r\n\r\n${LATER}`,
  ],
  ["white space before a colon", 400, (line, fields) => `${line}\r\n${fields}content-length : 0\r\n\r\n`],
  [
    "white space before the coding's colon",
    400,
    (line, fields) => `${line}\r\n${fields}transfer-encoding : chunked\r\n\r\n0\r\n\r\n${LATER}`,
  ],
  ["a folded field", 400, (line, fields) => `${line}\r\n${fields}x-a: b\r\n folded\r\n\r\n`],
  ["a folded field with a colon", 400, (line, fields) => `${line}\r\n${fields}x-a: b\r\n\tx: folded\r\n\r\n`],
  ["a folded first field", 400, (line, fields) => `${line}\r\n x-a: b\r\n${fields}\r\n`],
  ["a field without a colon", 400, (line, fields) => `${line}\r\n${fields}nothing\r\n\r\n`],
  ["a field without a name", 400, (line, fields) => `${line}\r\n${fields}: nothing\r\n\r\n`],
  ["a name that is no token", 400, (line, fields) => `${line}\r\n${fields}x[a]: b\r\n\r\n`],
  ["bare line feeds", 400, (line, fields) => `${line}\n${fields.replaceAll("\r\n", "\n")}\n`],
  ["one bare line feed", 400, (line, fields) => `${line}\r\n${fields}x-a: b\nx-c: d\r\n\r\n`],
  ["a bare line feed before the end", 400, (line, fields) => `${line}\r\n${fields}\n`],
  ["a bare carriage return", 400, (line, fields) => `${line}\r\n${fields}x-a: b\rc\r\n\r\n`],
  ["a null in a value", 400, (line, fields) => `${line}\r\n${fields}x-a: b\0c\r\n\r\n`],
  ["a control character", 400, (line, fields) => `${line}\r\n${fields}x-a: \x07\r\n\r\n`],
  ["a delete character", 400, (line, fields) => `${line}\r\n${fields}x-a: \x7f\r\n\r\n`],
  ["no host", 400, (line) => `${line}\r\naccept: */*\r\n\r\n`],
  ["no field at all", 400, (line) => `${line}\r\n\r\n`],
  ["two hosts", 400, (line, fields) => `${line}\r\n${fields}host: other\r\n\r\n`],
  ["an empty host", 400, (line) => `${line}\r\nhost:\r\n\r\n`],
  ["a host with a path", 400, (line) => `${line}\r\nhost: bob/mesh/message?\r\n\r\n`],
  ["a host with a user", 400, (line) => `${line}\r\nhost: me@bob\r\n\r\n`],
  ["an empty line first", 400, (line, fields) => `\r\n${line}\r\n${fields}\r\n`],
  ["a third word in the line", 400, (line, fields) => `${line} more\r\n${fields}\r\n`],
  ["two spaces in the line", 400, (line, fields) => `${line.replace(" ", "  ")}\r\n${fields}\r\n`],
  ["a tab in the line", 400, (line, fields) => `${line.replace(" ", "\t")}\r\n${fields}\r\n`],
  ["no version", 400, (line, fields) => `${line.replace(/ HTTP.*/, "")}\r\n${fields}\r\n`],
  ["a version in lower case", 400, (line, fields) => `${line.replace("HTTP", "http")}\r\n${fields}\r\n`],
  ["a version that is none", 400, (line, fields) => `${line}1\r\n${fields}\r\n`],
  ["version 1.0", 505, (line, fields) => `${line.replace("1.1", "1.0")}\r\n${fields}\r\n`],
  ["version 0.9", 505, (line, fields) => `${line.replace("1.1", "0.9")}\r\n${fields}\r\n`],
  ["version 2.0", 505, (line, fields) => `${line.replace("1.1", "2.0")}\r\n${fields}\r\n`],
  ["the preface of HTTP/2", 505, () => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"],
  ["a hello of TLS", 400, () => new Uint8Array([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3])],
  [
    "a method in lower case",
    400,
    (line, fields) => `${line.replace(/^\w+/, (it) => it.toLowerCase())}\r\n${fields}\r\n`,
  ],
  ["no method", 400, (line, fields) => `${line.replace(/^\w+/, "")}\r\n${fields}\r\n`],
  ["a method of 40 letters", 400, (_, fields) => `${"M".repeat(40)} /ping HTTP/1.1\r\n${fields}\r\n`],
  [
    "a whole address as target",
    400,
    (line, fields) => `${line.replace(" /", " http://bob/")}\r\n${fields}\r\n`,
  ],
  ["a star as target", 400, (_, fields) => `OPTIONS * HTTP/1.1\r\n${fields}\r\n`],
  ["a host as target", 400, (_, fields) => `CONNECT bob:443 HTTP/1.1\r\n${fields}\r\n`],
  ["a target that is no ASCII", 400, (line, fields) => `${line.replace(" /", " /é")}\r\n${fields}\r\n`],
  [
    "an expectation that nobody fulfils",
    417,
    (line, fields) => `${line}\r\n${fields}expect: a miracle\r\n\r\n`,
  ],
  ["65 fields", 431, (line, fields) => `${line}\r\n${fields}${"x-a: b\r\n".repeat(65)}\r\n`],
  ["a field of 20 KB", 431, (line, fields) => `${line}\r\n${fields}x-a: ${"b".repeat(20_000)}\r\n\r\n`],
  ["20 KB that never end a line", 431, () => "GET /".padEnd(20_000, "x")],
];

/** Bodies in chunks that are no chunks: the head is good. */
const BAD_CHUNKS: readonly string[] = [
  ...[
    "x\r\n",
    "\r\n",
    " 2\r\n{}\r\n",
    "2 \r\n{}\r\n",
    "+2\r\n{}\r\n",
    "-2\r\n{}\r\n",
    "0x2\r\n{}\r\n",
    "2;a=b\r\n{}\r\n",
  ],
  ...[
    "2\n{}\n0\n\n",
    "2\r\n{}0\r\n\r\n",
    "2\r\n{}\n0\r\n\r\n",
    "2\r\n{}\r0\r\n\r\n",
    "2\r\n{}x\r\n",
    "000000002\r\n{}\r\n",
  ],
  ...[
    "0\r\nx: y\r\n\r\n",
    "2\r\n{}\r\n0\r\ncontent-length: 9\r\n\r\n",
    "0\r\n \r\n",
    "0\n\n",
    "fffffffff\r\n",
    "２\r\n{}\r\n",
  ],
];

const PATHS = ["/ping", "/mesh/message", "/ping?a=b", "/nowhere"];
const METHODS = ["GET", "POST", "PUT", "HEAD"];
const HARMLESS = [
  "accept: */*\r\n",
  "X-A: B\r\n",
  "user-agent: test\r\n",
  "x-empty:\r\n",
  "x-name: zoë\r\n",
];

function variantsOf([, , make]: Malformation): (string | Uint8Array)[] {
  return Array.from({ length: 6 }, (_, variant) => {
    const line = variant === 0 ? "POST /mesh/message HTTP/1.1" : `${pick(METHODS)} ${pick(PATHS)} HTTP/1.1`;
    const others = variant === 0 ? "" : pick(HARMLESS) + pick(HARMLESS);
    const host = pick(["host: bob\r\n", "Host: 127.0.0.1:7433\r\n", "HOST:[::1]:80\r\n"]);
    return make(line, random.next() < 0.5 ? host + others : others + host, "x".repeat(variant * 7));
  });
}

guardTest(
  "refuses every malformed request with its status, and closes (R57)",
  async ({ town, bob }) => {
    const seen = town.answer(bob, always({ outcome: "handled" }));
    let sent = 0;
    for (const malformation of MALFORMED) {
      const [what, status] = malformation;
      const variants = variantsOf(malformation);
      const all = await Promise.all(variants.map((variant) => exchange(bob.mesh, variant)));
      for (const [index, answers] of all.entries()) {
        const shown = `${what}: ${JSON.stringify(String(variants[index]).slice(0, 200))}`;
        assertEquals(answers.map(({ status }) => status), [status], shown);
        assertMatch(answers[0].head, /\r\nconnection: close\r\n/, shown);
      }
      sent += variants.length;
    }
    const refusals = [...bob.mesh.refusals!().values()].reduce((sum, count) => sum + count, 0);
    assertEquals([sent >= 300, refusals, seen.length], [true, sent, 0]);
    assertEquals(bound(bob.mesh, "http.head_bytes").overflows > 0, true);
  },
);

guardTest("refuses chunks that are not well formed, and closes (R57)", async ({ town, bob }) => {
  const seen = town.answer(bob, always({ outcome: "handled" }));
  const head = "POST /mesh/message HTTP/1.1\r\nhost: bob\r\ntransfer-encoding: chunked\r\n\r\n";
  for (const chunks of BAD_CHUNKS) {
    for (const first of ["", "1\r\n{\r\n", "00000001\r\n{\r\nA\r\n0123456789\r\n"]) {
      // Some together with the head, some behind it.
      const answers = await exchange(bob.mesh, head + first + chunks + LATER);
      assertEquals(answers.map(({ status }) => status), [400], JSON.stringify(first + chunks));
      using slow = await RawClient.to(bob.mesh);
      await slow.write(head + first);
      while (bound(bob.mesh, "http.requests").inUse === 0) {
        await new Promise((resolve) => setTimeout(resolve));
      }
      await slow.write(chunks + LATER);
      assertEquals((await slow.answers()).map(({ status }) => status), [400], JSON.stringify(first + chunks));
      await requestsOpen(bob, 0);
    }
  }
  assertEquals(seen.length, 0);
});

guardTest("takes well-formed chunks, in whatever pieces they come", async ({ town, bob }) => {
  const seen = town.answer(bob, always({ outcome: "handled" }));
  const text = "POST /mesh/message HTTP/1.1\r\nhost: bob\r\nTransfer-Encoding: Chunked\r\n\r\n" +
    `1\r\n{\r\n00b\r\n"a":"bcdef"\r\n1\r\n}\r\n0\r\n\r\n`;
  using client = await RawClient.to(bob.mesh);
  for (const pieces of [[text], [...text], [text.slice(0, 90), text.slice(90)], [text + text]]) {
    for (const piece of pieces) await client.write(piece);
    for (let left = pieces[0].length > text.length ? 2 : 1; left > 0; left--) {
      assertEquals((await client.answer())?.status, 200);
    }
  }
  assertEquals(new Set(seen.map(({ frame }) => new TextDecoder().decode(frame))), new Set(['{"a":"bcdef"}']));
  assertEquals(seen.length, 5);
});

guardTest(
  "answers requests that come together one after another, and in their order",
  async ({ town, bob }) => {
    town.answer(bob, always({ outcome: "handled" }));
    using client = await RawClient.to(bob.mesh);
    const requests = [PING, `${postHead(2)}{}`, PING, `${postHead(0)}`, PING];
    for (let round = 0; round < 20; round++) await client.write(requests.join(""));
    for (let round = 0; round < 20; round++) {
      for (const request of requests) {
        const answer = await client.answer();
        assertEquals([answer?.status, answer?.body.includes("mesh_ip")], [200, request === PING]);
      }
    }
  },
);

guardTest("cuts its own field out of what comes from outside, whoever writes it", async ({ town, bob }) => {
  const seen = town.answer(bob, always({ outcome: "handled" }));
  for (
    const field of [
      "x-nara-guard: guess 10.0.0.1:1",
      "X-NARA-GUARD:x",
      "x-Nara-guard: \tx\r\nx-nara-guard: y",
    ]
  ) {
    using client = await RawClient.to(bob.mesh);
    await client.write(`${postHead(2, "x-a: b", field, "x-c: d")}{}`);
    assertEquals((await client.answer())?.status, 200);
  }
  assertEquals(seen.length, 3);
  for (const { peer } of seen) assertMatch(peer, /^127\.0\.0\.1:\d+$/);
});

guardTest(
  "asks for a body that is waited for with 100 Continue, unless it is too long",
  async ({ town, bob }) => {
    town.answer(bob, always({ outcome: "handled" }));
    using client = await RawClient.to(bob.mesh);
    await client.write(postHead(2, "expect: 100-continue"));
    assertEquals((await client.answer())?.status, 100);
    await client.write("{}");
    assertEquals((await client.answer())?.status, 200);
    await client.write(postHead(2_000_000, "Expect: 100-Continue"));
    assertEquals((await client.answers()).map(({ status }) => status), [413]);
  },
);

guardTest("speaks HTTP/1.1 to whoever asks to upgrade", async ({ bob }) => {
  using client = await RawClient.to(bob.mesh);
  const fields =
    "connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAARAAAAAAAIAAAAA\r\n";
  await client.write(`GET /ping HTTP/1.1\r\nhost: bob\r\n${fields}\r\n`);
  const answer = await client.answer();
  assert(answer?.head.startsWith("http/1.1 200 "), answer?.head);
});
