/** Frames that travel together: what leaves, what the other side makes of it, and what each sender hears. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { frameSaying, meshHost } from "../../../runtime/testing/mesh_town.ts";
import { settled } from "../../../runtime/testing/virtual_clock.ts";
import { isBatch, joinFrames } from "../../../runtime/transport/http_batch.ts";
import { HttpClient } from "../../../runtime/transport/http_client.ts";
import { httpMesh, type HttpMeshOptions } from "../../../runtime/transport/http_mesh.ts";
import { type Answer, MeshError, type Receipt } from "../../../runtime/transport/mesh.ts";
import { systemClock } from "../../../utilities/clock.ts";
import { createIdentity } from "../../../utilities/identity.ts";
import {
  type FakePeer,
  fakePeer,
  httpTest,
  httpTown,
  LOCAL,
  post,
  unsignedFrame,
} from "../../helpers/http_mesh.ts";
import { lacking } from "../../helpers/permissions.ts";

const HANDLED: Receipt = { outcome: "handled" };
const BATCH = { "content-type": "application/x-ndjson" };
/** More than can be under way one by one before others wait. */
const MANY = 40;

function test(says: string, fn: () => Promise<void>): void {
  Deno.test({ name: `httpMesh() ${says}`, ignore: lacking("net"), fn });
}

/** The text that a frame of a town says. */
function textIn(frame: Uint8Array): string {
  return JSON.parse(new TextDecoder().decode(frame)).payload.text;
}

test("answers each frame of a batch by itself", async () => {
  await using town = httpTown();
  const [alice, bob] = [await town.join("alice"), await town.join("bob")];
  const seen = town.answer(bob, ({ frame, settle }) => {
    const said = Number(textIn(frame));
    settle(said % 3 === 0 ? { outcome: "drop", reason: `odd_${said}` } : HANDLED);
  });
  const answers = await Promise.all(
    Array.from({ length: MANY }, async (_, at) => {
      return await alice.mesh.send(await frameSaying(`${at}`, alice.identity, bob.id), bob.id);
    }),
  );
  answers.forEach(({ receipt }, at) =>
    assertEquals(receipt, at % 3 === 0 ? { outcome: "drop", reason: `odd_${at}` } : HANDLED)
  );
  assertEquals(seen.length, MANY);
});

/** Sends many frames at once to a server that is told to be a nara of ours. */
async function sendMany(
  peer: FakePeer,
  options: Partial<HttpMeshOptions> = {},
  times = 1,
): Promise<PromiseSettledResult<Answer>[]> {
  const { identity } = await createIdentity({ name: "alice", keypair: "node" });
  const { identity: other } = await createIdentity({ name: "bob", keypair: "node" });
  const host = meshHost({ identity, addressOf: () => peer.address });
  host.keyring.pin(other.id, other.keypair.publicKey, other.name);
  host.keyring.markOurs(other.id);
  await using mesh = await httpMesh({ listen: LOCAL, ...options })(host);
  const frames = await Promise.all(
    Array.from({ length: MANY }, (_, at) => frameSaying(`${at}`, identity, other.id)),
  );
  const all: PromiseSettledResult<Answer>[] = [];
  for (let time = 0; time < times; time++) {
    all.push(...await Promise.allSettled(frames.map((frame) => mesh.send(frame, other.id))));
  }
  return all;
}

/** A nara that handles all; it answers a line for each frame. */
async function linesFor(request: Request): Promise<Response> {
  const body = await request.text();
  if (!isBatch(request.headers)) return Response.json(HANDLED);
  return new Response(body.split("\n").map((_, at) => `${at} ${JSON.stringify(HANDLED)}\n`).join(""));
}

test("sends what would wait in few requests, and what need not wait at once and alone", async () => {
  await using peer = fakePeer(linesFor);
  const results = await sendMany(peer);
  assertEquals(results.map(({ status }) => status), results.map(() => "fulfilled"));
  const batches = peer.requests.filter((headers) => headers.get("content-type") === BATCH["content-type"]);
  assert(batches.length >= 1, "nothing travelled together");
  assertEquals(
    peer.requests[0].get("content-type"),
    null,
    "the first had to wait although nothing was under way",
  );
  assert(peer.requests.length < MANY / 2, `${peer.requests.length} requests for ${MANY} frames`);
});

