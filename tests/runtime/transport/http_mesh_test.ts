/** The mesh over HTTP: the suite that every mesh passes, and how it gets on with servers that are no nara. */
import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { frameSaying, meshHost, type Townsman } from "../../../runtime/testing/mesh_town.ts";
import { testMeshTransport } from "../../../runtime/testing/mesh_suite.ts";
import { settled, VirtualClock } from "../../../runtime/testing/virtual_clock.ts";
import { MESSAGE_REQUEST } from "../../../runtime/transport/http_auth.ts";
import { httpMesh, type HttpMeshOptions } from "../../../runtime/transport/http_mesh.ts";
import { MeshError, type Receipt } from "../../../runtime/transport/mesh.ts";
import { createIdentity } from "../../../utilities/identity.ts";
import { checkRequest } from "../../../utilities/mesh_signature.ts";
import { always, fakePeer, FRONTS, httpTown, LOCAL, sendTo } from "../../helpers/http_mesh.ts";
import { lacking, type Right } from "../../helpers/permissions.ts";

const HANDLED: Receipt = { outcome: "handled" };

for (const [where, guard] of Object.entries(FRONTS)) {
  testMeshTransport(`http${where}`, () => ({ join: httpMesh({ listen: LOCAL, guard }) }), {
    ignore: lacking("net", "env", ...(where ? ["read", "write"] as const : [])),
  });
}

function test(says: string, fn: () => Promise<void>, ...rights: Right[]): void {
  Deno.test({ name: `httpMesh() ${says}`, ignore: lacking("net", "env", ...rights), fn });
}

/** Asserts that `promise` rejects with a {@linkcode MeshError} of that code, and returns its message. */
async function assertMeshError(promise: Promise<unknown>, code: MeshError["code"]): Promise<string> {
  const { code: got, message } = await assertRejects(() => promise, MeshError);
  assertEquals(got, code, message);
  return message;
}

/** Lets a nara send to a server that answers every request like this. */
async function sendToFake(response: () => Response | Promise<Response>, options?: Partial<HttpMeshOptions>) {
  await using town = httpTown(options);
  await using fake = fakePeer(async (request) => {
    await request.bytes();
    return await response();
  });
  return await sendTo(await town.join("alice"), fake);
}

const signedBy = (headers: Headers) => [...headers].filter(([name]) => name.startsWith("x-nara-"));

test("signs requests as Go does, unless they go to one known as ours", async () => {
  await using town = httpTown();
  await using fake = fakePeer(() => Response.json(HANDLED));
  const clock = new VirtualClock();
  const alice = await town.join("日本", { clock });
  const { identity: bob } = await createIdentity({ name: "bob", keypair: "node" });
  const host = { ...alice.host, addressOf: () => fake.address, mayDial: () => true };
  await using mesh = await httpMesh({ listen: LOCAL })(host);
  const frame = await frameSaying("hello", alice.identity, bob.id);

  await mesh.send(frame, bob.id);
  host.keyring.pin(bob.id, bob.keypair.publicKey);
  await mesh.send(frame, bob.id);
  host.keyring.markOurs(bob.id);
  await mesh.send(frame, bob.id);
  await mesh.sendToAddress(frame, fake.address);

  assertEquals(fake.requests.map((headers) => signedBy(headers).length), [3, 3, 0, 3]);
  for (const headers of fake.requests.filter((headers) => signedBy(headers).length > 0)) {
    const verdict = await checkRequest(headers, { ...MESSAGE_REQUEST, nowNs: clock.nowNs() }, {
      keysOf: (name) => name === "日本" ? [alice.identity.keypair.publicKey] : [],
      verify: bob.keypair.verify.bind(bob.keypair),
    });
    assert(verdict.ok, JSON.stringify(verdict));
  }
});

test("gets through to a stranger by signed headers and an envelope signature", async () => {
  await using town = httpTown();
  const alice = await town.join("zoë", { known: false });
  const bob = await town.join("日本", { known: false });
  const seen = town.answer(bob, always({ outcome: "drop", reason: "unknown_sender" }));
  const { receipt } = await sendTo(alice, { address: bob.mesh.address! });
  assertEquals([seen.length, receipt], [1, { outcome: "drop", reason: "unknown_sender" }]);
});

test("keeps connections for requests that follow each other", async () => {
  await using town = httpTown();
  const [alice, bob] = [await town.join("alice"), await town.join("bob")];
  const seen = town.answer(bob, always(HANDLED));
  for (let count = 0; count < 10; count++) await sending(alice, bob);
  // Two at most: a connection is free again a turn of the event loop after its answer was read.
  assert(new Set(seen.map(({ peer }) => peer)).size <= 2);
});

