/**
 * R52: a body of any size, announced or not, costs no more than the cap: what is longer is cut off there, and nobody else waits.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { always, requestsOpen } from "../helpers/http_mesh.ts";
import {
  bound,
  connectionsOpen,
  guardTest,
  PING,
  postHead,
  type RawAnswer,
  RawClient,
} from "../helpers/raw_http.ts";

const CAP = 8_192;
const SMALL = { frameBytesMax: CAP };
const CHUNKED = "POST /mesh/message HTTP/1.1\r\nhost: bob\r\ntransfer-encoding: chunked\r\n\r\n";
/** What the kernel may hold between the two ends, and what is thrown away of a request that was refused. */
const UNDER_WAY_MAX = 16 * 1024 * 1024;
/** How much more memory may be in use meanwhile. */
const GROWTH_MAX = 2 * 1024 * 1024;

function inChunks(length: number, size: number): string {
  let text = "";
  for (let left = length; left > 0; left -= size) {
    const chunk = Math.min(left, size);
    text += `${chunk.toString(16)}\r\n${"x".repeat(chunk)}\r\n`;
  }
  return `${text}0\r\n\r\n`;
}

const statusOf = ({ status }: RawAnswer) => status;

guardTest("takes bodies up to the cap, and answers 413 past it (R52)", async ({ town, bob }) => {
  const seen = town.answer(bob, always({ outcome: "handled" }));
  const answered: [length: number, how: string, status: number][] = [];
  for (const length of [0, 1, CAP - 1, CAP, CAP + 1, CAP * 10]) {
    for (
      const [how, text] of [
        ["with its length", postHead(length) + "x".repeat(length)],
        ["in one chunk", CHUNKED + inChunks(length, Math.max(length, 1))],
        ["in small chunks", CHUNKED + inChunks(length, 7)],
      ]
    ) {
      using client = await RawClient.to(bob.mesh);
      client.write(text);
      const answer = await client.answer();
      answered.push([length, how, answer!.status]);
      if (answer!.status !== 200) assertEquals(await client.answer(), undefined);
    }
  }
  for (const [length, how, status] of answered) {
    assertEquals(status, length <= CAP ? 200 : 413, `${length} bytes ${how}`);
  }
  assertEquals(seen.map(({ frame }) => frame.length), [0, 1, CAP - 1, CAP].flatMap((n) => [n, n, n]));
  assertEquals(bound(bob.mesh, "http.body_bytes").overflows, 6);
  assertEquals(bob.mesh.refusals?.().get(413), 6);
}, SMALL);

guardTest(
  "answers 413 to a gigabyte that is announced, before any of it comes (R52)",
  async ({ bob: { mesh } }) => {
    for (const length of [2 ** 30, 2 ** 31, 2 ** 32, 2 ** 40, 999_999_999_999_999]) {
      for (const head of [postHead(length), `${CHUNKED}${Math.min(length, 2 ** 32 - 1).toString(16)}\r\n`]) {
        using client = await RawClient.to(mesh);
        await client.write(head);
        assertEquals((await client.answers()).map(statusOf), [413]);
      }
    }
  },
  SMALL,
);

for (
  const [what, head, piece] of [
    ["chunks that never end", CHUNKED, `400\r\n${"x".repeat(1_024)}\r\n`],
    ["one-byte chunks that never end", CHUNKED, "1\r\nx\r\n".repeat(500)],
    ["a gigabyte whose sender does not listen", postHead(2 ** 30), "x".repeat(65_536)],
  ]
) {
  guardTest(`cuts ${what} off at the cap, and serves others meanwhile (R52)`, async ({ bob: { mesh } }) => {
    const senders = await Promise.all(Array.from({ length: 8 }, () => RawClient.to(mesh)));
    const endings = senders.map((sender) => overflow(sender, head, piece));
    using honest = await RawClient.to(mesh);
    for (let count = 0; count < 20; count++) {
      await honest.write(PING);
      assertEquals((await honest.answer())?.status, 200);
    }
    const before = Deno.memoryUsage();
    for (const bytes of await Promise.all(endings)) {
      assert(bytes < UNDER_WAY_MAX, `${bytes} bytes were taken`);
    }
    const after = Deno.memoryUsage();
    const grown = after.external - before.external;
    assert(grown < GROWTH_MAX, `${grown} bytes more lie outside the heap`);
    for (const sender of senders) sender[Symbol.dispose]();
    await connectionsOpen(mesh, 1);
    assertEquals(bound(mesh, "http.body_bytes").overflows, 8);
  }, SMALL);
}

/** Writes until nobody takes it any more; returns how much was taken. */
async function overflow(client: RawClient, head: string, piece: string): Promise<number> {
  await client.write(head);
  let bytes = 0;
  while (bytes < UNDER_WAY_MAX && await client.write(piece)) bytes += piece.length;
  return bytes;
}

guardTest("does not unpack what is packed: a frame is the bytes that came (R52)", async ({ town, bob }) => {
  const seen = town.answer(bob, always({ outcome: "handled" }));
  const bomb = await packed(new Uint8Array(4_000_000));
  assert(bomb.length < CAP);
  for (
    const field of [
      "content-encoding: gzip",
      "content-encoding: deflate, gzip",
      "content-type: application/gzip",
    ]
  ) {
    using client = await RawClient.to(bob.mesh);
    await client.write(postHead(bomb.length, field, "accept-encoding: gzip"));
    await client.write(bomb);
    assertEquals((await client.answer())?.status, 200);
  }
  assertEquals(seen.map(({ frame }) => frame), [bomb, bomb, bomb]);
}, SMALL);

async function packed(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return await new Response(stream).bytes();
}

guardTest("forgets a long body whose sender goes away (R52)", async ({ bob }) => {
  const clients = await Promise.all(Array.from({ length: 10 }, () => RawClient.to(bob.mesh)));
  for (const client of clients) await client.write(postHead(CAP) + "x".repeat(CAP / 2));
  await requestsOpen(bob, 10);
  for (const client of clients) client[Symbol.dispose]();
  await requestsOpen(bob, 0);
  await connectionsOpen(bob.mesh, 0);
}, SMALL);