test("hands over the batches of one sender one after another, over whichever connections they come", async () => {
  await using town = httpTown();
  const [alice, bob] = [await town.join("alice"), await town.join("bob")];
  const heard: string[] = [];
  town.answer(bob, ({ frame, peer, settle }) => {
    bob.mesh.proven?.(peer, alice.id);
    heard.push(textIn(frame));
    settle(HANDLED);
  });
  const bounds = { requestMs: 5_000, answerBytesMax: 4_096, connectionsMax: 1, poolsMax: 1 };
  await using stack = new AsyncDisposableStack();
  const clients = ["a", "b", "c"].map((name) => ({
    name,
    client: stack.use(new HttpClient({ clock: systemClock, ...bounds })),
  }));
  const say = async ({ name, client }: typeof clients[0], count: number) => {
    const frames = Array.from({ length: count }, () => frameSaying(name, alice.identity, bob.id));
    const body = joinFrames(await Promise.all(frames));
    const post = { path: "/mesh/message", body, headers: count > 1 ? BATCH : undefined, answers: count };
    return () => client.post(bob.mesh.address!, post);
  };
  for (const one of clients) await (await say(one, 1))(); // Now it is known who speaks there.
  heard.length = 0;
  const batches = await Promise.all(clients.map((one) => say(one, 64)));
  await Promise.all(batches.map((send) => send()));
  const changes = heard.filter((name, at) => name !== heard[at - 1]);
  assertEquals([heard.length, changes.length], [3 * 64, 3], heard.join(""));
});

test("sends a request for each frame with batching: false", async () => {
  await using peer = fakePeer(linesFor);
  await sendMany(peer, { batching: false });
  assertEquals(peer.requests.length, MANY);
  assert(!peer.requests.some(isBatch));
});

test("brings the replies of a batch to their requests, however long they are together", async () => {
  await using town = httpTown({ frameBytesMax: 4_096 });
  const [alice, bob] = [await town.join("alice"), await town.join("bob")];
  const replyTo = (text: string) => JSON.stringify({ text, filled: "x".repeat(3_000) });
  town.answer(
    bob,
    ({ frame, settle }) => settle(HANDLED, new TextEncoder().encode(replyTo(textIn(frame)))),
  );
  const replies = await Promise.all(
    Array.from({ length: MANY }, async (_, at) => {
      const { reply } = await alice.mesh.send(await frameSaying(`${at}`, alice.identity, bob.id), bob.id);
      return new TextDecoder().decode(reply);
    }),
  );
  assertEquals(replies, replies.map((_, at) => replyTo(`${at}`)));
});

test("sends each frame by itself to a nara that knows no batches", async () => {
  await using peer = fakePeer(async (request) => {
    const isOne = !(await request.text()).includes("\n");
    return isOne ? Response.json(HANDLED) : new Response("trailing data", { status: 400 });
  });
  const results = await sendMany(peer);
  const receipts = results.map((result) => result.status === "fulfilled" && result.value.receipt);
  assertEquals(receipts, results.map(() => HANDLED));
});

test("remembers which nara knows no batches", async () => {
  await using peer = fakePeer(async (request) => {
    const isOne = !(await request.text()).includes("\n");
    return isOne ? Response.json(HANDLED) : new Response("trailing data", { status: 400 });
  });
  await sendMany(peer, {}, 3);
  const batches = peer.requests.filter(isBatch).length;
  assert(batches >= 1 && batches <= 4, `${batches} batches to a nara that knows none`);
});

test("takes what an answer says nothing of for unknown, and sends none of it twice", async () => {
  await using peer = fakePeer(async (request) => {
    await request.text();
    return isBatch(request.headers) ? new Response(`0 ${JSON.stringify(HANDLED)}\n`) : Response.json(HANDLED);
  });
  const results = await sendMany(peer);
  const said = results.map((result) =>
    result.status === "fulfilled" ? result.value.receipt.outcome : "rejected"
  );
  const handled = peer.requests.length; // One frame of each request.
  assertEquals(said.filter((outcome) => outcome === "handled").length, handled);
  assertEquals(said.filter((outcome) => outcome === "unknown").length, MANY - handled);
});

test("fails the frames of a batch whose answer never ends", async () => {
  const endless = () =>
    new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(65_536).fill(0x5b)),
    });
  await using peer = fakePeer(async (request) => {
    await request.text();
    return isBatch(request.headers) ? new Response(endless()) : Response.json(HANDLED);
  });
  const results = await sendMany(peer);
  const errors = results.flatMap((result) => result.status === "rejected" ? [result.reason] : []);
  assert(errors.length > 0);
  for (const error of errors) {
    assert(error.code === "unreachable" && error.cause?.code === "too_long", String(error));
  }
});

test("tells every sender of a batch that a peer is too busy for it", async () => {
  await using peer = fakePeer(async (request) => {
    const isOne = !(await request.text()).includes("\n");
    return isOne ? Response.json(HANDLED) : new Response("Too busy", { status: 503 });
  });
  const errors = (await sendMany(peer)).flatMap((result) =>
    result.status === "rejected" ? [result.reason] : []
  );
  assert(errors.length > 0 && errors.length < MANY);
  assert(errors.every((error) => error instanceof MeshError && error.code === "peer_busy"));
});

test("rejects the one frame of a batch for which its peer had no room", async () => {
  await using peer = fakePeer(async (request) => {
    const lines = (await request.text()).split("\n");
    if (!isBatch(request.headers)) return Response.json(HANDLED);
    const busy = { outcome: "drop", reason: "peer_busy" };
    return new Response(
      lines.map((_, at) => `${at} ${JSON.stringify(at === 1 ? busy : HANDLED)}\n`).join(""),
    );
  });
  const results = await sendMany(peer);
  const errors = results.flatMap((result) => result.status === "rejected" ? [result.reason] : []);
  assert(errors.length > 0 && errors.length < results.length);
  assert(errors.every((error) => error instanceof MeshError && error.code === "peer_busy"));
});