test("opens no more than connectionsMax connections, and the rest wait their turn", async () => {
  await using town = httpTown({ connectionsMax: 3 });
  const [alice, bob] = [await town.join("alice"), await town.join("bob")];
  const seen = town.answer(bob, always(HANDLED));
  await Promise.all(Array.from({ length: 20 }, () => sending(alice, bob)));
  assertEquals(seen.length, 20);
  assert(new Set(seen.map(({ peer }) => peer)).size <= 3);
});

test("closes the connections used longest ago when there are too many", async () => {
  await using town = httpTown({ poolsMax: 1 });
  const [alice, bob, carol] = [await town.join("alice"), await town.join("bob"), await town.join("carol")];
  const [seen] = [town.answer(bob, always(HANDLED)), town.answer(carol, always(HANDLED))];
  for (const to of [bob, bob, bob, bob, carol, bob]) await sending(alice, to);
  const [last, ...before] = seen.map(({ peer }) => peer).reverse();
  assert(new Set(before).size <= 2 && !before.includes(last));
});

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await settled();
}

async function sending(from: Townsman, to: Townsman) {
  return await from.mesh.send(await frameSaying("hello", from.identity, to.id), to.id);
}

for (
  const [what, response] of Object.entries<() => Response>({
    "a page": () => new Response("<html></html>"),
    "no receipt": () => Response.json({ ok: true }),
    "404": () => new Response("Not found", { status: 404 }),
    "500": () => new Response(null, { status: 500 }),
    "bytes that are no text": () => new Response(new Uint8Array([0xff, 0xfe, 0])),
  })
) {
  test(`says unreachable when ${what} comes back`, async () => {
    const message = await assertMeshError(sendToFake(response), "unreachable");
    assertMatch(message, /^Cannot reach a nara at http:\/\/127\.0\.0\.1:\d+: it answered /);
  });
}

test("takes Go's empty 200 for an unknown outcome", async () => {
  assertEquals(await sendToFake(() => new Response(null)), { receipt: { outcome: "unknown" } });
});

test("says peer_busy when 503 comes back", async () => {
  await assertMeshError(sendToFake(() => new Response("Runtime not ready\n", { status: 503 })), "peer_busy");
});

test("says frame_too_large when 413 comes back", async () => {
  await assertMeshError(sendToFake(() => new Response("no", { status: 413 })), "frame_too_large");
});

for (const status of [301, 302, 307, 308]) {
  test(`does not follow a ${status}`, async () => {
    await using elsewhere = fakePeer(() => Response.json(HANDLED));
    const location = `${elsewhere.address}/mesh/message`;
    const sent = sendToFake(() => new Response(null, { status, headers: { location } }));
    await assertMeshError(sent, "unreachable");
    assertEquals(elsewhere.requests.length, 0);
  });
}

test("cuts an answer off that is too long", async () => {
  await using town = httpTown({ frameBytesMax: 10_000 });
  const isCut = Promise.withResolvers<void>();
  const endless = () =>
    new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(1_000)),
      cancel: () => isCut.resolve(),
    });
  await using fake = fakePeer(() => new Response(endless()));
  const message = await assertMeshError(sendTo(await town.join("alice"), fake), "unreachable");
  assertMatch(message, /holds more than 14096 bytes/);
  await isCut.promise;
});

test("takes an answer that is just not too long", async () => {
  const body = JSON.stringify({ outcome: "error", reason: "r", detail: "" });
  const { receipt } = await sendToFake(() => new Response(body + " ".repeat(14_096 - body.length)), {
    frameBytesMax: 10_000,
  });
  assertEquals(receipt, { outcome: "error", reason: "r", detail: "" });
});

test("gives a request requestMs, and then says unreachable", async () => {
  await using town = httpTown();
  const clock = new VirtualClock();
  const alice = await town.join("alice", { clock });
  const asked = Promise.withResolvers<void>();
  const { promise, resolve } = Promise.withResolvers<Response>();
  await using fake = fakePeer(() => {
    asked.resolve();
    return promise;
  });
  let isOver = false;
  const sent = assertMeshError(sendTo(alice, fake), "unreachable").finally(() => isOver = true);
  await asked.promise;
  await clock.advance(4_999);
  assertEquals(isOver, false);
  await clock.advance(1);
  assertMatch(await sent, /no answer within 5000 ms/);
  resolve(Response.json(HANDLED));
});

test("gives connecting requestMs too, and leaves nothing behind", async () => {
  // One connection fills the queue of a listener that accepts none: the next one hangs.
  using listener = Deno.listen({ ...LOCAL, tcpBacklog: 0 });
  const address = `http://127.0.0.1:${listener.addr.port}`;
  using _first = await Deno.connect({ ...LOCAL, port: listener.addr.port });
  await using town = httpTown({ connectionsMax: 2 });
  const clock = new VirtualClock();
  const alice = await town.join("alice", { clock });
  const sends = Array.from({ length: 5 }, () => assertMeshError(sendTo(alice, { address }), "unreachable"));
  while (clock.pending === 0) await settled();
  await settled(); // The library is there, and has begun to connect.
  await clock.advance(5_000);
  await Promise.all(sends);
  await settled();
  assertEquals(clock.pending, 0); // Nobody goes on connecting for those that have given up.
});

test("gives up connecting when it is disposed of", async () => {
  using listener = Deno.listen({ ...LOCAL, tcpBacklog: 0 });
  const address = `http://127.0.0.1:${listener.addr.port}`;
  using _first = await Deno.connect({ ...LOCAL, port: listener.addr.port });
  await using town = httpTown();
  const clock = new VirtualClock();
  const alice = await town.join("alice", { clock });
  const sent = assertMeshError(sendTo(alice, { address }), "closed");
  while (clock.pending === 0) await settled();
  await settled();
  await alice.mesh[Symbol.asyncDispose]();
  await sent;
});

test("closes its connections when it is disposed of", async () => {
  using listener = Deno.listen(LOCAL);
  await using town = httpTown();
  const alice = await town.join("alice");
  const sent = sendTo(alice, { address: `http://127.0.0.1:${listener.addr.port}` });
  using connection = await listener.accept();
  const buffer = new Uint8Array(65_536);
  await connection.read(buffer);
  await connection.write(new TextEncoder().encode("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"));
  await sent;
  await alice.mesh[Symbol.asyncDispose]();
  const end = await Promise.race([connection.read(buffer), turns(200).then(() => "still open")]);
  assertEquals(end, null); // Now, and not when the connection has been idle for some seconds.
});

test("never sends what was given up while it waited for a connection", async () => {
  await using town = httpTown({ connectionsMax: 1 });
  const alice = await town.join("alice");
  const turns = Array.from({ length: 2 }, () => Promise.withResolvers<Response>());
  const asked = Promise.withResolvers<void>();
  await using fake = fakePeer(() => {
    asked.resolve();
    return turns[fake.requests.length - 1].promise;
  });
  const first = sendTo(alice, fake);
  await asked.promise;
  const controller = new AbortController();
  const frame = await frameSaying("never", alice.identity);
  const second = alice.mesh.sendToAddress(frame, fake.address, { signal: controller.signal });
  const third = sendTo(alice, fake);
  await settled();
  controller.abort(new Error("changed my mind"));
  await assertRejects(() => second, Error, "changed my mind");
  for (const { resolve } of turns) resolve(Response.json(HANDLED));
  assertEquals((await Promise.all([first, third])).map(({ receipt }) => receipt), [HANDLED, HANDLED]);
  assertEquals(fake.requests.length, 2);
});

test("keeps a frame to itself that is too large", async () => {
  await using town = httpTown({ frameBytesMax: 100 });
  await using fake = fakePeer(() => Response.json(HANDLED));
  await assertMeshError(sendTo(await town.join("alice"), fake), "frame_too_large");
  assertEquals(fake.requests.length, 0);
});

for (
  const [what, answer] of Object.entries({
    "before it answers": "",
    "within the head of its answer": "HTTP/1.1 200 OK\r\ncontent-le",
    "within the body of its answer": 'HTTP/1.1 200 OK\r\ncontent-length: 21\r\n\r\n{"outcome"',
    "after something that is no HTTP": "\u0000\u0001\u0002 hello\r\n\r\n",
    "after an answer of another protocol":
      "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
  })
) {
  test(`says unreachable when the other process ends ${what}`, async () => {
    using listener = Deno.listen(LOCAL);
    const serve = async () => {
      using connection = await listener.accept();
      await connection.read(new Uint8Array(65_536));
      await connection.write(new TextEncoder().encode(answer));
    };
    const served = serve();
    await using town = httpTown();
    const address = `http://127.0.0.1:${listener.addr.port}`;
    await assertMeshError(sendTo(await town.join("alice"), { address }), "unreachable");
    await served;
  });
}