test("fails those frames of a batch that were not answered when the connection broke", async () => {
  await using peer = fakePeer(async (request) => {
    await request.text();
    if (!isBatch(request.headers)) return Response.json(HANDLED);
    let isFirst = true;
    const pull = (controller: ReadableStreamDefaultController<Uint8Array>) => {
      if (!isFirst) return controller.error(new Error("broken"));
      isFirst = false;
      controller.enqueue(new TextEncoder().encode(`1 ${JSON.stringify(HANDLED)}\n0 {"outc`));
    };
    return new Response(new ReadableStream({ pull }));
  });
  const results = await sendMany(peer);
  const batches = peer.requests.filter(isBatch).length;
  const errors = results.flatMap((result) => result.status === "rejected" ? [result.reason] : []);
  assert(
    errors.every((error) => error instanceof MeshError && error.code === "unreachable"),
    String(errors[0]),
  );
  assertEquals(errors.length, MANY - (peer.requests.length - batches) - batches);
});

httpTest("answers a line for each frame of a batch", async ({ town, bob, alice }) => {
  const seen = town.answer(bob, ({ settle }) => settle(HANDLED));
  const good = new TextDecoder().decode(await frameSaying("hello", alice, bob.id));
  const { status, text, headers } = await post(bob, [good, unsignedFrame(alice.id), good].join("\n"), BATCH);
  assertEquals([status, headers.get("content-type")], [200, BATCH["content-type"]]);
  const refused = '{"outcome":"drop","reason":"unauthorized"}';
  const lines = ['0 {"outcome":"handled"}', `1 ${refused}`, '2 {"outcome":"handled"}', ""];
  assertEquals(text.split("\n").toSorted(), lines.toSorted());
  assertEquals(seen.length, 2);
});

httpTest(
  "answers the frames of a batch as they are settled, whichever is slow",
  async ({ town, clock, bob, alice }) => {
    const slow = Promise.withResolvers<void>();
    const seen = town.answer(bob, async ({ frame, settle }) => {
      if (textIn(frame) === "slow") await slow.promise;
      settle(HANDLED);
    });
    const frames = await Promise.all(["slow", "quick"].map((text) => frameSaying(text, alice, bob.id)));
    const body = joinFrames(frames);
    const asking = fetch(`${bob.mesh.address}/mesh/message`, { method: "POST", body, headers: BATCH });
    while (seen.length < 2) await settled();
    await clock.advance(5); // The quick one's answer leaves without the slow one's.
    const reader = (await asking).body!.pipeThrough(new TextDecoderStream()).getReader();
    const requests = bob.mesh.limits?.().find(({ name }) => name === "http.requests");
    assertEquals(requests?.inUse(), 1, "it is under way until its last frame is settled");
    assertEquals((await reader.read()).value, '1 {"outcome":"handled"}\n');
    slow.resolve();
    assertEquals((await reader.read()).value, '0 {"outcome":"handled"}\n');
    assertEquals((await reader.read()).done, true);
  },
);

httpTest("takes a batch of 64 frames, and refuses one that is larger or has an empty line", async (scene) => {
  const { town, bob, alice } = scene;
  const seen = town.answer(bob, ({ settle }) => settle(HANDLED));
  const frame = new TextDecoder().decode(await frameSaying("hello", alice, bob.id));
  const some = (count: number) => Array.from({ length: count }, () => frame).join("\n");
  const { text } = await post(bob, some(64), BATCH);
  const lines = Array.from({ length: 64 }, (_, at) => `${at} {"outcome":"handled"}\n`);
  assertEquals(text, lines.join(""));
  assertEquals(seen.length, 64);
  for (const body of [some(65), `${frame}\n\n${frame}`, `${frame}\n`, "\n"]) {
    const answer = await post(bob, body, BATCH);
    assertEquals(answer.status, 400);
    assertEquals(answer.text, "A batch holds 1 to 64 frames, a line each\n");
  }
  assertEquals(seen.length, 64);
});

test("leaves nothing open when it closes while frames wait for company", async () => {
  await using peer = fakePeer(() => new Promise<Response>(() => {}));
  const { identity } = await createIdentity({ name: "alice", keypair: "node" });
  const host = meshHost({ identity, addressOf: () => peer.address });
  const mesh = await httpMesh({ listen: LOCAL })(host);
  const frame = await frameSaying("hello", identity, identity.id);
  const sends = Array.from({ length: MANY }, () => mesh.send(frame, identity.id));
  const ends = sends.map((send) => assertRejects(() => send, MeshError));
  await mesh[Symbol.asyncDispose]();
  for (const error of await Promise.all(ends)) assertEquals(error.code, "closed");
});