test("says unreachable when another process is killed that has a request open", async () => {
  const server = `Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: ({ port }) => console.log(port) },
    () => { console.log("asked"); return new Promise(() => {}); })`;
  const command = new Deno.Command(Deno.execPath(), { args: ["eval", server], stdout: "piped" });
  await using child = command.spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const port = Number((await lines.read()).value);
  await using town = httpTown();
  const sent = assertMeshError(
    sendTo(await town.join("alice"), { address: `http://127.0.0.1:${port}` }),
    "unreachable",
  );
  assertEquals((await lines.read()).value?.trim(), "asked");
  child.kill("SIGKILL");
  await sent;
  await lines.cancel();
}, "run");

test("reaches a peer again that has gone and come back at the same address", async () => {
  await using town = httpTown();
  const alice = await town.join("alice");
  const first = fakePeer(() => Response.json(HANDLED));
  await sendTo(alice, first);
  await first[Symbol.asyncDispose]();
  await assertMeshError(sendTo(alice, first), "unreachable");
  const { port } = new URL(first.address);
  const again = Deno.serve(
    { ...LOCAL, port: Number(port), onListen: () => {} },
    () => Response.json(HANDLED),
  );
  assertEquals(await sendTo(alice, first), { receipt: HANDLED });
  await alice.mesh[Symbol.asyncDispose]();
  await again.shutdown();
});

for (
  const address of [
    "http://example.com:7433",
    "https://127.0.0.1:7433",
    "http://127.0.0.1:7433/",
    "http://127.0.0.1:7433/path",
    "http://user@127.0.0.1:7433",
    "memory:5puGXP8Ljasf8FPfv2TRSDKXxK5At1SGRsk1tJzzpDk8",
    "",
  ]
) {
  test(`refuses to send to ${JSON.stringify(address)}, even where it may be dialled`, async () => {
    await using town = httpTown();
    await assertMeshError(sendTo(await town.join("alice"), { address }), "refused");
  });
}

test("says unreachable when an address book holds no address of its kind", async () => {
  await using town = httpTown();
  const alice = await town.join("alice");
  for (const address of ["memory:abc", "http://127.0.0.1:7433/path", "no address"]) {
    await using mesh = await httpMesh({ listen: LOCAL })({ ...alice.host, addressOf: () => address });
    await assertMeshError(mesh.send(await frameSaying("hello", alice.identity), "somebody"), "unreachable");
  }
});

test("says in one sentence that a port is in use", async () => {
  await using town = httpTown();
  const alice = await town.join("alice");
  const port = Number(new URL(alice.mesh.address!).port);
  const join = httpMesh({ listen: { ...LOCAL, port } });
  const joined = (async () => await join(alice.host))();
  const message = await assertMeshError(joined, "address_in_use");
  assertEquals(
    message,
    `Cannot listen on 127.0.0.1:${port} as another program does: choose another port, or 0 for any that is free`,
  );
});

test("says that it cannot listen on an address that this machine does not have", async () => {
  const { identity } = await createIdentity({ name: "alice", keypair: "node" });
  const join = httpMesh({ listen: { hostname: "192.0.2.1", port: 0 } });
  const joined = (async () => await join(meshHost({ identity })))();
  assertMatch(await assertMeshError(joined, "cannot_listen"), /^Cannot listen on 192\.0\.2\.1:0: /);
});

Deno.test("httpMesh() refuses numbers that make no sense", () => {
  for (const name of ["frameBytesMax", "requestMs", "bodyMs", "answerMs", "connectionsMax", "poolsMax"]) {
    for (const value of [0, -1, 1.5, NaN, Infinity]) {
      assertThrows(() => httpMesh({ listen: LOCAL, [name]: value }), RangeError, name);
    }
  }
  for (const port of [-1, 65_536, 1.5, NaN]) {
    assertThrows(() => httpMesh({ listen: { ...LOCAL, port } }), RangeError, "listen.port");
  }
});

Deno.test("httpMesh() refuses a public address that is none", () => {
  assertThrows(
    () => httpMesh({ listen: LOCAL, publicUrl: "http://example.com:7433" }),
    TypeError,
    "publicUrl",
  );
});

Deno.test("httpMesh() takes options that are there, but undefined, for left out", () => {
  httpMesh({ listen: LOCAL, publicUrl: undefined, requestMs: undefined });
});
